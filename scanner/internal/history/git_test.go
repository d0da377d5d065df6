package history

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// A gitDir is a repository that git itself made for a test.
type gitDir struct {
	t   testing.TB
	dir string
	env []string
}

// newGit makes an empty repository on the branch main.
func newGit(t testing.TB, args ...string) *gitDir {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := &gitDir{t: t, dir: dir}
	g.run(append([]string{"-c", "init.defaultBranch=main", "init", "-q"}, args...)...)
	return g
}

// run runs git, which must succeed, and returns what it prints less the last
// line's end.
func (g *gitDir) run(args ...string) string {
	g.t.Helper()
	return g.feed("", args...)
}

// feed is run with standard input.
func (g *gitDir) feed(input string, args ...string) string {
	g.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = g.dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "GIT_EXEC_PATH=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "HOME="+os.DevNull,
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=1700000000 +0230",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=1700000000 -0800")
	cmd.Env = append(cmd.Env, g.env...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// lines is run, split at line ends.
func (g *gitDir) lines(args ...string) []string {
	g.t.Helper()
	if out := g.run(args...); out != "" {
		return strings.Split(out, "\n")
	}
	return nil
}

func (g *gitDir) write(path, content string) {
	g.t.Helper()
	full := filepath.Join(g.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o666); err != nil {
		g.t.Fatal(err)
	}
}

// commit commits everything in the work tree and returns the commit's id.
func (g *gitDir) commit(message string) string {
	g.t.Helper()
	g.run("add", "-A")
	g.run("commit", "-q", "--allow-empty", "-m", message)
	return g.run("rev-parse", "HEAD")
}

// remove deletes a loose object.
func (g *gitDir) remove(id string) {
	g.t.Helper()
	if err := os.Remove(filepath.Join(g.dir, ".git/objects", id[:2], id[2:])); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gitDir) open() *repo.Repo {
	g.t.Helper()
	r, err := repo.Open(g.dir)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func options(jobs int) Options {
	return Options{
		Engine: detect.New(detect.Options{Rules: rules.Builtin(), Confidence: finding.Medium, DecodeDepth: 2, Limits: layer.DefaultLimits}),
		Jobs:   jobs, Index: true,
	}
}

// scan is Scan of everything.
func (g *gitDir) scan() *Result {
	g.t.Helper()
	result, err := Scan(g.t.Context(), g.open(), options(2))
	if err != nil {
		g.t.Fatal(err)
	}
	return result
}

func (g *gitDir) scanRange(l Limits) *Result {
	g.t.Helper()
	result, err := ScanRange(g.t.Context(), g.open(), options(2), l)
	if err != nil {
		g.t.Fatal(err)
	}
	return result
}

func (g *gitDir) scanStaged() *Result {
	g.t.Helper()
	result, err := ScanStaged(g.t.Context(), g.open(), options(2), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return result
}

// errors lists a result's errors in a line each.
func (r *Result) errors() string {
	var b strings.Builder
	for _, e := range r.Errors {
		fmt.Fprintf(&b, "%s %s %s\n", e.Path, e.Object, e.Reason)
	}
	return b.String()
}
