package inflate

import "encoding/binary"

// An Inflater holds the tables and scratch space of decoding, about 32 KiB. Its
// zero value is ready, it may be used any number of times, and it keeps no
// reference to what it was given. It is not for concurrent use: have one per
// worker. No method allocates, unless it returns a [*CorruptError].
type Inflater struct {
	dynamic tables
	litlen  symbols
	dist    symbols
	lengths lengthTable
}

// Zlib inflates the zlib stream (RFC 1950) at the start of src into dst, which
// the stream must fill exactly, and returns the size in bytes of the compressed
// stream with its header and checksum. What follows the stream in src is not
// looked at, but reading is fastest where a few bytes follow. With check, the
// Adler-32 of dst is compared with that of the stream. After an error the
// content of dst is undefined.
func (z *Inflater) Zlib(dst, src []byte, check bool) (consumed int, err error) {
	if err := checkHeader(src); err != nil {
		return 0, err
	}
	s := stream{src: src, dst: dst, in: headerSize, limit: len(dst)}
	if err := z.inflate(&s); err != nil {
		return 0, err
	}
	if len(src)-s.in < checksumSize {
		return 0, ErrTruncated
	}
	if check && binary.BigEndian.Uint32(src[s.in:]) != Adler32(dst) {
		return 0, ErrChecksum
	}
	return s.in + checksumSize, nil
}

// Deflate is [Inflater.Zlib] for a bare stream (RFC 1951), which has neither a
// header nor a checksum.
func (z *Inflater) Deflate(dst, src []byte) (consumed int, err error) {
	s := stream{src: src, dst: dst, limit: len(dst)}
	if err := z.inflate(&s); err != nil {
		return 0, err
	}
	return s.in, nil
}

// ZlibPrefix inflates the first len(dst) bytes of the zlib stream at the start
// of src, or all of it if that is less, and returns how many bytes of dst it
// wrote. Nothing is checked beyond those: the rest of the stream may be corrupt
// or missing. Short of len(dst), a nil error means that the stream ended; with
// any other, the n bytes are those that came before the fault.
func (z *Inflater) ZlibPrefix(dst, src []byte) (n int, err error) {
	if err := checkHeader(src); err != nil {
		return 0, err
	}
	s := stream{src: src, dst: dst, in: headerSize, limit: len(dst), prefix: true}
	err = z.inflate(&s)
	if s.out == len(dst) || err == ErrTooShort {
		return s.out, nil
	}
	return s.out, err
}

const (
	headerSize   = 2
	checksumSize = 4
)

// checkHeader judges the header of RFC 1950 section 2.2: CM must be 8, CINFO at
// most 7, and the two bytes a multiple of 31.
func checkHeader(src []byte) error {
	if len(src) < headerSize {
		return ErrTruncated
	}
	cmf, flg := src[0], src[1]
	if cmf&0x0f != 8 || cmf>>4 > 7 || (uint(cmf)<<8|uint(flg))%31 != 0 {
		return ErrHeader
	}
	if flg&0x20 != 0 {
		return ErrDictionary
	}
	return nil
}
