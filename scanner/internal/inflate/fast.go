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
// It reads and writes without bounds checks. What makes that safe: every read
// of input is within fastInput of an in that was at most len(src)-fastInput at
// the turn's beginning; literals are written within fastOutput of an out that
// was at most len(dst)-fastOutput; matches come from at or behind dst's
// beginning, and are written whole only if they end copyWidth before dst's end;
// tables keep the promise of their type.
func (s *stream) fast(t *tables) status {
	lastIn, lastOut := len(s.src)-fastInput, len(s.dst)-fastOutput
	if s.in > lastIn || s.out > lastOut {
		return slackGone
	}
	var (
		src           = unsafe.Pointer(unsafe.SliceData(s.src))
		dst           = unsafe.Pointer(unsafe.SliceData(s.dst))
		litlen        = unsafe.Pointer(&t.litlen)
		dist          = unsafe.Pointer(&t.dist)
		litlenMask    = t.litlenMask
		distMask      = t.distMask
		in, out       = s.in, s.out
		bitbuf, nbits = s.bitbuf, uint64(s.nbits)
		why           = slackGone
	)
	for in <= lastIn && out <= lastOut {
		bitbuf |= load64(src, in) << (nbits & 63)
		in += int(63-nbits&63) >> 3
		nbits |= 56

		// Two literals of up to litlenBits bits and a whole length, 11+11+20 bits,
		// need no refill.
		e := lookup(litlen, bitbuf&litlenMask)
		saved := bitbuf
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		if e&entryLiteral != 0 {
			*(*byte)(unsafe.Add(dst, out)) = byte(e >> 16)
			out++
			e = lookup(litlen, bitbuf&litlenMask)
			saved = bitbuf
			bitbuf >>= e & entryBits
			nbits -= uint64(e)
			if e&entryLiteral != 0 {
				*(*byte)(unsafe.Add(dst, out)) = byte(e >> 16)
				out++
				e = lookup(litlen, bitbuf&litlenMask)
				saved = bitbuf
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				if e&entryLiteral != 0 {
					*(*byte)(unsafe.Add(dst, out)) = byte(e >> 16)
					out++
					continue
				}
			}
		}
		if e&entrySpecial != 0 {
			if e&entryLink != 0 {
				e = lookup(litlen, uint64(e>>16)+bitbuf&(1<<(e>>8&15)-1))
				saved = bitbuf
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				if e&entryLiteral != 0 {
					*(*byte)(unsafe.Add(dst, out)) = byte(e >> 16)
					out++
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
		length := int(e>>16) + int(saved&(1<<(e&entryBits)-1)>>(e>>8&15))

		bitbuf |= load64(src, in) << (nbits & 63)
		in += int(63-nbits&63) >> 3
		nbits |= 56

		e = lookup(dist, bitbuf&distMask)
		if e&entrySpecial != 0 {
			if e&entryLink == 0 {
				why = badSymbol
				break
			}
			bitbuf >>= e & entryBits
			nbits -= uint64(e)
			e = lookup(dist, uint64(e>>16)+bitbuf&(1<<(e>>8&15)-1))
			if e&entrySpecial != 0 {
				why = badSymbol
				break
			}
		}
		distance := int(e>>16) + int(bitbuf&(1<<(e&entryBits)-1)>>(e>>8&15))
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		if distance > out {
			why = badDistance
			break
		}

		if out+length > len(s.dst)-copyWidth {
			s.out = out
			fits := s.copyMatch(distance, length)
			out = s.out
			if !fits {
				why = dstFull
				break
			}
			continue
		}
		to, from := unsafe.Add(dst, out), unsafe.Add(dst, out-distance)
		out += length
		switch {
		case distance >= copyWidth:
			copy16(to, from)
			for n := copyWidth; n < length; n += copyWidth {
				copy16(unsafe.Add(to, n), unsafe.Add(from, n))
			}
		case distance == 1:
			word := uint64(*(*byte)(from)) * 0x0101010101010101
			for n := 0; n < length; n += 8 {
				*(*uint64)(unsafe.Add(to, n)) = word
			}
		default:
			// A step of the distance, or of a word if that is less, leaves bytes to
			// copy that have been written.
			step := min(distance, 8)
			for n := 0; n < length; n += step {
				*(*uint64)(unsafe.Add(to, n)) = *(*uint64)(unsafe.Add(from, n))
			}
		}
	}
	s.in, s.out = in, out
	s.bitbuf, s.nbits = bitbuf, uint(nbits&63)
	return why
}

func load64(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

func lookup(table unsafe.Pointer, i uint64) entry {
	return *(*entry)(unsafe.Add(table, i*4))
}

func copy16(to, from unsafe.Pointer) {
	*(*[16]byte)(to) = *(*[16]byte)(from)
}
