package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sourcegraph/conc/pool"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// ScanRange searches what the commits within the limits brought in: every blob
// at a path where none of the commit's parents has it, the text of the commits,
// and that of tags that point to them.
func ScanRange(ctx context.Context, r *repo.Repo, o Options, l Limits) (*Result, error) {
	h, err := open(ctx, r, o)
	if err != nil {
		return nil, err
	}
	defer h.store.Close()
	ends, err := h.resolve(l)
	if err != nil {
		return nil, err
	}
	g, err := h.loadGraph(ctx)
	if err != nil {
		return h.result, err
	}
	h.result.Range = ends.describe()
	in := &scope{commits: ends.mark(g, l.Since), pairs: map[pair]bool{}, pushed: len(l.Base) > 0}
	brought, err := h.brought(ctx, g, in)
	if err != nil {
		return h.result, err
	}
	if err := h.named(in, ends.direct); err != nil {
		return h.result, err
	}
	brought = append(brought, in.direct...)
	h.explainRange(g, in, len(brought))
	found, err := h.searchBrought(ctx, g, in, brought)
	if err != nil {
		return h.result, err
	}
	for _, objects := range found.objects {
		for _, o := range objects {
			h.cover(o, "")
		}
	}
	h.coverNames(found)
	return h.result, h.tell(ctx, g, found, in)
}

// explainRange tells how much is in the range.
func (h *repository) explainRange(g *graph, in *scope, brought int) {
	commits := 0
	for _, marked := range in.commits {
		if marked {
			commits++
		}
	}
	h.explain("range: commits in it: %d of %d; what they brought in at paths where their parents have others: %d; nothing else was searched", commits, len(g.commits), brought)
	if w := h.result.Range.Widened; w != "" {
		h.explain("range: widened: %s", w)
	}
}

// A scope is what a limited scan tells of.
type scope struct {
	commits []bool        // by place in the graph
	pairs   map[pair]bool // what they brought in
	direct  []pair        // what the new side names without a commit
	tags    []gitobj.ID   // that the new side names
	pushed  bool          // other tags do not count
}

// named puts tags, trees and blobs that the new side names into the scope.
func (h *repository) named(in *scope, ids []gitobj.ID) error {
	for _, id := range ids {
		typ, _, err := h.store.Stat(id)
		if err != nil {
			return fmt.Errorf("read object %s: %w", id, err)
		}
		switch typ {
		case gitobj.Tag:
			in.tags = append(in.tags, id)
		case gitobj.Blob:
			in.direct = append(in.direct, pair{location: finding.InBlob, id: id})
		case gitobj.Tree:
			d := &treeDiff{repository: h}
			d.tree("", id, nil)
			h.result.Errors = append(h.result.Errors, d.errors...)
			h.result.Coverage.Objects.Tree.Present += d.trees
			h.result.Coverage.Objects.Tree.Read += d.read
			in.direct = append(in.direct, d.pairs...)
		}
	}
	for _, p := range in.direct {
		in.pairs[p] = true
	}
	return nil
}

// holds tells whether p is in the scope; everything is in a nil one.
func (s *scope) holds(p pair) bool { return s == nil || s.pairs[p] }

// bringers returns, by pair, the first commit of the scope that brought it in.
func (s *scope) bringers(a *attribution) map[int32]int32 {
	first := map[int32]int32{}
	for at, in := range s.commits {
		if !in || a.held[at] == emptySet {
			continue
		}
		for p := range a.sets.all(a.fresh(int32(at))) {
			if _, ok := first[p]; !ok {
				first[p] = int32(at)
			}
		}
	}
	return first
}

// bringer returns the first commit of the scope that brought in a version of the
// group, or noCommit.
func (s *scope) bringer(g *group, first map[int32]int32) int32 {
	least := int32(noCommit)
	take := func(at int32) {
		if least == noCommit || at < least {
			least = at
		}
	}
	for _, at := range g.entered {
		if s.commits[at] {
			take(at)
			break
		}
	}
	for _, v := range g.versions {
		if at, ok := first[v.pair]; ok {
			take(at)
		}
	}
	return least
}

// brought lists the pairs that the commits of the scope brought in, and puts
// them into it.
func (h *repository) brought(ctx context.Context, g *graph, in *scope) ([]pair, error) {
	var mu sync.Mutex
	var list []pair
	p := pool.New().WithContext(ctx).WithMaxGoroutines(h.jobs()).WithCancelOnError()
	for _, part := range parts(in.commits, h.jobs()) {
		p.Go(func(ctx context.Context) error {
			d := &treeDiff{repository: h}
			for _, at := range part {
				if err := ctx.Err(); err != nil {
					return err
				}
				c := g.commits[at]
				var parents []gitobj.ID
				for _, p := range g.parents[at] {
					parents = append(parents, g.commits[p].tree)
				}
				if len(parents) < len(c.parents) {
					d.fail(finding.Error{Object: c.id.String(), Reason: "a parent of this commit is not here, so all of its files were searched: " + fetchAll})
				}
				d.tree("", c.tree, parents)
			}
			mu.Lock()
			defer mu.Unlock()
			h.result.Errors = append(h.result.Errors, d.errors...)
			h.result.Coverage.Objects.Tree.Present += d.trees
			h.result.Coverage.Objects.Tree.Read += d.read
			for _, q := range d.pairs {
				if !in.pairs[q] {
					in.pairs[q] = true
					list = append(list, q)
				}
			}
			return nil
		})
	}
	err := p.Wait()
	slices.SortFunc(list, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.location, b.location), a.id.Compare(b.id))
	})
	return list, err
}

