package scanner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindHooks compares with what Git says.
func TestFindHooks(t *testing.T) {
	home := t.TempDir()
	env := map[string]string{"HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": filepath.Join(home, "global")}
	git := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = os.Environ()
		for k, v := range env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		cmd.Env = append(cmd.Env, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	main, bare, linked := filepath.Join(home, "main"), filepath.Join(home, "bare.git"), filepath.Join(home, "linked")
	git(home, "init", "-q", "main")
	git(home, "init", "-q", "--bare", "bare.git")
	git(main, "commit", "-q", "--allow-empty", "-m", "one")
	git(main, "worktree", "add", "-q", linked)
	if err := os.Mkdir(filepath.Join(main, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", ".githooks", "~/hooks", filepath.Join(home, "elsewhere"), "../up"} {
		if path != "" {
			git(home, "config", "--global", "core.hooksPath", path)
		}
		for _, dir := range []string{main, filepath.Join(main, "sub"), bare, linked} {
			top := dir
			if filepath.Base(dir) == "sub" {
				top = main // Git goes there before it runs a hook
			}
			want := git(top, "rev-parse", "--git-path", "hooks")
			if !filepath.IsAbs(want) {
				want = filepath.Join(top, want)
			}
			h, err := FindHooks(func(name string) string { return env[name] }, dir)
			if err != nil || physical(t, h.Dir) != physical(t, want) || h.Configured != path {
				t.Errorf("core.hooksPath %q in %s: %+v, %v; want %s", path, dir, h, err, want)
			}
		}
	}
	git(home, "config", "--global", "core.hooksPath", "~nobody-there/hooks")
	if h, err := FindHooks(func(name string) string { return env[name] }, main); err == nil {
		t.Errorf("another user's directory: %+v", h)
	}
}

// physical resolves the symbolic links of a path whose last part need not exist.
func physical(t *testing.T, path string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, filepath.Base(path))
}
