package repo

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var errBitmap = errors.New("damaged bitmap")

// parseEWAH reads a compressed bitmap (technical/bitmap-format, "Appendix A") and calls
// set for each bit that is set, in ascending order. Bits at limit or beyond are
// an error, so a small bitmap can't claim to set millions. It returns the length
// of the bitmap in bytes.
//
//	32 bits  length in bits, when expanded
//	32 bits  number of words
//	words    64 bits each: marker words, and the literal words they announce
//	32 bits  position of the last marker word
//
// A marker is, from the low end: the bit that runs, 32 bits for the length of the
// run in words, 31 bits for the number of literal words that follow.
func parseEWAH(data []byte, limit int, set func(i int)) (int, error) {
	if len(data) < 12 {
		return 0, errBitmap
	}
	words := uint64(binary.BigEndian.Uint32(data[4:]))
	if words > uint64(len(data)-12)/8 {
		return 0, errBitmap
	}
	size := 12 + 8*int(words)
	buf := data[8 : 8+8*words]
	for pos := uint64(0); len(buf) > 0; {
		marker := binary.BigEndian.Uint64(buf)
		buf = buf[8:]
		run := marker >> 1 & (1<<32 - 1)
		if marker&1 == 1 {
			for end := pos + 64*run; pos < end; pos++ {
				if pos >= uint64(limit) {
					return 0, errBitmap
				}
				set(int(pos))
			}
		} else {
			pos += 64 * run
		}
		literals := marker >> 33
		if literals > uint64(len(buf)/8) {
			return 0, errBitmap
		}
		for ; literals > 0; literals-- {
			for w := binary.BigEndian.Uint64(buf); w != 0; w &= w - 1 {
				i := pos + uint64(bits.TrailingZeros64(w))
				if i >= uint64(limit) {
					return 0, errBitmap
				}
				set(int(i))
			}
			buf = buf[8:]
			pos += 64
		}
	}
	return size, nil
}
