package gitobj

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// sound is a pack with its index, and what its objects need to be read.
type sound struct {
	pack, idx []byte
	truth     map[ID]content
	off       []int64      // where entries begin, sorted
	chain     map[ID][]int // the entries that an object is built from
}

func soundPack(t *testing.T) sound {
	r := newRepo(t, SHA1)
	r.fill("main", 3, 12)
	r.git(nil, "repack", "-adfq", "--depth=50")
	s := r.openStore(Options{})
	w := sound{truth: r.truth(), chain: make(map[ID][]int)}
	p := s.list()[0]
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	w.pack, w.idx = bytes.Clone(p.file.data), bytes.Clone(p.idx.data)
	if w.pack == nil {
		t.Skip("files are not mapped here")
	}
	f, err := newForest(s, p, p.current(), 1, new(atomic.Bool))
	if err != nil {
		t.Fatal(err)
	}
	w.off = f.off
	for i := range f.off {
		for b := int32(i); b >= 0; b = f.base[b] {
			w.chain[f.id(int32(i))] = append(w.chain[f.id(int32(i))], int(b))
		}
	}
	return w
}

// walkDamaged walks a store with a damaged pack or index and proves that each
// object is shown as it was, or named; and that all that do not need the entry
// broken, nil if no entry is, are shown.
func (w *sound) walkDamaged(t *testing.T, what string, pack, idx []byte, broken func(entry int) bool) {
	t.Helper()
	files := map[string][]byte{"pack/pack-a.pack": pack}
	if idx != nil {
		files["pack/pack-a.idx"] = idx
	}
	s := openFiles(t, SHA1, files)
	shown := make(map[ID]bool)
	c := visitFunc(func(o *Object) {
		if Verify(o.ID, o.Type, o.Data) == nil {
			shown[o.ID] = true
		}
	})
	r, err := s.Walk(context.Background(), WalkOptions{Workers: 1, CheckLinks: true}, func() Visitor { return c })
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) == 0 {
		t.Errorf("%s: no problem is named", what)
	}
	for _, m := range r.Missing {
		if _, ok := w.truth[m.ID]; ok && broken == nil {
			t.Errorf("%s: object %s is there and counts as missing", what, m.ID)
		}
	}
	named := make(map[ID]bool)
	for _, p := range r.Problems {
		named[p.ID] = true
	}
	// Of a pack that can't be opened at all, only the pack is named.
	cutToNothing := len(pack) < packHeader+20
	var read int64
	for id := range w.truth {
		needs := broken != nil && slices.ContainsFunc(w.chain[id], broken)
		if !shown[id] && !needs {
			t.Errorf("%s: object %s is whole and was not shown", what, id)
		}
		if !shown[id] && !named[id] && idx != nil && !cutToNothing {
			t.Errorf("%s: object %s was neither shown nor named", what, id)
		}
		if shown[id] {
			read++
		}
	}
	var total int64
	for _, n := range r.Read {
		total += n
	}
	if total > read {
		t.Errorf("%s: %d objects count as read, %d were shown as they are", what, total, read)
	}
}

type visitFunc func(o *Object)

func (f visitFunc) Visit(o *Object) { f(o) }

func TestOneFlippedByte(t *testing.T) {
	w := soundPack(t)
	rnd := rand.New(rand.NewPCG(5, 5))
	flip := func(data []byte, at int) []byte {
		out := bytes.Clone(data)
		out[at] ^= byte(1 + rnd.IntN(255))
		return out
	}
	places := []int{0, 3, 4, 7, 8, 11, len(w.pack) - 20, len(w.pack) - 1}
	for _, off := range w.off[:20] {
		places = append(places, int(off), int(off)+1, int(off)+2)
	}
	for range 60 {
		places = append(places, packHeader+rnd.IntN(len(w.pack)-packHeader-20))
	}
	for _, at := range places {
		what := fmt.Sprintf("byte %d of the pack", at)
		w.walkDamaged(t, what, flip(w.pack, at), w.idx, func(entry int) bool {
			end := len(w.pack) - 20
			if entry+1 < len(w.off) {
				end = int(w.off[entry+1])
			}
			return int(w.off[entry]) <= at && at < end
		})
	}
	for range 60 {
		at := rnd.IntN(len(w.idx))
		w.walkDamaged(t, fmt.Sprintf("byte %d of the index", at), w.pack, flip(w.idx, at), nil)
	}
}

