package literal

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
)

// allSlow is All without filter and windows: it tries every literal at every
// offset.
func allSlow(b []byte) []Hit {
	var hits []Hit
	for p := range b {
		for _, v := range []view{{b, p, 1, 0}, {b, p, 2, +1}, {b, p + 1, 2, -1}} {
			for i := range rows {
				if start, end, ok := v.row(&rows[i], 0); ok && v.at(0) == int(rows[i].text[0]) {
					hits = append(hits, v.hit(start, end, rows[i].kind, rows[i].phase))
				}
			}
			hits = append(hits, spelledSlow(v)...)
			for _, zero := range []bool{false, true} {
				hits = append(hits, hexListSlow(v, zero)...)
			}
		}
	}
	slices.SortFunc(hits, func(x, y Hit) int {
		return cmp.Or(cmp.Compare(x.Pos, y.Pos), cmp.Compare(x.Len, y.Len), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Phase, y.Phase))
	})
	return slices.Compact(hits)
}

// spelledSlow reads forward only.
func spelledSlow(v view) []Hit {
	end := 0
	for _, c := range []byte("petra_") {
		next := v.letter(end, c)
		if next == end {
			return nil
		}
		end = next
	}
	if end*v.step > MaxLen {
		return nil
	}
	// A backslash before is part of the first escape.
	if v.at(0) == '\\' && v.at(-1) == '\\' && v.letter(-1, 'p') > 0 {
		return nil
	}
	if end == 6 {
		return []Hit{v.hit(0, end, Plain, 0)}
	}
	return []Hit{v.hit(0, end, Escape, 0)}
}

func hexListSlow(v view, zero bool) []Hit {
	if !v.isByte(0, 'p') {
		return nil
	}
	end, ok, apart := 2, true, false
	for _, c := range []byte("etra_") {
		if zero {
			if end, ok = v.hexByte(end, 0, &apart); !ok {
				return nil
			}
		}
		if end, ok = v.hexByte(end, c, &apart); !ok {
			return nil
		}
	}
	if !apart || end*v.step > MaxLen {
		return nil
	}
	return []Hit{v.hit(0, end, HexList, 0)}
}

// findSlow is find without a filter.
func findSlow(b []byte, from int) int {
	for i := from; i+4 <= len(b); i++ {
		if lookup(b[i], b[i+1], b[i+2], b[i+3]) != nil {
			return i
		}
	}
	return -1
}

// checkFind compares what the searches find, at every offset from, with what
// is there. A search may stop at more than the windows, but at every window.
func checkFind(t testing.TB, b []byte) {
	t.Helper()
	for name, find := range map[string]func([]byte, int) int{"find": find, "findGo": findGo} {
		for from := 0; from <= len(b); from++ {
			if got, want := exactly(find, b, from), findSlow(b, from); got != want {
				t.Fatalf("%s(%q, %d) = %d, want %d", name, b, from, got, want)
			}
		}
	}
}

// exactly is find without what is no window.
func exactly(find func([]byte, int) int, b []byte, from int) int {
	i := find(b, from)
	for i >= 0 && lookup(b[i], b[i+1], b[i+2], b[i+3]) == nil {
		i = find(b, i+1)
	}
	return i
}

// countLineEnds counts the line ends in a hit. Those with more than one may stand
// where no window is whole.
func countLineEnds(b []byte, h Hit) int {
	v := view{b, h.Pos, 1, 0}
	switch h.Kind {
	case UTF16LE:
		v = view{b, h.Pos, 2, +1}
	case UTF16BE:
		v = view{b, h.Pos + 1, 2, -1}
	}
	n := 0
	for i := 0; i < h.Len/v.step; i++ {
		if end := v.lineEnd(i, +1); end > i {
			n++
			i = end
		}
	}
	return n
}

