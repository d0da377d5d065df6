package gitobj

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime/debug"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/sourcegraph/conc"
)

// A forest is the order of a pack's entries: sorted by offset, with an edge from
// each delta to its base. Entries are numbered by offset.
type forest struct {
	pack  *pack
	index *index
	stop  *atomic.Bool // what is made after it was set is good for nothing

	off   []int64  // where entry i begins
	pos   []uint32 // its place in the index
	base  []int32  // the entry that its base is, or one of the values below
	crc   []uint32 // of its raw bytes, as the index has it; nil if it has none
	typ   []Type   // its type, which is its root's; 0 if that is unknown
	first []int32  // its children are child[first[i]:first[i+1]], the heaviest last
	child []int32
	below []uint32 // number of entries in its subtree, itself included
	done  []bool   // whether it was searched without error

	number int64 // of entry 0 in the walk

	bucket []uint32 // entries from bucket[b] on are at offsets from b<<shift on
	shift  uint
	broken []brokenEntry
}

// Values of base that are no entry.
const (
	whole    = -1 // not a delta
	outside  = -2 // a delta whose base is not in the pack
	unusable = -3 // the header is damaged, or names a base that does not exist
)

// brokenEntry says why an entry has no usable header.
type brokenEntry struct {
	entry int32
	err   error
}

// newForest orders the entries of p, with the help of as many goroutines as
// workers says. Once stop is set it hurries to an end, and the forest is to be
// thrown away.
func newForest(s *Store, p *pack, x *index, workers int, stop *atomic.Bool) (*forest, error) {
	if int64(x.n) > math.MaxInt32-1 {
		return nil, fmt.Errorf("index names %d objects, more than can be walked", x.n)
	}
	f := &forest{pack: p, index: x, stop: stop}
	if err := f.sort(); err != nil {
		return nil, err
	}
	f.readHeaders(s, workers)
	f.link()
	return f, nil
}

// until yields 0 to n-1, or fewer once the walk is told to stop.
func (f *forest) until(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && !f.stop.Load() && yield(i); i++ {
		}
	}
}

// sort fills off and pos: entries are thrown into buckets of equal width, about
// as many as there are entries, and each bucket is sorted.
func (f *forest) sort() (err error) {
	defer caught(&err, f.pack.idxPath())
	n := f.index.n
	end := f.pack.end()
	for end>>f.shift > int64(n) {
		f.shift++
	}
	f.bucket = make([]uint32, end>>f.shift+2)
	f.off, f.pos, f.done = make([]int64, n), make([]uint32, n), make([]bool, n)
	// What is outside the pack goes to the first bucket and is found out when
	// its header is read.
	slot := func(off int64) int64 {
		if off < 0 || off > end {
			return 0
		}
		return off >> f.shift
	}
	for i := range f.until(n) {
		f.bucket[slot(f.index.offset(i))+1]++
	}
	for b := 1; b < len(f.bucket); b++ {
		f.bucket[b] += f.bucket[b-1]
	}
	next := slices.Clone(f.bucket)
	for i := range f.until(n) {
		off := f.index.offset(i)
		b := slot(off)
		f.off[next[b]], f.pos[next[b]] = off, uint32(i)
		next[b]++
	}
	for b := range f.until(len(f.bucket) - 1) {
		lo, hi := f.bucket[b], f.bucket[b+1]
		if hi-lo > 1 {
			sortBucket(f.off[lo:hi], f.pos[lo:hi])
		}
	}
	if f.index.crcs != nil {
		f.crc = make([]uint32, n)
		for i := range f.until(n) {
			f.crc[i], _ = f.index.crc(int(f.pos[i]))
		}
	}
	return nil
}

// sortBucket sorts by offset and, where those are equal, by place in the index.
func sortBucket(off []int64, pos []uint32) {
	if len(off) > 64 {
		sort.Stable(byOffset{off, pos})
		return
	}
	for i := 1; i < len(off); i++ {
		for j := i; j > 0 && off[j-1] > off[j]; j-- {
			off[j-1], off[j] = off[j], off[j-1]
			pos[j-1], pos[j] = pos[j], pos[j-1]
		}
	}
}

type byOffset struct {
	off []int64
	pos []uint32
}

func (s byOffset) Len() int           { return len(s.off) }
func (s byOffset) Less(i, j int) bool { return s.off[i] < s.off[j] }
func (s byOffset) Swap(i, j int) {
	s.off[i], s.off[j] = s.off[j], s.off[i]
	s.pos[i], s.pos[j] = s.pos[j], s.pos[i]
}

// at returns the entry that begins at off.
func (f *forest) at(off int64) (int32, bool) {
	if off < packHeader || off >= f.pack.end() {
		return 0, false
	}
	b := off >> f.shift
	lo, hi := int(f.bucket[b]), int(f.bucket[b+1])
	i, ok := slices.BinarySearch(f.off[lo:hi], off)
	return int32(lo + i), ok
}

