package inflate

import "math/bits"

// An entry of a decoding table says what the bits mean that led to it:
//
//	 0–5   how many bits to take: the code's, or those of it that index this
//	       table, and the extra bits (RFC 1951 section 3.2.5) behind it
//	 8–11  how many of these are the code's; in a link, the index bits of the
//	       second table
//	13     end of block
//	14     link: the code is longer than the table's index and goes on in a
//	       second table, behind the first in the same array
//	15     none of literal, length and distance: a link, the end of the block,
//	       or bits that are no code
//	16–30  the literal; the length or distance before extra bits; in a link,
//	       where the second table begins
//	31     literal
type entry uint32

const (
	entryBits    = 63
	entryEnd     = 1 << 13
	entryLink    = 1 << 14
	entrySpecial = 1 << 15
	entryLiteral = 1 << 31
)

// value returns the length or distance that e means, which is not special, when
// bitbuf begins with its code.
func (e entry) value(bitbuf uint64) int {
	return int(e>>16) + int(bitbuf&(1<<(e&entryBits)-1)>>(e>>8&63))
}

const (
	maxCodeLen = 15

	// The widest index of each first table. A wider one makes fewer codes need a
	// second lookup and takes longer to fill.
	litlenBits = 11
	distBits   = 8

	// Room for the first table and the second ones, with every set of up to 288
	// and 32 lengths that makes a complete code: what "enough 288 11 15" and
	// "enough 32 8 15" of zlib's examples print.
	litlenEntries = 2342
	distEntries   = 402
)

// tables decode the symbols of a block. Indexes up to the masks are inside the
// arrays, and so is every index a link can lead to: the fast loop relies on it.
type tables struct {
	litlenMask uint64
	distMask   uint64
	litlen     [litlenEntries]entry
	dist       [distEntries]entry
}

// symbols holds, length by length, the symbols of one code in increasing order,
// followed by room: those of length n are list[n*symbolsStride:next[n]].
type symbols struct {
	next [maxCodeLen + 1]uint16
	list [(maxCodeLen + 1) * symbolsStride]uint16
}

// symbolsStride is no less than the number of symbols that all codes of a block
// have together.
const symbolsStride = 320

var noSymbols = func() (next [maxCodeLen + 1]uint16) {
	for n := range next {
		next[n] = uint16(n * symbolsStride)
	}
	return next
}()

// ofLength returns the symbols whose codes have n bits.
func (s *symbols) ofLength(n int) []uint16 {
	return s.list[n*symbolsStride : s.next[n]]
}

// build fills table for the code that RFC 1951 section 3.2.2 makes of s, using
// an index of at most maxBits bits, and returns the index mask. meaning[sym]
// is the entry of symbol sym, without the bits of its code. It returns false if the
// lengths make no code: some bit strings would have two meanings, or none.
// As in zlib, there may be no symbol at all, or one whose code has one bit.
func build(table []entry, s *symbols, meaning []entry, maxBits int) (mask uint64, ok bool) {
	longest, space := 0, 0
	for n := 1; n <= maxCodeLen; n++ {
		if count := int(s.next[n]) - n*symbolsStride; count > 0 {
			longest = n
			space += count << (maxCodeLen - n)
		}
	}
	switch {
	case space == 1<<maxCodeLen:
	case longest == 0:
		table[0] = entrySpecial
		return 0, true
	case space == 1<<(maxCodeLen-1) && longest == 1:
		table[0] = meaning[s.ofLength(1)[0]] + 1<<8 + 1
		table[1] = entrySpecial | 1
		return 1, true
	default:
		return 0, false
	}

	index := min(longest, maxBits)
	code := uint(0)
	filled := 0 // the table is complete for indexes of this many bits
	for n := 1; n <= index; n++ {
		code <<= 1
		list := s.ofLength(n)
		if len(list) == 0 {
			continue
		}
		if code != 0 {
			for ; filled < n; filled++ {
				copy(table[1<<filled:2<<filled], table[:1<<filled])
			}
		}
		filled = n
		for _, sym := range list {
			table[bits.Reverse16(uint16(code))>>(16-n)] = meaning[sym] + entry(n<<8+n)
			code++
		}
	}
	if longest > index {
		for ; filled < index; filled++ {
			copy(table[1<<filled:2<<filled], table[:1<<filled])
		}
		link(table, s, meaning, index, longest, code)
	}
	return 1<<index - 1, true
}

// link fills the second tables, for the codes of more than index bits. code is
// the first free one of index bits.
func link(table []entry, s *symbols, meaning []entry, index, longest int, code uint) {
	end := 1 << index // of the tables made so far
	var second []entry
	prefix := -1
	width := 0
	for n := index + 1; n <= longest; n++ {
		code <<= 1
		list := s.ofLength(n)
		for i, sym := range list {
			if p := int(code >> (n - index)); p != prefix {
				prefix = p
				// The second table is as wide as the longest code with this prefix.
				width = n - index
				for left := 1<<width - (len(list) - i); left > 0; {
					width++
					left = left<<1 - len(s.ofLength(index+width))
				}
				second = table[end : end+1<<width]
				table[bits.Reverse16(uint16(prefix))>>(16-index)] =
					entry(end<<16) | entryLink | entrySpecial | entry(width<<8) | entry(index)
				end += 1 << width
			}
			e := meaning[sym] + entry((n-index)<<8+(n-index))
			for j := int(bits.Reverse16(uint16(code))>>(16-n)) >> index; j < len(second); j += 1 << (n - index) {
				second[j] = e
			}
			code++
		}
	}
}

// The meaning of symbols (RFC 1951 section 3.2.5). Symbols 286 and 287, and 30
// and 31 of distances, have codes in fixed blocks but no meaning.
var (
	litlenMeaning = func() (m [288]entry) {
		for sym := range 256 {
			m[sym] = entryLiteral | entry(sym)<<16
		}
		m[256] = entrySpecial | entryEnd
		length, extra := 3, 0
		for sym := 257; sym < 285; sym++ {
			m[sym] = entry(length<<16 | extra)
			length += 1 << extra
			if sym >= 264 && sym%4 == 0 {
				extra++
			}
		}
		m[285] = 258 << 16
		m[286], m[287] = entrySpecial, entrySpecial
		return m
	}()

	distMeaning = func() (m [32]entry) {
		distance, extra := 1, 0
		for sym := range 30 {
			m[sym] = entry(distance<<16 | extra)
			distance += 1 << extra
			if sym >= 3 && sym%2 == 1 {
				extra++
			}
		}
		m[30], m[31] = entrySpecial, entrySpecial
		return m
	}()
)

// fixed are the tables of blocks with fixed codes (RFC 1951 section 3.2.6).
var fixed = func() (t tables) {
	var litlen, dist symbols
	litlen.next, dist.next = noSymbols, noSymbols
	for sym := range 288 {
		switch {
		case sym < 144:
			litlen.add(8, sym)
		case sym < 256:
			litlen.add(9, sym)
		case sym < 280:
			litlen.add(7, sym)
		default:
			litlen.add(8, sym)
		}
	}
	for sym := range 32 {
		dist.add(5, sym)
	}
	t.litlenMask, _ = build(t.litlen[:], &litlen, litlenMeaning[:], litlenBits)
	t.distMask, _ = build(t.dist[:], &dist, distMeaning[:], distBits)
	return t
}()

// add appends a symbol, which must be greater than those before it.
func (s *symbols) add(length uint8, sym int) {
	s.list[s.next[length]] = uint16(sym)
	s.next[length]++
}
