package layer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/petrascan/petrascan/scanner/internal/inflate"
)

// inputSize is how much of a container is read at a time.
const inputSize = 16 << 10

// An inflater is what decoding deflated data takes: 180 KiB. Most containers are
// small, so all share a few.
type inflater struct {
	inflate.Reader
	input *bufio.Reader
}

var inflaters = sync.Pool{New: func() any {
	return &inflater{input: bufio.NewReaderSize(nil, inputSize)}
}}

// inflate returns the decoder of the deflated data that r begins with (RFC
// 1951). If r is a *bufio.Reader, it is left behind the data. The decoder is
// good until what was held is released.
func (u *unpacking) inflate(r io.Reader) *inflater {
	z := inflaters.Get().(*inflater)
	u.held = append(u.held, func() {
		z.Reset(nil)
		z.input.Reset(nil)
		inflaters.Put(z)
	})
	z.reset(r)
	return z
}

// reset makes z decode r.
func (z *inflater) reset(r io.Reader) {
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = z.input
		br.Reset(r)
	}
	z.Reset(br)
}

// A zlibReader decodes RFC 1950.
type zlibReader struct {
	*inflater
	br  *bufio.Reader
	sum uint32
	n   int64 // bytes that came out
	err error // io.EOF if all was well to the end
}

// zlib returns the decoder of the zlib data that r begins with. If r is a
// *bufio.Reader, it is left behind the data.
func (u *unpacking) zlib(r io.Reader) (*zlibReader, error) {
	z := &zlibReader{inflater: u.inflate(nil)}
	return z, z.reset(r)
}

// reset makes z decode r.
func (z *zlibReader) reset(r io.Reader) error {
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = z.input
		br.Reset(r)
	}
	*z = zlibReader{inflater: z.inflater, br: br, sum: 1}
	head, err := br.Peek(2)
	if err != nil {
		z.err = err
		return err
	}
	switch {
	case head[0]&15 != 8 || head[0]>>4 > 7 || binary.BigEndian.Uint16(head)%31 != 0:
		z.err = inflate.ErrHeader
	case head[1]&0x20 != 0:
		z.err = inflate.ErrDictionary
	default:
		_, z.err = br.Discard(2)
		z.inflater.Reset(br)
	}
	return z.err
}

func (z *zlibReader) Read(p []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	n, err := z.inflater.Read(p)
	z.sum = inflate.UpdateAdler32(z.sum, p[:n])
	z.n += int64(n)
	if err == io.EOF {
		err = z.trailer()
	}
	z.err = err
	return n, err
}

func (z *zlibReader) trailer() error {
	var sum [4]byte
	if err := readAll(z.br, sum[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(sum[:]) != z.sum {
		return errChecksum
	}
	return io.EOF
}

var errChecksum = damaged("checksum mismatch")

// readAll is io.ReadFull with one error for all ends that come too early.
func readAll(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
