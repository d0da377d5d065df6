package gitobj

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func FuzzIndex(f *testing.F) {
	b := newBuilder(f)
	b.whole(Blob, []byte("one"))
	b.whole(Tree, nil)
	_, idx := b.seal()
	f.Add(idx, false)
	b.format = SHA256
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		format := SHA1
		if long {
			format = SHA256
		}
		x, err := parseIndex(data, format)
		if err != nil {
			return
		}
		sorted := x.sorted()
		for i := range x.n {
			x.offset(i)
			x.crc(i)
			j, ok := x.find(x.rawID(i))
			if sorted && (!ok || x.id(j) != x.id(i)) {
				t.Fatalf("id %d of a sorted index is not found", i)
			}
		}
		var plain []int
		for i := range x.n {
			j, ok := x.find(x.rawID(i))
			if !ok {
				j = -1
			}
			plain = append(plain, j)
		}
		if !sorted {
			return
		}
		x.finer()
		for i := range x.n {
			if j, ok := x.find(x.rawID(i)); !ok || x.id(j) != x.id(plain[i]) {
				t.Fatalf("id %d is found by the file's fan-out only", i)
			}
		}
	})
}

func FuzzEntryHeader(f *testing.F) {
	f.Add([]byte{0x30}, false)
	f.Add(append([]byte{0xe3, 0x80, 0x01}, distance(1<<40)...), false)
	f.Add(append([]byte{0x7f}, make([]byte, 32)...), true)
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		hs := 20
		if long {
			hs = 32
		}
		h, err := parseHeader(data, hs)
		if err != nil {
			return
		}
		if h.len > len(data) || h.len > maxHeader+10 {
			t.Fatalf("header of %d bytes", h.len)
		}
		if h.kind == ofsDelta && h.back <= 0 {
			t.Fatalf("base %d bytes back", h.back)
		}
		// What is written for it reads the same.
		b := builder{}
		var base []byte
		switch h.kind {
		case ofsDelta:
			base = distance(h.back)
		case refDelta:
			base = h.baseID
		}
		b.entry(h.kind, h.size, base, nil)
		again, err := parseHeader(b.pack, hs)
		if err != nil || again.kind != h.kind || again.size != h.size || again.back != h.back || !bytes.Equal(again.baseID, h.baseID) {
			t.Fatalf("%+v reads as %+v, %v", h, again, err)
		}
	})
}

// plainDelta applies a delta as gitformat-pack tells it, slowly.
func plainDelta(base, delta []byte) ([]byte, error) {
	bad := errors.New("bad")
	want, n := binary.Uvarint(delta)
	if n <= 0 || want != uint64(len(base)) {
		return nil, bad
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 {
		return nil, bad
	}
	delta = delta[n:]
	var out []byte
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		if op < 0x80 {
			if op == 0 || len(delta) < int(op) {
				return nil, bad
			}
			out = append(out, delta[:op]...)
			delta = delta[op:]
		} else {
			var v [7]uint64
			for i := range v {
				if op>>i&1 == 1 {
					if len(delta) == 0 {
						return nil, bad
					}
					v[i] = uint64(delta[0])
					delta = delta[1:]
				}
			}
			off, n := v[0]|v[1]<<8|v[2]<<16|v[3]<<24, v[4]|v[5]<<8|v[6]<<16
			if n == 0 {
				n = 0x10000
			}
			if off+n > uint64(len(base)) {
				return nil, bad
			}
			out = append(out, base[off:off+n]...)
		}
		if uint64(len(out)) > size {
			return nil, bad
		}
	}
	if uint64(len(out)) != size {
		return nil, bad
	}
	return out, nil
}

