package gitobj

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// A builder writes packs that git would not.
type builder struct {
	t       testing.TB
	format  Format
	pack    []byte
	entries []built
	z       *zlib.Writer
}

// built is an entry of a pack under construction.
type built struct {
	id   ID
	off  int64
	end  int64
	t    Type
	data []byte
}

func newBuilder(t testing.TB) *builder {
	return &builder{t: t, pack: []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00")}
}

// entry appends an entry: its header, with base between size and stream.
func (b *builder) entry(kind uint8, size uint64, base, stream []byte) (off int64) {
	off = int64(len(b.pack))
	c := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b.pack = append(b.pack, c|0x80)
		c = byte(size & 0x7f)
	}
	b.pack = append(append(append(b.pack, c), base...), stream...)
	return off
}

func (b *builder) deflate(data []byte) []byte {
	var out bytes.Buffer
	if b.z == nil {
		b.z, _ = zlib.NewWriterLevel(nil, zlib.BestSpeed)
	}
	b.z.Reset(&out)
	if _, err := b.z.Write(data); err != nil {
		b.t.Fatal(err)
	}
	if err := b.z.Close(); err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes()
}

func (b *builder) remember(id ID, off int64, t Type, data []byte) int {
	b.entries = append(b.entries, built{id, off, int64(len(b.pack)), t, data})
	return len(b.entries) - 1
}

// whole appends an object that is no delta and returns its number.
func (b *builder) whole(t Type, data []byte) int {
	off := b.entry(uint8(t), uint64(len(data)), nil, b.deflate(data))
	return b.remember(b.format.Sum(t, data), off, t, data)
}

// distance encodes the distance of an OFS_DELTA.
func distance(n int64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append(out, 0x80|byte(n&0x7f))
	}
	slices.Reverse(out)
	return out
}

// delta appends a delta on entry base that makes data, which naming decides
// whether it names its base by id.
func (b *builder) delta(base int, delta, data []byte, naming bool) int {
	from := b.entries[base]
	var off int64
	if naming {
		off = b.entry(refDelta, uint64(len(delta)), from.id.Bytes(), b.deflate(delta))
	} else {
		off = b.entry(ofsDelta, uint64(len(delta)), distance(int64(len(b.pack))-from.off), b.deflate(delta))
	}
	return b.remember(b.format.Sum(from.t, data), off, from.t, data)
}

// A deltaWriter writes instructions and what they make.
type deltaWriter struct {
	base, ops, out []byte
}

func (d *deltaWriter) copy(off, n int) {
	op := byte(0x80)
	var args []byte
	for bit := range 4 {
		if v := byte(off >> (8 * bit)); v != 0 {
			op |= 1 << bit
			args = append(args, v)
		}
	}
	for bit := range 3 {
		if v := byte(n >> (8 * bit)); v != 0 && n != 0x10000 {
			op |= 0x10 << bit
			args = append(args, v)
		}
	}
	d.ops = append(append(d.ops, op), args...)
	d.out = append(d.out, d.base[off:off+n]...)
}

func (d *deltaWriter) insert(data []byte) {
	for part := range slices.Chunk(data, 127) {
		d.ops = append(append(d.ops, byte(len(part))), part...)
	}
	d.out = append(d.out, data...)
}

// delta returns the whole delta.
func (d *deltaWriter) delta() []byte {
	out := binary.AppendUvarint(nil, uint64(len(d.base)))
	out = binary.AppendUvarint(out, uint64(len(d.out)))
	return append(out, d.ops...)
}

// seal ends the pack and returns it with its index.
func (b *builder) seal() (pack, idx []byte) {
	binary.BigEndian.PutUint32(b.pack[8:], uint32(len(b.entries)))
	h := b.format.newHash()
	h.Write(b.pack)
	pack = h.Sum(slices.Clone(b.pack))

	list := slices.Clone(b.entries)
	slices.SortFunc(list, func(x, y built) int { return x.id.Compare(y.id) })
	idx = []byte(idxMagic + "\x00\x00\x00\x02")
	for first := range 256 {
		n, _ := slices.BinarySearchFunc(list, first+1, func(e built, f int) int { return int(e.id.hash[0]) - f })
		idx = binary.BigEndian.AppendUint32(idx, uint32(n))
	}
	for i := range list {
		idx = append(idx, list[i].id.Bytes()...)
	}
	for _, e := range list {
		idx = binary.BigEndian.AppendUint32(idx, crc32.ChecksumIEEE(pack[e.off:e.end]))
	}
	for _, e := range list {
		idx = binary.BigEndian.AppendUint32(idx, uint32(e.off))
	}
	idx = append(idx, pack[len(pack)-b.format.Size():]...)
	h.Reset()
	h.Write(idx)
	return pack, h.Sum(idx)
}

// store writes the pack and its index to a new store and opens that.
func (b *builder) store() *Store {
	b.t.Helper()
	pack, idx := b.seal()
	return openFiles(b.t, b.format, map[string][]byte{"pack/pack-a.pack": pack, "pack/pack-a.idx": idx})
}

// openFiles opens a store of the files given.
func openFiles(t testing.TB, format Format, files map[string][]byte) *Store {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), Options{Objects: dir, Format: format})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
