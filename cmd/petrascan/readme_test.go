package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/cli"
	"github.com/petrascan/petrascan/rules/rulestest"
)

// elsewhere are README's commands that other tests or CI run, or that change
// the machine.
var elsewhere = []string{"go test ./...", "go install ", "printf ", "chmod "}

// TestREADME runs every command that README shows, in a repository without a
// key: each must do what it says and exit 0.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	repo := newRepository(t)
	repo.write("a.txt", "nothing\n")
	repo.commit("one", "2026-01-01T12:00:00Z")
	repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
	t.Chdir(repo.dir)

	home := t.TempDir()
	getenv := func(name string) string {
		if name == "HOME" || name == "LocalAppData" {
			return home
		}
		return ""
	}
	ran := 0
	for _, line := range shellLines(string(text)) {
		if isElsewhere(line) {
			continue
		}
		line = strings.Replace(line, "go run ./cmd/petrascan ", "petrascan ", 1)
		args := words(line)
		if args[0] != "petrascan" {
			t.Errorf("README shows %q, which no test runs", line)
			continue
		}
		ran++
		var out bytes.Buffer
		env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: getenv, Dir: repo.dir}
		if status := cli.Main(context.Background(), env, args[1:]); status != 0 || out.Len() == 0 {
			t.Errorf("%s: exit status %d, output:\n%s", line, status, out.String())
		}
	}
	if ran < 10 {
		t.Errorf("README shows %d commands: are its code blocks still marked sh?", ran)
	}
}

// A repository is one that a test makes.
type repository struct {
	t    *testing.T
	dir  string
	date string
}

func newRepository(t *testing.T) *repository {
	r := &repository{t: t, dir: t.TempDir(), date: "2026-01-01T12:00:00Z"}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repository) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE="+r.date,
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE="+r.date)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// write writes a file, its key templates expanded.
func (r *repository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(rulestest.Expand(text)), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repository) commit(message, date string) {
	r.t.Helper()
	r.date = date
	r.git("add", "-A")
	r.git("commit", "-q", "-m", message)
}

var update = flag.Bool("update", false, "rewrite the table in README.md")

// TestREADMETable makes the repository whose scan README shows, and holds
// README to what is printed, but for the time it took.
func TestREADMETable(t *testing.T) {
	r := newRepository(t)
	r.write("conf/prod.env", "# production\nPETRA_TOKEN={{key:readme 1}}\n")
	r.write("docs/usage.md", "curl -H 'Authorization: Bearer {{key:readme 2}}' …\n")
	r.commit("add", "2026-03-02T09:30:00Z")
	if err := os.Remove(filepath.Join(r.dir, "conf/prod.env")); err != nil {
		t.Fatal(err)
	}
	r.commit("remove the key", "2026-03-05T16:00:00Z")
	secret := base64.StdEncoding.EncodeToString([]byte("user:" + rulestest.Key("readme 3")))
	r.write("k8s/secret.yaml", "data:\n  token: "+secret+"\n")
	t.Chdir(r.dir)

	var out bytes.Buffer
	env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Dir: r.dir}
	if status := cli.Main(context.Background(), env, []string{"scan"}); status != 1 {
		t.Fatalf("exit status %d", status)
	}
	speed := regexp.MustCompile(`in \d+ ms \([^)]*\)`)
	files := regexp.MustCompile(`Read \d+ files`)
	volume := regexp.MustCompile(`, [\d.]+ [kM]?B(ytes)?, in`)
	printed := volume.ReplaceAllString(files.ReplaceAllString(speed.ReplaceAllString(out.String(), "in 4 ms (7 MB/s)"), "Read 29 files"), ", 28 kB, in")
	shown := "<!-- table -->\n```text\n" + strings.Trim(printed, "\n") + "\n```\n<!-- /table -->"

	const path = "../../README.md"
	text, err := os.ReadFile(filepath.Join(startDir, path))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)<!-- table -->.*<!-- /table -->`)
	if *update {
		changed := block.ReplaceAllLiteral(text, []byte(shown))
		if err := os.WriteFile(filepath.Join(startDir, path), changed, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := string(block.Find(text)); got != shown {
		t.Errorf("README shows another table (run with -update):\n%s\nwant\n%s", got, shown)
	}
}

// startDir is where the test began: the package's directory.
var startDir, _ = os.Getwd()

func isElsewhere(line string) bool {
	for _, prefix := range elsewhere {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// shellLines returns the lines of README's blocks of shell commands.
func shellLines(text string) []string {
	var lines []string
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```sh":
			in = true
		case line == "```":
			in = false
		case in && line != "":
			lines = append(lines, line)
		}
	}
	return lines
}

// words splits a command as a shell would; README uses single quotes only.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}

// TestHelp reads every command's help: each has an example and says what its
// exit statuses are.
func TestHelp(t *testing.T) {
	for _, command := range []string{
		"", "scan", "files", "history", "staged", "verify", "audit",
		"hook", "hook run", "hook install", "hook uninstall", "hook status",
		"report", "report show", "report diff", "report schema", "baseline",
		"rules", "rules test", "config", "config show", "config schema", "cache", "cache show", "cache clear",
		"completion", "man", "version",
	} {
		var out bytes.Buffer
		env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Getenv: os.Getenv, Dir: "."}
		if status := cli.Main(context.Background(), env, append(strings.Fields(command), "--help")); status != 0 {
			t.Errorf("%s --help: exit status %d", command, status)
		}
		for _, want := range []string{"Usage:", "Examples:", "Exit status:", "  0 "} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s --help lacks %q:\n%s", command, want, out.String())
			}
		}
	}
}