func checkAll(t testing.TB, b []byte) {
	t.Helper()
	got := All(nil, b)
	want := slices.DeleteFunc(allSlow(b), func(h Hit) bool {
		return !slices.Contains(got, h) && countLineEnds(b, h) > 1 && h.Kind != Escape && h.Kind != HexList
	})
	if !slices.Equal(got, want) {
		t.Fatalf("All(%q)\n= %v\nwant %v", b, got, want)
	}
	first := -1
	if len(want) > 0 {
		first = want[0].Pos
	}
	if i := Index(b); i != first {
		t.Fatalf("Index(%q) = %d, want %d", b, i, first)
	}
	trace := false
	for i := 0; i+TraceLen <= len(b) && !trace; i++ {
		trace = Trace(b[i : i+TraceLen])
	}
	if Trace(b) != trace || Contains(b) && !trace {
		t.Fatalf("Trace(%q) = %t, piece by piece %t", b, Trace(b), trace)
	}
	if Contains(b) != (first >= 0) {
		t.Fatalf("Contains(%q) = %t", b, first < 0)
	}
}

func TestWindowsAtEveryOffset(t *testing.T) {
	for n := 0; n <= 200; n += 1 + n/70 {
		b := []byte(strings.Repeat(".", n))
		for off := 0; off+4 <= n; off++ {
			copy(b[off:], windows[(n*31+off*7)%len(windows)].gram)
			for name, find := range map[string]func([]byte, int) int{"find": find, "findGo": findGo} {
				for _, from := range []int{0, off / 2, off} {
					if got := exactly(find, b, from); got != off {
						t.Fatalf("%s(%q, %d) = %d, want %d", name, b, from, got, off)
					}
				}
				if got := exactly(find, b, off+1); got >= 0 {
					t.Fatalf("%s(%q, %d) = %d, want -1", name, b, off+1, got)
				}
			}
			copy(b[off:], "....")
		}
	}
}

func TestEveryWindow(t *testing.T) {
	for _, w := range windows {
		for off := range 40 {
			b := []byte(strings.Repeat(".", off) + w.gram + strings.Repeat(".", 100-off))
			checkFirst(t, b)
		}
	}
}

func checkFirst(t *testing.T, b []byte) {
	t.Helper()
	want := findSlow(b, 0)
	if got := exactly(find, b, 0); got != want {
		t.Fatalf("find(%q) = %d, want %d", b, got, want)
	}
	if got := exactly(findGo, b, 0); got != want {
		t.Fatalf("findGo(%q) = %d, want %d", b, got, want)
	}
}

// noise returns bytes in which windows and parts of literals are frequent.
func noise(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		switch r.IntN(6) {
		case 0:
			b = append(b, windows[r.IntN(len(windows))].gram...)
		case 1:
			text := rows[r.IntN(len(rows))].text
			b = append(b, text[:r.IntN(len(text)+1)]...)
		case 2:
			text := rows[r.IntN(len(rows))].text
			b = append(b, text[r.IntN(len(text)):]...)
		case 3:
			b = append(b, lineEnds[r.IntN(len(lineEnds))]...)
		case 4:
			c := "petra_"[r.IntN(6)]
			all := spellings(c)
			b = append(b, all[r.IntN(len(all))]...)
		default:
			b = append(b, randomBytes(r, r.IntN(4))...)
		}
	}
	return b[:n]
}

// nearly returns a prefix that is spelled, listed or encoded, with slips.
func nearly(r *rand.Rand) []byte {
	const prefix = "petra_"
	var b []byte
	switch r.IntN(3) {
	case 0:
		for i := range len(prefix) {
			if all := spellings(prefix[i]); r.IntN(3) == 0 {
				b = append(b, all[r.IntN(len(all))]...)
			} else if r.IntN(12) > 0 {
				b = append(b, prefix[i])
			}
			if r.IntN(20) == 0 {
				b = append(b, `\ %=&;}{0x7`[r.IntN(11)])
			}
		}
	case 1:
		for i := range len(prefix) {
			b = fmt.Appendf(b, "%02x", prefix[i])
			for range r.IntN(3) {
				b = append(b, " ,:\\x0x\n\tnr"[r.IntN(11)])
			}
		}
	case 2:
		for _, c := range []byte(rows[r.IntN(len(rows))].text) {
			b = append(b, c)
			if r.IntN(10) == 0 {
				b = append(b, lineEnds[r.IntN(len(lineEnds))]...)
			}
		}
	}
	if r.IntN(4) == 0 {
		b = []byte(encode(text{data: string(b)}, []string{"utf-16be"}).data)[r.IntN(2):]
	}
	return b
}

