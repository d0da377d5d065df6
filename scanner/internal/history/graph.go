package history

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A graph is all commits of a store in topological order: parents come before
// their children whatever the dates say. Parents that the store lacks are left
// out of the edges.
type graph struct {
	commits []commit
	parents [][]int32           // by index: those present
	index   map[gitobj.ID]int32 // of a commit
	partial bool                // commits that the store has may be left out
}

// newGraph sorts the commits. Among those whose parents are all placed, the one
// with the oldest committer date comes first, then the one with the least id. The
// error is that of ctx.
func newGraph(ctx context.Context, commits []commit) (*graph, error) {
	slices.SortFunc(commits, func(a, b commit) int {
		return cmp.Or(cmp.Compare(a.when, b.when), bytes.Compare(a.id.Bytes(), b.id.Bytes()), compareBool(a.loose, b.loose))
	})
	commits = slices.CompactFunc(commits, func(a, b commit) bool { return a.id == b.id })
	rank := make(map[gitobj.ID]int32, len(commits))
	for i := range commits {
		rank[commits[i].id] = int32(i)
	}
	waiting := make([]int32, len(commits)) // parents that are not placed yet
	children := make([][]int32, len(commits))
	for i := range commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, p := range commits[i].parents {
			if at, ok := rank[p]; ok {
				waiting[i]++
				children[at] = append(children[at], int32(i))
			}
		}
	}
	var ready ranks
	for i, n := range waiting {
		if n == 0 {
			ready = append(ready, int32(i))
		}
	}
	heap.Init(&ready)
	g := &graph{commits: make([]commit, 0, len(commits)), index: rank}
	for ready.Len() > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		i := heap.Pop(&ready).(int32)
		g.commits = append(g.commits, commits[i])
		for _, child := range children[i] {
			if waiting[child]--; waiting[child] == 0 {
				heap.Push(&ready, child)
			}
		}
	}
	// A hash can't be in its own history, but a store that lies about its ids can
	// say so. What is left is placed by rank, and edges only lead back.
	for i, n := range waiting {
		if n > 0 {
			g.commits = append(g.commits, commits[i])
		}
	}
	g.parents = make([][]int32, len(g.commits))
	for i, c := range g.commits {
		g.index[c.id] = int32(i)
	}
	for i, c := range g.commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, p := range c.parents {
			if at, ok := g.index[p]; ok && at < int32(i) {
				g.parents[i] = append(g.parents[i], at)
			}
		}
	}
	return g, nil
}

// has tells whether id is a commit of the graph.
func (g *graph) has(id gitobj.ID) bool {
	_, ok := g.index[id]
	return ok
}

// reachable marks the tips and all their ancestors.
func (g *graph) reachable(tips []gitobj.ID) []bool {
	marked := make([]bool, len(g.commits))
	var stack []int32
	for _, id := range tips {
		if i, ok := g.index[id]; ok && !marked[i] {
			marked[i] = true
			stack = append(stack, i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.parents[i] {
			if !marked[p] {
				marked[p] = true
				stack = append(stack, p)
			}
		}
	}
	return marked
}

// ranks is a heap of commits by their rank: date, then id.
type ranks []int32

func (r ranks) Len() int           { return len(r) }
func (r ranks) Less(i, j int) bool { return r[i] < r[j] }
func (r ranks) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *ranks) Push(x any)        { *r = append(*r, x.(int32)) }
func (r *ranks) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}
