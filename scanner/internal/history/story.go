package history

import (
	"context"
	"fmt"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// attribute turns what the walk found into findings and keys, with the commits
// that brought them in, and sorts out the objects that are missing.
func (h *repository) attribute(ctx context.Context, found *haul) error {
	unread := map[gitobj.ID]bool{}
	for id, o := range found.objects[gitobj.Blob] {
		if len(o.outcome.Opaque)+len(o.outcome.Cut) > 0 {
			unread[id] = true
		}
	}
	names := h.namesInHead(ctx, unread)
	mask := h.opts.Engine.NewWorker()
	for _, objects := range found.objects {
		for _, o := range objects {
			h.cover(o, mask.Mask(names[o.id]))
		}
	}
	h.coverNames(found)
	missing, err := h.absent(found.missing)
	if err != nil {
		return err
	}
	if !found.any() && len(missing) == 0 {
		return nil
	}
	g, err := h.graphOf(ctx, found)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := h.lost(ctx, g, found, missing); err != nil {
			return err
		}
	}
	return h.tell(ctx, g, found, nil)
}

// tell writes the story of what was found into the result. With a scope it
// tells of what lies in it only.
func (h *repository) tell(ctx context.Context, g *graph, found *haul, in *scope) error {
	if !found.any() {
		return nil
	}
	want := newWanted()
	for id, o := range found.objects[gitobj.Blob] {
		if len(o.outcome.Hits) > 0 {
			want.add(id)
		}
	}
	for name, out := range found.names {
		if len(out.Hits) > 0 {
			want.names[name] = struct{}{}
		}
	}
	sets := newSets()
	p := &paths{}
	if len(want.ids)+len(want.names) > 0 {
		var err error
		if p, err = found.past.paths(ctx, h.store, want, sets); p == nil && err == nil {
			p, err = h.findPaths(ctx, found, want, sets)
		}
		if err != nil {
			return err
		}
	}
	found.past.keep(g, want, p)
	s := &story{
		repository: h, attribution: newAttribution(ctx, g, sets), found: found, paths: p, scope: in,
		worker: h.opts.Engine.NewWorker(), moments: map[int32]*finding.Moment{},
	}
	return s.tell()
}

// any tells whether a key was found.
func (f *haul) any() bool {
	for _, objects := range f.objects {
		for _, o := range objects {
			if len(o.outcome.Hits)+len(o.header.Hits) > 0 {
				return true
			}
		}
	}
	for _, out := range f.names {
		if len(out.Hits) > 0 {
			return true
		}
	}
	return false
}

// cover adds to the coverage what one object had to say; path is where it lies,
// or "".
func (h *repository) cover(o holder, path string) {
	c := &h.result.Coverage
	for _, out := range [...]*detect.Outcome{&o.outcome, &o.header} {
		c.Containers += out.Containers
		c.LeftOut.LowConfidence += out.Low
		h.doubts(path, o.id.String(), out)
		for _, g := range out.Opaque {
			c.Opaque = append(c.Opaque, finding.Unread{Path: path, Object: o.id.String(), Member: g.Member, Reason: g.Reason})
		}
		for _, g := range out.Cut {
			c.Cut = append(c.Cut, finding.Unread{Path: path, Object: o.id.String(), Member: g.Member, Reason: g.Reason})
		}
	}
}

// coverNames counts the candidates in names that are not reported.
func (h *repository) coverNames(found *haul) {
	worker := h.opts.Engine.NewWorker()
	for name, out := range found.names {
		h.result.Coverage.LeftOut.LowConfidence += out.Low
		if len(out.Doubts) > 0 {
			h.doubts(worker.Mask(name), "", &out)
		}
	}
}

// graphOf returns the graph of all commits, read on the way or now.
func (h *repository) graphOf(ctx context.Context, found *haul) (*graph, error) {
	if found.commits != nil {
		return newGraph(ctx, found.commits)
	}
	if commits := found.past.commits(); commits != nil {
		return newGraph(ctx, commits)
	}
	return h.loadGraph(ctx)
}

// ended tells whether the scan was told to end.
func (h *repository) ended() bool { return h.ctx.Err() != nil }

// loadGraph reads every commit of the store.
func (h *repository) loadGraph(ctx context.Context) (*graph, error) {
	var visitors []*commitVisitor
	_, err := h.store.Walk(ctx, gitobj.WalkOptions{Workers: h.opts.Jobs, Types: gitobj.Types(gitobj.Commit)}, func() gitobj.Visitor {
		v := &commitVisitor{}
		visitors = append(visitors, v)
		return v
	})
	if err != nil {
		return nil, err
	}
	var commits []commit
	for _, v := range visitors {
		commits = append(commits, v.commits...)
	}
	return newGraph(ctx, commits)
}

type commitVisitor struct{ commits []commit }

// Visit keeps what history needs of a commit. A malformed one is left out; the
// search of its text does not depend on it.
func (v *commitVisitor) Visit(o *gitobj.Object) {
	if c, err := parseCommit(o.ID, o.Data); err == nil {
		c.loose = o.Pack == ""
		v.commits = append(v.commits, c)
	}
}

// A story is an attribution being told.
type story struct {
	*repository
	*attribution
	found   *haul
	paths   *paths
	worker  *detect.Worker // masks paths and names
	moments map[int32]*finding.Moment

	index, head setID                      // pairs that the index and HEAD hold
	tagged      map[gitobj.ID]*taggedGroup // by id of a tag with hits
	direct      map[string]setID           // by ref: groups that it reaches without a commit
	scope       *scope                     // nil: everything
}

// A taggedGroup is what the text of a tag holds.
type taggedGroup struct {
	groups setID
	moment *finding.Moment
}

