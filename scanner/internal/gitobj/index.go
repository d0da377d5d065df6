package gitobj

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"
)

// An index finds the objects of one pack by id: the content of a .idx file,
// version 1 or 2.
type index struct {
	n      int    // objects
	hs     int    // bytes of an id
	file   []byte // all of it
	data   []byte // from the fan-out on
	ids    []byte // the table with the ids, of one record each stride bytes
	stride int
	idAt   int    // where in a record the id is
	crcs   []byte // nil in version 1
	off32  []byte
	off64  []byte
	made   bool                 // from the pack, not read from a file
	fine   atomic.Pointer[fine] // from finer
}

// fine is a fan-out by more bits of the id than the file's.
type fine struct {
	from  []uint32
	shift uint
}

const idxMagic = "\377tOc"

// parseIndex reads the tables' places and proves that they fit in data. It does
// not read the tables.
func parseIndex(data []byte, format Format) (*index, error) {
	hs := format.Size()
	x := &index{hs: hs, file: data}
	head := 0
	if len(data) >= 8 && string(data[:4]) == idxMagic {
		if v := binary.BigEndian.Uint32(data[4:]); v != 2 {
			return nil, fmt.Errorf("index version %d is unknown", v)
		}
		head = 8
	}
	if len(data) < head+256*4+2*hs {
		return nil, errors.New("index is cut short")
	}
	x.n = int(binary.BigEndian.Uint32(data[head+255*4:]))
	x.data = data[head:]
	body := x.data[256*4 : len(x.data)-2*hs]
	if head == 0 {
		x.stride, x.idAt = 4+hs, 4
		if uint64(len(body)) != uint64(x.n)*uint64(x.stride) {
			return nil, fmt.Errorf("index has not the size of one for %d objects", x.n)
		}
		x.ids, x.off32 = body, body
	} else {
		x.stride = hs
		if uint64(len(body)) < uint64(x.n)*uint64(hs+8) {
			return nil, fmt.Errorf("index has not the size of one for %d objects", x.n)
		}
		x.ids, body = body[:x.n*hs], body[x.n*hs:]
		x.crcs, body = body[:x.n*4], body[x.n*4:]
		x.off32, x.off64 = body[:x.n*4], body[x.n*4:]
		if len(x.off64)%8 != 0 || len(x.off64)/8 > x.n {
			return nil, fmt.Errorf("index has not the size of one for %d objects", x.n)
		}
	}
	last := uint32(0)
	for b := range 256 {
		if c := x.fan(b); c < last || c > uint32(x.n) {
			return nil, errors.New("index fan-out is not sorted")
		} else {
			last = c
		}
	}
	return x, nil
}

// fan returns how many objects have a first byte of at most b.
func (x *index) fan(b int) uint32 { return binary.BigEndian.Uint32(x.data[b*4:]) }

// rawID returns the bytes of the i-th id.
func (x *index) rawID(i int) []byte {
	at := i*x.stride + x.idAt
	return x.ids[at : at+x.hs : at+x.hs]
}

// id returns the i-th id.
func (x *index) id(i int) ID { return MakeID(x.rawID(i)) }

// offset returns where in the pack the i-th object's entry is; -1 if the index
// does not say so properly.
func (x *index) offset(i int) int64 {
	if x.crcs == nil {
		return int64(binary.BigEndian.Uint32(x.off32[i*x.stride:]))
	}
	v := binary.BigEndian.Uint32(x.off32[i*4:])
	if v>>31 == 0 {
		return int64(v)
	}
	at := uint64(v&(1<<31-1)) * 8
	if at+8 > uint64(len(x.off64)) {
		return -1
	}
	return int64(binary.BigEndian.Uint64(x.off64[at:]))
}

// crc returns the CRC-32 of the i-th object's raw entry, if the index has it.
func (x *index) crc(i int) (uint32, bool) {
	if x.crcs == nil {
		return 0, false
	}
	return binary.BigEndian.Uint32(x.crcs[i*4:]), true
}

// packTrailer returns the index's copy of the pack's trailer.
func (x *index) packTrailer() []byte { return x.data[len(x.data)-2*x.hs : len(x.data)-x.hs] }

