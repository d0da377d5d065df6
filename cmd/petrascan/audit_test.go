package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/cli"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

// situations are the keys of the audited repository: the seeds say what became
// of them.
var situations = []string{"current", "removed", "branch", "amended", "stashed", "dangling", "untracked", "uncertain"}

// eightKeys makes a repository with eight keys in all situations.
func eightKeys(t *testing.T) *repository {
	r := newRepository(t)
	key := rulestest.Key
	r.git("remote", "add", "origin", "https://github.com/example/project.git")

	// In HEAD, and pushed; encoded in a second place.
	r.write("deploy/prod.env", "PETRA_API_KEY="+key("current")+"\n")
	r.commit("deploy", "2026-01-05T09:00:00Z")
	r.write("k8s/secret.yaml", "data:\n  token: "+base64.StdEncoding.EncodeToString([]byte(key("current")))+"\n")
	r.write("notebook.ipynb", `{"source": ["token = '`+key("removed")+`'"]}`+"\n")
	r.commit("cluster", "2026-01-20T09:00:00Z")
	r.git("tag", "v1.0")

	// Removed after six weeks, and in a tag and a pull request still.
	r.write("notebook.ipynb", "{}\n")
	r.commit("clean the notebook", "2026-03-03T09:00:00Z")
	r.git("update-ref", "refs/pull/7/head", "v1.0")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")

	// On a branch that nobody merged.
	r.git("checkout", "-q", "-b", "experiment")
	r.write("try.py", "client = Petra('"+key("branch")+"')\n")
	r.commit("try it", "2026-03-10T09:00:00Z")
	r.git("checkout", "-q", "main")

	// Committed and amended away at once; the author's clock runs ahead.
	r.write("config.json", `{"petra": "`+key("amended")+`"}`+"\n")
	r.git("add", ".")
	r.date = "2026-03-15T09:00:00Z"
	r.git("commit", "-q", "-m", "configure", "--date", "2031-01-01T00:00:00Z")
	r.write("config.json", "{}\n")
	r.git("add", ".")
	r.date = "2026-03-15T09:30:00Z"
	r.git("commit", "-q", "--amend", "-m", "configure", "--date", "2026-03-15T09:00:00Z")

	// In the stash, in an object that nothing leads to, and beside the repository.
	r.write("config.json", `{"petra": "`+key("stashed")+`"}`+"\n")
	r.date = "2026-03-20T09:00:00Z"
	r.git("stash", "push", "-q")
	_ = os.Remove(filepath.Join(r.dir, ".git/ORIG_HEAD")) // some versions of git leave one
	r.write("lost.txt", key("dangling")+"\n")
	r.git("hash-object", "-w", "lost.txt")
	if err := os.Remove(filepath.Join(r.dir, "lost.txt")); err != nil {
		t.Fatal(err)
	}
	r.write(".env.local", "PETRA_API_KEY="+key("untracked")+"\n")
	r.write("README.md", "Authorization: Bearer "+key("uncertain")+"."+rulestest.Body("more", rulestest.Alphabet("base62"), 30)+"\n")
	r.git("add", "README.md")
	r.date = "2026-03-25T09:00:00Z"
	r.git("commit", "-q", "-m", "explain")
	return r
}

// auditOf runs petrascan audit in the repository at a fixed time.
func auditOf(t *testing.T, r *repository, url string, args ...string) (string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	env := cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: r.dir,
		Getenv: func(name string) string {
			return map[string]string{"PETRASCAN_API_URL": url, "PETRA_NEW_KEY": rulestest.Key("control")}[name]
		},
		Now: func() time.Time { return time.Date(2026, 4, 1, 2, 0, 0, 0, time.UTC) },
	}
	status := cli.Main(context.Background(), env, append([]string{"audit", "--no-cache"}, args...))
	for _, seed := range append(situations, "control") {
		body := strings.TrimPrefix(rulestest.Key(seed), finding.Prefix)
		if strings.Contains(out.String()+errs.String(), body[:20]) || strings.Contains(out.String()+errs.String(), body[20:]) {
			t.Errorf("the key %s was printed", seed)
		}
	}
	return out.String(), status
}

// TestAudit keeps the audit of eight keys in all situations under people's
// eyes.
func TestAudit(t *testing.T) {
	r := eightKeys(t)
	t.Chdir(r.dir)
	api := verifytest.New()
	set := func(seed string, answer verifytest.Answer) { api.Set(finding.NewKey(rulestest.Key(seed)), answer) }
	server := httptest.NewServer(api)
	defer server.Close()

	offline, status := auditOf(t, r, "")
	golden(t, "audit/offline.txt", offline)
	if status != 1 {
		t.Errorf("offline: exit status %d", status)
	}
	set("current", verifytest.Valid)
	set("control", verifytest.Valid)
	set("stashed", verifytest.Status(403))
	set("untracked", verifytest.Status(404))
	with := []string{"--verify", "--control-key-env", "PETRA_NEW_KEY"}
	verified, _ := auditOf(t, r, server.URL, with...)
	golden(t, "audit/verified.txt", verified)
	showAudit(t, verified)
	verified, _ = auditOf(t, r, server.URL, append(with, "-f", "markdown")...)
	golden(t, "audit/verified.md", verified)

	// When all are gone the audit says so, if it can prove it.
	for _, seed := range situations {
		set(seed, verifytest.Deleted)
	}
	unproven, status := auditOf(t, r, server.URL, "--verify", "--fail-on", "active")
	if !strings.Contains(unproven, "Not yet proven: that every key found is deleted.") || status != 0 {
		t.Errorf("unproven, exit status %d:\n%s", status, unproven)
	}
	if strings.Contains(unproven, "Every key") {
		t.Error("unproven, and yet closed")
	}

	r = newRepository(t)
	r.write("deploy/prod.env", "PETRA_API_KEY="+rulestest.Key("current")+"\n")
	r.write("old.env", "PETRA_API_KEY="+rulestest.Key("removed")+"\n")
	r.commit("deploy", "2026-01-05T09:00:00Z")
	r.git("rm", "-q", "old.env")
	r.commit("clean up", "2026-01-09T09:00:00Z")
	t.Chdir(r.dir)
	closed, status := auditOf(t, r, server.URL, append(with, "--fail-on", "active")...)
	golden(t, "audit/closed.txt", closed)
	if status != 0 {
		t.Errorf("closed: exit status %d", status)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	// How many files a Git directory has depends on the machine's git.
	got = regexp.MustCompile(`Read: \d+ files`).ReplaceAllString(got, "Read: 30 files")
	file := filepath.Join(startDir, "../../testdata/golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		cmd := exec.Command("git", "diff", "--no-index", "--", file, "-")
		cmd.Stdin = strings.NewReader(got)
		diff, _ := cmd.CombinedOutput()
		t.Errorf("%s differs (go test -update rewrites it):\n%s", name, diff)
	}
}

// showAudit holds README to the first key of an audit.
func showAudit(t *testing.T, text string) {
	t.Helper()
	text, _, _ = strings.Cut(text, "\n\n\nKey 2 ")
	_, text, _ = strings.Cut(text, "\n\n\n")
	shown := "<!-- audit -->\n```text\n" + text + "\n```\n<!-- /audit -->"
	file := filepath.Join(startDir, "../../README.md")
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)<!-- audit -->.*<!-- /audit -->`)
	if *update {
		readme = block.ReplaceAllLiteral(readme, []byte(shown))
		if err := os.WriteFile(file, readme, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(block.Find(readme)); got != shown {
		t.Errorf("README shows another audit (run with -update):\n%s\nwant\n%s", got, shown)
	}
}
