package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
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
	h.result.Range = ends.describe()
	g, err := h.rangeGraph(ctx, ends)
	if err != nil {
		return h.result, err
	}
	in := newScope(ends.mark(g, l.Since))
	in.pushed = len(l.Base) > 0
	if err := h.brought(ctx, g, in); err != nil {
		return h.result, err
	}
	if err := h.named(in, ends.direct); err != nil {
		return h.result, err
	}
	h.countTrees(in)
	h.explainRange(in)
	found, err := h.searchBrought(ctx, g, in)
	if err == nil {
		mask := h.opts.Engine.NewWorker()
		for _, objects := range found.objects {
			for _, o := range objects {
				h.cover(o, mask.Mask(in.blobs[o.id]))
			}
		}
		h.coverNames(found)
		err = h.tellRange(ctx, g, found, in, ends, l)
	}
	if err != nil {
		h.untold(found)
	}
	return h.result, err
}

// explainRange tells how much is in the range.
func (h *repository) explainRange(in *scope) {
	commits := 0
	for _, marked := range in.commits {
		if marked {
			commits++
		}
	}
	h.explain("range: commits in it: %d; blobs that they brought in at paths where their parents have others: %d; nothing else was searched", commits, len(in.blobs))
	if w := h.result.Range.Widened; w != "" {
		h.explain("range: widened: %s", w)
	}
}

// rangeGraph returns a graph in which the range can be made out.
func (h *repository) rangeGraph(ctx context.Context, ends *sides) (*graph, error) {
	if !h.opts.wholeGraph {
		if g, err := h.nearGraph(ctx, ends); g != nil || err != nil {
			return g, err
		}
	}
	return h.loadGraph(ctx)
}

// tellRange tells the story of what was found in the range, for which all
// commits are needed.
func (h *repository) tellRange(ctx context.Context, g *graph, found *haul, in *scope, ends *sides, l Limits) (err error) {
	if g.partial && found.any() {
		if g, err = h.loadGraph(ctx); err != nil {
			return err
		}
		in.commits = ends.mark(g, l.Since)
	}
	return h.tell(ctx, g, found, in)
}

// A scope is what a limited scan tells of.
type scope struct {
	commits []bool               // by place in the graph
	blobs   map[gitobj.ID]string // what they brought in, and the first of its paths
	names   map[string]bool      // names among what they brought in that may hold a key
	trees   map[gitobj.ID]bool   // that were looked at for that; whether they were read
	direct  []pair               // what the new side names without a commit
	tags    []gitobj.ID          // that the new side names
	pushed  bool                 // other tags do not count

	pairs map[uint64]struct{} // all that was brought in, by hash
	seed  maphash.Seed
}

func newScope(commits []bool) *scope {
	return &scope{
		commits: commits, blobs: map[gitobj.ID]string{}, names: map[string]bool{}, trees: map[gitobj.ID]bool{},
		pairs: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
	}
}

// add puts p into the scope.
func (s *scope) add(p pair) {
	s.pairs[maphash.Comparable(s.seed, p)] = struct{}{}
	if p.location == finding.InFileName {
		s.names[base(p.path)] = true
		return
	}
	if first, ok := s.blobs[p.id]; !ok || p.path < first {
		s.blobs[p.id] = p.path
	}
}

// holds tells whether p is in the scope; everything is in a nil one.
func (s *scope) holds(p pair) bool {
	if s == nil {
		return true
	}
	_, ok := s.pairs[maphash.Comparable(s.seed, p)]
	return ok
}

// take puts what d found into the scope.
func (s *scope) take(d *treeDiff) {
	for id, read := range d.asked {
		s.trees[id] = s.trees[id] || read
	}
	d.count()
}

// countTrees puts the trees that were looked at into the coverage.
func (h *repository) countTrees(in *scope) {
	count := &h.result.Coverage.Objects.Tree
	for _, read := range in.trees {
		count.Present++
		if read {
			count.Read++
		}
	}
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
			d := newTreeDiff(h)
			d.tree("", id, nil)
			in.take(d)
			in.direct = append(in.direct, d.take()...)
		}
	}
	for _, p := range in.direct {
		in.add(p)
	}
	return nil
}

