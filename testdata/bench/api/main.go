// Api starts the stand-in for the Petra API, to try petrascan by hand:
//
//	go run ./api < answers.txt
//
// Standard input has a line for each key that is not simply rejected: an answer
// and the key, such as "valid petra_…". The answers are those of package
// verifytest; "everyone" in place of a key means all others, made-up keys among
// them. It prints the address for PETRASCAN_API_URL, and serves until it is
// stopped; requests are counted on standard error, without keys.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

var answers = map[string]verifytest.Answer{
	"valid":     verifytest.Valid,
	"deleted":   verifytest.Deleted,
	"forbidden": verifytest.Status(http.StatusForbidden),
	"missing":   verifytest.Status(http.StatusNotFound),
	"failing":   verifytest.Status(http.StatusInternalServerError),
	"limited":   verifytest.RateLimited(1<<30, "2", nil),
	"flapping":  verifytest.Flapping(verifytest.Status(http.StatusServiceUnavailable), verifytest.HangUp, verifytest.Valid),
	"slow":      verifytest.Slow(nil, nil),
	"portal":    verifytest.Portal,
	"redirect":  verifytest.Redirect("/elsewhere"),
	"truncated": verifytest.Truncated,
	"garbage":   verifytest.Garbage,
	"hangup":    verifytest.HangUp,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run() error {
	api := verifytest.New()
	lines := bufio.NewScanner(os.Stdin)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		answer := answers[words[0]]
		if answer == nil || len(words) != 2 {
			var names []string
			for name := range answers {
				names = append(names, name)
			}
			slices.Sort(names)
			return fmt.Errorf("line %d: want one of %s, then a key or everyone", n, strings.Join(names, ", "))
		}
		if words[1] == "everyone" {
			api.SetEveryone(answer)
		} else {
			api.Set(finding.NewKey(words[1]), answer)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("PETRASCAN_API_URL=http://%s\n", listener.Addr())
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(os.Stderr, "request %d: %s %s\n", api.Requests()+1, r.Method, r.URL.Path)
		api.ServeHTTP(w, r)
	})}
	return server.Serve(listener)
}
