package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/cli"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

func environment(stdin io.Reader, stdout, stderr io.Writer) cli.Env {
	return cli.Env{Stdin: stdin, Stdout: stdout, Stderr: stderr, Getenv: func(string) string { return "" }, Dir: "."}
}

// TestInterrupted ends the context while the command waits for input. What was
// found by then is reported, and the report says that it is not complete.
func TestInterrupted(t *testing.T) {
	for cause, want := range map[error]int{cli.ErrInterrupted: 130, cli.ErrTerminated: 143} {
		ctx, cancel := context.WithCancelCause(context.Background())
		r, w := io.Pipe()
		go func() {
			// The second write returns when the first has been taken in.
			_, _ = io.WriteString(w, "K="+rulestest.Key("early")+"\n")
			_, _ = io.WriteString(w, "\n")
			cancel(cause)
		}()
		var out bytes.Buffer
		if got := cli.Main(ctx, environment(r, &out, io.Discard), []string{"files", "-", "-f", "json"}); got != want {
			t.Errorf("%v: exit status %d, want %d", cause, got, want)
		}
		var report finding.Report
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		if want := []string{cause.Error() + ": the report is not complete"}; !slices.Equal(report.Scan.Warnings, want) {
			t.Errorf("warnings %q, want %q", report.Scan.Warnings, want)
		}
		if report.Scan.Complete || len(report.Findings) != 1 {
			t.Errorf("%v: complete is %v, %d findings; want an incomplete report with what was found", cause, report.Scan.Complete, len(report.Findings))
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestOutputErrors: a report that can't be written is never a success, and a
// file is written whole or not at all.
func TestOutputErrors(t *testing.T) {
	var messages bytes.Buffer
	if got := cli.Main(context.Background(), environment(strings.NewReader(""), brokenWriter{}, &messages), []string{"files", "-"}); got != 2 {
		t.Errorf("standard output is full: exit status %d, want 2", got)
	}
	if !strings.Contains(messages.String(), "no space left") {
		t.Errorf("standard output is full: %s", messages.String())
	}
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing", "report.json")
	if got := cli.Main(context.Background(), environment(strings.NewReader(""), io.Discard, io.Discard), []string{"files", "-", "-o", missing}); got != 2 {
		t.Errorf("no such directory: exit status %d, want 2", got)
	}
	var out bytes.Buffer
	messages.Reset()
	other := filepath.Join(dir, "other.csv")
	if got := cli.Main(context.Background(), environment(strings.NewReader(""), &out, &messages), []string{"files", "-", "-o", missing, "-o", missing + "l", "-o", other}); got != 2 {
		t.Errorf("two of four reports can't be written: exit status %d, want 2", got)
	}
	if data, err := os.ReadFile(other); err != nil || len(data) == 0 || !strings.Contains(out.String(), "No Petra API key") {
		t.Errorf("reports that could be written are lost: %v, standard output %q", err, out.String())
	}
	if got := messages.String(); strings.Count(got, "petrascan: error: --output "+missing) != 2 {
		t.Errorf("want an error for each report that is not there:\n%s", got)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "report.json")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := cli.Main(context.Background(), environment(strings.NewReader(""), io.Discard, io.Discard), []string{"files", "-", "-o", old}); got != 0 {
		t.Errorf("exit status %d", got)
	}
	if data, err := os.ReadFile(old); err != nil || !json.Valid(data) {
		t.Errorf("the old report was not replaced: %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("%d files are left beside the report", len(list)-1)
	}
}

// TestRawKeysAreForOne: nobody else reads a report with raw keys in it.
func TestRawKeysAreForOne(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	file := filepath.Join(t.TempDir(), "report.json")
	in := strings.NewReader("K=" + rulestest.Key("shown") + "\n")
	if got := cli.Main(context.Background(), environment(in, io.Discard, io.Discard), []string{"files", "-", "--show-keys", "-o", file}); got != 1 {
		t.Fatalf("exit status %d, want 1", got)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v: others can read it", info.Mode(), err)
	}
}

// TestFullOutput: what prints line by line fails, too, when nobody gets the lines.
func TestFullOutput(t *testing.T) {
	for _, args := range []string{"version", "--help", "rules", "rules test petra_YOUR_API_KEY", "man", "config show", "config schema", "report schema", "completion zsh"} {
		var messages bytes.Buffer
		if got := cli.Main(context.Background(), environment(strings.NewReader(""), brokenWriter{}, &messages), strings.Fields(args)); got != 2 {
			t.Errorf("%s: exit status %d, want 2", args, got)
		}
		if !strings.Contains(messages.String(), "no space left") {
			t.Errorf("%s: %s", args, messages.String())
		}
	}
}

// TestEmptyArgument: a variable that is not set must not look like a clean scan.
func TestEmptyArgument(t *testing.T) {
	var messages bytes.Buffer
	if got := cli.Main(context.Background(), environment(strings.NewReader(""), io.Discard, &messages), []string{"scan", ""}); got != 2 {
		t.Errorf("exit status %d, want 2", got)
	}
	if !strings.Contains(messages.String(), "an argument is empty") {
		t.Errorf("%s", messages.String())
	}
}

// TestMarkedInput: what Windows writes before a text is no part of the first key.
func TestMarkedInput(t *testing.T) {
	var out, messages bytes.Buffer
	in := strings.NewReader("\ufeff" + rulestest.Key("marked") + "\r\n")
	if got := cli.Main(context.Background(), environment(in, &out, &messages), []string{"verify", "--dry-run"}); got != 0 {
		t.Errorf("exit status %d, want 0: %s", got, messages.String())
	}
	if id := finding.NewKey(rulestest.Key("marked")).ID(); !strings.Contains(out.String(), string(id)) {
		t.Errorf("want key id %s in:\n%s", id, out.String())
	}
}

// TestUsageErrors: every mistake is answered with what would have been right.
func TestUsageErrors(t *testing.T) {
	for args, want := range map[string]string{
		"scn":                             `did you mean "scan"?`,
		"./src":                           "petrascan scan ./src",
		"scan --formt json":               "did you mean --format?",
		"scan -f jsn":                     `did you mean "json"?`,
		"scan --min-confidence med":       "low, medium, high",
		"scan --exclude a[b":              "bad glob",
		"scan -o report":                  "write the format before the name",
		"scan -o jsn:report":              "unknown format",
		"scan --jobs -1":                  "must not be negative",
		"files https://u:p@example.com/r": "petrascan scan https://example.com/r",
		"staged now":                      "takes no arguments",
		"completion bsh":                  `did you mean "bash"?`,
		"man scn":                         `did you mean "scan"?`,
		"rules tset":                      `did you mean "test"?`,
		"report dif":                      `did you mean "diff"?`,
		"report diff a.json":              "two files",
		"report show":                     "no report is named",
		"history --since soon":            "2026-01-31",
		"history nowhere":                 "error: nowhere: no such file",
		"scan --range HEAD":               "`petrascan history` has it",
		"scan -f":                         "--format wants a value",
		"scan --jobs many":                `--jobs "many": want a whole number`,
		"scan --timeout 5":                "want a time such as 90s",
		"scan -o json:":                   "no file is named",
		"scan --config nowhere":           "configuration: nowhere: no such file or directory (named by --config)",
		"scan --baseline nowhere":         "baseline: nowhere: no such file or directory (named by --baseline)",
		"scan -q -v":                      "exclude each other",
		"scan --timeout -5s":              "--timeout: a time must not be negative",
		"scan --verify --api-rate nan":    "between 0.001 and 1000",
		"scan --verify --api-rate 1e-300": "between 0.001 and 1000",
		"scan --targets nowhere":          "--targets: nowhere: no such file",
		"files - --targets -":             "can't be the list and be searched",
	} {
		var out, messages bytes.Buffer
		if got := cli.Main(context.Background(), environment(strings.NewReader(""), &out, &messages), strings.Fields(args)); got != 2 {
			t.Errorf("%s: exit status %d, want 2", args, got)
		}
		if !strings.Contains(messages.String(), want) || strings.Contains(messages.String(), "u:p@") {
			t.Errorf("%s: want %q in:\n%s", args, want, messages.String())
		}
		if out.Len() > 0 {
			t.Errorf("%s: printed on standard output: %s", args, out.String())
		}
	}
}
