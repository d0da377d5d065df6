package gitobj

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/inflate"
)

// A reindexer indexes a pack from its content alone.
type reindexer struct {
	store *Store
	pack  *pack
	view  view
	z     inflate.Inflater

	entries []found
	byBase  []int        // deltas with an offset, sorted by their base's offset
	byRef   map[ID][]int // deltas that name their base, by its id
	spare   []byte
}

// found is one entry of a pack that is being indexed.
type found struct {
	off  int64
	base int64 // offset of an OFS_DELTA's base; 0 for others
	ref  ID    // a REF_DELTA's base
	kind uint8
	crc  uint32
	id   ID // zero until known
}

// reindex indexes p, whose file is open, and makes that its index.
func (s *Store) reindex(p *pack) (*index, error) {
	p.reindexing.Lock()
	defer p.reindexing.Unlock()
	x := p.current()
	if x != nil {
		return x, nil
	}
	r := &reindexer{store: s, pack: p, view: view{file: p.file}, byRef: make(map[ID][]int)}
	data, err := r.run()
	if err != nil {
		return nil, err
	}
	x, err = parseIndex(data, p.format)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	x.made = true
	p.index = x
	p.mu.Unlock()
	return x, nil
}

func (r *reindexer) problem(format string, args ...any) {
	r.store.problem(Problem{Path: r.pack.path, Reason: fmt.Sprintf(format, args...)})
}

func (r *reindexer) run() (data []byte, err error) {
	defer caught(&err, r.pack.path)
	if err := r.scan(); err != nil {
		return nil, err
	}
	if err := r.resolve(); err != nil {
		return nil, err
	}
	return r.write(), nil
}

// scan finds the entries front to back. After a damaged one it looks for the
// next place where a whole entry begins: one whose stream has the size announced
// and the right checksum.
func (r *reindexer) scan() error {
	count, err := r.pack.count()
	if err != nil {
		return err
	}
	lost := false
	for off := int64(packHeader); off < r.pack.end(); {
		if err := r.store.ctx.Err(); err != nil {
			return err
		}
		e, next, err := r.entry(off, lost)
		if err != nil {
			if !lost {
				r.problem("pack is damaged at byte %d: %v", off, err)
			}
			lost = true
			off++
			continue
		}
		lost = false
		r.entries = append(r.entries, e)
		off = next
	}
	if len(r.entries) != count {
		r.problem("pack announces %d objects, %d were found", count, len(r.entries))
	}
	return r.checkTrailer()
}

func (r *reindexer) checkTrailer() error {
	h := r.pack.format.newHash()
	if _, err := io.Copy(h, r.section(0, r.pack.end())); err != nil {
		return err
	}
	trailer := make([]byte, r.pack.format.Size())
	if _, err := r.pack.file.ReadAt(trailer, r.pack.end()); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(trailer, h.Sum(nil)) {
		r.problem("pack does not have the checksum in its trailer")
	}
	return nil
}

const (
	inMemory  = 32 << 20 // larger whole objects are hashed as they are inflated
	guessable = 1 << 20  // what an entry may announce where none is sure to begin
)

// entry reads the entry at off and returns where it ends.
func (r *reindexer) entry(off int64, guess bool) (e found, next int64, err error) {
	h, err := r.pack.headerAt(&r.view, off)
	if err != nil {
		return e, 0, err
	}
	e = found{off: off, kind: h.kind}
	delta := false
	switch h.kind {
	case ofsDelta:
		e.base, delta = off-h.back, true
	case refDelta:
		e.ref, delta = MakeID(h.baseID), true
	}
	at := off + int64(h.len)
	limit := r.pack.end() - at
	if !plausible(h.size, limit) || delta && h.size > maxRebuilt || guess && h.size > guessable {
		return e, 0, fmt.Errorf("pack entry announces %d bytes, more than the pack can hold", h.size)
	}
	if h.size > inMemory && !delta {
		next, e.id, err = r.large(at, h)
	} else {
		src, err := r.view.bytes(at, min(limit, int64(h.size+h.size/512+1024)))
		if err != nil {
			return e, 0, err
		}
		r.spare = slices.Grow(r.spare[:0], int(h.size))[:h.size]
		n, err := r.z.Zlib(r.spare, src, true)
		if err != nil {
			return e, 0, err
		}
		next = at + int64(n)
		if !delta {
			e.id = r.pack.format.Sum(Type(h.kind), r.spare)
		}
	}
	if err != nil {
		return e, 0, err
	}
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, r.section(off, next))
	e.crc = sum.Sum32()
	return e, next, err
}

// large hashes the whole object whose stream is at off.
func (r *reindexer) large(off int64, h header) (next int64, id ID, err error) {
	src := &deflated{r: r.section(off, r.pack.end())}
	z, err := newExact(src, int64(h.size))
	if err != nil {
		return 0, ID{}, err
	}
	sum := r.pack.format.NewHash(Type(h.kind), int64(h.size))
	if _, err := io.Copy(sum, z); err != nil {
		return 0, ID{}, err
	}
	return off + src.used(), MakeID(sum.Sum(nil)), nil
}

