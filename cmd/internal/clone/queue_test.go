package clone

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// repository makes a bare repository with one commit, and returns its address.
func repository(t *testing.T) Source {
	t.Helper()
	dir := t.TempDir()
	runGit(t, dir, "init", "-q", "--bare", ".")
	commit := runGit(t, dir, "commit-tree", "-m", "empty", runGit(t, dir, "mktree"))
	runGit(t, dir, "update-ref", "refs/pull/1/head", commit)
	s, err := Parse("file:///" + strings.TrimPrefix(filepath.ToSlash(dir), "/"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// tempDir makes an empty directory the one for temporary files.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, dir)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	return dir
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestQueue clones far more repositories than there may be at a time, one in
// three of which is not there.
func TestQueue(t *testing.T) {
	temp := tempDir(t)
	here := repository(t)
	gone, err := Parse("file:///nowhere/at/all")
	if err != nil {
		t.Fatal(err)
	}
	var sources []Source
	for i := range 15 {
		if i%3 == 1 {
			sources = append(sources, gone)
		} else {
			sources = append(sources, here)
		}
	}
	q, err := NewQueue(context.Background(), sources, Options{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(q.room)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the temporary directory is %v", info.Mode())
	}
	refused := errors.New("refused")
	last := ""
	for i := range sources {
		used := false
		err := q.Next(func(dir string) error {
			used = true
			if there := entries(t, q.room); len(there) > ahead {
				t.Errorf("there are %v at a time", there)
			}
			if _, err := os.Stat(last); last != "" && err == nil {
				t.Errorf("%s is still there", last)
			}
			last = dir
			if refs := runGit(t, dir, "for-each-ref", "--format=%(refname)"); refs != "refs/pull/1/head" {
				t.Errorf("the clone has the refs %q", refs)
			}
			if _, err := os.Stat(filepath.Join(dir, "hooks")); err == nil {
				t.Error("the clone has hooks")
			}
			if i == 3 {
				return refused
			}
			return nil
		})
		switch {
		case i%3 == 1 && (used || err == nil || strings.Contains(err.Error(), temp)):
			t.Errorf("clone %d: used %t, %v", i, used, err)
		case i%3 != 1 && (!used || errors.Is(err, refused) != (i == 3)):
			t.Errorf("clone %d: used %t, %v", i, used, err)
		}
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if left := entries(t, temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestQueueIsLeft closes a queue of which not everything was taken.
func TestQueueIsLeft(t *testing.T) {
	temp := tempDir(t)
	here := repository(t)
	q, err := NewQueue(context.Background(), []Source{here, here, here}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Next(func(string) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if left := entries(t, temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
