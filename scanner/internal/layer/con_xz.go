package layer

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/therootcompany/xz"
)

// openXZ opens the .xz format: one or more streams, padded with zeros.
func (u *unpacking) openXZ() error {
	r, err := u.xzReader(u.reader())
	if err != nil {
		return err
	}
	return u.member("", -1, r, nil)
}

// xzReader decodes br with as much dictionary as its first block asks for. A
// later block that wants more is cut.
func (u *unpacking) xzReader(br *bufio.Reader) (io.Reader, error) {
	dict := xzDictionary(br)
	if err := u.hold(dict); err != nil {
		return nil, err
	}
	zr, err := xz.NewReader(br, uint32(dict))
	if err != nil {
		return nil, xzError(err)
	}
	zr.Multistream(false)
	return &xzReader{zr}, nil
}

type xzReader struct{ zr *xz.Reader }

func (x *xzReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := x.zr.Read(p)
		if err != io.EOF {
			return n, xzError(err)
		}
		if n > 0 {
			return n, nil
		}
		// No stream header behind a stream: the end, or garbage that xz -d
		// complains about after it wrote everything.
		switch err := x.zr.Reset(nil); err {
		case nil:
			x.zr.Multistream(false)
		case io.EOF, xz.ErrFormat, xz.ErrBuf:
			return 0, io.EOF
		default:
			return 0, xzError(err)
		}
	}
}

func xzError(err error) error {
	switch err {
	case xz.ErrMemlimit:
		return cut{"needs a larger dictionary than its first block"}
	case xz.ErrUnsupportedCheck, xz.ErrOptions:
		return unsupported("unsupported: %v", err)
	case xz.ErrBuf:
		return io.ErrUnexpectedEOF
	}
	return err
}

// The least dictionary that is held, whatever a header says.
const xzDictionaryMin = 1 << 20

// xzDictionary reads the dictionary size out of the first block header (.xz
// file format 1.2.1 §3.1 and §5.3.1). What it cannot parse, the decoder will
// refuse.
func xzDictionary(br *bufio.Reader) int64 {
	const streamHeader = 12
	head, _ := br.Peek(streamHeader + 1)
	if len(head) <= streamHeader {
		return xzDictionaryMin
	}
	block, _ := br.Peek(streamHeader + (int(head[streamHeader])+1)*4)
	block = block[streamHeader:]
	if len(block) < 8 {
		return xzDictionaryMin
	}
	flags, fields := block[1], block[2:]
	number := func() uint64 {
		v, n := binary.Uvarint(fields)
		if n <= 0 {
			fields = nil
			return 0
		}
		fields = fields[n:]
		return v
	}
	if flags&0x40 != 0 {
		number()
	}
	if flags&0x80 != 0 {
		number()
	}
	for range flags&3 + 1 {
		const lzma2 = 0x21
		id, size := number(), number()
		if size > uint64(len(fields)) {
			break
		}
		if id == lzma2 && size == 1 && fields[0] <= 40 {
			if fields[0] == 40 {
				return 1<<32 - 1
			}
			bits := int64(fields[0])
			return max((2|bits&1)<<(bits/2+11), xzDictionaryMin)
		}
		fields = fields[size:]
	}
	return xzDictionaryMin
}
