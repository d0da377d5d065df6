package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHandMade has the cases that compressors don't make. What compress/flate
// says of each is what the table says.
func TestHandMade(t *testing.T) {
	fixedLitlen, fixedDist := newCode(fixedLengths()), newCode(slices.Repeat([]int{5}, 32))
	precode := append(slices.Repeat([]int{4}, 13), slices.Repeat([]int{5}, 6)...)
	lengthCode := newCode(precode)
	// literal returns the lengths of a code for the literals given and the end.
	litlen := func(n int, syms ...int) []int {
		lengths := make([]int, 257)
		for _, sym := range append(syms, 256) {
			lengths[sym] = n
		}
		return lengths
	}
	dynamic := func(w *bitWriter, litlen, dist []int) {
		w.precodeHeader(1, len(litlen), len(dist), precode)
		for _, n := range slices.Concat(litlen, dist) {
			w.symbol(lengthCode, n)
		}
	}
	withLength := func(lengths []int, sym, n int) []int {
		lengths = append(lengths, make([]int, sym+1-len(lengths))...)
		lengths[sym] = n
		return lengths
	}

	tests := []struct {
		name  string
		write func(w *bitWriter)
		want  string
		err   string // part of it
	}{
		{"nothing at all", func(w *bitWriter) {}, "", "ends before"},
		{"reserved block type", func(w *bitWriter) { w.put(7, 3) }, "", "reserved"},
		{"fixed, empty", func(w *bitWriter) { w.put(3, 3); w.symbol(fixedLitlen, 256) }, "", ""},
		{"many empty blocks", func(w *bitWriter) {
			for range 1000 {
				w.put(2, 3)
				w.symbol(fixedLitlen, 256)
				w.put(0, 3)
				w.align()
				w.put(0, 16)
				w.put(0xffff, 16)
			}
			w.put(3, 3)
			w.symbol(fixedLitlen, 256)
		}, "", ""},
		{"no last block", func(w *bitWriter) { w.put(2, 3); w.symbol(fixedLitlen, 256); w.put(0, 6) }, "", "ends before"},
		{"stored, empty", func(w *bitWriter) { w.put(1, 3); w.align(); w.put(0, 16); w.put(0xffff, 16) }, "", ""},
		{"stored, padding not zero", func(w *bitWriter) { w.put(0xf9, 8); w.put(0x1, 16); w.put(0xfffe, 16); w.put('a', 8) }, "a", ""},
		{"stored, sizes differ", func(w *bitWriter) { w.put(1, 8); w.put(0x1, 16); w.put(0xffff, 16); w.put('a', 8) }, "", "differ"},
		{"stored, cut in its size", func(w *bitWriter) { w.put(1, 8); w.put(1, 16) }, "", "ends before"},
		{"stored, cut", func(w *bitWriter) { w.put(1, 8); w.put(0x2, 16); w.put(0xfffd, 16); w.put('a', 8) }, "", "ends before"},
		{"match of the fixed code", func(w *bitWriter) {
			w.put(3, 3)
			w.symbol(fixedLitlen, 'a')
			w.symbol(fixedLitlen, 257)
			w.symbol(fixedDist, 0)
			w.symbol(fixedLitlen, 256)
		}, "aaaa", ""},
		{"match before the beginning", func(w *bitWriter) {
			w.put(3, 3)
			w.symbol(fixedLitlen, 'a')
			w.symbol(fixedLitlen, 257)
			w.symbol(fixedDist, 1)
			w.symbol(fixedLitlen, 256)
		}, "", "begins before"},
		{"match at the very beginning", func(w *bitWriter) {
			w.put(3, 3)
			w.symbol(fixedLitlen, 257)
			w.symbol(fixedDist, 0)
			w.symbol(fixedLitlen, 256)
		}, "", "begins before"},
		{"length 258 spelled with extra bits", func(w *bitWriter) {
			w.put(3, 3)
			w.symbol(fixedLitlen, 'a')
			w.symbol(fixedLitlen, 284)
			w.put(31, 5)
			w.symbol(fixedDist, 0)
			w.symbol(fixedLitlen, 256)
		}, string(bytes.Repeat([]byte{'a'}, 259)), ""},
		{"symbol 286", func(w *bitWriter) { w.put(3, 3); w.symbol(fixedLitlen, 286); w.put(0, 30) }, "", "without meaning"},
		{"symbol 287", func(w *bitWriter) { w.put(3, 3); w.symbol(fixedLitlen, 287); w.put(0, 30) }, "", "without meaning"},
		{"distance symbol 30", func(w *bitWriter) {
			w.put(3, 3)
			w.symbol(fixedLitlen, 'a')
			w.symbol(fixedLitlen, 257)
			w.symbol(fixedDist, 30)
			w.put(0, 30)
		}, "", "without meaning"},
		{"287 literal and length codes", func(w *bitWriter) { w.put(5, 3); w.put(30, 5); w.put(0, 100) }, "", "too many"},
		{"31 distance codes", func(w *bitWriter) { w.put(5, 3); w.put(0, 5); w.put(30, 5); w.put(0, 100) }, "", "too many"},
		{"code of code lengths empty", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, make([]int, 19))
			w.put(0, 100)
		}, "", "without meaning"},
		{"code of code lengths incomplete", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, append([]int{1, 2}, make([]int, 17)...))
			w.put(0, 100)
		}, "", "code lengths"},
		{"code of code lengths over-subscribed", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, append([]int{1, 1, 1}, make([]int, 16)...))
			w.put(0, 100)
		}, "", "code lengths"},
		{"code of code lengths with one symbol", func(w *bitWriter) {
			// All lengths are 8: a code of 256 symbols, but there are 257 and one more.
			w.precodeHeader(1, 257, 1, append(append(make([]int, 8), 1), make([]int, 10)...))
			w.put(0, 400)
		}, "", "literals and lengths"},
		{"repeat without a length before", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, precode)
			w.symbol(lengthCode, 16)
			w.put(0, 100)
		}, "", "no code length"},
		{"repeat beyond the end", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, precode)
			w.symbol(lengthCode, 1)
			w.symbol(lengthCode, 18)
			w.put(127, 7)
			w.symbol(lengthCode, 18)
			w.put(127, 7)
			w.put(0, 100)
		}, "", "too many code lengths"},
		{"repeat of a length beyond the end", func(w *bitWriter) {
			w.precodeHeader(1, 257, 1, precode)
			for range 257 {
				w.symbol(lengthCode, 8)
			}
			w.symbol(lengthCode, 16)
			w.put(0, 100)
		}, "", "too many code lengths"},
		{"repeat from lengths into distances", func(w *bitWriter) {
			w.precodeHeader(1, 258, 3, precode)
			w.symbol(lengthCode, 18)
			w.put(97-11, 7)
			w.symbol(lengthCode, 1)
			w.symbol(lengthCode, 18)
			w.put(138-11, 7)
			w.symbol(lengthCode, 18)
			w.put(20-11, 7)
			w.symbol(lengthCode, 2)
			w.symbol(lengthCode, 16)
			w.put(0, 2) // symbol 257, distances 0 and 1
			w.symbol(lengthCode, 1)
			w.put(0b0_01_01_0, 6) // a, match, distance symbol 2's code is 0: 3
			w.put(0, 20)
		}, "", "begins before"},
		{"one literal code, no distance code", func(w *bitWriter) {
			lengths := make([]int, 257)
			lengths[256] = 1
			dynamic(w, lengths, []int{0})
			w.put(0, 1)
		}, "", ""},
		{"the unused half of a code of one bit", func(w *bitWriter) {
			lengths := make([]int, 257)
			lengths[256] = 1
			dynamic(w, lengths, []int{0})
			w.put(1, 1)
		}, "", "without meaning"},
		{"one code of two bits", func(w *bitWriter) {
			lengths := make([]int, 257)
			lengths[256] = 2
			dynamic(w, lengths, []int{0})
			w.put(0, 10)
		}, "", "literals and lengths"},
		{"no literal code", func(w *bitWriter) { dynamic(w, make([]int, 257), []int{1}); w.put(0, 10) }, "", "without meaning"},
		{"no end of block", func(w *bitWriter) {
			lengths := make([]int, 257)
			lengths['a'], lengths['b'] = 1, 1
			dynamic(w, lengths, []int{0})
		}, "", "ends before"},
		{"incomplete distance code", func(w *bitWriter) { dynamic(w, litlen(1, 'a'), []int{2}); w.put(2, 10) }, "", "of distances"},
		{"over-subscribed distance code", func(w *bitWriter) { dynamic(w, litlen(1, 'a'), []int{1, 1, 1}); w.put(2, 10) }, "", "of distances"},
		{"over-subscribed literal code", func(w *bitWriter) { dynamic(w, litlen(1, 'a', 'b'), []int{1}); w.put(2, 10) }, "", "of literals"},
		{"one distance code, used", func(w *bitWriter) {
			dynamic(w, withLength(litlen(2, 'a', 'b'), 257, 2), []int{1})
			w.put(0b00, 2) // a
			w.put(0b11, 2) // length 3
			w.put(0b0, 1)  // distance 1
			w.put(0b01, 2) // the end, 10 with its first bit lowest
		}, "aaaa", ""},
		{"one distance code, the unused half", func(w *bitWriter) {
			dynamic(w, withLength(litlen(2, 'a', 'b'), 257, 2), []int{1})
			w.put(0b00, 2)
			w.put(0b11, 2)
			w.put(0b1, 1)
			w.put(0, 20)
		}, "", "without meaning"},
		{"no distance code, used", func(w *bitWriter) {
			dynamic(w, withLength(litlen(2, 'a', 'b'), 257, 2), []int{0})
			w.put(0b00, 2)
			w.put(0b11, 2)
			w.put(0, 20)
		}, "", "without meaning"},
	}
	var z Inflater
	g := newGuard(t)
	for _, test := range tests {
		// What follows the stream must make no difference, except to a cut one.
		for _, tail := range []int{0, 1, 7, 30} {
			var w bitWriter
			test.write(&w)
			src := append(w.bytes(), make([]byte, tail)...)
			dst := make([]byte, len(test.want))
			consumed, err := z.Deflate(dst, src)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("%s: %v", test.name, err)
			case test.err == "" && consumed != len(w.out):
				t.Errorf("%s: consumed %d bytes, not %d", test.name, consumed, len(w.out))
			case test.err != "" && err == nil:
				t.Errorf("%s: accepted", test.name)
			case test.err != "" && tail == 0 && err != ErrTooLong && !bytes.Contains([]byte(err.Error()), []byte(test.err)):
				t.Errorf("%s: %v, not %q", test.name, err, test.err)
			case test.err == "" && string(dst) != test.want:
				t.Errorf("%s: %q", test.name, dst)
			}
			t.Run(test.name, func(t *testing.T) { agree(t, &z, g, src) })
		}
	}
}