// section reads the pack's bytes from lo to hi, and fails once the store's context
// ends.
func (r *reindexer) section(lo, hi int64) io.Reader {
	return section{io.NewSectionReader(r.pack.file, lo, hi-lo), r.store.ctx}
}

type section struct {
	r   io.Reader
	ctx context.Context
}

func (s section) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// resolve finds the ids of all deltas. The error is that of the store's context.
func (r *reindexer) resolve() error {
	for i, e := range r.entries {
		switch e.kind {
		case ofsDelta:
			r.byBase = append(r.byBase, i)
		case refDelta:
			r.byRef[e.ref] = append(r.byRef[e.ref], i)
		}
	}
	slices.SortStableFunc(r.byBase, func(a, b int) int { return cmp.Compare(r.entries[a].base, r.entries[b].base) })
	for i := range r.entries {
		if err := r.store.ctx.Err(); err != nil {
			return err
		}
		e := &r.entries[i]
		if e.kind >= ofsDelta {
			continue
		}
		waiting := r.children(e.off, e.id)
		if len(waiting) == 0 {
			continue
		}
		h, err := r.pack.headerAt(&r.view, e.off)
		if err != nil {
			continue
		}
		if data, err := r.pack.inflate(&r.z, &r.view, e.off, h); err == nil {
			r.descend(Type(e.kind), waiting, data)
		}
	}
	// What is still waited for may be outside the pack, as in a bundle.
	var outside []ID
	for id := range r.byRef {
		outside = append(outside, id)
	}
	slices.SortFunc(outside, ID.Compare)
	for _, id := range outside {
		waiting := slices.DeleteFunc(r.byRef[id], func(i int) bool { return !r.entries[i].id.IsZero() })
		if len(waiting) == 0 {
			continue
		}
		delete(r.byRef, id)
		if t, data, err := r.store.read(id, r.pack, 0); err == nil {
			r.descend(t, waiting, data)
		}
	}
	return r.store.ctx.Err()
}

// children returns the deltas on the object at off with the id given that have
// no id yet. Those that name it by its id are given out once, however many copies
// of it the pack has.
func (r *reindexer) children(off int64, id ID) []int {
	at, _ := slices.BinarySearchFunc(r.byBase, off, func(i int, off int64) int { return cmp.Compare(r.entries[i].base, off) })
	end := at
	for end < len(r.byBase) && r.entries[r.byBase[end]].base == off {
		end++
	}
	list := append(slices.Clone(r.byBase[at:end]), r.byRef[id]...)
	delete(r.byRef, id)
	return slices.DeleteFunc(list, func(i int) bool { return !r.entries[i].id.IsZero() })
}

// descend finds the ids of the deltas on an object of type t and of all below.
func (r *reindexer) descend(t Type, waiting []int, data []byte) {
	type level struct {
		waiting []int
		data    []byte
	}
	stack := []level{{waiting, data}}
	for len(stack) > 0 && r.store.ctx.Err() == nil {
		top := &stack[len(stack)-1]
		if len(top.waiting) == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		e := &r.entries[top.waiting[0]]
		top.waiting = top.waiting[1:]
		base := top.data
		if len(top.waiting) == 0 {
			stack = stack[:len(stack)-1]
		}
		if !e.id.IsZero() {
			continue
		}
		result, err := r.apply(e, base)
		if err != nil {
			r.problem("entry at byte %d: %v", e.off, err)
			continue
		}
		e.id = r.pack.format.Sum(t, result)
		if below := r.children(e.off, e.id); len(below) > 0 {
			stack = append(stack, level{below, result})
		}
	}
}

func (r *reindexer) apply(e *found, base []byte) ([]byte, error) {
	h, err := r.pack.headerAt(&r.view, e.off)
	if err != nil {
		return nil, err
	}
	delta, err := r.pack.inflate(&r.z, &r.view, e.off, h)
	if err != nil {
		return nil, err
	}
	return rebuild(base, delta, maxRebuilt)
}

// write makes an index of version 2 of all entries with an id, and names the rest.
func (r *reindexer) write() []byte {
	var known []found
	for _, e := range r.entries {
		if e.id.IsZero() {
			r.problem("entry at byte %d: its delta base is missing or damaged, or the bases go in circles", e.off)
			continue
		}
		known = append(known, e)
	}
	slices.SortStableFunc(known, func(a, b found) int { return a.id.Compare(b.id) })
	out := append([]byte(idxMagic), 0, 0, 0, 2)
	n := 0
	for b := range 256 {
		for n < len(known) && int(known[n].id.hash[0]) == b {
			n++
		}
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	for i := range known {
		out = append(out, known[i].id.Bytes()...)
	}
	for _, e := range known {
		out = binary.BigEndian.AppendUint32(out, e.crc)
	}
	var far []byte
	for _, e := range known {
		v := uint32(e.off)
		if e.off >= 1<<31 {
			v = 1<<31 | uint32(len(far)/8)
			far = binary.BigEndian.AppendUint64(far, uint64(e.off))
		}
		out = binary.BigEndian.AppendUint32(out, v)
	}
	out = append(out, far...)
	// The two checksums at the end are never asked for.
	return append(out, make([]byte, 2*r.pack.format.Size())...)
}
