package gitobj

import (
	"bytes"
	"container/heap"
	"slices"
)

// A source is a pack or the loose objects of a directory, with what is known
// of each object in it, in the order of the ids.
type source struct {
	path     string
	pack     *pack  // nil for loose objects
	index    *index // of the pack
	loose    []ID
	state    []uint8     // a Type and the bits below, by place; nil if recalled and not needed
	record   *PackRecord // what was recalled of a pack that was not walked
	vanished bool        // it, or some of the loose objects, went while the store was open
	unusable bool        // it is there but can't be read
}

// Bits of state beside the type.
const (
	typeBits = 0x07
	read     = 0x08 // searched without error
	lost     = 0x10 // went away before it was searched
)

func newPackSource(p *pack, x *index) *source {
	return &source{path: p.path, pack: p, index: x, state: make([]uint8, x.n)}
}

func (s *source) len() int {
	if s.pack != nil {
		return s.index.n
	}
	return len(s.loose)
}

func (s *source) rawID(i int) []byte {
	if s.pack != nil {
		return s.index.rawID(i)
	}
	return s.loose[i].Bytes()
}

// without takes away the loose objects that other has, which were dealt with.
func (s *source) without(other *source) {
	s.loose = slices.DeleteFunc(s.loose, func(id ID) bool {
		_, ok := slices.BinarySearchFunc(other.loose, id, ID.Compare)
		return ok
	})
	s.state = s.state[:len(s.loose)]
}

// A cursor is a place in a source.
type cursor struct {
	*source
	at int
}

// cursors is a heap by the id at each cursor.
type cursors []cursor

func (c cursors) Len() int { return len(c) }
func (c cursors) Less(i, j int) bool {
	return bytes.Compare(c[i].rawID(c[i].at), c[j].rawID(c[j].at)) < 0
}
func (c cursors) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)   { *c = append(*c, x.(cursor)) }
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// tally counts the distinct objects of all sources, and names those that went
// away and were not found again.
func (w *walk) tally(r *WalkResult) (err error) {
	defer caught(&err, "index")
	// Of a recalled pack all is known. The largest need not be looked at: what
	// others have, too, is found in it.
	var base *source
	for _, s := range w.sources {
		if s.record != nil && (base == nil || s.len() > base.len()) {
			base = s
		}
	}
	if base != nil {
		r.Present, r.Read = base.record.Count, base.record.Count
	}
	var heads cursors
	for _, s := range w.sources {
		if s.len() == 0 || s == base {
			continue
		}
		if s.record != nil {
			s.state = unpackTypes(s.record.Types, s.len())
		}
		heads = append(heads, cursor{s, 0})
	}
	if base == nil && len(heads) == 1 && heads[0].pack != nil && !heads[0].vanished {
		// The usual case; the ids need no look but for repetitions, which a
		// sorted index has side by side.
		w.tallyOne(r, heads[0].source)
		return nil
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		var t, bits uint8
		var absent *source
		id := MakeID(heads[0].rawID(heads[0].at))
		for len(heads) > 0 && bytes.Equal(heads[0].rawID(heads[0].at), id.Bytes()) {
			c := &heads[0]
			state := c.state[c.at]
			if t == 0 || state&read != 0 {
				t = state & typeBits
			}
			bits |= state &^ typeBits
			if c.pack != nil && c.vanished || state&lost != 0 {
				absent = c.source
			}
			if c.at++; c.at == c.len() {
				heap.Pop(&heads)
			} else {
				heap.Fix(&heads, 0)
			}
		}
		if base != nil {
			if _, ok := base.index.find(id.Bytes()); ok {
				continue
			}
		}
		r.Present[t]++
		if bits&read != 0 {
			r.Read[t]++
		} else if absent != nil && (t == 0 || w.o.Types.Has(Type(t))) && !w.stop.Load() {
			w.problem(Problem{Path: absent.path, ID: id, Reason: "went away while the store was read, and was not found again"})
		}
	}
	return nil
}

func (w *walk) tallyOne(r *WalkResult, s *source) {
	for i, state := range s.state {
		if i > 0 && bytes.Equal(s.rawID(i-1), s.rawID(i)) {
			continue
		}
		t := state & typeBits
		r.Present[t]++
		if state&read != 0 {
			r.Read[t]++
		}
	}
}