func TestZlibWrapper(t *testing.T) {
	content := []byte("tree, blob and commit")
	good := wrap(deflate(t, content, 6), content)
	edit := func(f func(p []byte) []byte) []byte { return f(bytes.Clone(good)) }
	tests := []struct {
		name string
		src  []byte
		want error
	}{
		{"good", good, nil},
		{"followed by more", append(bytes.Clone(good), "more"...), nil},
		{"no input", nil, ErrTruncated},
		{"half a header", good[:1], ErrTruncated},
		{"header alone", good[:2], ErrTruncated},
		{"no checksum", good[:len(good)-4], ErrTruncated},
		{"part of a checksum", good[:len(good)-1], ErrTruncated},
		{"other checksum", edit(func(p []byte) []byte { p[len(p)-1]++; return p }), ErrChecksum},
		{"small window", edit(func(p []byte) []byte { copy(p, "\x08\x1d"); return p }), nil},
		{"largest window and level", edit(func(p []byte) []byte { copy(p, "\x78\xda"); return p }), nil},
		{"window too large", edit(func(p []byte) []byte { copy(p, "\x88\x1c"); return p }), ErrHeader},
		{"method 7", edit(func(p []byte) []byte { copy(p, "\x77\x85"); return p }), ErrHeader},
		{"header check", edit(func(p []byte) []byte { copy(p, "\x78\x9d"); return p }), ErrHeader},
		{"dictionary", edit(func(p []byte) []byte { copy(p, "\x78\xbb"); return p }), ErrDictionary},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00"), ErrHeader},
	}
	var z Inflater
	g := newGuard(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dst := make([]byte, len(content))
			consumed, err := z.Zlib(dst, test.src, true)
			if err != test.want {
				t.Fatalf("%v, not %v", err, test.want)
			}
			if err == nil && (consumed != len(good) || !bytes.Equal(dst, content)) {
				t.Fatalf("%d bytes consumed, %q", consumed, dst)
			}
			agreeZlib(t, &z, g, test.src)
		})
	}
	if _, err := z.ZlibPrefix(make([]byte, 5), []byte("\x1f\x8b")); err != ErrHeader {
		t.Errorf("prefix of gzip: %v", err)
	}
}

