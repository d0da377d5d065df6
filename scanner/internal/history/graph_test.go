package history

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// number makes an id of a number.
func number(n int) gitobj.ID {
	var b [20]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)+1)
	return gitobj.MakeID(b[:])
}

// Parents come before children whatever the dates say, and what is reachable is
// what a search without order finds.
func TestGraph(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n := 1 + r.IntN(30)
		var commits []commit
		for i := range n {
			c := commit{id: number(i), when: r.Int64N(5)}
			for range r.IntN(4) {
				c.parents = append(c.parents, number(r.IntN(n+3)-i/n)) // of any age; some are not there
			}
			for k := range c.parents {
				if at := binary.BigEndian.Uint64(c.parents[k].Bytes()) - 1; at >= uint64(i) && at < uint64(n) {
					c.parents[k] = number(n + 5)
				}
			}
			commits = append(commits, c, c) // a copy in another pack
		}
		r.Shuffle(len(commits), func(i, j int) { commits[i], commits[j] = commits[j], commits[i] })
		g := graphOf(t, commits)
		if len(g.commits) != n {
			t.Fatalf("%d commits, want %d", len(g.commits), n)
		}
		for i, c := range g.commits {
			present := 0
			for _, p := range c.parents {
				if at, ok := g.index[p]; ok {
					present++
					if at >= int32(i) {
						t.Fatalf("parent %d comes after its child %d", at, i)
					}
				}
			}
			if present != len(g.parents[i]) {
				t.Fatalf("%d parents, want %d", len(g.parents[i]), present)
			}
		}
		tip := r.IntN(n)
		got := g.reachable([]gitobj.ID{g.commits[tip].id, number(99)})
		var reach func(at int32) map[int32]bool
		reach = func(at int32) map[int32]bool {
			all := map[int32]bool{at: true}
			for _, p := range g.parents[at] {
				for k := range reach(p) {
					all[k] = true
				}
			}
			return all
		}
		want := reach(int32(tip))
		for i := range got {
			if got[i] != want[int32(i)] {
				t.Fatalf("commit %d from %d: %v", i, tip, got[i])
			}
		}
	}
}

// A store that lies about its ids can say that commits are their own ancestors.
func TestGraphCycle(t *testing.T) {
	g := graphOf(t, []commit{
		{id: number(0), parents: []gitobj.ID{number(2)}},
		{id: number(1), parents: []gitobj.ID{number(0), number(1)}},
		{id: number(2), parents: []gitobj.ID{number(1)}},
		{id: number(3), parents: []gitobj.ID{number(2)}, when: -5},
	})
	if len(g.commits) != 4 {
		t.Fatalf("%d commits", len(g.commits))
	}
	for i, parents := range g.parents {
		for _, p := range parents {
			if p >= int32(i) {
				t.Errorf("edge from %d to %d", i, p)
			}
		}
	}
}

func graphOf(t *testing.T, commits []commit) *graph {
	t.Helper()
	g, err := newGraph(t.Context(), commits)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
