package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/cli"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

// TestInterruptedVerify: Ctrl-C keeps the verdicts that were reached.
func TestInterruptedVerify(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	first, second := rulestest.Key("first"), rulestest.Key("second")
	if finding.NewKey(first).ID() > finding.NewKey(second).ID() {
		first, second = second, first // they are asked about in this order
	}
	api := verifytest.New()
	api.Set(finding.NewKey(first), verifytest.Valid)
	api.Set(finding.NewKey(second), func(w http.ResponseWriter, r *http.Request, _ int) {
		cancel(cli.ErrInterrupted)
		<-r.Context().Done()
	})
	server := httptest.NewServer(api)
	defer server.Close()
	var out, errs bytes.Buffer
	env := cli.Env{
		Stdin: strings.NewReader(first + "\n" + second + "\n"), Stdout: &out, Stderr: &errs, Dir: t.TempDir(),
		Getenv: func(name string) string { return map[string]string{"PETRASCAN_API_URL": server.URL}[name] },
	}
	status := cli.Main(ctx, env, []string{"verify", "--no-cache", "--api-jobs", "1"})
	if status != 130 {
		t.Errorf("exit status %d, want 130: %s", status, errs.String())
	}
	for _, want := range []string{"accepted (200)", "stopped before the API answered", "Incomplete"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	for _, key := range []string{first, second} {
		if body := key[len(finding.Prefix):]; strings.Contains(out.String()+errs.String(), body[:20]) {
			t.Error("a key was printed")
		}
	}
}
