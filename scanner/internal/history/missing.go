package history

import (
	"context"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// absent sorts out the ids that something names and the store lacks. Parents of
// a shallow boundary and what a partial clone was promised are counted as
// absent by design; the rest is returned.
func (h *repository) absent(missing []gitobj.Missing) ([]gitobj.Missing, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	boundary := map[gitobj.ID]bool{}
	if h.Shallow {
		ids, err := h.ShallowIDs()
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			boundary[id] = true
		}
	}
	var shallow, promised int64
	var rest []gitobj.Missing
	promisor := h.Promisor()
	for _, m := range missing {
		switch {
		case m.Type == gitobj.Commit && boundary[m.By]:
			shallow++
		case promisor:
			promised++
		default:
			rest = append(rest, m)
		}
	}
	for what, n := range map[string]int64{"shallow": shallow, "promised": promised} {
		if n > 0 {
			h.result.Coverage.Absent = append(h.result.Coverage.Absent, finding.Absent{What: what, Count: n})
		}
	}
	return rest, nil
}

// lost makes errors of those missing objects that a ref, reflog or work tree
// reaches. After a gc the unreachable objects that are left may name others
// that are gone; nobody misses those.
func (h *repository) lost(ctx context.Context, g *graph, missing []gitobj.Missing) error {
	want := newWanted()
	for _, m := range missing {
		want.add(m.ID)
	}
	p, err := findPaths(ctx, h.store, want, newSets(), h.opts.Jobs)
	if err != nil {
		return err
	}
	reachable := g.reachable(h.roots())
	gone := map[gitobj.ID]bool{}
	for i, c := range g.commits {
		if !reachable[i] {
			continue
		}
		gone[c.tree] = true
		for _, parent := range c.parents {
			gone[parent] = true
		}
		p.under(keyOf(c.tree.Bytes()), "", 0, func(lost pair) setID {
			gone[lost.id] = true
			return emptySet
		})
	}
	for _, id := range h.roots() {
		gone[id] = true
	}
	for _, m := range missing {
		if gone[m.ID] {
			h.result.Errors = append(h.result.Errors, finding.Error{
				Object: m.ID.String(),
				Reason: "missing " + m.Type.String() + ", named by " + m.By.String() + " (try `git fsck`, or fetch it again)",
			})
		}
	}
	return nil
}

// roots are the objects that refs, reflogs and HEADs name, tags followed.
func (h *repository) roots() []gitobj.ID {
	var ids []gitobj.ID
	add := func(id gitobj.ID) {
		for range maxTags {
			if id.IsZero() {
				return
			}
			ids = append(ids, id)
			id = h.target(id)
		}
	}
	for _, ref := range h.refs {
		add(ref.ID)
	}
	logs, _, err := h.Reflogs()
	if err == nil {
		for _, log := range logs {
			for _, e := range log.Entries {
				add(e.Old)
				add(e.New)
			}
		}
	}
	return ids
}