func FuzzDelta(f *testing.F) {
	d := deltaWriter{base: bytes.Repeat([]byte("base"), 100)}
	d.copy(3, 300)
	d.insert([]byte("insert"))
	d.copy(0, 7)
	d.copy(7, 7)
	f.Add(d.base, d.delta())
	f.Add([]byte{}, []byte{0, 0})
	f.Add(make([]byte, 0x10000), []byte{0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		want, wantErr := plainDelta(base, delta)
		got, err := rebuild(base, delta, 1<<20)
		if len(want) > 1<<20 {
			return
		}
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) && err == nil {
			t.Fatalf("got %q, %v; want %q, %v", got, err, want, wantErr)
		}
		if size, ops, err := deltaFor(base, delta, 1<<20); err == nil {
			never := func([]byte) bool { return false }
			if _, err := newGlance(never).delta(base, ops, size); (err == nil) != (wantErr == nil) {
				t.Fatalf("at a glance: %v; want %v", err, wantErr)
			}
		}
		if err != nil {
			return
		}
		_, _, ops, _ := deltaHeader(delta)
		if n, err := deltaYields(ops); err != nil || n != uint64(len(want)) {
			t.Fatalf("deltaYields: %d, %v; made %d", n, err, len(want))
		}
		// Spans say truly what was copied, and no two could be one.
		made := patched{buf: make([]byte, len(want)), base: base, edge: everything}
		made.apply(ops)
		spans := made.spans
		for i, s := range spans {
			if !bytes.Equal(want[s.dst:s.dst+s.n], base[s.src:s.src+s.n]) {
				t.Fatalf("span %v is not a copy", s)
			}
			if i > 0 {
				last := spans[i-1]
				if s.dst < last.dst+last.n || s.dst == last.dst+last.n && s.src == last.src+last.n {
					t.Fatalf("span %v follows %v", s, last)
				}
			}
		}
		// Every stretch lies in the result, and they ascend.
		end := 0
		changed(spans, len(want), 5, func(from, to int) bool {
			if from < end || to < from || to > len(want) {
				t.Fatalf("stretch %d to %d after %d", from, to, end)
			}
			end = to
			return false
		})
		// What is left out of an object is none of what is searched, and is there
		// when it is filled.
		for _, margin := range []int{0, 5} {
			holes := patched{buf: bytes.Repeat([]byte{'?'}, len(want)), base: base, edge: edgeFor(margin), head: 7}
			if err := holes.apply(ops); err != nil || !slices.Equal(holes.spans, spans) {
				t.Fatalf("with holes: %v, %v", holes.spans, err)
			}
			if n := min(holes.head, len(want)); !bytes.Equal(holes.buf[:n], want[:n]) {
				t.Fatalf("it begins with %q, want %q", holes.buf[:n], want[:n])
			}
			changed(spans, len(want), margin, func(from, to int) bool {
				if !bytes.Equal(holes.buf[from:to], want[from:to]) {
					t.Fatalf("from %d to %d: %q, want %q", from, to, holes.buf[from:to], want[from:to])
				}
				return false
			})
			rest := spans
			for at := range want {
				for len(rest) > 0 && rest[0].dst+rest[0].n <= at {
					rest = rest[1:]
				}
				if to := holes.there(rest, at); to < at || !bytes.Equal(holes.buf[at:to], want[at:to]) {
					t.Fatalf("from %d to %d: %q, want %q", at, to, holes.buf[at:max(at, to)], want[at:max(at, to)])
				}
			}
			// A trace that the base lacks is seen without the rest.
			for _, part := range []string{"new", "ab", string(want[:min(len(want), 3)])} {
				trace := func(b []byte) bool { return bytes.Contains(b, []byte(part)) }
				if part == "" || trace(base) {
					continue
				}
				g := newGlance(trace)
				traced, err := g.delta(base, ops, len(want))
				head, tail := g.ends(len(want))
				if err != nil || trace(want) && !traced || !traced && !(bytes.HasPrefix(want, head) && bytes.HasSuffix(want, tail)) {
					t.Fatalf("%q in %q: %v, %v; it begins with %q and ends with %q", part, want, traced, err, head, tail)
				}
				if trace(want) && !g.object(&patched{buf: want, spans: spans, edge: everything}) {
					t.Fatalf("%q in %q is not seen", part, want)
				}
			}
			if holes.fill(); !bytes.Equal(holes.buf, want) {
				t.Fatalf("filled %q, want %q", holes.buf, want)
			}
		}
	})
}

func FuzzLooseHeader(f *testing.F) {
	f.Add([]byte("blob 12\x00content"))
	f.Add([]byte("commit 9223372036854775807\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		typ, size, n, err := parseLooseHeader(data)
		if err != nil {
			return
		}
		want := SHA1.NewHash(typ, size)
		got := SHA1.newHash()
		got.Write(data[:n])
		if size < 0 || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Fatalf("%q reads as %v of %d bytes", data[:n], typ, size)
		}
	})
}

// plainBounds reads a whole tree.
func plainBounds(tree []byte, hs int) ([]uint32, error) {
	r := treeReader{hs, func(treeEntry) {}, func(int, int) {}}
	return r.bounds(nil, &patched{buf: tree, edge: everything}, nil, false)
}

