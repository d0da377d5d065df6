package history

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// treeNotes are what the search of a store keeps of its trees on the way, so
// that nothing need be walked again to find the paths of the few blobs in which
// something was found: of each tree, which ids its entries name that its delta
// base lacks, and the other way round. An id is told by its first four bytes, so
// that the notes stay small. Two ids that share them cost a tree that is read in
// vain.
type treeNotes struct {
	ids   []byte // raw ids of the trees
	trees []notedTree
	edges []uint32
	full  bool // they grew too long and are no longer kept
}

// A notedTree has edges[its predecessor's gone:fresh] more than its base and
// edges[fresh:gone] less.
type notedTree struct {
	number, base int64 // as in gitobj.TreeNews
	fresh, gone  uint32
}

// maxNotes bounds the edges that one worker keeps, at four bytes each.
const maxNotes = 1 << 23

// note keeps what is new about a tree.
func (n *treeNotes) note(t *gitobj.TreeNews) {
	if n.full {
		return
	}
	if len(n.edges)+len(t.Fresh)+len(t.Gone) > maxNotes {
		*n = treeNotes{full: true}
		return
	}
	n.edges = roomFor(n.edges, len(t.Fresh)+len(t.Gone))
	n.trees = roomFor(n.trees, 1)
	n.ids = roomFor(n.ids, len(t.ID.Bytes()))
	n.ids = append(n.ids, t.ID.Bytes()...)
	for i := range t.Fresh {
		n.edges = append(n.edges, binary.BigEndian.Uint32(t.Fresh[i].ID))
	}
	fresh := uint32(len(n.edges))
	for i := range t.Gone {
		n.edges = append(n.edges, binary.BigEndian.Uint32(t.Gone[i].ID))
	}
	n.trees = append(n.trees, notedTree{t.Number, t.Base, fresh, uint32(len(n.edges))})
}

// roomFor returns the list with room for n more. It doubles, where append would
// copy a long list five times as often.
func roomFor[T any](list []T, n int) []T {
	if cap(list)-len(list) >= n {
		return list
	}
	return slices.Grow(list, max(n, len(list), 1<<10))
}

// A forest is the notes on all trees of a store, put together.
type forest struct {
	notes  []*treeNotes
	idSize int
	start  []int32   // by notes: the place of their first tree in the lists below
	base   []int32   // by tree: the place of its base, or -1
	depth  []int32   // by tree: how many bases are below it
	above  [][]int32 // by tree: those that have it for base
}

func newForest(ctx context.Context, notes []*treeNotes, idSize int) (*forest, error) {
	f := &forest{notes: notes, idSize: idSize}
	n := 0
	for _, part := range notes {
		f.start = append(f.start, int32(n))
		n += len(part.trees)
	}
	place := make(map[int64]int32, n)
	for k, part := range notes {
		for i, t := range part.trees {
			if t.number >= 0 {
				place[t.number] = f.start[k] + int32(i)
			}
		}
	}
	f.base, f.depth, f.above = make([]int32, n), make([]int32, n), make([][]int32, n)
	var stack []int32
	for k, part := range notes {
		for i, t := range part.trees {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			at := f.start[k] + int32(i)
			below, ok := place[t.base]
			if t.base < 0 || !ok {
				f.base[at] = -1
				stack = append(stack, at)
				continue
			}
			f.base[at] = below
			f.above[below] = append(f.above[below], at)
		}
	}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, up := range f.above[at] {
			f.depth[up] = f.depth[at] + 1
			stack = append(stack, up)
		}
	}
	return f, nil
}

// id returns the raw id of a tree.
func (f *forest) id(at int32) []byte {
	k, found := slices.BinarySearch(f.start, at)
	for !found || k+1 < len(f.start) && f.start[k+1] == at { // notes may be empty
		if found {
			k++
			continue
		}
		k, found = k-1, true
	}
	i := int(at-f.start[k]) * f.idSize
	return f.notes[k].ids[i : i+f.idSize]
}

// A change is how many more entries with the id in question a tree has than its
// base.
type change struct {
	more    int32
	touched bool // some came or went, even if as many came as went
}

// changes goes through all notes and returns, for each id of which the filter has
// the first bytes, the trees that differ from their bases in it.
func (f *forest) changes(ctx context.Context, ids map[uint32]struct{}) map[uint32]map[int32]change {
	var may [1 << 10]uint64 // by the first two bytes
	for id := range ids {
		may[id>>22] |= 1 << (id >> 16 & 63)
	}
	found := map[uint32]map[int32]change{}
	for k, part := range f.notes {
		from := uint32(0)
		for i := range part.trees {
			if ctx.Err() != nil {
				return nil
			}
			t := &part.trees[i]
			for j, id := range part.edges[from:t.gone] {
				if may[id>>22]>>(id>>16&63)&1 == 0 {
					continue
				}
				if _, ok := ids[id]; !ok {
					continue
				}
				list := found[id]
				if list == nil {
					list = map[int32]change{}
					found[id] = list
				}
				at := f.start[k] + int32(i)
				c := change{list[at].more + 1, true}
				if from+uint32(j) >= t.fresh {
					c.more -= 2
				}
				list[at] = c
			}
			from = t.gone
		}
	}
	return found
}

