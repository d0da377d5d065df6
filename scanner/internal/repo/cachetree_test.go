package repo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// The trees that an index notes are those that git write-tree makes, and one
// below which something changed is left out.
func TestIndexTrees(t *testing.T) {
	dir := initRepo(t)
	for _, path := range []string{"a", "d/b", "d/e/c", "d/f/c", "z/z"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(path), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "all")
	read := func() map[string]gitobj.ID {
		r, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		index, err := r.Index()
		if err != nil {
			t.Fatal(err)
		}
		return index.Trees
	}
	check := func(paths ...string) {
		t.Helper()
		trees := read()
		if len(trees) != len(paths) {
			t.Errorf("%d trees, want %d", len(trees), len(paths))
		}
		for _, path := range paths {
			want := strings.TrimSpace(git(t, dir, "rev-parse", "HEAD:"+strings.TrimSuffix(path, "/")))
			if id, ok := trees[path]; !ok || id.String() != want {
				t.Errorf("tree of %q is %v, want %s", path, id, want)
			}
		}
	}
	check("", "d/", "d/e/", "d/f/", "z/")
	blob := strings.TrimSpace(git(t, dir, "rev-parse", "HEAD:a"))
	git(t, dir, "update-index", "--cacheinfo", "100644,"+blob+",d/e/c")
	check("d/f/", "z/")
	git(t, dir, "update-index", "--split-index")
	check()
}

func FuzzCacheTree(f *testing.F) {
	f.Add([]byte("\x001 1\nAAAAAAAAAAAAAAAAAAAAd\x001 0\nBBBBBBBBBBBBBBBBBBBB"))
	f.Add([]byte("\x00-1 1\nd\x00-1 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trees, err := parseCacheTree(data, 20)
		for path := range trees {
			if err != nil || path != "" && !strings.HasSuffix(path, "/") {
				t.Errorf("%q, %v", path, err)
			}
		}
	})
}