// A tree read with the help of its base's bounds reads as it does alone, and
// what is not shown as fresh is in the base.
func FuzzTreeBounds(f *testing.F) {
	f.Add([]byte("3 entries and some changes to them that are random enough"))
	f.Add(bytes.Repeat([]byte{1, 200, 3, 77, 5}, 30))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := script(data)
		hs := 20
		var base []byte
		for range 1 + s.next(12) {
			base = append(base, []string{"100644 ", "40000 ", "160000 ", "7 "}[s.next(4)]...)
			base = append(append(base, "abcdefgh"[:1+s.next(8)]...), 0)
			for range hs {
				// Ids that look like entries.
				base = append(base, "1 \x00a07"[s.next(6)])
			}
		}
		d := deltaWriter{base: base}
		bounds, err := plainBounds(base, hs)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + s.next(8) {
			from, to := int(bounds[s.next(len(bounds))]), int(bounds[s.next(len(bounds))])
			if s.next(3) == 0 {
				from, to = s.next(len(base)), s.next(len(base)+1)
			}
			if to > from {
				d.copy(from, to-from)
			}
			if n := s.next(30); n > 25 && len(s) >= n {
				d.insert(s[:n])
			} else if s.next(3) == 0 {
				d.insert(base[:bounds[1]])
			}
		}
		_, _, ops, _ := deltaHeader(d.delta())
		tree := make([]byte, len(d.out))
		made := patched{buf: tree, base: base, edge: everything}
		if err := made.apply(ops); err != nil {
			t.Fatal(err)
		}
		want, wantErr := plainBounds(tree, hs)
		fresh := make(map[string]bool)
		var told []string
		r := treeReader{hs, func(e treeEntry) {
			fresh[string(e.id)+string(e.name)] = true
			told = append(told, fmt.Sprintf("%o %q %x", e.mode, e.name, e.id))
		}, func(from, to int) {
			told = append(told, fmt.Sprint(from, to))
		}}
		got, err := r.bounds(nil, &made, bounds, false)
		if !slices.Equal(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("bounds %v, %v; alone %v, %v", got, err, want, wantErr)
		}
		// One that is not all there says the same of its entries.
		said := told
		told = nil
		holes := patched{buf: bytes.Repeat([]byte("7 a\x00"), len(tree)/4+1)[:len(tree)], base: base, edge: s.next(20)}
		if err := holes.apply(ops); err != nil {
			t.Fatal(err)
		}
		if _, err := r.bounds(nil, &holes, bounds, true); (err == nil) != (wantErr == nil) || !slices.Equal(told, said) {
			t.Fatalf("with holes: %q, %v; without: %q, %v", told, err, said, wantErr)
		}
		old := make(map[string]bool)
		for _, at := range bounds[:len(bounds)-1] {
			e, _ := parseTreeEntry(base[at:], hs)
			old[string(e.id)+string(e.name)] = true
		}
		for i := range len(want) - 1 {
			e, _ := parseTreeEntry(tree[want[i]:], hs)
			if key := string(e.id) + string(e.name); !old[key] && !fresh[key] {
				t.Fatalf("entry %q is new and was not shown", e.name)
			}
		}
	})
}

func FuzzLinks(f *testing.F) {
	id := SHA1.Sum(Blob, nil)
	f.Add([]byte("tree "+id.String()+"\nparent "+id.String()+"\nauthor a"), []byte("object "+id.String()+"\ntype commit\ntag v1\n"))
	f.Fuzz(func(t *testing.T, commit, tag []byte) {
		var raw [20]byte
		check := func(text []byte) func([]byte, Type) {
			return func(id []byte, _ Type) {
				hexID := MakeID(id)
				if !bytes.Contains(bytes.ToLower(text), []byte(hexID.String())) {
					t.Fatalf("%s is not in %q", hexID, text)
				}
			}
		}
		commitLinks(commit, raw[:], check(commit))
		tagLinks(tag, raw[:], check(tag))
	})
}

func TestTreeLinks(t *testing.T) {
	id := string(bytes.Repeat([]byte{7}, 20))
	tests := []struct {
		entry string
		t     Type
		ok    bool
		bad   bool
	}{
		{"100644 a\x00" + id, Blob, true, false},
		{"120000 a\x00" + id, Blob, true, false},
		{"40000 a\x00" + id, Tree, true, false},
		{"040000 a\x00" + id, Tree, true, false},
		{"160000 a\x00" + id, 0, false, false},
		{"100644 \x00" + id, 0, false, true},
		{" a\x00" + id, 0, false, true},
		{"10064x a\x00" + id, 0, false, true},
		{"100644 a\x00" + id[1:], 0, false, true},
		{"100644 a", 0, false, true},
	}
	for _, test := range tests {
		e, err := parseTreeEntry([]byte(test.entry), 20)
		if (err != nil) != test.bad {
			t.Errorf("%q: %v", test.entry, err)
			continue
		}
		if err != nil {
			continue
		}
		if typ, ok := e.link(); typ != test.t || ok != test.ok || string(e.name) != "a" || e.len != len(test.entry) {
			t.Errorf("%q: %v, %v, %+v", test.entry, typ, ok, e)
		}
	}
}