func TestCutOrLengthened(t *testing.T) {
	w := soundPack(t)
	for _, n := range []int{0, 5, 12, 32, 40, len(w.pack) / 3, len(w.pack) - 21, len(w.pack) - 1} {
		w.walkDamaged(t, fmt.Sprintf("pack cut to %d bytes", n), w.pack[:n], w.idx, func(entry int) bool {
			return entry+1 == len(w.off) || int(w.off[entry+1]) > n-20
		})
	}
	for _, n := range []int{0, 5, 1032, len(w.idx) / 2, len(w.idx) - 1} {
		w.walkDamaged(t, fmt.Sprintf("index cut to %d bytes", n), w.pack, w.idx[:n], nil)
	}
	last := func(entry int) bool { return entry == len(w.off)-1 }
	w.walkDamaged(t, "garbage after the pack", append(bytes.Clone(w.pack), "garbage"...), w.idx, last)
	w.walkDamaged(t, "garbage after the index", w.pack, append(bytes.Clone(w.idx), "garbage"...), nil)
}

// An index that is whole and lies.
func TestIndexLies(t *testing.T) {
	w := soundPack(t)
	x, err := parseIndex(w.idx, SHA1)
	if err != nil {
		t.Fatal(err)
	}
	at := 8 + 1024 + x.n*24 // the offsets
	reseal := func(idx []byte) []byte {
		h := SHA1.newHash()
		h.Write(idx[:len(idx)-20])
		return h.Sum(idx[: len(idx)-20 : len(idx)-20])
	}
	for name, off := range map[string]uint32{
		"outside the pack": 1<<31 - 1, "in the header": 3, "no table of far offsets": 1 << 31, "between entries": uint32(x.offset(4)) + 1,
		"at another": uint32(x.offset(4)),
	} {
		idx := bytes.Clone(w.idx)
		binary.BigEndian.PutUint32(idx[at+4*7:], off)
		gone := int64(x.offset(7))
		w.walkDamaged(t, "offset "+name, w.pack, reseal(idx), func(entry int) bool {
			// The entry before seems to be longer, the one within is cut.
			return w.off[entry] == gone || entry+1 < len(w.off) && w.off[entry+1] == gone || w.off[entry] == x.offset(4)
		})
	}
}

func TestPackWithoutIndexResumesAfterDamage(t *testing.T) {
	w := soundPack(t)
	pack := bytes.Clone(w.pack)
	entry := len(w.off) / 2
	at := int(w.off[entry]) + 3
	pack[at] ^= 0x55
	w.walkDamaged(t, "pack without index", pack, nil, func(e int) bool { return e == entry })
}