// TestCorruptError checks that the place and the kind of a fault come out.
func TestCorruptError(t *testing.T) {
	var z Inflater
	src := append([]byte{0x78, 0x9c}, deflate(t, bytes.Repeat([]byte("abcdefg"), 10), flate.NoCompression)...)
	src[4] ^= 1
	_, err := z.Zlib(make([]byte, 70), src, true)
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != 3 || corrupt.What == "" {
		t.Errorf("%#v", err)
	}
}

// TestRoundTrip inflates what compress/flate makes of contents of every kind at
// every level, with sizes around those at which loops change hands.
func TestRoundTrip(t *testing.T) {
	var sizes []int
	for n := range 300 {
		sizes = append(sizes, n)
	}
	for _, edge := range []int{512, 1024, 4096, 16384, 32768, 65535, 65536, 70000} {
		for d := -1; d <= 1; d++ {
			sizes = append(sizes, edge+d)
		}
	}
	levels := []int{flate.HuffmanOnly, flate.NoCompression, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	var z Inflater
	g, d := newGuard(t), deflater{}
	for _, kind := range kinds {
		content := kind.make(rand.New(rand.NewPCG(1, 2)), 70001)
		t.Run(kind.name, func(t *testing.T) {
			for i, size := range sizes {
				// All levels at the interesting sizes, else one after the other.
				of := levels[i%len(levels):][:1]
				if size < 20 || size == 70001 {
					of = levels
				}
				for _, level := range of {
					raw := d.deflate(t, content[:size], level)
					agree(t, &z, g, raw)
					agreeZlib(t, &z, g, wrap(raw, content[:size]))
				}
			}
		})
	}
}

// TestRandomStreams inflates streams that no compressor makes.
func TestRandomStreams(t *testing.T) {
	var z Inflater
	g := newGuard(t)
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 0))
		src, content := randomStream(r)
		dst := make([]byte, len(content))
		consumed, err := z.Deflate(dst, append(src, make([]byte, 20)...))
		if err != nil || consumed != len(src) || !bytes.Equal(dst, content) {
			t.Fatalf("seed %d: %d of %d bytes consumed, %v", seed, consumed, len(src), err)
		}
		agree(t, &z, g, src)
	}
}

