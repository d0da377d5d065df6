package history

import (
	"context"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// nearCommits is how many commits are read one by one to make out a range. Going
// on would cost more than a walk over all of them.
const nearCommits = 1000

// nearGraph returns a graph of a few commits that [sides.mark] marks as it would
// mark all of the store's: what a push adds to a branch lies near its end. It is
// nil if that can't be known without going far.
//
// Dates prove nothing, so a commit counts as new only if that follows from
// edges: all commits on the way from the new side down to the old one descend
// from every commit of the old side, and so are ancestors of none; or all
// ancestors of both sides were read.
func (h *repository) nearGraph(ctx context.Context, s *sides) (*graph, error) {
	n := &near{store: h.store, read: map[gitobj.ID]commit{}, gone: map[gitobj.ID]bool{}}
	fresh, old := s.new, s.old
	if len(s.fresh) > 0 {
		fresh, old = s.fresh, s.base
	}
	mixed := len(s.fresh) > 0 && len(s.new)+len(s.old) > 0
	if len(old) > 0 && len(old) <= maxOld && len(s.symmetric) == 0 && !mixed {
		stop := make(map[gitobj.ID]bool, len(old))
		for _, id := range old {
			stop[id] = true
		}
		if whole, err := n.walk(ctx, fresh, stop); err != nil {
			return nil, err
		} else if whole {
			if g, err := n.graph(ctx); err != nil || g.allDescend(old) {
				return g, err
			}
		}
	}
	for _, ids := range [...][]gitobj.ID{s.new, s.fresh, s.old, s.base} {
		if whole, err := n.walk(ctx, ids, nil); !whole || err != nil {
			return nil, err
		}
	}
	return n.graph(ctx)
}

// near reads commits one by one.
type near struct {
	store *gitobj.Store
	read  map[gitobj.ID]commit
	gone  map[gitobj.ID]bool // what is no commit, or can't be read
}

// commit returns the commit id, and false if it is none that can be read.
func (n *near) commit(id gitobj.ID) (commit, bool) {
	if c, ok := n.read[id]; ok || n.gone[id] {
		return c, ok
	}
	typ, data, err := n.store.Read(id)
	if err == nil && typ == gitobj.Commit {
		if c, err := parseCommit(id, data); err == nil {
			n.read[id] = c
			return c, true
		}
	}
	n.gone[id] = true
	return commit{}, false
}

// walk reads the commits and their ancestors, but none beyond those at which it
// is to stop. It is false if there are too many.
func (n *near) walk(ctx context.Context, from []gitobj.ID, stop map[gitobj.ID]bool) (whole bool, err error) {
	seen := map[gitobj.ID]bool{}
	queue := append([]gitobj.ID{}, from...)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		if len(n.read)+len(n.gone) > nearCommits {
			return false, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if c, ok := n.commit(id); ok && !stop[id] {
			queue = append(queue, c.parents...)
		}
	}
	return true, nil
}

// graph is the graph of what was read.
func (n *near) graph(ctx context.Context) (*graph, error) {
	commits := make([]commit, 0, len(n.read))
	for _, c := range n.read {
		commits = append(commits, c)
	}
	g, err := newGraph(ctx, commits)
	if err != nil {
		return nil, err
	}
	g.partial = true
	return g, nil
}

// maxOld is how many ends of the old side fit a mask.
const maxOld = 64

// allDescend tells whether every commit of the graph but those in old has all of
// old among its ancestors.
func (g *graph) allDescend(old []gitobj.ID) bool {
	below := make([]uint64, len(g.commits))
	ends := make([]uint64, len(g.commits))
	all := uint64(0)
	for i, id := range old {
		at, ok := g.index[id]
		if !ok {
			return false
		}
		ends[at] |= 1 << i
		all |= 1 << i
	}
	for i := range g.commits {
		for _, p := range g.parents[i] {
			below[i] |= below[p] | ends[p]
		}
		if ends[i] == 0 && below[i] != all {
			return false
		}
	}
	return true
}
