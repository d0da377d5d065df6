package inflate

import "encoding/binary"

// A stream is one decoding under way.
type stream struct {
	src, dst []byte
	in, out  int // bytes taken from src and written to dst

	// The lowest bits of bitbuf, as many as the lowest six bits of nbits say, are
	// those next to be decoded; the bytes they come from count as taken. Bits of
	// bitbuf above them are zero or those of the bytes at src[in:].
	bitbuf uint64
	nbits  uint

	// The loops over symbols stop where out has passed limit. It is len(dst), or
	// less by the longest match.
	limit int

	prefix bool // stop as soon as dst is full
}

// A status is why a loop over the symbols of a block came to its end.
type status int

const (
	slackGone status = iota // of the fast loop: the careful one is to go on; of both: out is at limit
	blockEnd
	dstFull // the block has more than dst can hold
	srcGone
	badSymbol
	badDistance
)

// inflate decodes blocks (RFC 1951 section 3.2.3) up to the last.
func (z *Inflater) inflate(s *stream) error {
	for {
		if s.prefix && s.out == len(s.dst) {
			return nil
		}
		s.refill()
		if s.nbits < 3 {
			return ErrTruncated
		}
		header := s.bitbuf & 7
		s.take(3)
		var err error
		switch header >> 1 {
		case 0:
			err = s.stored()
		case 1:
			err = s.compressed(&fixed)
		case 2:
			if err = z.readTables(s); err == nil {
				err = s.compressed(&z.dynamic)
			}
		default:
			err = s.corrupt("reserved block type")
		}
		if err != nil {
			return err
		}
		if header&1 != 0 {
			break
		}
	}
	s.giveBack()
	if s.out < len(s.dst) {
		return ErrTooShort
	}
	return nil
}

// stored copies a block without compression (RFC 1951 section 3.2.4).
func (s *stream) stored() error {
	size, err := s.storedSize()
	if err != nil {
		return err
	}
	n := copy(s.dst[s.out:], s.src[s.in:min(s.in+size, len(s.src))])
	s.in += n
	s.out += n
	switch {
	case n == size:
		return nil
	case s.out == len(s.dst):
		return ErrTooLong
	default:
		return ErrTruncated
	}
}

// storedSize reads the head of a block without compression.
func (s *stream) storedSize() (int, error) {
	s.giveBack()
	if len(s.src)-s.in < 4 {
		return 0, ErrTruncated
	}
	size := binary.LittleEndian.Uint16(s.src[s.in:])
	if ^size != binary.LittleEndian.Uint16(s.src[s.in+2:]) {
		return 0, s.corrupt("the two sizes of a stored block differ")
	}
	s.in += 4
	return int(size), nil
}

// compressed decodes the symbols of a block.
func (s *stream) compressed(t *tables) error {
	why := s.fast(t)
	if why == slackGone {
		why = s.careful(t)
	}
	if why == blockEnd {
		return nil
	}
	return s.failure(why)
}

// failure returns the error that a loop over symbols ended with.
func (s *stream) failure(why status) error {
	switch why {
	case dstFull:
		return ErrTooLong
	case srcGone:
		return ErrTruncated
	case badDistance:
		return s.corrupt("a match begins before the data does")
	default:
		return s.corrupt("a code without meaning")
	}
}

// refill fills the bit buffer to at least 56 bits or as far as the input goes.
func (s *stream) refill() {
	s.in, s.bitbuf, s.nbits = refill(s.src, s.in, s.bitbuf, s.nbits)
}

// take drops n bits, which must be there.
func (s *stream) take(n uint) {
	s.bitbuf >>= n & 63
	s.nbits -= n
}

// giveBack drops what is left of the byte in use and returns the whole bytes in
// the bit buffer to the input.
func (s *stream) giveBack() {
	s.in -= int(s.nbits >> 3)
	s.bitbuf, s.nbits = 0, 0
}

// keepBits returns the whole bytes in the bit buffer to the input and keeps what
// is left of the byte in use.
func (s *stream) keepBits() {
	s.in -= int(s.nbits >> 3)
	s.nbits &= 7
	s.bitbuf &= 1<<s.nbits - 1
}

func (s *stream) corrupt(what string) error {
	return &CorruptError{Offset: s.in - int(s.nbits>>3), What: what}
}

// refill is [stream.refill] on the fields it concerns. Up to 63 bits are kept;
// those of a byte that had only part of its bits counted are read again by the
// next call, to the same place.
func refill(src []byte, in int, bitbuf uint64, nbits uint) (int, uint64, uint) {
	if len(src)-in < 8 {
		return refillBytes(src, in, bitbuf, nbits)
	}
	bitbuf |= binary.LittleEndian.Uint64(src[in:]) << (nbits & 63)
	return in + int(63-nbits)>>3, bitbuf, nbits | 56
}

func refillBytes(src []byte, in int, bitbuf uint64, nbits uint) (int, uint64, uint) {
	for nbits < 56 && in < len(src) {
		bitbuf |= uint64(src[in]) << (nbits & 63)
		in++
		nbits += 8
	}
	return in, bitbuf, nbits
}
