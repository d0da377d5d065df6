package history

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/cache"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A past is what an earlier scan found out about the commits and trees of a
// store whose packs are still the same, for telling the story of the same keys
// again. A nil one knows nothing.
type past struct {
	cache  *cache.Cache
	engine *detect.Engine
	packs  []gitobj.PackKey     // all that the store has
	known  bool                 // all of them were recalled: what a walk showed is loose
	links  map[treeKey]struct{} // what is named in packs that lack it, if known
	notes  []*treeNotes         // on loose trees at least
	loose  []commit             // if known
	story  *cache.Story         // nil if there is none
}

// past returns what is known of the packs that a walk found, and nil if it is not
// certain which those are.
func (m *memory) past(store *gitobj.Store, walked *gitobj.WalkResult, searchers []*searcher, shown []commit) *past {
	if m.cache == nil {
		return nil
	}
	packs := map[gitobj.PackKey]bool{}
	for _, k := range walked.Recalled {
		packs[k] = true
	}
	recalled := len(packs)
	for _, r := range walked.Records {
		packs[r.Key] = true
	}
	if len(packs) == 0 || len(packs) != len(store.Packs()) {
		return nil
	}
	p := &past{cache: m.cache, engine: m.engine, packs: slices.Collect(maps.Keys(packs)), known: recalled == len(packs)}
	for _, s := range searchers {
		if s.notes.full {
			return nil
		}
		p.notes = append(p.notes, &s.notes)
	}
	if !p.known {
		return p
	}
	p.loose = shown
	p.links = map[treeKey]struct{}{}
	for _, e := range m.loaded {
		for _, l := range e.Pack.Links {
			p.links[keyOf(l.ID.Bytes())] = struct{}{}
		}
	}
	return p
}

// commits returns all commits of the store, nil if they are not known.
func (p *past) commits() []commit {
	if p == nil || !p.known {
		return nil
	}
	p.story = p.cache.LoadStory(p.packs)
	if p.story == nil {
		return nil
	}
	commits := make([]commit, 0, len(p.story.Commits)+len(p.loose))
	for _, c := range p.story.Commits {
		commits = append(commits, commit{id: c.ID, tree: c.Tree, parents: c.Parents, when: c.When})
	}
	return append(commits, p.loose...)
}

// paths returns where the wanted objects lie, nil if that is not known.
func (p *past) paths(ctx context.Context, store *gitobj.Store, want *wanted, s *sets) (*paths, error) {
	if p == nil || p.story == nil || len(want.names) > 0 || p.story.Wanted != want.digest() {
		return nil, nil
	}
	found := newPaths(s)
	for _, old := range p.story.Steps {
		to := step{name: old.Name, kind: toTree, sub: treeKey(old.Tree), id: old.ID}
		if !old.ID.IsZero() {
			to.kind = toObject
		}
		found.steps = append(found.steps, to)
	}
	loose := p.looseTrees()
	told := make(map[treeKey]struct{}, len(p.story.Leads))
	for _, l := range p.story.Leads {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key := treeKey(l.Tree)
		if _, here := loose[key]; l.Loose && !here {
			return nil, nil
		}
		told[key] = struct{}{}
		found.from[key] = s.of(l.Steps...)
	}
	if len(loose) == 0 {
		return found, nil
	}
	found, err := found.extend(ctx, store, want, p.notes, len(loose))
	if found == nil || err != nil {
		return nil, err
	}
	for key := range found.from {
		_, old := told[key]
		if _, named := p.links[key]; named && !old {
			return nil, nil // a tree in a pack may lead there
		}
	}
	return found, nil
}

// looseTrees returns the trees that are in no pack, or not only there.
func (p *past) looseTrees() map[treeKey]struct{} {
	loose := map[treeKey]struct{}{}
	for _, n := range p.notes {
		if len(n.trees) == 0 {
			continue
		}
		idSize := len(n.ids) / len(n.trees)
		for i, t := range n.trees {
			if t.number < 0 {
				loose[keyOf(n.ids[i*idSize:])] = struct{}{}
			}
		}
	}
	return loose
}

// maxLeads bounds the trees that are remembered.
const maxLeads = 1 << 20

// keep remembers the commits of the packs and, unless a key may stand in the name
// of a directory or file, where the wanted objects lie.
func (p *past) keep(g *graph, want *wanted, found *paths) {
	if p == nil {
		return
	}
	story := &cache.Story{}
	if len(want.names) == 0 && len(want.ids) > 0 && len(found.from) <= maxLeads && !p.secret(found) {
		story.Wanted = want.digest()
	}
	paths := story.Wanted != [sha256.Size]byte{}
	if p.story != nil && p.story.Wanted == story.Wanted && (!paths || len(p.story.Leads) == found.count()) {
		return
	}
	for _, c := range g.commits {
		if !c.loose {
			story.Commits = append(story.Commits, cache.Commit{ID: c.id, Tree: c.tree, Parents: c.parents, When: c.when})
		}
	}
	if paths {
		for _, s := range found.steps {
			story.Steps = append(story.Steps, cache.Step{Name: s.name, Tree: uint64(s.sub), ID: s.id})
		}
		loose := p.looseTrees()
		for _, key := range slices.Sorted(maps.Keys(found.from)) {
			if set := found.from[key]; set != emptySet {
				_, l := loose[key]
				story.Leads = append(story.Leads, cache.Lead{Tree: uint64(key), Loose: l, Steps: slices.Collect(found.sets.all(set))})
			}
		}
	}
	if p.cache.SaveStory(p.packs, story) == nil { // else the next scan does without
		_ = p.cache.Trim()
	}
}

// count returns how many trees lead to a wanted object.
func (p *paths) count() (n int) {
	for _, set := range p.from {
		if set != emptySet {
			n++
		}
	}
	return n
}

// secret tells whether a key may stand in a name.
func (p *past) secret(found *paths) bool {
	return slices.ContainsFunc(found.steps, func(s step) bool { return p.engine.Candidate([]byte(s.name)) })
}

// digest names what is wanted.
func (w *wanted) digest() [sha256.Size]byte {
	h := sha256.New()
	for _, id := range slices.SortedFunc(maps.Keys(w.ids), gitobj.ID.Compare) {
		h.Write(id.Bytes())
	}
	return [sha256.Size]byte(h.Sum(nil))
}
