package history

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/finding"
)

// treeBomb commits a tree that holds one blob at 2^30 paths, and returns the
// blob's id.
func treeBomb(g *gitDir) (blob string) {
	blob = g.feed("K="+fileKeys[0]+"\n", "hash-object", "-w", "--stdin")
	tree := g.feed("100644 blob "+blob+"\ta.env\n", "mktree")
	for range 30 {
		tree = g.feed("040000 tree "+tree+"\ta\n040000 tree "+tree+"\tb\n", "mktree")
	}
	g.run("update-ref", "HEAD", g.run("commit-tree", "-m", "bomb", tree))
	return blob
}

// Trees that name each other over and over stop nothing and are said to be cut:
// the key in them is found, at some of its paths.
func TestTreeBomb(t *testing.T) {
	scans := map[string]func(g *gitDir) *Result{
		"all": (*gitDir).scan,
		"all, trees walked": func(g *gitDir) *Result {
			o := options(2)
			o.walkTrees, o.Index = true, false
			r, err := Scan(g.t.Context(), g.open(), o)
			if err != nil {
				g.t.Fatal(err)
			}
			return r
		},
		"range": func(g *gitDir) *Result { return g.scanRange(Limits{Ranges: []string{"HEAD"}}) },
	}
	g := newGit(t)
	blob := treeBomb(g)
	for name, scan := range scans {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := scan(g)
			runtime.ReadMemStats(&after)
			if total := after.TotalAlloc - before.TotalAlloc; total > 2<<30 {
				t.Errorf("%d MB were allocated", total>>20)
			}
			if len(r.Coverage.Cut) == 0 || !strings.Contains(r.Coverage.Cut[0].Reason, "over and over") {
				t.Errorf("the cut is not in the coverage: %v", r.Coverage.Cut)
			}
			if len(r.Errors) > 0 {
				t.Error(r.errors()[:200])
			}
			if n := len(r.Sightings); n == 0 || n > maxPlaces {
				t.Errorf("%d findings", n)
			}
			for _, x := range r.Sightings {
				if x.Blob != blob || x.Location != finding.InBlob {
					t.Fatalf("a %s in %s", x.Location, x.Blob)
				}
			}
			if c := r.Coverage.Objects; c.Tree.Read != 31 || c.Blob.Read != 1 || c.Commit.Read != 1 {
				t.Errorf("read %+v", c)
			}
		})
	}
	t.Run("something missing", func(t *testing.T) {
		g.remove(blob)
		if r := g.scan(); !strings.Contains(r.errors(), blob) {
			t.Errorf("the missing blob is not named: %s", r.errors())
		}
	})
}

// Two bombs, one in the parent and one in its child, are compared no longer than
// one is listed; what differs is found.
func TestTreeBombs(t *testing.T) {
	g := newGit(t)
	treeBomb(g)
	blob := g.feed("K="+fileKeys[1]+"\n", "hash-object", "-w", "--stdin")
	tree := g.feed("100644 blob "+blob+"\ta.env\n", "mktree")
	for range 30 {
		tree = g.feed("040000 tree "+tree+"\ta\n040000 tree "+tree+"\tb\n", "mktree")
	}
	g.run("update-ref", "HEAD", g.run("commit-tree", "-m", "another", "-p", "HEAD", tree))
	r := g.scanRange(Limits{Ranges: []string{"HEAD~1..HEAD"}})
	if len(r.Coverage.Cut) == 0 || len(r.Errors) > 0 {
		t.Errorf("cut is %v, errors are %s", r.Coverage.Cut, r.errors())
	}
	keys := map[string]bool{}
	for _, x := range r.Sightings {
		keys[seedOf(x.Key)] = true
	}
	if fmt.Sprint(keys) != "map[#1:true]" {
		t.Errorf("found %v", keys)
	}
}
