package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"

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

// paths knows where the wanted objects lie in every tree of a store. It is made
// by one pass over all trees, from the leaves up: the trees that name a wanted
// object, the trees that name those, and so on, so that no tree is looked at
// that leads nowhere.
type paths struct {
	entries map[treeKey][]step // of the trees that lead to a wanted object
	below   map[treeKey][]pair // memo of expand
}

// A treeKey is the first eight bytes of a tree's id. Two trees that share them
// would share their paths in a report; findings do not depend on it.
type treeKey uint64

func keyOf(id []byte) treeKey { return treeKey(binary.BigEndian.Uint64(id)) }

// A step leads from a tree to a subtree or to a wanted object.
type step struct {
	name string
	leaf *pair // nil for a subtree; path is the name
	sub  treeKey
}

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

// maxEdges bounds the memory for subtree edges of one pass, 24 bytes each over
// all workers. A store with more of them is walked once for every level of
// directories between a root and a wanted object instead.
const maxEdges = 12 << 20

// findPaths passes over all trees of the store.
func findPaths(ctx context.Context, store *gitobj.Store, want *wanted, jobs int) (*paths, error) {
	p := &paths{entries: map[treeKey][]step{}, below: map[treeKey][]pair{}}
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	visitors, err := walkTrees(ctx, store, want, jobs, maxEdges)
	if err != nil {
		return nil, err
	}
	overflow := false
	for _, v := range visitors {
		overflow = overflow || v.overflow
	}
	known := map[treeKey]bool{} // trees that lead to a wanted object
	var fresh []gitobj.ID
	take := func(leaves []treeLeaf, sub bool) {
		for _, l := range leaves {
			e := step{name: l.name, sub: keyOf(l.id.Bytes())}
			switch {
			case l.byName:
				e = step{name: l.name, leaf: &pair{location: finding.InFileName, path: l.name}}
			case !sub:
				e = step{name: l.name, leaf: &pair{location: finding.InBlob, path: l.name, id: l.id}}
			}
			key := keyOf(l.tree.Bytes())
			p.entries[key] = append(p.entries[key], e)
			if !known[key] {
				known[key] = true
				fresh = append(fresh, l.tree)
			}
		}
	}
	for _, v := range visitors {
		take(v.leaves, false)
	}
	if !overflow {
		p.climb(visitors, known)
		return p.tidy(), nil
	}
	for len(fresh) > 0 {
		next := newWanted()
		for _, id := range fresh {
			next.add(id)
		}
		fresh = nil
		visitors, err := walkTrees(ctx, store, next, jobs, 0)
		if err != nil {
			return nil, err
		}
		for _, v := range visitors {
			take(v.leaves, true)
		}
	}
	return p.tidy(), nil
}

// climb follows the edges from the known trees up to the roots.
func (p *paths) climb(visitors []*treeVisitor, known map[treeKey]bool) {
	for level := known; len(level) > 0; {
		above := map[treeKey]bool{}
		for _, v := range visitors {
			for _, e := range v.edges {
				if !level[e.child] {
					continue
				}
				p.entries[e.parent] = append(p.entries[e.parent], step{name: v.names[e.name], sub: e.child})
				if !known[e.parent] {
					above[e.parent] = true
				}
			}
		}
		for key := range above {
			known[key] = true
		}
		level = above
	}
}

// tidy sorts every tree's entries and drops those seen twice, in two packs.
func (p *paths) tidy() *paths {
	for key, entries := range p.entries {
		slices.SortFunc(entries, func(a, b step) int {
			return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.sub, b.sub), a.leaf.compare(b.leaf))
		})
		p.entries[key] = slices.CompactFunc(entries, func(a, b step) bool {
			if a.name != b.name || a.sub != b.sub || (a.leaf == nil) != (b.leaf == nil) {
				return false
			}
			return a.leaf == nil || *a.leaf == *b.leaf
		})
	}
	return p
}

func (p *pair) compare(q *pair) int {
	switch {
	case p == nil && q == nil:
		return 0
	case p == nil:
		return -1
	case q == nil:
		return 1
	}
	return cmp.Or(strings.Compare(string(p.location), string(q.location)), p.id.Compare(q.id))
}

// maxDirs bounds how deep directories are followed; a store that lies about its
// ids can hold a tree that contains itself.
const maxDirs = 4096

// expand returns the wanted objects under a tree. The caller must not change
// the result.
func (p *paths) expand(tree gitobj.ID) []pair {
	return p.expandKey(keyOf(tree.Bytes()), 0)
}

func (p *paths) expandKey(key treeKey, depth int) []pair {
	if pairs, ok := p.below[key]; ok || depth > maxDirs {
		return pairs
	}
	p.below[key] = nil // what contains itself contains nothing
	var pairs []pair
	for _, e := range p.entries[key] {
		if e.leaf != nil {
			pairs = append(pairs, *e.leaf)
			continue
		}
		for _, q := range p.expandKey(e.sub, depth+1) {
			q.path = e.name + "/" + q.path
			pairs = append(pairs, q)
		}
	}
	p.below[key] = pairs
	return pairs
}

// leads tells whether a wanted object lies under the tree.
func (p *paths) leads(tree gitobj.ID) bool {
	_, ok := p.entries[keyOf(tree.Bytes())]
	return ok
}

// walkTrees shows every tree to one visitor a worker.
func walkTrees(ctx context.Context, store *gitobj.Store, want *wanted, jobs, edges int) ([]*treeVisitor, error) {
	var visitors []*treeVisitor
	_, err := store.Walk(ctx, gitobj.WalkOptions{Workers: jobs, Types: gitobj.Types(gitobj.Tree)}, func() gitobj.Visitor {
		v := &treeVisitor{want: want, room: edges / max(1, jobs), byName: map[string]uint32{}}
		visitors = append(visitors, v)
		return v
	})
	return visitors, err
}

// A treeVisitor notes which trees name a wanted object, and which name which
// subtrees.
type treeVisitor struct {
	want     *wanted
	leaves   []treeLeaf
	edges    []treeEdge
	room     int // edges that may still be noted; 0 from the start: none is wanted
	overflow bool
	names    []string
	byName   map[string]uint32
}

type treeLeaf struct {
	tree, id gitobj.ID
	name     string
	byName   bool
}

type treeEdge struct {
	parent, child treeKey
	name          uint32
}

// Visit reads one tree.
func (v *treeVisitor) Visit(o *gitobj.Object) {
	key := keyOf(o.ID.Bytes())
	for e := range treeEntries(o.Data, len(o.ID.Bytes())) {
		if v.want.has(e.id) {
			v.leaves = append(v.leaves, treeLeaf{tree: o.ID, id: gitobj.MakeID(e.id), name: string(e.name)})
		}
		if len(v.want.names) > 0 {
			if _, ok := v.want.names[string(e.name)]; ok {
				v.leaves = append(v.leaves, treeLeaf{tree: o.ID, id: gitobj.MakeID(e.id), name: string(e.name), byName: true})
			}
		}
		if v.room >= 0 && isTreeMode(e.mode) {
			v.edge(key, keyOf(e.id), e.name)
		}
	}
}

func (v *treeVisitor) edge(parent, child treeKey, name []byte) {
	if len(v.edges) >= v.room {
		v.overflow, v.edges, v.room = true, nil, -1
		return
	}
	at, ok := v.byName[string(name)]
	if !ok {
		at = uint32(len(v.names))
		v.names = append(v.names, string(name))
		v.byName[string(name)] = at
	}
	v.edges = append(v.edges, treeEdge{parent, child, at})
}