// TestDamaged flips bits of streams, and cuts them.
func TestDamaged(t *testing.T) {
	var z Inflater
	g, d := newGuard(t), deflater{}
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		var src []byte
		switch seed % 3 {
		case 0:
			kind := kinds[r.IntN(len(kinds))]
			src = d.deflate(t, kind.make(r, r.IntN(600)), 1+r.IntN(9))
		default:
			src, _ = randomStream(r)
		}
		for range 8 {
			bad := bytes.Clone(src)
			for range 1 + r.IntN(3) {
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			}
			if r.IntN(4) == 0 {
				bad = bad[:r.IntN(len(bad))]
			}
			agree(t, &z, g, bad)
		}
	}
}

// TestEveryCut cuts a stream at every byte, and gives every size to dst.
func TestEveryCut(t *testing.T) {
	var z Inflater
	g := newGuard(t)
	content := kinds[0].make(rand.New(rand.NewPCG(5, 5)), 900)
	src := deflate(t, content, 6)
	for n := range src {
		agree(t, &z, g, src[:n])
	}
	for n := range content {
		if _, err := z.Deflate(g.output(n), g.input(src)); err != ErrTooLong {
			t.Fatalf("room for %d of %d bytes: %v", n, len(content), err)
		}
		wrapped := wrap(src, content)
		dst := g.output(n)
		if got, err := z.ZlibPrefix(dst, g.input(wrapped)); got != n || err != nil || !bytes.Equal(dst, content[:n]) {
			t.Fatalf("prefix of %d bytes: %d, %v", n, got, err)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	content := kinds[0].make(rand.New(rand.NewPCG(7, 7)), 5000)
	src := wrap(deflate(t, content, 6), content)
	dst := make([]byte, len(content))
	z := new(Inflater)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := z.Zlib(dst, src, true); err != nil {
			t.Fatal(err)
		}
		if _, err := z.ZlibPrefix(dst[:50], src); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