func TestSearchesAgree(t *testing.T) {
	r := testRand()
	for range 1000 {
		checkAll(t, nearly(r))
	}
	for n := range 201 {
		checkFind(t, noise(r, n))
		if n%4 == 0 {
			checkAll(t, noise(r, n))
		}
	}
	for i, chain := range chains() {
		x := encode(plain(randomBytes(r, r.IntN(5)), rulestest.KeyN("agree", 9), randomBytes(r, r.IntN(5))), chain)
		if len(x.data) < 300 && i%3 == 0 {
			checkAll(t, []byte(x.data))
		}
	}
}

func TestTable(t *testing.T) {
	kinds := map[Kind]int{}
	for _, l := range Table() {
		kinds[l.Kind]++
		if len(l.Bytes) < 4 || len(l.Bytes) > MaxLen {
			t.Errorf("%s: %d bytes", l.From, len(l.Bytes))
		}
		hits := All(nil, l.Bytes)
		if !slices.Contains(hits, Hit{0, len(l.Bytes), l.Kind, phaseOf(l)}) {
			t.Errorf("%s %q: %v", l.From, l.Bytes, hits)
		}
	}
	t.Logf("%d literals: %v", len(Table()), kinds)
}

func phaseOf(l Literal) uint8 {
	for _, r := range rows {
		if r.kind == l.Kind && r.text == string(l.Bytes) {
			return r.phase
		}
	}
	return 0
}

// TestPhase reads the base64 around a hit from the group its phase names.
func TestPhase(t *testing.T) {
	for left := range 12 {
		x := encode(plain(strings.Repeat("x", left), rulestest.Key("phase"), ""), []string{"", "base64"})
		hits := All(nil, []byte(x.data))
		if len(hits) == 0 {
			t.Fatalf("%d bytes before: no hit", left)
		}
		at := hits[0].Pos - int(hits[0].Phase)
		if at%4 != 0 {
			t.Fatalf("%d bytes before: phase %d at %d", left, hits[0].Phase, hits[0].Pos)
		}
		if at < 0 {
			continue
		}
		out, err := base64.StdEncoding.DecodeString(x.data[at:])
		if err != nil || !strings.Contains(string(out), "etra_") {
			t.Fatalf("%d bytes before: %v", left, err)
		}
	}
}

// TestChunks searches a stream in chunks, cut at every place.
func TestChunks(t *testing.T) {
	r := testRand()
	var stream []byte
	for i, chain := range chains() {
		if i%9 == 0 {
			stream = append(stream, encode(plain("x", rulestest.KeyN("chunk", 8), " "), chain).data...)
			stream = append(stream, noise(r, 30)...)
		}
	}
	// As long a literal as there is.
	stream = append(stream, strings.Repeat("-", MaxLen)...)
	long := "70, 0x65, 0x74, 0x72, 0x61,"
	long += strings.Repeat(" ", MaxLen-len(long)-4) + "0x5f"
	stream = append(stream, long...)
	stream = append(stream, strings.Repeat("-", MaxLen)...)

	want := All(nil, stream)
	if last := want[len(want)-1]; last.Len != MaxLen {
		t.Fatalf("the longest literal is not found: %v", last)
	}
	const size = 2*MaxLen + 1
	for cut := range size {
		var got []Hit
		for end := cut; ; end += size - MaxLen + 1 {
			start := max(0, end-size)
			chunk := stream[start:min(end, len(stream))]
			for _, h := range All(nil, chunk) {
				h.Pos += start
				got = append(got, h)
			}
			if end >= len(stream) {
				break
			}
		}
		for _, h := range want {
			if !slices.Contains(got, h) {
				t.Fatalf("cut at %d: %v is lost", cut, h)
			}
		}
	}
}

