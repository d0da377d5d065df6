package files

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func git(t *testing.T, dir string, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && stderr.Len() > 0 {
		t.Fatalf("git %v: %v\n%s", args, err, stderr.Bytes())
	}
	return string(out)
}

// TestGitignore walks trees with random ignore files and tracked files, whole
// and from a directory within. What is left out is what git ls-files tells to
// be neither tracked nor free of the rules.
func TestGitignore(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "c.log", "d.txt", "build"}
	patterns := []string{"a", "*.log", "!c.log", "build/", "/b", "a/**", "**/d.txt", "b/a", "!*.txt", "*", "!*/", "/build/*", "!build/a", "c*", "a/b/"}
	for round := range 25 {
		root := t.TempDir()
		git(t, root, "", "init", "-q")
		var paths []string
		var fill func(dir string, depth int)
		fill = func(dir string, depth int) {
			for _, name := range names {
				path := filepath.Join(dir, name)
				switch n := r.IntN(10); {
				case n < 3 && depth < 3:
					if err := os.Mkdir(filepath.Join(root, path), 0o755); err != nil {
						t.Fatal(err)
					}
					fill(path, depth+1)
				case n < 7:
					write(t, filepath.Join(root, path), path)
					paths = append(paths, filepath.ToSlash(path))
				}
			}
			if r.IntN(3) == 0 || depth == 0 {
				var lines []string
				for range 1 + r.IntN(4) {
					lines = append(lines, patterns[r.IntN(len(patterns))])
				}
				path := filepath.Join(root, dir, ".gitignore")
				if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill("", 0)
		for _, path := range paths {
			if r.IntN(8) == 0 {
				git(t, root, "", "add", "-f", "--", path)
			}
		}
		if err := os.WriteFile(filepath.Join(root, ".git/info/exclude"), []byte(patterns[r.IntN(len(patterns))]), 0o644); err != nil {
			t.Fatal(err)
		}
		kept := strings.Split(strings.TrimSuffix(git(t, root, "", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00")
		tops := []string{""}
		if entries, err := os.ReadDir(root); err == nil {
			for _, e := range entries {
				if e.IsDir() && e.Name() != ".git" {
					tops = append(tops, e.Name()+"/")
				}
			}
		}
		for _, top := range tops {
			var list []string
			for _, path := range kept {
				if rel, ok := strings.CutPrefix(path, top); ok && slices.Contains(paths, path) {
					list = append(list, "file "+rel)
				}
			}
			o := options()
			o.Gitignore = true
			found := walkTree(t, filepath.Join(root, top), o)
			want(t, found, list...)
			if below := count(paths, top) - len(list); (below > 0) != (found.Coverage.LeftOut.Gitignore > 0) && below > 0 {
				t.Errorf("%d files are ignored and %d entries counted", below, found.Coverage.LeftOut.Gitignore)
			}
			if t.Failed() {
				t.Fatalf("round %d at %q:\n%s", round, top, dump(t, root))
			}
		}
	}
}

func count(paths []string, prefix string) int {
	n := 0
	for _, path := range paths {
		if strings.HasPrefix(path, prefix) {
			n++
		}
	}
	return n
}

func dump(t *testing.T, root string) string {
	out, _ := exec.Command("sh", "-c", `cd "$1" && git ls-files && find . -name .gitignore -exec sh -c 'echo "$1:"; cat "$1"; echo' - {} \; && cat .git/info/exclude`, "-", root).CombinedOutput()
	return string(out)
}

// TestGitignoreOfNestedWorkTree has a clone in a clone, whose rules are its own.
func TestGitignoreOfNestedWorkTree(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"", "inner", "vendor"} {
		dir = filepath.Join(root, dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		git(t, dir, "", "init", "-q")
	}
	for path, text := range map[string]string{".gitignore": "*.o\n/vendor\n*.git\n", "inner/.gitignore": "*.p\n"} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"x.o", "x.p", "inner/x.o", "inner/x.p", "inner/d/x.p", "inner/d/x.o", "vendor/x", ".git/x.o"} {
		write(t, filepath.Join(root, path), path)
	}
	o := options()
	o.Gitignore = true
	r := walkTree(t, root, o)
	want(t, r, "file x.p", "file inner/x.o", "file inner/d/x.o", "git-file .git/x.o")
	if n := r.Coverage.LeftOut.Gitignore; n != 4 {
		t.Errorf("%d left out", n)
	}
	if fmt.Sprint(r.GitDirs) != "[.git inner/.git]" {
		t.Errorf("Git directories %v", r.GitDirs)
	}
}
