package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// An Entry is what is remembered of one pack.
type Entry struct {
	Pack     gitobj.PackRecord
	Settings [sha256.Size]byte // what Settled depends on
	Settled  map[gitobj.ID]Outcome
}

// An Outcome is what a search of an object in which nothing was found had to
// say. Objects of Pack.Shown that have one need not be searched again under the
// same settings.
type Outcome struct {
	Containers  int64
	Opaque, Cut []finding.Unread // their Member and Reason
}

const magic = "petrascan pack record 1\n"

// Flags of an object shown, beside its type.
const (
	flagType     = 0x07
	flagStreamed = 0x08
	flagSettled  = 0x10
	flagOutcome  = 0x20 // one other than the zero Outcome follows
)

// encode returns the file of an entry for the key with the given sum.
func (e *Entry) encode(name [sha256.Size]byte) []byte {
	b := make([]byte, len(magic)+sha256.Size, len(magic)+sha256.Size+len(e.Pack.Types)+48*len(e.Pack.Shown)+80*len(e.Pack.Links)+256)
	copy(b, magic)
	r := &e.Pack
	for _, s := range [...]gitobj.FileStamp{r.Stamp.Pack, r.Stamp.Index} {
		b = binary.AppendVarint(b, s.Size)
		b = binary.AppendVarint(b, s.Modified)
		b = binary.AppendVarint(b, s.Changed)
	}
	for _, n := range r.Count[1:] {
		b = binary.AppendVarint(b, n)
	}
	b = binary.AppendVarint(b, r.Bytes)
	b = append(b, r.Types...)
	b = binary.AppendUvarint(b, uint64(len(r.Links)))
	for _, l := range r.Links {
		b = append(b, l.ID.Bytes()...)
		b = append(b, byte(l.Type))
		b = append(b, l.By.Bytes()...)
	}
	b = append(b, e.Settings[:]...)
	b = binary.AppendUvarint(b, uint64(len(r.Shown)))
	for _, s := range r.Shown {
		out, settled := e.Settled[s.ID]
		said := out.Containers != 0 || len(out.Opaque)+len(out.Cut) > 0
		b = append(b, byte(s.Type)|flag(flagStreamed, s.Streamed)|flag(flagSettled, settled)|flag(flagOutcome, said))
		b = append(b, s.ID.Bytes()...)
		if said {
			b = binary.AppendVarint(b, out.Containers)
			b = appendUnread(b, out.Opaque)
			b = appendUnread(b, out.Cut)
		}
	}
	sum := checksum(name, b[len(magic)+sha256.Size:])
	copy(b[len(magic):], sum[:])
	return b
}

func flag(bit byte, set bool) byte {
	if set {
		return bit
	}
	return 0
}

func appendUnread(b []byte, list []finding.Unread) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, u := range list {
		for _, s := range [...]string{u.Member, u.Reason} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}

func checksum(name [sha256.Size]byte, body []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(name[:])
	h.Write(body)
	h.Sum(sum[:0])
	return sum
}

var errEntry = errors.New("not a cache entry, or a damaged one")

// decode reads a file that encode made for the key.
func decode(b []byte, key gitobj.PackKey, name [sha256.Size]byte) (*Entry, error) {
	const head = len(magic) + sha256.Size
	if len(b) < head || string(b[:len(magic)]) != magic {
		return nil, errEntry
	}
	if sum := checksum(name, b[head:]); !bytes.Equal(sum[:], b[len(magic):head]) {
		return nil, errEntry
	}
	return decodeBody(b[head:], key)
}

// decodeBody reads what follows the checksum. It takes no more memory than a
// small multiple of the length of b.
func decodeBody(b []byte, key gitobj.PackKey) (*Entry, error) {
	d := &decoder{rest: b, hs: key.Format.Size()}
	e := &Entry{Settled: map[gitobj.ID]Outcome{}}
	r := &e.Pack
	r.Key = key
	for _, s := range [...]*gitobj.FileStamp{&r.Stamp.Pack, &r.Stamp.Index} {
		s.Size, s.Modified, s.Changed = d.number(), d.number(), d.number()
	}
	left := int64(key.Objects)
	for t := range r.Count[1:] {
		n := d.number()
		if n < 0 || n > left {
			return nil, errEntry
		}
		r.Count[t+1], left = n, left-n
	}
	r.Bytes = d.number()
	if left != 0 || r.Bytes < 0 {
		return nil, errEntry
	}
	r.Types = bytes.Clone(d.bytes((key.Objects + 3) / 4))
	for range d.count(2*d.hs + 1) {
		r.Links = append(r.Links, gitobj.Missing{ID: d.id(), Type: d.objectType(d.byte()), By: d.id()})
	}
	copy(e.Settings[:], d.bytes(len(e.Settings)))
	shown := d.count(d.hs + 1)
	if d.failed {
		return nil, errEntry
	}
	r.Shown = make([]gitobj.Shown, 0, shown)
	for range shown {
		flags := d.byte()
		s := gitobj.Shown{Type: d.objectType(flags & flagType), ID: d.id(), Streamed: flags&flagStreamed != 0}
		var out Outcome
		if flags&flagOutcome != 0 {
			out = Outcome{Containers: d.number(), Opaque: d.unread(), Cut: d.unread()}
		}
		if flags&flagSettled != 0 {
			e.Settled[s.ID] = out
		}
		r.Shown = append(r.Shown, s)
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errEntry
	}
	return e, nil
}

// A decoder takes values off the front of rest. After one that is not there it
// has failed, and gives zeros.
type decoder struct {
	rest   []byte
	hs     int // bytes of an id
	failed bool
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) fail() { d.failed, d.rest = true, nil }

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) number() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads how many things of at least size bytes follow.
func (d *decoder) count(size int) int {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > uint64(len(d.rest)-n)/uint64(size) {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *decoder) id() gitobj.ID { return gitobj.MakeID(d.bytes(d.hs)) }

func (d *decoder) objectType(b byte) gitobj.Type {
	t := gitobj.Type(b)
	if t < gitobj.Commit || t > gitobj.Tag {
		d.fail()
	}
	return t
}

func (d *decoder) text() string { return string(d.bytes(d.count(1))) }

func (d *decoder) unread() []finding.Unread {
	var list []finding.Unread
	for range d.count(2) {
		list = append(list, finding.Unread{Member: d.text(), Reason: d.text()})
	}
	return list
}
