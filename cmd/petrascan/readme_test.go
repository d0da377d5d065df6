package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/cli"
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
	repo := t.TempDir()
	git := func(args ...string) {
		cmd := exec.Command("git", args...)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	if err := os.WriteFile(filepath.Join(repo, "a.txt"), []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	git("add", ".")
	git("commit", "-q", "-m", "one")
	git("update-ref", "refs/remotes/origin/main", "HEAD")
	t.Chdir(repo)

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
		env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Dir: repo}
		if status := cli.Main(context.Background(), env, args[1:]); status != 0 || out.Len() == 0 {
			t.Errorf("%s: exit status %d, output:\n%s", line, status, out.String())
		}
	}
	if ran < 10 {
		t.Errorf("README shows %d commands: are its code blocks still marked sh?", ran)
	}
}

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
	for _, command := range []string{"", "scan", "files", "history", "staged", "hook", "hook run", "hook install", "hook uninstall", "hook status", "rules", "rules test", "report", "report schema", "completion", "man", "version"} {
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
