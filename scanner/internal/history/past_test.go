package history

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/cache"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A second scan of the same packs takes commits and paths from memory, and both
// are what a walk finds; one of other packs does not.
func TestPast(t *testing.T) {
	g := deltaRepository(t, rand.New(rand.NewPCG(5, 21)))
	g.run("checkout", "-q", "-f", "main")
	c, err := cache.Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	known := func(what string, want bool) {
		t.Helper()
		o := options(2)
		o.Cache = c
		h, err := open(t.Context(), g.open(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer h.store.Close()
		found, err := h.searchAll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		commits := found.past.commits()
		if (commits != nil) != want {
			t.Fatalf("%s: commits are known: %v, want %v", what, commits != nil, want)
		}
		ids := newWanted()
		for id := range found.objects[gitobj.Blob] {
			ids.add(id)
		}
		paths, err := found.past.paths(t.Context(), h.store, ids, newSets())
		if err != nil || (paths != nil) != want {
			t.Fatalf("%s: paths are known: %v, %v, want %v", what, paths != nil, err, want)
		}
		if want {
			walked, err := walkPaths(t.Context(), h.store, ids, newSets(), 1)
			if err != nil {
				t.Fatal(err)
			}
			comparePaths(t, paths, walked)
			whole, err := h.loadGraph(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := graphOf(t, commits); len(got.commits) != len(whole.commits) {
				t.Errorf("%s: %d commits, want %d", what, len(got.commits), len(whole.commits))
			}
		}
		if _, err := Scan(t.Context(), g.open(), o); err != nil {
			t.Fatal(err)
		}
	}
	known("never scanned", false)
	known("scanned", true)
	g.write("a/clean.txt", "clean\n")
	g.run("rm", "-q", "-r", "--ignore-unmatch", "d")
	g.commit("loose trees that lead to packed ones")
	known("new loose trees", true)
	g.write("a/new.env", "K="+fileKeys[4]+" and more\n")
	g.commit("another blob")
	found, err := os.ReadDir(filepath.Join(g.dir, ".git", "objects", "pack"))
	if err != nil || len(found) == 0 {
		t.Fatal(err)
	}
	g.run("repack", "-q", "-a", "-d")
	known("packed anew", false)
	known("packed anew and scanned", true)
}
