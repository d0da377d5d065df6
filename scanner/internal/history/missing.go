package history

import (
	"context"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// absent sorts out the ids that something names and the store lacks. Parents of
// a shallow boundary and what a partial clone was promised are counted as
// absent by design; the rest is returned.
func (h *repository) absent(missing []gitobj.Missing) ([]gitobj.Missing, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	boundary, err := h.boundary()
	if err != nil {
		return nil, err
	}
	var shallow, promised int64
	var rest []gitobj.Missing
	for _, m := range missing {
		switch {
		case m.Type == gitobj.Commit && boundary[m.By]:
			shallow++
		case m.Promised:
			promised++
		default:
			rest = append(rest, m)
		}
	}
	if shallow > 0 {
		h.result.Coverage.Absent = append(h.result.Coverage.Absent, finding.Absent{What: "shallow", Count: shallow})
	}
	if promised > 0 {
		h.result.Coverage.Absent = append(h.result.Coverage.Absent, finding.Absent{What: "promised", Count: promised})
	}
	return rest, nil
}

// boundary returns the commits whose parents a shallow clone left out.
func (h *repository) boundary() (map[gitobj.ID]bool, error) {
	if !h.Shallow {
		return nil, nil
	}
	ids, err := h.ShallowIDs()
	if err != nil {
		return nil, err
	}
	boundary := make(map[gitobj.ID]bool, len(ids))
	for _, id := range ids {
		boundary[id] = true
	}
	return boundary, nil
}

const fsck = "try `git fsck`, or fetch it again"

// lost makes errors of those missing objects that a ref, HEAD, reflog or index
// reaches. After a gc the unreachable objects that are left may name others
// that are gone; nobody misses those.
func (h *repository) lost(ctx context.Context, g *graph, found *haul, missing []gitobj.Missing) error {
	want := newWanted()
	for _, m := range missing {
		want.add(m.ID)
	}
	p, err := h.findPaths(ctx, found, want, newSets())
	if err != nil {
		return err
	}
	boundary, err := h.boundary()
	if err != nil {
		return err
	}
	roots := h.roots()
	reachable := g.reachable(roots)
	needed := map[gitobj.ID]bool{}
	seen := map[treeKey]bool{}
	need := func(tree gitobj.ID) {
		needed[tree] = true
		p.objects(keyOf(tree.Bytes()), seen, func(id gitobj.ID) { needed[id] = true })
	}
	for _, id := range roots {
		need(id)
	}
	for i, c := range g.commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !reachable[i] {
			continue
		}
		need(c.tree)
		if boundary[c.id] {
			continue // its parents may be named by what is no longer reachable, too
		}
		for _, parent := range c.parents {
			needed[parent] = true
		}
	}
	for _, m := range missing {
		if err := ctx.Err(); err != nil {
			return err
		}
		if needed[m.ID] {
			h.result.Errors = append(h.result.Errors, finding.Error{
				Object: m.ID.String(),
				Reason: "missing " + m.Type.String() + ", named by " + m.By.String() + ": " + fsck,
			})
		}
	}
	return nil
}

// danglers makes errors of refs and index entries that name objects which the
// store lacks. A partial clone may lack what its index names outside a sparse
// checkout; HEAD's trees name that too, and it is counted there.
func (h *repository) danglers() {
	for _, ref := range h.refs {
		if h.ended() {
			return
		}
		h.dangler(ref)
	}
	if h.Promisor() {
		return
	}
	mask := h.opts.Engine.NewWorker()
	empty := h.Format.Sum(gitobj.Blob, nil)
	for _, index := range h.indexes {
		for _, e := range index.Entries {
			if h.ended() {
				return
			}
			if e.Mode == modeCommit || e.ID == empty || h.store.Contains(e.ID) {
				continue
			}
			h.result.Errors = append(h.result.Errors, finding.Error{
				Path: mask.Mask(e.Path), Object: e.ID.String(),
				Reason: "the index names an object that is not here: " + fsck,
			})
		}
	}
}

// dangler tells whether a ref names an object that the store lacks, and makes an
// error of it if Git would keep that object.
func (h *repository) dangler(ref repo.Ref) bool {
	if ref.ID.IsZero() || h.store.Contains(ref.ID) {
		return false
	}
	if keeps(ref.Name) {
		h.result.Errors = append(h.result.Errors, finding.Error{
			Path: h.opts.Engine.NewWorker().Mask(ref.Name), Object: ref.ID.String(),
			Reason: "the ref names an object that is not here: " + fsck,
		})
	}
	return true
}

// keeps tells whether Git keeps what the ref of that name reaches. ORIG_HEAD,
// FETCH_HEAD and their like may outlive it (git-gc, "Notes").
func keeps(ref string) bool {
	return isHead(ref) || strings.HasPrefix(ref, "refs/") || strings.Contains(ref, "/refs/")
}

// isHead tells whether the ref is the HEAD of a work tree.
func isHead(ref string) bool {
	return ref == "HEAD" || strings.HasSuffix(ref, "/HEAD") && !strings.HasPrefix(ref, "refs/")
}

// roots are the objects that refs, HEADs, reflogs and indexes name, tags
// followed.
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
		if keeps(ref.Name) {
			add(ref.ID)
		}
	}
	for _, log := range h.reflogs() {
		for _, e := range log.Entries {
			if h.ended() {
				return nil
			}
			add(e.Old)
			add(e.New)
		}
	}
	for _, index := range h.indexes {
		for _, e := range index.Entries {
			if e.Mode != modeCommit {
				ids = append(ids, e.ID)
			}
		}
	}
	slices.SortFunc(ids, gitobj.ID.Compare)
	return slices.Compact(ids)
}

// reflogs returns the reflogs, which are read once.
func (h *repository) reflogs() []repo.Log {
	if !h.logsRead {
		logs, problems, err := h.Reflogs()
		h.logs, h.logsRead = logs, true
		h.problems(problems)
		if err != nil {
			h.fail(h.CommonDir+"/logs", err)
		}
	}
	return h.logs
}
