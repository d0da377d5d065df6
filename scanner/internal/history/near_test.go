package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// What a graph of a few commits says is in a range is what the graph of all
// says, wherever the walk down to the old side may stop.
func TestNearGraph(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 31))
			g := randomRepository(t, r, 30)
			h, err := open(t.Context(), g.open(), options(1))
			if err != nil {
				t.Fatal(err)
			}
			defer h.store.Close()
			whole, err := h.loadGraph(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pick := func(n int) (ids []gitobj.ID) {
				for range n {
					ids = append(ids, whole.commits[r.IntN(len(whole.commits))].id)
				}
				return ids
			}
			smaller := 0
			for range 200 {
				s := &sides{new: pick(1 + r.IntN(2)), old: pick(r.IntN(3))}
				switch r.IntN(5) {
				case 0:
					s.fresh, s.base, s.new, s.old = s.new, s.old, nil, nil
				case 1:
					s.fresh, s.base = pick(1), pick(1)
				case 3: // a commit and its parent
					s.new = pick(1)
					s.old = nil
					for _, p := range whole.parents[whole.index[s.new[0]]] {
						s.old = []gitobj.ID{whole.commits[p].id}
					}
				case 2:
					s.symmetric = append(s.symmetric, [2]gitobj.ID(pick(2)))
					s.new = append(s.new, s.symmetric[0][:]...)
				}
				few, err := h.nearGraph(t.Context(), s)
				if err != nil || few == nil {
					t.Fatalf("%v, %v", few, err)
				}
				if len(few.commits) < len(whole.reachableOf(s)) {
					smaller++
				}
				if got, want := marked(few, s), marked(whole, s); !slices.Equal(got, want) {
					t.Errorf("%+v: %d are marked, want %d", s.describe(), len(got), len(want))
				}
			}
			if smaller == 0 {
				t.Error("no walk stopped at the old side")
			}
		})
	}
}

// reachableOf lists the commits that any side reaches.
func (g *graph) reachableOf(s *sides) (list []int) {
	for i, in := range g.reachable(slices.Concat(s.new, s.fresh, s.old, s.base)) {
		if in {
			list = append(list, i)
		}
	}
	return list
}

func marked(g *graph, s *sides) (ids []string) {
	for i, in := range s.mark(g, time.Time{}) {
		if in {
			ids = append(ids, g.commits[i].id.String())
		}
	}
	slices.Sort(ids)
	return ids
}

// Where the old side lies far away no commit is left out on trust.
func TestFarGraph(t *testing.T) {
	g := newGit(t)
	var in strings.Builder
	for i := range nearCommits + 50 {
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nx\n", i+1, 1_700_000_000+i)
	}
	// The side branch's date lies about its age.
	fmt.Fprintf(&in, "commit refs/heads/side\ncommitter C <c@example.com> 1900000000 +0000\ndata 1\nx\nfrom :%d\n", nearCommits+45)
	g.feed(in.String(), "fast-import", "--quiet")
	h, err := open(t.Context(), g.open(), options(1))
	if err != nil {
		t.Fatal(err)
	}
	defer h.store.Close()
	for _, test := range []struct {
		ranges string
		near   bool
	}{
		{"main~1..main", true}, {"main~900..main", true}, {"main..side", false}, {"main", false}, {"main...side", false}, {"main..main", true},
	} {
		ends, err := h.resolve(Limits{Ranges: []string{test.ranges}})
		if err != nil {
			t.Fatal(err)
		}
		few, err := h.nearGraph(t.Context(), ends)
		if err != nil {
			t.Fatal(err)
		}
		if (few != nil) != test.near {
			t.Errorf("%s: near is %v, want %v", test.ranges, few != nil, test.near)
		}
	}
}
