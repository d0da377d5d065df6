package repo

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// gitEnv is the environment of git in tests: nobody's configuration, and a clock
// that stands still.
func gitEnv(extra ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "GIT_EXEC_PATH=") {
			env = append(env, v)
		}
	}
	env = append(env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=1700000000 +0230",
		"GIT_COMMITTER_NAME=C O Mitter", "GIT_COMMITTER_EMAIL=committer@example.com", "GIT_COMMITTER_DATE=1700000000 -0800",
		"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "HOME="+os.DevNull)
	return append(env, extra...)
}

// tryGit runs git in dir and returns its standard output.
func tryGit(dir string, stdin string, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = gitEnv(env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), err
}

// git runs git, which must succeed.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, "", nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tempDir is a temporary directory without symbolic links in its path, as git
// prints it.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// initRepo makes an empty repository whose branch is main.
func initRepo(t testing.TB, args ...string) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "repo")
	git(t, filepath.Dir(dir), append(append([]string{"-c", "init.defaultBranch=main", "init", "-q"}, args...), dir)...)
	return dir
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// commit writes a file and commits it.
func commit(t testing.TB, dir, file, content string) {
	t.Helper()
	write(t, filepath.Join(dir, file), content)
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "write "+file)
}

func mustOpen(t testing.TB, dir string) *Repo {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// getenvOf returns a getenv for a fixed environment.
func getenvOf(vars ...string) func(string) string {
	return func(name string) string {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// wantLines compares sets of lines.
func wantLines(t testing.TB, what string, got, want []string) {
	t.Helper()
	count := map[string]int{}
	for _, l := range want {
		count[l]++
	}
	for _, l := range got {
		count[l]--
	}
	for l, n := range count {
		if n > 0 {
			t.Errorf("%s: missing %d x %q", what, n, l)
		}
		if n < 0 {
			t.Errorf("%s: not expected %d x %q", what, -n, l)
		}
	}
	if len(want) == 0 {
		t.Errorf("%s: nothing to compare with", what)
	}
}

func lines(s string) []string {
	if s = strings.TrimRight(s, "\n"); s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// catFile is a git cat-file process as an object store.
type catFile struct {
	t   testing.TB
	dir string
	in  io.Writer
	out *bufio.Reader
}

func newCatFile(t testing.TB, dir string) *catFile {
	t.Helper()
	cmd := exec.Command("git", "cat-file", "--batch")
	cmd.Dir, cmd.Env = dir, gitEnv("GIT_NO_REPLACE_OBJECTS=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &catFile{t, dir, in, bufio.NewReader(out)}
}

func (c *catFile) Read(id gitobj.ID) (gitobj.Type, []byte, error) {
	fmt.Fprintln(c.in, id)
	head, err := c.out.ReadString('\n')
	if err != nil {
		return 0, nil, err
	}
	var name, kind string
	var size int
	if _, err := fmt.Sscan(head, &name, &kind, &size); err != nil {
		return 0, nil, fmt.Errorf("%s: no such object", id)
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(c.out, data); err != nil {
		return 0, nil, err
	}
	types := map[string]gitobj.Type{"commit": gitobj.Commit, "tree": gitobj.Tree, "blob": gitobj.Blob, "tag": gitobj.Tag}
	return types[kind], data[:size], nil
}

func (c *catFile) Resolve(prefix string) ([]gitobj.ID, error) {
	var ids []gitobj.ID
	for _, line := range lines(git(c.t, c.dir, "rev-parse", "--disambiguate="+prefix)) {
		id, err := gitobj.ParseID(line)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// canReftable tells whether the git at hand writes reftables.
func canReftable(t testing.TB) bool {
	_, err := tryGit(tempDir(t), "", nil, "init", "-q", "--ref-format=reftable", "probe")
	return err == nil
}
