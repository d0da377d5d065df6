package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// deltaRepository is a repository whose trees are large enough to be stored as
// deltas of each other, with few different files that come, go, move and lie in
// many places at once.
func deltaRepository(t testing.TB, r *rand.Rand) *gitDir {
	g := newGit(t)
	var in strings.Builder
	for i := range 70 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 2\nx\n", 1_700_000_000+i)
		files := 3
		if i == 0 {
			files = 150
		}
		for range files {
			path := fmt.Sprintf("%s/file number %d of many", [...]string{"a", "a/b", "a/b/c", "d"}[r.IntN(4)], r.IntN(60))
			content := fmt.Sprintf("content %d\n", r.IntN(40))
			if k := r.IntN(12); k < len(fileKeys) {
				content = "K=" + fileKeys[k] + "\n"
			}
			if r.IntN(4) == 0 && i > 0 {
				fmt.Fprintf(&in, "D %s\n", path)
			} else {
				fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(content), content)
			}
		}
		if i > 0 && r.IntN(9) == 0 {
			in.WriteString("C a/b d/copy\n")
		}
	}
	g.feed(in.String(), "fast-import", "--quiet")
	g.run("read-tree", "HEAD")
	g.run("repack", "-q", "-a", "-d", "-f", "--depth=30", "--window=30")
	return g
}

// Paths that are found from notes are those that a walk over all trees finds.
func TestNotedPaths(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := deltaRepository(t, rand.New(rand.NewPCG(seed, 21)))
			if seed == 3 { // loose objects on top, and trees in two packs
				g.run("checkout", "-q", "-f", "main")
				g.write("a/b/new.env", "K="+fileKeys[0]+"\n")
				g.commit("loose")
				g.run("repack", "-q")
				g.write("d/new.env", "K="+fileKeys[1]+"\n")
				g.commit("loose")
			}
			h, err := open(t.Context(), g.open(), options(2))
			if err != nil {
				t.Fatal(err)
			}
			defer h.store.Close()
			found, err := h.searchAll(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			deltas := 0
			for _, n := range found.notes {
				for _, tree := range n.trees {
					if tree.base >= 0 {
						deltas++
					}
				}
			}
			if deltas < 20 {
				t.Errorf("only %d trees are deltas", deltas)
			}
			// One blob at a time: the fewer are wanted, the fewer trees are read.
			for id, o := range found.objects[gitobj.Blob] {
				want := newWanted()
				want.add(id)
				if len(o.outcome.Hits) == 0 {
					t.Fatal("a blob without a key")
				}
				noted, err := notedPaths(t.Context(), h.store, want, newSets(), found.notes, 10_000)
				if err != nil || noted == nil {
					t.Fatalf("%v, %v", noted, err)
				}
				walked, err := walkPaths(t.Context(), h.store, want, newSets(), 2)
				if err != nil {
					t.Fatal(err)
				}
				comparePaths(t, noted, walked)
				if p, err := notedPaths(t.Context(), h.store, want, newSets(), found.notes, 0); p != nil || err != nil {
					t.Errorf("no tree may be read: %v, %v", p, err)
				}
			}
			var told [2]string
			for i := range told {
				o := options(1 + i)
				o.walkTrees = i > 0
				result, err := Scan(t.Context(), g.open(), o)
				if err != nil {
					t.Fatal(err)
				}
				told[i] = result.sorted(t)
			}
			compareLines(t, strings.Split(told[0], "\n"), strings.Split(told[1], "\n"))
		})
	}
}

// comparePaths compares the steps of all trees that lead to a wanted object. A
// walk follows some that do not.
func comparePaths(t *testing.T, got, want *paths) {
	t.Helper()
	lines := func(p *paths) (list []string) {
		leads := map[treeKey]bool{}
		var follow func(tree treeKey) bool
		follow = func(tree treeKey) bool {
			if yes, done := leads[tree]; done {
				return yes
			}
			leads[tree] = false
			for n := range p.sets.all(p.from[tree]) {
				if s := p.steps[n]; s.kind != toTree || follow(s.sub) {
					leads[tree] = true
				}
			}
			return leads[tree]
		}
		for tree, set := range p.from {
			for n := range p.sets.all(set) {
				if s := p.steps[n]; s.kind != toTree || follow(s.sub) {
					list = append(list, fmt.Sprintf("%x %d %x %v %s", uint64(tree), s.kind, uint64(s.sub), s.id, s.name))
				}
			}
		}
		return list
	}
	compareLines(t, lines(got), lines(want))
}

// Notes that grew too long are no notes.
func TestNotesFull(t *testing.T) {
	n := &treeNotes{}
	id := gitobj.SHA1.Sum(gitobj.Tree, nil)
	news := &gitobj.TreeNews{ID: id, Fresh: []gitobj.TreeEntry{{ID: id.Bytes()}}}
	n.note(news)
	if len(n.trees) != 1 || len(n.edges) != 1 {
		t.Fatalf("%d trees, %d edges", len(n.trees), len(n.edges))
	}
	n.edges = make([]uint32, maxNotes)
	n.note(news)
	n.note(news)
	if !n.full || len(n.trees)+len(n.edges)+len(n.ids) > 0 {
		t.Error("notes are kept beyond their bound")
	}
	found := &haul{}
	found.noteTrees([]*searcher{{}, {notes: *n}})
	if found.notes != nil {
		t.Error("notes are used that are not whole")
	}
}

// A wait for paths ends with its context.
func TestNotedPathsEnd(t *testing.T) {
	g := deltaRepository(t, rand.New(rand.NewPCG(1, 21)))
	h, err := open(t.Context(), g.open(), options(2))
	if err != nil {
		t.Fatal(err)
	}
	defer h.store.Close()
	found, err := h.searchAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := newWanted()
	for id := range found.objects[gitobj.Blob] {
		want.add(id)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := notedPaths(ctx, h.store, want, newSets(), found.notes, 10_000); err != context.Canceled {
		t.Errorf("ended with %v", err)
	}
}
