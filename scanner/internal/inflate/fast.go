package inflate

import (
	"encoding/binary"
	"unsafe"
)

const (
	// A turn of the fast loop refills twice, and so does entering it. Each refill
	// reads eight bytes and takes at most seven.
	fastInput = 7 + 8
	// A turn writes up to three literals unchecked.
	fastOutput = 4
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
	if len(s.src)-s.in < fastInput+8 || len(s.dst)-s.out < fastOutput {
		return slackGone
	}
	var (
		in            = unsafe.Add(unsafe.Pointer(unsafe.SliceData(s.src)), s.in)
		lastIn        = unsafe.Add(in, len(s.src)-s.in-fastInput)
		dst           = unsafe.Pointer(unsafe.SliceData(s.dst))
		out           = unsafe.Add(dst, s.out)
		lastOut       = unsafe.Add(dst, len(s.dst)-fastOutput)
		bitbuf, nbits = s.bitbuf, uint64(s.nbits)
		why           = slackGone
	)
	bitbuf |= load64(in) << (nbits & 63)
	in = unsafe.Add(in, ^nbits>>3&7)
	nbits |= 56
	e := t.litlenAt(bitbuf & t.litlenMask)
	for uintptr(in) <= uintptr(lastIn) && uintptr(out) <= uintptr(lastOut) {
		bitbuf |= load64(in) << (nbits & 63)
		in = unsafe.Add(in, ^nbits>>3&7)
		nbits |= 56

		// Two literals of up to litlenBits bits and a whole length, 11+11+20 bits,
		// need no refill.
		saved := bitbuf
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		if e&entryLiteral != 0 {
			*(*byte)(out) = byte(e >> 16)
			out = unsafe.Add(out, 1)
			e = t.litlenAt(bitbuf & t.litlenMask)
			saved = bitbuf
			bitbuf >>= e & entryBits
			nbits -= uint64(e)
			if e&entryLiteral != 0 {
				*(*byte)(out) = byte(e >> 16)
				out = unsafe.Add(out, 1)
				e = t.litlenAt(bitbuf & t.litlenMask)
				saved = bitbuf
				bitbuf >>= e & entryBits
				nbits -= uint64(e)
				if e&entryLiteral != 0 {
					*(*byte)(out) = byte(e >> 16)
					out = unsafe.Add(out, 1)
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
					*(*byte)(out) = byte(e >> 16)
					out = unsafe.Add(out, 1)
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
		length := int(e>>16) + int(saved&(1<<(e&entryBits)-1)>>(e>>8&63))

		e = t.distAt(bitbuf & t.distMask)
		bitbuf |= load64(in) << (nbits & 63)
		in = unsafe.Add(in, ^nbits>>3&7)
		nbits |= 56
		if e&entrySpecial != 0 {
			if e&entryLink == 0 {
				why = badSymbol
				break
			}
			bitbuf >>= e & entryBits
			nbits -= uint64(e)
			e = t.distAt(uint64(e>>16) + bitbuf&(1<<(e>>8&15)-1))
			if e&entrySpecial != 0 {
				why = badSymbol
				break
			}
		}
		saved = bitbuf
		bitbuf >>= e & entryBits
		nbits -= uint64(e)
		distance := int(e>>16) + int(saved&(1<<(e&entryBits)-1)>>(e>>8&63))
		e = t.litlenAt(bitbuf & t.litlenMask)
		if distance > int(uintptr(out)-uintptr(dst)) {
			why = badDistance
			break
		}

		if length > int(uintptr(lastOut)-uintptr(out))-(copyWidth-fastOutput) {
			s.out = int(uintptr(out) - uintptr(dst))
			fits := s.copyMatch(distance, length)
			if !fits {
				why = dstFull
			}
			s.in = len(s.src) - fastInput - int(uintptr(lastIn)-uintptr(in))
			s.bitbuf, s.nbits = bitbuf, uint(nbits&63)
			return why
		}
		from := unsafe.Add(out, -distance)
		to := out
		out = unsafe.Add(out, length)
		if distance >= copyWidth {
			copy16(to, from)
			for length > copyWidth {
				to, from = unsafe.Add(to, copyWidth), unsafe.Add(from, copyWidth)
				copy16(to, from)
				length -= copyWidth
			}
			continue
		}
		copyNear(to, from, distance, length)
	}
	s.in = len(s.src) - fastInput - int(uintptr(lastIn)-uintptr(in))
	s.out = int(uintptr(out) - uintptr(dst))
	s.bitbuf, s.nbits = bitbuf, uint(nbits&63)
	return why
}

func load64(p unsafe.Pointer) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(p)[:])
}

func (t *tables) litlenAt(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(&t.litlen), i*4))
}

func (t *tables) distAt(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(&t.dist), i*4))
}

func copy16(to, from unsafe.Pointer) {
	*(*[16]byte)(to) = *(*[16]byte)(from)
}

func copyNear(to, from unsafe.Pointer, distance, length int) {
	if distance == 1 {
		word := uint64(*(*byte)(from)) * 0x0101010101010101
		for n := 0; n < length; n += 8 {
			*(*uint64)(unsafe.Add(to, n)) = word
		}
		return
	}
	// A step of the distance, or of a word if that is less, leaves bytes to
	// copy that have been written.
	step := min(distance, 8)
	for n := 0; n < length; n += step {
		*(*uint64)(unsafe.Add(to, n)) = *(*uint64)(unsafe.Add(from, n))
	}
}
