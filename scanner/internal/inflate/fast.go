package inflate

import (
	"encoding/binary"
	"unsafe"
)

const (
	// A turn of the fast loop refills twice. Each refill reads eight bytes and
	// takes at most seven.
	fastInput = 7 + 8
	// A turn writes up to three literals unchecked.
	fastOutput = 3
	// copyWidth is the unit in which matches are copied: up to copyWidth-1 bytes
	// behind the match are overwritten.
	copyWidth = 16
)

// fast decodes the symbols of a block while input and output have slack.
//
// It reads and writes without bounds checks. What makes that safe: input is read
// within fastInput of an in that was at most len(src)-fastInput at the turn's
// beginning; literals are written within fastOutput of an out that was at most
// limit-fastOutput; matches come from no place before dst, and those that end
// less than copyWidth before the limit go to copyMatch; tables keep the promise of
// their type.
func (s *stream) fast(t *tables) status {
	lastIn, lastOut := len(s.src)-fastInput, s.limit-fastOutput
	if s.in > lastIn || s.out > lastOut {
		return slackGone
	}
	src, dst := unsafe.Pointer(unsafe.SliceData(s.src)), unsafe.Pointer(unsafe.SliceData(s.dst))
	in, out := s.in, s.out
	// Of nbits, only the lowest six bits count here: entries are subtracted whole.
	bitbuf, nbits := s.bitbuf, uint64(s.nbits)
	why := slackGone

	bitbuf |= load64(src, in) << (nbits & 63)
	in += int(^nbits >> 3 & 7)
	nbits |= 56
	// A symbol's entry is looked up before the refill, with bits that the last one
	// left: after the longest match 28 of 56, after three literals 23.
	e := t.litlenAt(bitbuf & t.litlenMask)
	for in <= lastIn && out <= lastOut {
		bitbuf |= load64(src, in) << (nbits & 63)
		in += int(^nbits >> 3 & 7)
		nbits |= 56

		// Two literals of up to litlenBits bits and a whole length, 11+11+20 bits,
		// need no refill.
		saved := bitbuf
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		if e&entryLiteral != 0 {
			store8(dst, out, e)
			out++
			e = t.litlenAt(bitbuf & t.litlenMask)
			saved = bitbuf
			bitbuf >>= e & entryBits
			nbits -= uint64(e)
			if e&entryLiteral != 0 {
				store8(dst, out, e)
				out++
				e = t.litlenAt(bitbuf & t.litlenMask)
				saved = bitbuf
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				if e&entryLiteral != 0 {
					store8(dst, out, e)
					out++
					e = t.litlenAt(bitbuf & t.litlenMask)
					continue
				}
			}
		}
		if e&entrySpecial != 0 {
			if e&entryLink != 0 {
				e = t.litlenAt(uint64(e>>16) + bitbuf&(1<<(e>>8&15)-1))
				saved = bitbuf
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				if e&entryLiteral != 0 {
					store8(dst, out, e)
					out++
					e = t.litlenAt(bitbuf & t.litlenMask)
					continue
				}
			}
			if e&entryEnd != 0 {
				why = blockEnd
				break
			}
			if e&entrySpecial != 0 {
				why = badSymbol
				break
			}
		}
		length := e.value(saved)

		e = t.distAt(bitbuf & t.distMask)
		bitbuf |= load64(src, in) << (nbits & 63)
		in += int(^nbits >> 3 & 7)
		nbits |= 56
		if e&entrySpecial != 0 {
			if e&entryLink != 0 {
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				e = t.distAt(uint64(e>>16) + bitbuf&(1<<(e>>8&15)-1))
			}
			if e&entrySpecial != 0 {
				why = badSymbol
				break
			}
		}
		distance := e.value(bitbuf)
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		e = t.litlenAt(bitbuf & t.litlenMask)
		if distance > out {
			why = badDistance
			break
		}

		if out+length > lastOut-(copyWidth-fastOutput) {
			s.out = out
			fits := s.copyMatch(distance, length)
			out = s.out
			if !fits {
				why = dstFull
				break
			}
			continue
		}
		to := unsafe.Add(dst, out)
		from := unsafe.Add(to, -distance)
		out += length
		if distance < copyWidth {
			copyNear(to, from, distance, length)
			continue
		}
		copy16(to, from)
		for length > copyWidth {
			length -= copyWidth
			to, from = unsafe.Add(to, copyWidth), unsafe.Add(from, copyWidth)
			copy16(to, from)
		}
	}
	s.in, s.out = in, out
	s.bitbuf, s.nbits = bitbuf, uint(nbits&63)
	return why
}

// copyNear copies length bytes, and up to seven more, from no more than
// copyWidth bytes before to.
func copyNear(to, from unsafe.Pointer, distance, length int) {
	if distance == 1 {
		word := uint64(*(*byte)(from)) * 0x0101010101010101
		for n := 0; n < length; n += 8 {
			*(*uint64)(unsafe.Add(to, n)) = word
		}
		return
	}
	// After a step of the distance, or of a word if that is less, the word to be
	// copied next has been written.
	step := min(distance, 8)
	for n := 0; n < length; n += step {
		*(*uint64)(unsafe.Add(to, n)) = *(*uint64)(unsafe.Add(from, n))
	}
}

func copy16(to, from unsafe.Pointer) {
	*(*[16]byte)(to) = *(*[16]byte)(from)
}

// store8 stores the literal of e.
func store8(p unsafe.Pointer, i int, e entry) {
	*(*byte)(unsafe.Add(p, i)) = byte(e >> 16)
}

// load64 loads eight bytes, the first lowest.
func load64(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

func (t *tables) litlenAt(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(&t.litlen), i*4))
}

func (t *tables) distAt(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(&t.dist), i*4))
}