func TestClaims(t *testing.T) {
	base := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	tests := []struct {
		name string
		make func(b *builder)
		want string
	}{
		{"an entry of a terabyte", func(b *builder) {
			off := b.entry(uint8(Blob), 1<<40, nil, b.deflate(base))
			b.remember(SHA1.Sum(Blob, []byte("x")), off, Blob, nil)
		}, "more than"},
		{"a delta of a terabyte", func(b *builder) {
			off := b.entry(ofsDelta, 1<<40, distance(int64(len(b.pack))-b.entries[0].off), b.deflate(base))
			b.remember(SHA1.Sum(Blob, []byte("x")), off, Blob, nil)
		}, "more than"},
		{"a delta that announces a terabyte", func(b *builder) {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), 1<<40)
			b.delta(0, append(delta, 0xb0, 0xff, 0xff), []byte("x"), false)
		}, "delta makes"},
		{"a delta that makes more than memory holds", func(b *builder) {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), 50_000*65535)
			b.delta(0, append(delta, bytes.Repeat([]byte{0xb0, 0xff, 0xff}, 50_000)...), []byte("x"), false)
		}, "memory"},
		{"a delta for another base", func(b *builder) {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, 5), 1)
			b.delta(0, append(delta, 1, 'x'), []byte("x"), false)
		}, "its base has"},
		{"a copy from outside the base", func(b *builder) {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), 16)
			b.delta(0, append(delta, 0x94, 0xff, 16), []byte("x"), false)
		}, "damaged"},
		{"the reserved instruction", func(b *builder) {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), 16)
			b.delta(0, append(delta, 0), []byte("x"), false)
		}, "damaged"},
		{"bases that go in circles", func(b *builder) {
			x, y := SHA1.Sum(Blob, []byte("x")), SHA1.Sum(Blob, []byte("y"))
			b.remember(x, b.entry(refDelta, 4, y.Bytes(), b.deflate([]byte("xxxx"))), Blob, nil)
			b.remember(y, b.entry(refDelta, 4, x.Bytes(), b.deflate([]byte("xxxx"))), Blob, nil)
		}, "circles"},
		{"a delta that is its own base", func(b *builder) {
			x := SHA1.Sum(Blob, []byte("x"))
			b.remember(x, b.entry(refDelta, 4, x.Bytes(), b.deflate([]byte("xxxx"))), Blob, nil)
		}, "circles"},
		{"a base that is nowhere", func(b *builder) {
			x, y := SHA1.Sum(Blob, []byte("x")), SHA1.Sum(Blob, []byte("y"))
			b.remember(x, b.entry(refDelta, 4, y.Bytes(), b.deflate([]byte("xxxx"))), Blob, nil)
		}, "not found"},
		{"a stream that goes on", func(b *builder) {
			b.remember(SHA1.Sum(Blob, []byte("x")), b.entry(uint8(Blob), 5, nil, b.deflate(base)), Blob, nil)
		}, ""},
		{"an unknown type", func(b *builder) {
			b.remember(SHA1.Sum(Blob, []byte("x")), b.entry(5, 5, nil, b.deflate([]byte("12345"))), Blob, nil)
		}, "type 5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder(t)
			b.whole(Blob, base)
			test.make(b)
			// A sound object with what is broken before it, and a sound delta.
			d := deltaWriter{base: base}
			d.copy(0, 100)
			b.delta(0, d.delta(), d.out, false)
			after := b.entries[len(b.entries)-1].id
			s := b.store()
			c := newCollector(t)
			var before, now runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := s.Walk(context.Background(), WalkOptions{Workers: 2, Memory: 64 << 20}, c.visitor)
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&now)
			if got := now.TotalAlloc - before.TotalAlloc; got > 256<<20 {
				t.Errorf("%d MB were allocated", got>>20)
			}
			if len(r.Problems) == 0 || !strings.Contains(fmt.Sprint(r.Problems), test.want) {
				t.Errorf("problems %v, want one with %q", r.Problems, test.want)
			}
			if _, ok := c.all[after]; !ok || len(c.all) != 2 {
				t.Errorf("%d objects shown, want the sound two", len(c.all))
			}
			for _, e := range b.entries {
				_, _, err := s.Read(e.id)
				if _, ok := c.all[e.id]; ok != (err == nil) && test.name != "a delta that makes more than memory holds" {
					t.Errorf("Read(%s): %v; shown by the walk: %v", e.id, err, ok)
				}
			}
		})
	}
}

