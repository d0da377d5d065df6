package inflate

import "math/bits"

// A lengthTable decodes code lengths. Its entries hold
//
//	 0–5   how many bits to take: the code's and the extra bits behind it
//	 8–11  how many of these are the code's
//	16–23  how often, before extra bits, the length is meant
//	24–27  the length
//	31     "repeat the previous length" instead of bits 24–27
type lengthTable [1 << maxLengthCodeLen]uint32

const (
	maxLengthCodeLen = 7
	lengthRepeat     = 1 << 31
)

// lengthMeaning is the meaning of the symbols of code lengths (RFC 1951 section 3.2.7).
var lengthMeaning = func() (m [19]uint32) {
	for sym := range 16 {
		m[sym] = uint32(sym<<24 | 1<<16)
	}
	m[16] = lengthRepeat | 3<<16 | 2
	m[17] = 3<<16 | 3
	m[18] = 11<<16 | 7
	return m
}()

// lengthOrder is the order in which the lengths of code length codes are stored.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes of a block with dynamic ones (RFC 1951 section
// 3.2.7) into z.dynamic.
func (z *Inflater) readTables(s *stream) error {
	s.refill()
	if s.nbits < 14 {
		return ErrTruncated
	}
	numLitlen := int(s.bitbuf&31) + 257
	numDist := int(s.bitbuf>>5&31) + 1
	numLengths := int(s.bitbuf>>10&15) + 4
	if numLitlen > 286 || numDist > 30 {
		return s.corrupt("too many codes")
	}
	s.take(14)

	var lengths [19]uint8
	for _, sym := range lengthOrder[:numLengths] {
		if s.nbits < 3 {
			if s.refill(); s.nbits < 3 {
				return ErrTruncated
			}
		}
		lengths[sym] = uint8(s.bitbuf & 7)
		s.take(3)
	}
	if !z.lengths.build(&lengths) {
		return s.corrupt("the code of code lengths is none")
	}

	if err := z.readLengths(s, numLitlen, numLitlen+numDist); err != nil {
		return err
	}
	var ok bool
	if z.dynamic.litlenMask, ok = build(z.dynamic.litlen[:], &z.litlen, litlenMeaning[:], litlenBits); !ok {
		return s.corrupt("the code of literals and lengths is none")
	}
	if z.dynamic.distMask, ok = build(z.dynamic.dist[:], &z.dist, distMeaning[:], distBits); !ok {
		return s.corrupt("the code of distances is none")
	}
	return nil
}

// readLengths reads the code lengths of total symbols, the first numLitlen of
// them literals and lengths, the others distances.
func (z *Inflater) readLengths(s *stream, numLitlen, total int) error {
	z.litlen.next, z.dist.next = noSymbols, noSymbols
	set, first := &z.litlen, 0
	last := uint32(0)
	in, bitbuf, nbits := refill(s.src, s.in, s.bitbuf, s.nbits)
	i, fault := 0, ""
	for i < total {
		if i >= numLitlen {
			set, first = &z.dist, numLitlen
		}
		// As in the fast loop, the lookup need not wait for the refill: what one turn
		// leaves, unless the input is at its end, is enough for the next code.
		e := z.lengths[bitbuf&(1<<maxLengthCodeLen-1)]
		in, bitbuf, nbits = refill(s.src, in, bitbuf, nbits)
		n := uint(e & entryBits)
		if n > nbits {
			return ErrTruncated
		}
		if n == 0 {
			fault = "a code without meaning"
			break
		}
		repeat := int(e>>16&0xff) + int(bitbuf&(1<<n-1)>>(e>>8&63))
		bitbuf >>= e & entryBits
		nbits -= n
		if e&lengthRepeat != 0 {
			if i == 0 {
				fault = "no code length to repeat"
				break
			}
			if i+repeat > total {
				fault = "too many code lengths"
				break
			}
			for ; repeat > 1; repeat-- {
				set.add(uint8(last), i-first)
				if i++; i == numLitlen {
					set, first = &z.dist, numLitlen
				}
			}
			e = last << 24
		}
		last = e >> 24 & 15
		// Of a run of zeros one is enough: nobody asks for symbols without a code.
		set.add(uint8(last), i-first)
		i += repeat
	}
	s.in, s.bitbuf, s.nbits = in, bitbuf, nbits
	if i > total {
		fault = "too many code lengths"
	}
	if fault != "" {
		return s.corrupt(fault)
	}
	return nil
}

// build fills the table for the code with the given lengths. It returns false
// if they make no code; there may be none, or one of one bit.
func (t *lengthTable) build(lengths *[19]uint8) bool {
	// Each byte of counts and starts is for one length, 0 to 7.
	const ones = 0x0101010101010101
	counts := uint64(0)
	for _, n := range lengths {
		counts += 1 << (n * 8 & 63)
	}
	space := 0
	for n := 1; n <= maxLengthCodeLen; n++ {
		space += int(counts>>(8*n)&0xff) << (maxLengthCodeLen - n)
	}
	if space != 1<<maxLengthCodeLen {
		// With no code or half of one, what it leaves out has no meaning.
		if space > 0 && counts>>8 != 1 {
			return false
		}
		clear(t[:])
	}

	var sorted [32]uint8
	starts := counts * ones << 8
	for sym, n := range lengths {
		at := &sorted[starts>>(n*8&63)&31]
		*at = uint8(sym)
		starts += 1 << (n * 8 & 63)
	}
	code, filled := uint(0), 0 // the table is complete for indexes of this many bits
	for _, sym := range sorted[counts&0xff : len(lengths)] {
		n := int(lengths[sym])
		if n > filled {
			if code != 0 {
				t.grow(filled, n)
			}
			code <<= n - filled
			filled = n
		}
		t[bits.Reverse8(uint8(code))>>(8-n)] = lengthMeaning[sym] + uint32(n<<8+n)
		code++
	}
	t.grow(filled, maxLengthCodeLen)
	return true
}

// grow makes a table that is complete for indexes of from bits complete for
// indexes of to bits.
func (t *lengthTable) grow(from, to int) {
	for ; from < to; from++ {
		copy(t[1<<from:2<<from], t[:1<<from])
	}
}