// holders calls see for every tree that has entries with an id, bases before
// what is built on them, and says whether the tree must be read to know which:
// the others have those of their base.
func (f *forest) holders(changes map[int32]change, see func(at int32, read bool) error) error {
	order := make([]int32, 0, len(changes))
	for at := range changes {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if f.depth[a] != f.depth[b] {
			return int(f.depth[a] - f.depth[b])
		}
		return int(a - b)
	})
	type visit struct {
		at, count int32
	}
	var stack []visit
	seen := map[int32]bool{}
	for _, top := range order {
		if seen[top] {
			continue
		}
		stack = append(stack, visit{top, changes[top].more})
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if v.count <= 0 {
				continue
			}
			if err := see(v.at, changes[v.at].touched); err != nil {
				return err
			}
			for _, up := range f.above[v.at] {
				c := changes[up]
				if c.touched {
					seen[up] = true
				}
				stack = append(stack, visit{up, v.count + c.more})
			}
		}
	}
	return nil
}

// maxRounds bounds how deep directories are followed from notes.
const maxRounds = 64

// worthReading is how many trees may be read before it costs less to walk over
// all of them, in which one costs an eighth.
func worthReading(notes []*treeNotes) int {
	n := 0
	for _, part := range notes {
		n += len(part.trees)
	}
	return 200 + n/8
}

var errMany = errors.New("many trees")

// notedPaths is walkPaths from notes. It returns nil if more than most trees
// must be read for it, or one can't be read.
func notedPaths(ctx context.Context, store *gitobj.Store, want *wanted, s *sets, notes []*treeNotes, most int) (*paths, error) {
	return newPaths(s).extend(ctx, store, want, notes, most)
}

// extend adds to p the trees of the notes that lead to a wanted object or to a
// tree that p knows. It is nil, as notedPaths is, if too many must be read.
func (p *paths) extend(ctx context.Context, store *gitobj.Store, want *wanted, notes []*treeNotes, most int) (*paths, error) {
	idSize, s := store.Format().Size(), p.sets
	f, err := newForest(ctx, notes, idSize)
	if err != nil {
		return nil, err
	}
	numbers := map[step]int32{}
	for n, to := range p.steps {
		numbers[to] = int32(n)
	}
	number := func(to step) setID {
		n, ok := numbers[to]
		if !ok {
			n = int32(len(p.steps))
			numbers[to] = n
			p.steps = append(p.steps, to)
		}
		return s.one(n)
	}
	trees := &treeReader{store: store, most: most, near: map[gitobj.ID]*listing{}}
	leads := map[treeKey]bool{} // trees that are known to lead to a wanted object, those of this round included
	open := map[uint32]struct{}{}
	for id := range want.ids {
		open[binary.BigEndian.Uint32(id.Bytes())] = struct{}{}
	}
	for key := range p.from {
		leads[key] = true
		open[uint32(key>>32)] = struct{}{}
	}
	for round := 0; len(open) > 0; round++ {
		if round == maxRounds {
			return nil, nil
		}
		changes := f.changes(ctx, open)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next := map[uint32]struct{}{}
		for id, list := range changes {
			steps := map[int32]setID{} // by tree: those to id
			err := f.holders(list, func(at int32, read bool) error {
				set := emptySet
				if !read {
					set = steps[f.base[at]]
				} else {
					list, err := trees.read(gitobj.MakeID(f.id(at)))
					if err != nil {
						return err
					}
					set = list.stepsTo(id, want, leads, number, s)
				}
				steps[at] = set
				if set == emptySet {
					return nil
				}
				raw := f.id(at)
				key := keyOf(raw)
				if p.from[key] == emptySet {
					next[binary.BigEndian.Uint32(raw)] = struct{}{}
				}
				p.from[key] = s.union(p.from[key], set)
				return ctx.Err()
			})
			if err != nil {
				return nil, ctx.Err()
			}
		}
		for key := range p.from {
			leads[key] = true
		}
		open = next
	}
	return p, nil
}

// A treeReader reads trees, and keeps some of them.
type treeReader struct {
	store *gitobj.Store
	most  int // how many may be read
	near  map[gitobj.ID]*listing
	size  int // of near in bytes
}

func (r *treeReader) read(id gitobj.ID) (*listing, error) {
	if l := r.near[id]; l != nil {
		return l, nil
	}
	if r.most--; r.most < 0 {
		return nil, errMany
	}
	_, data, err := r.store.Read(id)
	if err != nil {
		return nil, err
	}
	l := newListing(data, len(id.Bytes()))
	if r.size > nearBytes {
		clear(r.near)
		r.size = 0
	}
	r.near[id] = l
	r.size += l.size()
	return l, nil
}

// stepsTo returns the steps to wanted objects, and to trees that lead, whose ids
// begin with id.
func (l *listing) stepsTo(id uint32, want *wanted, leads map[treeKey]bool, number func(step) setID, s *sets) setID {
	set := emptySet
	for i := range l.len() {
		raw := l.raw(i)
		if binary.BigEndian.Uint32(raw[len(raw)-l.idSize:]) != id {
			continue
		}
		e := l.entry(i)
		if sub := keyOf(e.id); e.kind() == modeTree && leads[sub] {
			set = s.union(set, number(step{name: string(e.name), kind: toTree, sub: sub}))
		}
		if want.has(e.id) {
			set = s.union(set, number(step{name: string(e.name), kind: toObject, id: gitobj.MakeID(e.id)}))
		}
	}
	return set
}