// A chain with a leaf at each step: 20,000 objects, no more than a few held.
func TestDeepChain(t *testing.T) {
	b := newBuilder(t)
	data := bytes.Repeat([]byte("deep "), 2000)
	b.whole(Blob, data)
	spine := 0
	for i := range 10_000 {
		base := spine
		for k := range 2 {
			d := deltaWriter{base: b.entries[base].data}
			d.insert(fmt.Appendf(nil, "%08d %07d", i, k))
			d.copy(16, len(d.base)-16)
			spine = b.delta(base, d.delta(), d.out, false)
			if k == 0 {
				b.entries[spine].data = nil
			}
		}
		b.entries[base].data = nil
	}
	s := b.store()
	for _, workers := range []int{1, 3} {
		var n [8]int64
		var next int
		r, err := s.Walk(context.Background(), WalkOptions{Workers: workers, Memory: int64(workers) * 4 * 60_000}, func() Visitor {
			mine := &n[next]
			next++
			return visitFunc(func(o *Object) {
				if Verify(o.ID, o.Type, o.Data) == nil {
					*mine++
				}
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if sum := n[0] + n[1] + n[2]; sum != 20_001 || len(r.Problems) > 0 || r.Read[Blob] != 20_001 {
			t.Errorf("%d workers: %d shown, %v read, problems %v", workers, sum, r.Read, r.Problems)
		}
	}
}

func TestFileCutWhileMapped(t *testing.T) {
	w := soundPack(t)
	for _, name := range []string{"pack-a.pack", "pack-a.idx"} {
		s := openFiles(t, SHA1, map[string][]byte{"pack/pack-a.pack": w.pack, "pack/pack-a.idx": w.idx})
		for id := range w.truth {
			if _, _, err := s.Read(id); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err := os.Truncate(filepath.Join(s.dirs[0], "pack", name), 4096); err != nil {
			t.Skip(err)
		}
		r, err := s.Walk(context.Background(), WalkOptions{Workers: 2, CheckLinks: true}, newCollector(t).visitor)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) == 0 {
			t.Errorf("%s: no problem is named", name)
		}
		for id := range w.truth {
			s.Read(id)
			s.Stat(id)
			s.Contains(id)
		}
	}
}

func TestLooseDamage(t *testing.T) {
	b := newBuilder(t)
	good := b.deflate([]byte("blob 5\x00hello"))
	id := SHA1.Sum(Blob, []byte("hello"))
	h := id.String()
	tests := map[string][]byte{
		"empty":           {},
		"no zlib":         []byte("blob 5\x00hello"),
		"cut":             good[:len(good)-6],
		"no checksum":     good[:len(good)-4],
		"wrong checksum":  append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]+1),
		"garbage after":   append(bytes.Clone(good), 'x'),
		"too short":       b.deflate([]byte("blob 6\x00hello")),
		"too long":        b.deflate([]byte("blob 4\x00hello")),
		"too long by far": b.deflate([]byte("blob 4\x00hello" + strings.Repeat("x", 1000))),
		"terabyte":        b.deflate([]byte("blob 1099511627776\x00hello")),
		"overflow":        b.deflate([]byte("blob 99999999999999999999\x00hello")),
		"leading zero":    b.deflate([]byte("blob 05\x00hello")),
		"no size":         b.deflate([]byte("blob \x00hello")),
		"no NUL":          b.deflate([]byte("blob 5")),
		"unknown type":    b.deflate([]byte("blub 5\x00hello")),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			other := SHA1.Sum(Blob, nil).String()
			s := openFiles(t, SHA1, map[string][]byte{
				h[:2] + "/" + h[2:]:         data,
				other[:2] + "/" + other[2:]: b.deflate([]byte("blob 0\x00")),
			})
			if _, _, err := s.Read(id); err == nil {
				t.Error("Read is content")
			}
			r, err := s.Walk(context.Background(), WalkOptions{}, newCollector(t).visitor)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) != 1 || r.Problems[0].ID != id || r.Read[Blob] != 1 {
				t.Errorf("problems %v, read %v", r.Problems, r.Read)
			}
		})
	}
}