// bringers returns, by pair, the first commit of the scope that brought it in.
func (s *scope) bringers(a *attribution) map[int32]int32 {
	first := map[int32]int32{}
	for at, in := range s.commits {
		if !in || a.held[at] == emptySet || a.until.Err() != nil {
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

// brought puts into the scope what its commits brought in.
func (h *repository) brought(ctx context.Context, g *graph, in *scope) error {
	var mu sync.Mutex
	p := pool.New().WithContext(ctx).WithMaxGoroutines(h.jobs()).WithCancelOnError()
	for _, part := range parts(in.commits, h.jobs()) {
		p.Go(func(ctx context.Context) error {
			d := newTreeDiff(h)
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
				mu.Lock()
				for _, q := range d.take() {
					in.add(q)
				}
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			in.take(d)
			return nil
		})
	}
	return p.Wait()
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

// ids lists the objects of the scope that are to be searched: those that lie
// near each other first, then the commits and the tags.
func (h *repository) ids(g *graph, in *scope) []gitobj.ID {
	ids := slices.SortedFunc(maps.Keys(in.blobs), func(a, b gitobj.ID) int {
		return cmp.Or(strings.Compare(in.blobs[a], in.blobs[b]), a.Compare(b))
	})
	seen := map[gitobj.ID]bool{}
	add := func(id gitobj.ID) {
		if _, blob := in.blobs[id]; !blob && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, tag := range in.tags {
		add(tag)
	}
	for i, c := range g.commits {
		if in.commits[i] {
			add(c.id)
		}
	}
	refs := h.refs
	if in.pushed {
		refs = nil
	}
	for _, ref := range refs {
		if h.ended() {
			break
		}
		var tags []gitobj.ID
		for id := ref.ID; len(tags) < maxTags; {
			next := h.target(id)
			if next.IsZero() {
				if at, ok := g.index[id]; ok && in.commits[at] {
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
	return ids
}

// A way is how the objects of a range are read.
type way uint8

const (
	bestWay way = iota // whichever costs less
	oneByOne
	byWalk // through the whole store, in the order of its packs
)

// Reading an object by itself costs about ten times what it costs in a walk,
// where its delta base is at hand: a range with a tenth of all commits is read
// as fast by a walk over everything. A small one is read at once either way.
const (
	walkShare  = 10
	fewObjects = 2000
)

// searchBrought searches the blobs and names, the commits and the tags of the
// scope.
func (h *repository) searchBrought(ctx context.Context, g *graph, in *scope) (*haul, error) {
	found := &haul{objects: map[gitobj.Type]map[gitobj.ID]holder{}, names: map[string]detect.Outcome{}}
	ids := h.ids(g, in)
	way := h.opts.way
	if way == bestWay {
		inside := 0
		for _, marked := range in.commits {
			if marked {
				inside++
			}
		}
		way = oneByOne
		if len(ids) > fewObjects && inside*walkShare > len(g.commits) {
			way = byWalk
		}
	}
	if way == byWalk {
		rest, err := h.searchWalk(ctx, found, ids)
		if err != nil {
			return found, err
		}
		ids = rest
	}
	if err := h.searchEach(ctx, found, ids); err != nil {
		return found, err
	}
	s := newSearcher(ctx, h.opts.Engine)
	for name := range in.names {
		if h.ended() {
			break
		}
		found.names[name] = s.bytes(gitobj.ID{}, []byte(name))
		h.result.Coverage.LeftOut.LowConfidence += found.names[name].Low
	}
	h.result.Errors = append(h.result.Errors, s.errors...)
	return found, ctx.Err()
}

// searchEach reads the objects one by one and searches them.
func (h *repository) searchEach(ctx context.Context, found *haul, ids []gitobj.ID) error {
	var mu sync.Mutex
	p := pool.New().WithContext(ctx).WithMaxGoroutines(h.jobs()).WithCancelOnError()
	for part := range slices.Chunk(ids, max(1, (len(ids)+h.jobs()-1)/h.jobs())) {
		p.Go(func(ctx context.Context) error {
			s := newSearcher(ctx, h.opts.Engine)
			var count objectCounts
			var stopped error
			for _, id := range part {
				if stopped = ctx.Err(); stopped != nil {
					break
				}
				typ, n, err := h.searchObject(s, id)
				if err != nil {
					s.errors = append(s.errors, h.unread(id, "object", err))
				}
				count.add(typ, n, err == nil)
			}
			mu.Lock()
			defer mu.Unlock()
			found.add(s)
			h.result.Errors = append(h.result.Errors, s.errors...)
			count.cover(&h.result.Coverage)
			return stopped
		})
	}
	return p.Wait()
}

// searchWalk searches the wanted objects in a walk over the whole store. It
// returns those that it did not come by, or not safely.
func (h *repository) searchWalk(ctx context.Context, found *haul, ids []gitobj.ID) (rest []gitobj.ID, err error) {
	want := make(map[gitobj.ID]struct{}, len(ids))
	for _, id := range ids {
		want[id] = struct{}{}
	}
	var passers []*passer
	walked, err := h.store.Walk(ctx, gitobj.WalkOptions{
		Workers:  h.opts.Jobs,
		Types:    gitobj.Types(gitobj.Commit, gitobj.Blob, gitobj.Tag),
		Progress: h.opts.Progress,
	}, func() gitobj.Visitor {
		p := &passer{searcher: newSearcher(ctx, h.opts.Engine), want: want, seen: map[gitobj.ID]passed{}}
		passers = append(passers, p)
		return p
	})
	seen := map[gitobj.ID]passed{}
	for _, p := range passers {
		found.add(p.searcher)
		h.result.Errors = append(h.result.Errors, p.errors...)
		maps.Copy(seen, p.seen)
	}
	if walked != nil {
		for _, problem := range walked.Problems {
			delete(seen, problem.ID)
		}
	}
	var count objectCounts
	for _, id := range ids {
		if o, ok := seen[id]; ok {
			count.add(o.typ, o.size, true)
		} else {
			rest = append(rest, id)
		}
	}
	count.cover(&h.result.Coverage)
	return rest, err
}

// A passer is a searcher that looks at wanted objects only, once each.
type passer struct {
	*searcher
	want map[gitobj.ID]struct{} // shared, not written
	seen map[gitobj.ID]passed
}

// passed is what is counted of an object that was searched.
type passed struct {
	typ  gitobj.Type
	size int64
}

// Visit searches o if it is wanted.
func (p *passer) Visit(o *gitobj.Object) {
	if _, wanted := p.want[o.ID]; !wanted {
		return
	}
	if _, again := p.seen[o.ID]; again {
		return
	}
	p.seen[o.ID] = passed{o.Type, o.Size}
	p.searcher.Visit(o)
}

// objectCounts are what was searched, by type.
type objectCounts struct {
	objects [5]finding.ObjectCount
	bytes   int64
}

func (c *objectCounts) add(t gitobj.Type, size int64, read bool) {
	c.objects[t].Present++
	if read {
		c.objects[t].Read++
		c.bytes += size
	}
}

// cover adds the counts to a coverage.
func (c *objectCounts) cover(to *finding.Coverage) {
	to.Bytes += c.bytes
	for typ, n := range map[gitobj.Type]*finding.ObjectCount{
		gitobj.Blob: &to.Objects.Blob, gitobj.Commit: &to.Objects.Commit, gitobj.Tag: &to.Objects.Tag, gitobj.Tree: &to.Objects.Tree,
	} {
		n.Present += c.objects[typ].Present
		n.Read += c.objects[typ].Read
	}
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
