package inflate

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// A bitWriter makes deflate streams by hand.
type bitWriter struct {
	out   []byte
	bits  uint64
	nbits int
}

// put writes the n lowest bits of v, the lowest first.
func (w *bitWriter) put(v, n int) {
	w.bits |= uint64(v) << w.nbits
	for w.nbits += n; w.nbits >= 8; w.nbits -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

// align fills up the byte with zero bits.
func (w *bitWriter) align() {
	if w.nbits > 0 {
		w.put(0, 8-w.nbits)
	}
}

func (w *bitWriter) bytes() []byte {
	w.align()
	return w.out
}

// A code has the length of each symbol's code, and the codes, first bit lowest.
type code struct {
	lengths []int
	codes   []int
}

// newCode assigns codes as RFC 1951 section 3.2.2 says.
func newCode(lengths []int) code {
	c := code{lengths, make([]int, len(lengths))}
	next := 0
	for n := 1; n <= 15; n++ {
		next <<= 1
		for sym, length := range lengths {
			if length == n {
				c.codes[sym] = int(bits.Reverse16(uint16(next)) >> (16 - n))
				next++
			}
		}
	}
	return c
}

func (w *bitWriter) symbol(c code, sym int) { w.put(c.codes[sym], c.lengths[sym]) }

// randomLengths returns lengths of at most longest bits that make a complete
// code of count symbols, more than one, among size ones.
func randomLengths(r *rand.Rand, size, count, longest int) []int {
	leaves := []int{1, 1}
	// Splitting the last leaf most of the time makes long codes.
	deep := r.IntN(4)
	for tries := 0; len(leaves) < count && tries < 10*count; tries++ {
		i := r.IntN(len(leaves))
		if r.IntN(4) < deep {
			i = len(leaves) - 1
		}
		if leaves[i] < longest {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	lengths := make([]int, size)
	for i, sym := range r.Perm(size)[:len(leaves)] {
		lengths[sym] = leaves[i]
	}
	return lengths
}

// header writes the header of a block with dynamic codes.
func (w *bitWriter) header(r *rand.Rand, final int, litlen, dist []int) {
	precode := newCode(randomLengths(r, 19, 19, 7))
	if r.IntN(3) == 0 {
		precode = newCode(append(slices.Repeat([]int{4}, 13), slices.Repeat([]int{5}, 6)...))
	}
	w.precodeHeader(final, len(litlen), len(dist), precode.lengths)
	lengths := slices.Concat(litlen, dist)
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] {
			run++
		}
		n := 0
		switch {
		case lengths[i] == 0 && run >= 11 && precode.lengths[18] > 0:
			n = 11 + r.IntN(min(run, 138)-10)
			w.symbol(precode, 18)
			w.put(n-11, 7)
		case lengths[i] == 0 && run >= 3:
			n = 3 + r.IntN(min(run, 10)-2)
			w.symbol(precode, 17)
			w.put(n-3, 3)
		default:
			n = 1
			w.symbol(precode, lengths[i])
		}
		if i > 0 && lengths[i] != 0 && lengths[i] == lengths[i-1] && run >= 3 && r.IntN(4) > 0 {
			w.out, w.bits, w.nbits = w.undo(precode.lengths[lengths[i]])
			n = 3 + r.IntN(min(run, 6)-2)
			w.symbol(precode, 16)
			w.put(n-3, 2)
		}
		i += n
	}
}

// undo returns the state without the last n bits, at most 8 of them.
func (w *bitWriter) undo(n int) ([]byte, uint64, int) {
	out, all, nbits := w.out, w.bits, w.nbits
	if n > nbits {
		last := out[len(out)-1]
		out, all, nbits = out[:len(out)-1], all<<8|uint64(last), nbits+8
	}
	nbits -= n
	return out, all & (1<<nbits - 1), nbits
}

// precodeHeader writes the header of a block with dynamic codes up to the
// lengths of the code of code lengths.
func (w *bitWriter) precodeHeader(final, litlen, dist int, precode []int) {
	w.put(final, 1)
	w.put(2, 2)
	w.put(litlen-257, 5)
	w.put(dist-1, 5)
	w.put(len(lengthOrder)-4, 4)
	for _, sym := range lengthOrder {
		w.put(precode[sym], 3)
	}
}

// randomStream returns a raw stream of random blocks and what it expands to.
// Its codes are longer and its matches odder than compressors make them.
func randomStream(r *rand.Rand) (stream, content []byte) {
	var w bitWriter
	for final := 0; final == 0; {
		if r.IntN(3) == 0 {
			final = 1
		}
		switch r.IntN(6) {
		case 0:
			w.put(final, 1)
			w.put(0, 2)
			w.align()
			n := r.IntN(40)
			w.put(n, 16)
			w.put(^n&0xffff, 16)
			for range n {
				c := r.IntN(256)
				w.put(c, 8)
				content = append(content, byte(c))
			}
		case 1:
			w.put(final, 1)
			w.put(1, 2)
			content = w.symbols(r, content, newCode(fixedLengths()), newCode(slices.Repeat([]int{5}, 30)))
		default:
			litlen := randomLengths(r, 257+r.IntN(30), 2+r.IntN(256), 15)
			if litlen[256] == 0 {
				// The end of a block needs a code: take that of another symbol.
				sym := slices.IndexFunc(litlen, func(n int) bool { return n > 0 })
				litlen[256], litlen[sym] = litlen[sym], 0
			}
			dist := make([]int, 1+r.IntN(30))
			switch {
			case len(dist) > 1 && r.IntN(8) > 0:
				dist = randomLengths(r, len(dist), 2+r.IntN(len(dist)-1), 15)
			case r.IntN(2) == 0:
				dist[r.IntN(len(dist))] = 1
			}
			w.header(r, final, litlen, dist)
			content = w.symbols(r, content, newCode(litlen), newCode(dist))
		}
	}
	return w.bytes(), content
}

// symbols writes random symbols and the end of the block, and appends what they
// expand to.
func (w *bitWriter) symbols(r *rand.Rand, content []byte, litlen, dist code) []byte {
	literals, lengths := used(litlen, 0, 256), used(litlen, 257, 286)
	distances := used(dist, 0, 30)
	for range r.IntN(1 + r.IntN(600)) {
		if len(literals) > 0 && r.IntN(3) > 0 || len(lengths) == 0 || len(distances) == 0 {
			if len(literals) == 0 {
				break
			}
			sym := literals[r.IntN(len(literals))]
			w.symbol(litlen, sym)
			content = append(content, byte(sym))
			continue
		}
		distSym := distances[r.IntN(len(distances))]
		base, extra := int(distMeaning[distSym]>>16), int(distMeaning[distSym]&63)
		if base > len(content) {
			continue
		}
		distExtra := r.IntN(min(1<<extra, len(content)-base+1))
		sym := lengths[r.IntN(len(lengths))]
		length, n := int(litlenMeaning[sym]>>16), int(litlenMeaning[sym]&63)
		more := r.IntN(1 << n)
		w.symbol(litlen, sym)
		w.put(more, n)
		w.symbol(dist, distSym)
		w.put(distExtra, extra)
		for range length + more {
			content = append(content, content[len(content)-base-distExtra])
		}
	}
	w.symbol(litlen, 256)
	return content
}

// used returns the symbols from first to before end that have a code.
func used(c code, first, end int) (syms []int) {
	for sym := first; sym < min(end, len(c.lengths)); sym++ {
		if c.lengths[sym] > 0 {
			syms = append(syms, sym)
		}
	}
	return syms
}

func fixedLengths() []int {
	return slices.Concat(slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112), slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8))
}