// check returns an error unless the index has the checksum at its end, and ids
// in order. It ends early, with an error, when stop says so.
func (x *index) check(format Format, stop func() bool) error {
	h := format.newHash()
	end := len(x.file) - x.hs
	for part := range slices.Chunk(x.file[:end], 4<<20) {
		if stop() {
			return errors.New("stopped before the index was checked")
		}
		h.Write(part)
	}
	if !bytes.Equal(h.Sum(nil), x.file[end:]) {
		return errors.New("index does not have the checksum at its end")
	}
	if !x.sorted() {
		return errors.New("index is not sorted")
	}
	return nil
}

// finer makes a fan-out by more bits of the id than the file's, about four
// objects to a step, so that find needs few reads of far memory.
func (x *index) finer() {
	if x.fine.Load() != nil {
		return
	}
	bits := uint(8)
	for bits < 24 && x.n>>bits > 4 {
		bits++
	}
	from := make([]uint32, 1<<bits+1)
	shift := 32 - bits
	for i := range x.n {
		from[binary.BigEndian.Uint32(x.rawID(i))>>shift+1]++
	}
	for i := 1; i < len(from); i++ {
		from[i] += from[i-1]
	}
	x.fine.Store(&fine{from, shift})
}

// span returns the range of objects in which id must be, by its first bytes.
func (x *index) span(id []byte) (lo, hi int) {
	if f := x.fine.Load(); f != nil {
		b := binary.BigEndian.Uint32(id) >> f.shift
		return int(f.from[b]), int(f.from[b+1])
	}
	if id[0] > 0 {
		lo = int(x.fan(int(id[0]) - 1))
	}
	return lo, int(x.fan(int(id[0])))
}

// find returns the place of id, whose length is the format's.
func (x *index) find(id []byte) (int, bool) {
	lo, hi := x.span(id)
	return x.findIn(id, lo, hi)
}

// findIn is find where the range of objects is known already.
func (x *index) findIn(id []byte, lo, hi int) (int, bool) {
	want := binary.BigEndian.Uint64(id)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		raw := x.rawID(m)
		have := binary.BigEndian.Uint64(raw)
		c := cmp.Compare(have, want)
		if c == 0 {
			c = bytes.Compare(raw[8:], id[8:])
		}
		switch {
		case c == 0:
			return m, true
		case c < 0:
			lo = m + 1
		default:
			hi = m
		}
	}
	return 0, false
}

// findAll calls lacks for each link whose object the index does not name. A
// place in a large index is seldom in the processor's cache, and a search waits
// for each place it reads. Of many searches step by step, the places of all are
// waited for at once.
func (x *index) findAll(links []namedLink, lacks func(*namedLink)) {
	var spans [linksAtOnce][2]int
	for i := range links {
		lo, hi := x.span(links[i].id.Bytes())
		spans[i] = [2]int{lo, hi}
	}
	for i := range links {
		lo, hi := spans[i][0], spans[i][1]
		if lo >= hi {
			continue
		}
		m := int(uint(lo+hi) >> 1)
		have, want := binary.BigEndian.Uint64(x.rawID(m)), binary.BigEndian.Uint64(links[i].id.hash[:])
		if have < want {
			lo = m + 1
		}
		if have > want {
			hi = m
		}
		spans[i] = [2]int{lo, hi}
	}
	for i := range links {
		l := &links[i]
		if _, ok := x.findIn(l.id.Bytes(), spans[i][0], spans[i][1]); !ok {
			lacks(l)
		}
	}
}

// sorted tells whether the ids ascend and the fan-out counts them.
func (x *index) sorted() bool {
	for i := 1; i < x.n; i++ {
		if bytes.Compare(x.rawID(i-1), x.rawID(i)) > 0 {
			return false
		}
	}
	for b := range 256 {
		n := int(x.fan(b))
		if n > 0 && int(x.rawID(n - 1)[0]) > b || n < x.n && int(x.rawID(n)[0]) <= b {
			return false
		}
	}
	return true
}

// prefix calls f for the places of all ids that begin with the hex digits given.
func (x *index) prefix(hexDigits string, f func(i int)) {
	low, ok := prefixBytes(hexDigits, x.hs)
	if !ok {
		return
	}
	i := sort.Search(x.n, func(i int) bool { return bytes.Compare(x.rawID(i), low) >= 0 })
	for ; i < x.n && hasHexPrefix(x.rawID(i), hexDigits); i++ {
		f(i)
	}
}