// end returns where entry i ends: where the next begins.
func (f *forest) end(i int32) int64 {
	next := f.off[i+1:]
	if len(next) > 0 && next[0] == f.off[i] { // an index that lies may say so a million times
		n, _ := slices.BinarySearch(next, f.off[i]+1)
		next = next[n:]
	}
	if len(next) == 0 {
		return f.pack.end()
	}
	return min(next[0], f.pack.end())
}

// id returns the id of entry i.
func (f *forest) id(i int32) ID { return f.index.id(int(f.pos[i])) }

// children returns the deltas whose base is entry i, the heaviest last.
func (f *forest) children(i int32) []int32 { return f.child[f.first[i]:f.first[i+1]] }

// readHeaders fills base, and typ for roots.
func (f *forest) readHeaders(s *Store, workers int) {
	n := len(f.off)
	f.base, f.typ = make([]int32, n), make([]Type, n)
	const least = 4096
	workers = max(1, min(workers, n/least))
	broken := make([][]brokenEntry, workers)
	var group conc.WaitGroup
	for w := range workers {
		group.Go(func() {
			debug.SetPanicOnFault(true)
			v := &view{file: f.pack.file}
			lo, hi := n*w/workers, n*(w+1)/workers
			for k := range f.until(hi - lo) {
				i := int32(lo + k)
				if err := f.readHeader(s, v, i); err != nil {
					f.base[i] = unusable
					broken[w] = append(broken[w], brokenEntry{i, err})
				}
			}
		})
	}
	group.Wait()
	f.broken = slices.Concat(broken...)
}

var errNoBase = errors.New("delta base is not where the delta says")

func (f *forest) readHeader(s *Store, v *view, i int32) (err error) {
	defer caught(&err, f.pack.path)
	h, err := f.pack.headerAt(v, f.off[i])
	if err != nil {
		return err
	}
	switch h.kind {
	case ofsDelta:
		b, ok := f.at(f.off[i] - h.back)
		if !ok {
			return errNoBase
		}
		f.base[i] = b
	case refDelta:
		at, ok := f.index.find(h.baseID)
		if !ok {
			t, _, err := s.stat(MakeID(h.baseID), f.pack, 0)
			if err != nil {
				return fmt.Errorf("delta base: %w", err)
			}
			f.base[i], f.typ[i] = outside, t
			return nil
		}
		b, ok := f.at(f.index.offset(at))
		if !ok {
			return errNoBase
		}
		f.base[i] = b
	default:
		f.base[i], f.typ[i] = whole, Type(h.kind)
	}
	return nil
}

// link fills first, child and below, and typ for deltas. Entries whose bases go
// in circles are found here.
func (f *forest) link() {
	n := len(f.off)
	f.first = make([]int32, n+2)
	kids := 0
	for i := range f.until(n) {
		if b := f.base[i]; b >= 0 {
			f.first[b+2]++
			kids++
		}
	}
	for i := 2; i < len(f.first); i++ {
		f.first[i] += f.first[i-1]
	}
	f.child = make([]int32, kids)
	for i := range f.until(n) {
		if b := f.base[i]; b >= 0 {
			f.child[f.first[b+1]] = int32(i)
			f.first[b+1]++
		}
	}
	f.first = f.first[:n+1]
	// Edges that were not all put in lead anywhere.
	if f.stop.Load() {
		return
	}

	order := f.topDown()
	for k := range f.until(len(order)) {
		i := order[k]
		if b := f.base[i]; b >= 0 {
			f.typ[i] = f.typ[b]
		}
	}
	f.below = make([]uint32, n)
	for k := range f.until(len(order)) {
		i := order[len(order)-1-k]
		f.below[i]++
		if b := f.base[i]; b >= 0 {
			f.below[b] += f.below[i]
		}
	}
	if len(order) < n {
		// below is 0 for what no root leads to.
		for i := range f.below {
			if f.below[i] == 0 {
				f.broken = append(f.broken, brokenEntry{int32(i), errCycle})
			}
		}
	}
	for i := range f.until(n) {
		kids := f.children(int32(i))
		for k := range kids {
			if last := len(kids) - 1; f.below[kids[k]] > f.below[kids[last]] {
				kids[k], kids[last] = kids[last], kids[k]
			}
		}
	}
}

// topDown returns all entries that a root leads to, bases before deltas.
func (f *forest) topDown() []int32 {
	order := make([]int32, 0, len(f.off))
	for i, b := range f.base {
		if b < 0 {
			order = append(order, int32(i))
		}
	}
	for k := 0; k < len(order) && !f.stop.Load(); k++ {
		order = append(order, f.children(order[k])...)
	}
	return order
}
