package gitobj

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
)

// A PackKey names the content of a pack and of its index by the checksums at
// their ends. It is comparable.
type PackKey struct {
	Format  Format
	Pack    ID    // the checksum at the end of the pack
	Size    int64 // of the pack in bytes
	Index   ID    // the checksum at the end of the index
	Objects int   // that the index names
}

// A Stamp is what the system says of a pack and its index: as long as it stays
// the same, nobody wrote to the files.
type Stamp struct{ Pack, Index FileStamp }

// A FileStamp is what the system says of one file.
type FileStamp struct {
	Size     int64 // bytes
	Modified int64 // nanoseconds since 1970, as any program may set it
	Changed  int64 // the same of the inode, which none can set; 0 where the system does not tell
}

// A PackRecord is what a walk found out about one pack, so that a later walk
// with the same Match, Overlap, Whole and Stream need not go through it again.
// It holds nothing of what the objects contain.
type PackRecord struct {
	Key   PackKey
	Stamp Stamp
	Count [5]int64  // objects by type
	Bytes int64     // searched
	Types []byte    // of the objects in the order of the index, see packTypes
	Shown []Shown   // what a visitor was shown for its content, sorted by id
	Links []Missing // what its objects name and it lacks, whether the store has it or not; sorted by id and type. Promised is not set.
}

// Shown is an object that a visitor was shown.
type Shown struct {
	ID       ID
	Type     Type
	Streamed bool // as a Reader
}

func stampOf(info fs.FileInfo) FileStamp {
	return FileStamp{Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: inodeTime(info)}
}

// key returns what names the content of p, which must be open, and the stamp of
// its files; it is false if they do not fit together.
func (p *pack) key(x *index) (key PackKey, stamp Stamp, ok bool) {
	if x.made || p.idx == nil {
		return key, stamp, false
	}
	var err error
	defer caught(&err, p.path)
	trailer := make([]byte, p.format.Size())
	if _, err := p.file.ReadAt(trailer, p.end()); err != nil || !bytes.Equal(trailer, x.packTrailer()) {
		return key, stamp, false
	}
	if n, err := p.count(); err != nil || n != x.n {
		return key, stamp, false
	}
	key = PackKey{Format: p.format, Pack: MakeID(trailer), Size: p.file.size, Index: MakeID(x.file[len(x.file)-x.hs:]), Objects: x.n}
	return key, Stamp{p.file.stamp, p.idx.stamp}, true
}

// unchanged tells whether the files at the paths of p still have the stamp.
func (p *pack) unchanged(s Stamp) bool {
	for path, want := range map[string]FileStamp{p.path: s.Pack, p.idxPath(): s.Index} {
		if info, err := os.Stat(path); err != nil || stampOf(info) != want {
			return false
		}
	}
	return true
}

// intact reads p and its index to their ends and tells whether they have the
// checksums that they name. It stops early, and says no, when stop says so.
func (p *pack) intact(x *index, stop func() bool) bool {
	var err error
	defer caught(&err, p.path)
	if x.check(p.format, stop) != nil {
		return false
	}
	h := p.format.newHash()
	v := view{file: p.file}
	for at := int64(0); at < p.end(); {
		b, err := v.bytes(at, min(p.end()-at, 4<<20))
		if err != nil || stop() {
			return false
		}
		h.Write(b)
		at += int64(len(b))
	}
	return bytes.Equal(h.Sum(nil), x.packTrailer())
}

// Two bits of PackRecord.Types stand for each object: its Type less one.

func packTypes(state []uint8) []byte {
	packed := make([]byte, (len(state)+3)/4)
	for i, s := range state {
		packed[i/4] |= (s&typeBits - 1) & 3 << (i % 4 * 2)
	}
	return packed
}

func unpackTypes(packed []byte, n int) []uint8 {
	state := make([]uint8, n)
	for i := range state {
		state[i] = packed[i/4]>>(i%4*2)&3 + 1 | read
	}
	return state
}

// notes are what one worker writes down about the pack that is walked, for its
// record.
type notes struct {
	shown []Shown
	links map[missingKey]ID // to the lowest id that names it
}

func (n *notes) link(to []byte, t Type, by ID) {
	key := missingKey{MakeID(to), t}
	if old, ok := n.links[key]; !ok || by.Compare(old) < 0 {
		n.links[key] = by
	}
}

// maxLinks bounds the links of one record. What names more of what it lacks is
// walked every time.
const maxLinks = 1 << 20

// record makes the record of a pack from what the workers noted, unless
// something in it was not read.
func (w *walk) record(src *source, key PackKey, stamp Stamp, searched int64) *PackRecord {
	r := &PackRecord{Key: key, Stamp: stamp, Bytes: searched}
	for i, state := range src.state {
		if state&read == 0 || state&typeBits == 0 {
			return nil
		}
		if i > 0 && bytes.Equal(src.rawID(i-1), src.rawID(i)) {
			return nil
		}
		r.Count[state&typeBits]++
	}
	r.Types = packTypes(src.state)
	links := make(map[missingKey]ID)
	for _, wk := range w.workers {
		r.Shown = append(r.Shown, wk.notes.shown...)
		for key, by := range wk.notes.links {
			if old, ok := links[key]; !ok || by.Compare(old) < 0 {
				links[key] = by
			}
		}
	}
	if len(links) > maxLinks {
		return nil
	}
	for key, by := range links {
		r.Links = append(r.Links, Missing{ID: key.id, Type: key.t, By: by})
	}
	slices.SortFunc(r.Shown, func(a, b Shown) int { return a.ID.Compare(b.ID) })
	slices.SortFunc(r.Links, Missing.compare)
	return r
}