// parts deals the marked commits out to n workers, neighbours together, since
// they share trees.
func parts(marked []bool, n int) [][]int32 {
	var all []int32
	for i, in := range marked {
		if in {
			all = append(all, int32(i))
		}
	}
	return slices.Collect(slices.Chunk(all, max(1, (len(all)+n-1)/max(1, n))))
}

func (h *repository) jobs() int {
	if h.opts.Jobs > 0 {
		return h.opts.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// unread says why an object inside a limited scan could not be read, and what
// to do.
func (h *repository) unread(id gitobj.ID, what string, err error) finding.Error {
	reason := fmt.Sprintf("%s: %v", what, err)
	if errors.Is(err, gitobj.ErrNotFound) {
		reason = "missing " + what
		switch {
		case h.Promisor():
			reason = "this " + what + " is promised by the remote of a partial clone, not here: clone without `--filter`"
		case h.Shallow:
			reason = "this " + what + " is not in the shallow clone: " + fetchAll
		}
	}
	return finding.Error{Object: id.String(), Reason: reason}
}

// searchBrought searches the blobs and names, the commits and the tags of the
// scope.
func (h *repository) searchBrought(ctx context.Context, g *graph, in *scope, brought []pair) (*haul, error) {
	var ids []gitobj.ID
	names := map[string]bool{}
	seen := map[gitobj.ID]bool{}
	add := func(id gitobj.ID) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, p := range brought {
		if p.location == finding.InFileName {
			names[base(p.path)] = true
		} else {
			add(p.id)
		}
	}
	for _, tag := range in.tags {
		add(tag)
	}
	tips := map[gitobj.ID]bool{}
	for i, c := range g.commits {
		if in.commits[i] {
			tips[c.id] = true
			add(c.id)
		}
	}
	refs := h.refs
	if in.pushed {
		refs = nil
	}
	for _, ref := range refs {
		var tags []gitobj.ID
		for id := ref.ID; len(tags) < maxTags; {
			next := h.target(id)
			if next.IsZero() {
				if tips[id] {
					for _, tag := range tags {
						add(tag)
					}
				}
				break
			}
			tags = append(tags, id)
			id = next
		}
	}
	found := &haul{objects: map[gitobj.Type]map[gitobj.ID]holder{}, names: map[string]detect.Outcome{}}
	var mu sync.Mutex
	p := pool.New().WithContext(ctx).WithMaxGoroutines(h.jobs()).WithCancelOnError()
	for part := range slices.Chunk(ids, max(1, (len(ids)+h.jobs()-1)/h.jobs())) {
		p.Go(func(ctx context.Context) error {
			s := newSearcher(ctx, h.opts.Engine)
			var count [5]finding.ObjectCount
			var bytes int64
			for _, id := range part {
				if err := ctx.Err(); err != nil {
					return err
				}
				typ, n, err := h.searchObject(s, id)
				count[typ].Present++
				if err != nil {
					s.errors = append(s.errors, h.unread(id, "object", err))
					continue
				}
				bytes += n
				count[typ].Read++
			}
			mu.Lock()
			defer mu.Unlock()
			found.add(s)
			h.result.Errors = append(h.result.Errors, s.errors...)
			c := &h.result.Coverage
			c.Bytes += bytes
			for typ, n := range map[gitobj.Type]*finding.ObjectCount{
				gitobj.Blob: &c.Objects.Blob, gitobj.Commit: &c.Objects.Commit, gitobj.Tag: &c.Objects.Tag,
			} {
				n.Present += count[typ].Present
				n.Read += count[typ].Read
			}
			return nil
		})
	}
	if err := p.Wait(); err != nil {
		return found, err
	}
	s := newSearcher(ctx, h.opts.Engine)
	for name := range names {
		found.names[name] = s.bytes(gitobj.ID{}, []byte(name))
	}
	return found, nil
}

// searchObject searches one object, as a stream if it is large. An object that
// can't be read counts as a blob.
func (h *repository) searchObject(s *searcher, id gitobj.ID) (gitobj.Type, int64, error) {
	const inMemory = 32 << 20
	typ, size, err := h.store.Stat(id)
	if err != nil {
		return gitobj.Blob, 0, err
	}
	o := &gitobj.Object{ID: id, Type: typ, Size: size}
	if size <= inMemory {
		if _, o.Data, err = h.store.Read(id); err != nil {
			return typ, 0, err
		}
		if o.Data == nil {
			o.Data = []byte{}
		}
	} else {
		_, _, r, err := h.store.Reader(id)
		if err != nil {
			return typ, 0, err
		}
		defer r.Close()
		o.Reader = r
	}
	s.Visit(o)
	return typ, size, nil
}