func TestIndexDoesNotAllocate(t *testing.T) {
	b := []byte(strings.Repeat("tetra_ 0x74, ", 50) + rulestest.Key("alloc"))
	if n := testing.AllocsPerRun(10, func() { Index(b); Contains(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSearchesAgree(f *testing.F) {
	r := testRand()
	for range 20 {
		f.Add(noise(r, 60))
		f.Add(nearly(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 120)] // the slow search is slow
		checkFind(t, b)
		checkAll(t, b)
	})
}

// sourceLike returns text in the manner of source code. A word in three
// hundred holds a window, which is more than real code has.
func sourceLike(n int) []byte {
	r := testRand()
	words := strings.Fields(`if err != nil { return nil, fmt.Errorf("reading %s: %w", name, err) } for i := range
		entries func (s *Server) handleRequest(ctx context.Context, retry int) error // the extra file is
		kept until all of the metrics are read static const struct list_head *next = 0x1F; public class String
		import os, sys self.assertEqual(len(parameters), 12) <div class="row"> &amp; #include <stdint.h> 0755`)
	rare := strings.Fields(`tetra_hedron 0x74, (74) getRandom "\164" H4sX KLUvOpen`)
	var b []byte
	for len(b) < n {
		if r.IntN(300) == 0 {
			b = append(b, rare[r.IntN(len(rare))]...)
		} else {
			b = append(b, words[r.IntN(len(words))]...)
		}
		if r.IntN(8) == 0 {
			b = append(b, "\n\t"...)
		} else {
			b = append(b, ' ')
		}
	}
	return b[:n]
}

func BenchmarkIndex(b *testing.B) {
	const n = 256 << 10 // in cache
	r := testRand()
	inputs := []struct {
		name string
		data []byte
	}{
		{"source", sourceLike(n)},
		{"binary", []byte(randomBytes(r, n))},
		{"base64", []byte(base64.StdEncoding.EncodeToString([]byte(randomBytes(r, n*3/4))))},
		{"hex", fmt.Appendf(nil, "%x", randomBytes(r, n/2))},
		{"utf-16", []byte(encode(text{data: string(sourceLike(n / 2))}, []string{"utf-16le"}).data)},
		{"utf-16 base64", []byte(encode(text{data: string(sourceLike(n * 3 / 8))}, []string{"utf-16le", "base64"}).data)},
		{"utf-16 hex", []byte(encode(text{data: string(sourceLike(n / 4))}, []string{"utf-16le", "hex"}).data)},
		{"hex hex", []byte(encode(text{data: string(sourceLike(n / 4))}, []string{"hex", "hex"}).data)},
		{"zeros", make([]byte, n)},
	}
	finds := map[string]func([]byte, int) int{"fast": find, "go": findGo}
	for _, name := range []string{"fast", "go"} {
		for _, in := range inputs {
			b.Run(name+"/"+in.name, func(b *testing.B) {
				b.SetBytes(int64(len(in.data)))
				for b.Loop() {
					var buf [16]Hit
					for w := finds[name](in.data, 0); w >= 0; w = finds[name](in.data, w+1) {
						match(buf[:0], in.data, w)
					}
				}
			})
		}
	}
	for _, size := range []int{16, 64, 256, 1024} {
		data := sourceLike(size)
		b.Run(fmt.Sprintf("short/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				if Index(data) >= 0 {
					b.Fatal("a literal in noise")
				}
			}
		})
	}
}