func (s *story) tell() error {
	s.trees()
	s.texts()
	if s.scope == nil {
		s.indexed()
	} else {
		s.named()
	}
	s.tips()
	s.orphans()
	if s.paths.full {
		s.result.Coverage.Cut = append(s.result.Coverage.Cut, finding.Unread{
			Reason: fmt.Sprintf("trees that name each other over and over make more than %d paths: not all paths of keys are listed", maxPlaces),
		})
	}

	var heads []gitobj.ID
	head, err := s.Head()
	if err == nil && !head.ID.IsZero() {
		heads = append(heads, head.ID)
	}
	var inHead []bool
	if len(heads) > 0 {
		inHead = s.graph.reachable(heads)
		if at, ok := s.graph.index[head.ID]; ok {
			s.head = s.held[at]
		}
	}
	s.follow(inHead)
	s.newest(s.index, s.head)
	if s.ended() { // any of the steps may have left off
		return s.repository.ctx.Err()
	}
	s.report()
	return s.repository.ctx.Err()
}

// trees notes which commit holds which pairs.
func (s *story) trees() {
	s.held = make([]setID, len(s.graph.commits))
	for i := range s.graph.commits {
		if s.ended() {
			return
		}
		if tree := s.graph.commits[i].tree; s.paths.leads(tree) {
			s.held[i] = s.under(tree, "")
		}
	}
}

// under returns the pairs under a tree that lies at dir.
func (s *story) under(tree gitobj.ID, dir string) setID {
	return s.paths.under(keyOf(tree.Bytes()), dir, 0, s.place)
}

// place returns the set of the one pair p, if a key was found there and the scope
// holds it.
func (s *story) place(p pair) setID {
	hits := s.found.objects[gitobj.Blob][p.id].outcome.Hits
	if p.location == finding.InFileName {
		hits = s.found.names[base(p.path)].Hits
	}
	if len(hits) == 0 || !s.scope.holds(p) {
		return emptySet
	}
	return s.sets.one(s.addPair(p, hits))
}

// texts notes what the commits and tags themselves hold.
func (s *story) texts() {
	for id, o := range s.found.objects[gitobj.Commit] {
		set := s.text(id, o, finding.InCommitHeader, finding.InCommitMessage)
		if at, ok := s.graph.index[id]; ok && set != emptySet {
			s.own[at] = set
		}
	}
	s.tagged = map[gitobj.ID]*taggedGroup{}
	for id, o := range s.found.objects[gitobj.Tag] {
		if set := s.text(id, o, finding.InTagHeader, finding.InTagMessage); set != emptySet {
			s.tagged[id] = &taggedGroup{groups: set, moment: s.tagMoment(id)}
		}
	}
}

func (s *story) text(id gitobj.ID, o holder, header, message finding.Location) setID {
	set := emptySet
	for location, hits := range map[finding.Location][]detect.Hit{header: o.header.Hits, message: o.outcome.Hits} {
		if len(hits) > 0 {
			p := s.addPair(pair{location: location, id: id}, hits)
			set = s.sets.union(set, s.groupsOf[p])
		}
	}
	return set
}

// named gives a place to what a limited scan was asked for by name, where no
// commit leads to it.
func (s *story) named() {
	for _, p := range s.scope.direct {
		s.place(p)
	}
}

// indexed notes which pairs are staged.
func (s *story) indexed() {
	for _, index := range s.indexes {
		for _, e := range index.Entries {
			if s.ended() {
				return
			}
			if e.Mode == modeTree {
				s.index = s.sets.union(s.index, s.under(e.ID, e.Path))
			} else {
				s.index = s.sets.union(s.index, s.place(pair{location: finding.InBlob, path: e.Path, id: e.ID}))
			}
			for path := range prefixes(e.Path) {
				if _, ok := s.found.names[base(path)]; ok {
					s.index = s.sets.union(s.index, s.place(pair{location: finding.InFileName, path: path}))
				}
			}
		}
	}
}

// tips notes what refs reach without a commit: tags, and blobs and trees that a
// tag or ref names itself.
func (s *story) tips() {
	s.direct = map[string]setID{}
	for _, ref := range s.refs {
		if s.ended() {
			return
		}
		id := ref.ID
		for range maxTags {
			if id.IsZero() {
				break
			}
			if t, ok := s.tagged[id]; ok {
				s.direct[ref.Name] = s.sets.union(s.direct[ref.Name], t.groups)
			}
			if hits := s.found.objects[gitobj.Blob][id].outcome.Hits; len(hits) > 0 && s.scope == nil {
				p := s.addPair(pair{location: finding.InBlob, id: id}, hits)
				s.direct[ref.Name] = s.sets.union(s.direct[ref.Name], s.groupsOf[p])
			}
			if s.paths.leads(id) && s.scope == nil {
				s.direct[ref.Name] = s.sets.union(s.direct[ref.Name], s.groupSet(s.under(id, "")))
			}
			id = s.target(id)
		}
	}
}

// orphans gives every blob that no path leads to a place of its own, and every
// name that only trees have which no commit leads to.
func (s *story) orphans() {
	placed, named := map[gitobj.ID]bool{}, map[string]bool{}
	for _, p := range s.pairs {
		placed[p.id] = true
		if p.location == finding.InFileName {
			named[base(p.path)] = true
		}
	}
	for name, out := range s.found.names {
		if len(out.Hits) > 0 && !named[name] {
			s.addPair(pair{location: finding.InFileName, path: name}, out.Hits)
		}
	}
	for id, o := range s.found.objects[gitobj.Blob] {
		if len(o.outcome.Hits) > 0 && !placed[id] {
			path := ""
			if s.scope != nil {
				path = s.scope.blobs[id]
			}
			s.addPair(pair{location: finding.InBlob, path: path, id: id}, o.outcome.Hits)
		}
	}
}
