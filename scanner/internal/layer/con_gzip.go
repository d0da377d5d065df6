package layer

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// openGzip opens RFC 1952: one or more members, back to back, whose contents
// are one stream, as gunzip has it. A key may stand across the edge of two.
func (u *unpacking) openGzip() error {
	br := u.reader()
	name, err := gzipHeader(br)
	if err != nil {
		return err
	}
	return u.member(name, -1, &gzipReader{br: br, z: u.inflate(br)}, nil)
}

// The flags of a gzip member (RFC 1952 §2.3.1).
const (
	gzipHeaderSum = 1 << 1
	gzipExtra     = 1 << 2
	gzipName      = 1 << 3
	gzipComment   = 1 << 4
)

// gzipHeader reads the header of a member and returns the name of the file that
// it was made of, if it says that.
func gzipHeader(br *bufio.Reader) (string, error) {
	var h [10]byte
	if err := readAll(br, h[:]); err != nil {
		return "", err
	}
	if h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 {
		return "", damaged("no gzip header")
	}
	flags := h[3]
	if flags&gzipExtra != 0 {
		var size [2]byte
		if err := readAll(br, size[:]); err != nil {
			return "", err
		}
		if err := skip(br, int64(binary.LittleEndian.Uint16(size[:]))); err != nil {
			return "", err
		}
	}
	var name string
	var err error
	if flags&gzipName != 0 {
		if name, err = gzipText(br); err != nil {
			return "", err
		}
	}
	if flags&gzipComment != 0 {
		if _, err := gzipText(br); err != nil {
			return "", err
		}
	}
	if flags&gzipHeaderSum != 0 {
		if err := skip(br, 2); err != nil {
			return "", err
		}
	}
	return name, nil
}

// gzipText reads up to a NUL and returns what came before that, or the beginning
// of it.
func gzipText(br *bufio.Reader) (string, error) {
	const most = 4 << 10
	var text []byte
	for {
		piece, err := br.ReadSlice(0)
		text = append(text, piece[:min(len(piece), most-len(text))]...)
		switch err {
		case nil:
			return string(text[:max(len(text)-1, 0)]), nil
		case bufio.ErrBufferFull:
		case io.EOF:
			return "", io.ErrUnexpectedEOF
		default:
			return "", err
		}
	}
}

type gzipReader struct {
	br      *bufio.Reader
	z       *inflater
	sum     uint32
	n       uint32 // modulo 2^32, as the format has it
	damage  error  // a checksum that failed; the content behind it is read all the same
	trailer bool   // the last member has ended
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for !g.trailer {
		n, err := g.z.Read(p)
		g.sum = crc32.Update(g.sum, crc32.IEEETable, p[:n])
		g.n += uint32(n)
		if err != io.EOF {
			return n, err
		}
		if err := g.next(); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
	if g.damage != nil {
		return 0, g.damage
	}
	return 0, io.EOF
}

// next ends a member and goes on to the next. Zeros that pad a tape's block may
// stand between; other bytes are garbage, which gunzip ignores.
func (g *gzipReader) next() error {
	var end [8]byte
	if err := readAll(g.br, end[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(end[:]) != g.sum || binary.LittleEndian.Uint32(end[4:]) != g.n {
		g.damage = errChecksum
	}
	for {
		head, err := g.br.Peek(4)
		switch {
		case len(head) == 0 && err != io.EOF:
			return err
		case len(head) > 0 && head[0] == 0:
			if _, err := g.br.Discard(1); err != nil {
				return err
			}
		default:
			if f, _ := Sniff(head); f != Gzip {
				g.trailer = true
				return nil
			}
			if _, err := gzipHeader(g.br); err != nil {
				return err
			}
			g.sum, g.n = 0, 0
			g.z.Reset(g.br)
			return nil
		}
	}
}
