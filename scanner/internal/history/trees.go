package history

import (
	"context"
	"encoding/binary"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A pair is an object and where it lies: a blob at a path, a path by itself
// (then id is zero), or the text of a commit or tag, which has no path.
type pair struct {
	location finding.Location
	path     string
	id       gitobj.ID
}

// paths knows where the wanted objects lie in every tree of a store: from each
// tree that leads to one, the steps that do.
type paths struct {
	sets  *sets
	steps []step
	from  map[treeKey]setID // numbers of steps

	dirs   map[string]map[setID]setID // by directory: what sets of steps lead to from there
	places int                        // directories and pairs made so far
	full   bool                       // maxPlaces was met
}

// A treeKey is the first eight bytes of a tree's id. Two trees that share them
// would share their paths in a report; findings do not depend on it.
type treeKey uint64

func keyOf(id []byte) treeKey { return treeKey(binary.BigEndian.Uint64(id)) }

// A step leads from a tree to a subtree or to a wanted object.
type step struct {
	name string
	kind stepKind
	sub  treeKey   // of a subtree
	id   gitobj.ID // of an object
}

type stepKind uint8

const (
	toTree   stepKind = iota
	toObject          // that is wanted
	toName            // an entry whose name is wanted
)

// wanted says what to look for in trees.
type wanted struct {
	ids   map[gitobj.ID]struct{}
	names map[string]struct{} // entry names that hold a key themselves
	first [1 << 16]bool       // by the first two bytes of an id: may be wanted
}

func newWanted() *wanted {
	return &wanted{ids: map[gitobj.ID]struct{}{}, names: map[string]struct{}{}}
}

func (w *wanted) add(id gitobj.ID) {
	w.ids[id] = struct{}{}
	w.first[binary.BigEndian.Uint16(id.Bytes())] = true
}

func (w *wanted) has(id []byte) bool {
	if !w.first[binary.BigEndian.Uint16(id)] {
		return false
	}
	_, ok := w.ids[gitobj.MakeID(id)]
	return ok
}

// findPaths says where the wanted objects lie, from what was noted on the way if
// that will do.
func (h *repository) findPaths(ctx context.Context, found *haul, want *wanted, s *sets) (*paths, error) {
	if found.notes != nil && len(want.names) == 0 && !h.opts.walkTrees {
		p, err := notedPaths(ctx, h.store, want, s, found.notes, worthReading(found.notes))
		if p != nil || err != nil {
			return p, err
		}
	}
	return walkPaths(ctx, h.store, want, s, h.opts.Jobs)
}

// walkPaths passes over all trees of the store once, and then climbs from the
// trees that name a wanted object to those that name these, and so on.
func walkPaths(ctx context.Context, store *gitobj.Store, want *wanted, s *sets, jobs int) (*paths, error) {
	var visitors []*treeVisitor
	none := func([]byte) bool { return false }
	_, err := store.Walk(ctx, gitobj.WalkOptions{Workers: jobs, Types: gitobj.Types(gitobj.Tree), Match: none}, func() gitobj.Visitor {
		v := &treeVisitor{want: want, byStep: map[step]int32{}}
		visitors = append(visitors, v)
		return v
	})
	if err != nil {
		return nil, err
	}
	l := newLadder(ctx, visitors)
	visitors = nil
	leads := l.climb(ctx)
	p := newPaths(s)
	p.steps, p.from = l.steps, l.follow(ctx, s, leads)
	return p, ctx.Err()
}

func newPaths(s *sets) *paths {
	return &paths{sets: s, from: map[treeKey]setID{}, dirs: map[string]map[setID]setID{}}
}

// leads tells whether a wanted object lies under the tree.
func (p *paths) leads(tree gitobj.ID) bool {
	return p.from[keyOf(tree.Bytes())] != emptySet
}

// maxDirs bounds how deep directories are followed; a store that lies about its
// ids can hold a tree that contains itself.
const maxDirs = 4096

// maxPlaces bounds the directories and paths that are told of. A few small trees
// that name each other ten times over make billions.
const maxPlaces = 1 << 17

// under returns the union of f over the wanted objects under a tree that lies at
// dir, which is "" or ends in a slash. All calls must be with the same f.
func (p *paths) under(tree treeKey, dir string, depth int, f func(pair) setID) setID {
	steps := p.from[tree]
	if steps == emptySet {
		return emptySet
	}
	done, ok := p.dirs[dir]
	if !ok {
		if p.crowded() || depth > maxDirs {
			return emptySet
		}
		done = map[setID]setID{}
		p.dirs[dir] = done
	}
	return p.sets.image(steps, done, func(n int32) setID {
		switch s := &p.steps[n]; {
		case s.kind == toTree:
			return p.under(s.sub, dir+s.name+"/", depth+1, f)
		case p.crowded():
			return emptySet
		case s.kind == toName:
			return f(pair{location: finding.InFileName, path: dir + s.name})
		default:
			return f(pair{location: finding.InBlob, path: dir + s.name, id: s.id})
		}
	})
}

// objects calls f for the wanted objects under a tree, but for those under trees
// that were seen before.
func (p *paths) objects(tree treeKey, seen map[treeKey]bool, f func(gitobj.ID)) {
	stack := []treeKey{tree}
	for len(stack) > 0 {
		tree = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[tree] || p.from[tree] == emptySet {
			continue
		}
		seen[tree] = true
		for n := range p.sets.all(p.from[tree]) {
			if s := &p.steps[n]; s.kind == toTree {
				stack = append(stack, s.sub)
			} else {
				f(s.id)
			}
		}
	}
}

// crowded counts one more place and tells whether there are too many.
func (p *paths) crowded() bool {
	p.places++
	p.full = p.full || p.places > maxPlaces
	return p.full
}

// A treeVisitor notes the steps that each tree has and its delta base lacks, or
// the other way round.
type treeVisitor struct {
	want   *wanted
	trees  []treeNode
	edges  []treeEdge // in the order of trees
	steps  []step
	byStep map[step]int32
}

type treeNode struct {
	key          treeKey
	number, base int64 // as in gitobj.TreeNews
	edges        int32 // where its own begin
}

// A treeEdge is a step that a tree has more than its base, or less.
type treeEdge struct {
	step int32
	gone bool
}

// Visit is never called: no tree is looked at as a whole.
func (v *treeVisitor) Visit(*gitobj.Object) {}

// Tree notes the steps of one tree.
func (v *treeVisitor) Tree(t *gitobj.TreeNews) {
	v.trees = append(v.trees, treeNode{keyOf(t.ID.Bytes()), t.Number, t.Base, int32(len(v.edges))})
	for _, e := range t.Gone {
		v.entry(e, true)
	}
	for _, e := range t.Fresh {
		v.entry(e, false)
	}
}

func (v *treeVisitor) entry(e gitobj.TreeEntry, gone bool) {
	if e.IsTree() {
		v.edge(step{name: string(e.Name), kind: toTree, sub: keyOf(e.ID)}, gone)
	}
	if v.want.has(e.ID) {
		v.edge(step{name: string(e.Name), kind: toObject, id: gitobj.MakeID(e.ID)}, gone)
	}
	if len(v.want.names) > 0 {
		if _, ok := v.want.names[string(e.Name)]; ok {
			v.edge(step{name: string(e.Name), kind: toName}, gone)
		}
	}
}

func (v *treeVisitor) edge(s step, gone bool) {
	n, ok := v.byStep[s]
	if !ok {
		n = int32(len(v.steps))
		v.steps = append(v.steps, s)
		v.byStep[s] = n
	}
	v.edges = append(v.edges, treeEdge{n, gone})
}
