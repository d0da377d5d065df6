package main

import (
	"io"
	"log"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

// apiKey names a script's stand-in for the Petra API among its values.
type apiKey struct{}

// startAPI starts the stand-in at PETRASCAN_API_URL, or changes its mind about
// keys: api seed=valid other=forbidden everyone=portal
func startAPI(ts *testscript.TestScript, neg bool, args []string) {
	api := ts.Value(apiKey{}).(*verifytest.API)
	for _, arg := range args {
		seed, name, _ := strings.Cut(arg, "=")
		answer := map[string]verifytest.Answer{
			"valid": verifytest.Valid, "deleted": verifytest.Deleted, "forbidden": verifytest.Status(403), "missing": verifytest.Status(404),
			"failing": verifytest.Status(500), "limited": verifytest.RateLimited(1<<30, "3600", nil), "garbage": verifytest.Garbage,
			"portal": verifytest.Portal, "redirect": verifytest.Redirect("/elsewhere"), "echo": verifytest.Echo(400), "hangup": verifytest.HangUp,
		}[name]
		switch {
		case answer == nil:
			ts.Fatalf("the stand-in has no answer %q", name)
		case seed == "everyone":
			api.SetEveryone(answer)
		default:
			api.Set(finding.NewKey(rulestest.Key(seed)), answer)
		}
	}
	if ts.Getenv("PETRASCAN_API_URL") != "" {
		return
	}
	server := httptest.NewUnstartedServer(api)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	ts.Defer(func() {
		server.Close()
		if leaked([]byte(api.Seen()), ts.Getenv(seedsVar)) {
			ts.Fatalf("a raw key was sent beside the Authorization header")
		}
	})
	ts.Setenv("PETRASCAN_API_URL", server.URL)
}

// asked checks how often the stand-in was asked about keys, or at all:
// asked seed=1 other=0 all=5
func asked(ts *testscript.TestScript, neg bool, args []string) {
	api := ts.Value(apiKey{}).(*verifytest.API)
	for _, arg := range args {
		seed, count, _ := strings.Cut(arg, "=")
		want, err := strconv.Atoi(count)
		ts.Check(err)
		got := api.Requests()
		if seed != "all" {
			got = api.Asked(finding.NewKey(rulestest.Key(seed)).ID())
		}
		if got != want {
			ts.Fatalf("asked about %s %d times, want %d", seed, got, want)
		}
	}
}
