package layer

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// openGzip opens RFC 1952: one or more members, back to back, whose contents
// are one stream, as gunzip has it. A key may stand across the edge of two.
func (u *unpacking) openGzip() error {
	br := u.reader()
	zr, err := gzip.NewReader(br)
	if err != nil {
		return err
	}
	zr.Multistream(false)
	return u.member(zr.Name, -1, &gzipReader{br: br, zr: zr}, nil)
}

type gzipReader struct {
	br      *bufio.Reader
	zr      *gzip.Reader
	damage  error // a checksum that failed; the content behind it is read all the same
	trailer bool  // the last member has ended
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for !g.trailer {
		n, err := g.zr.Read(p)
		if err == gzip.ErrChecksum {
			g.damage, err = err, io.EOF
		}
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

// next goes on to the next member. Zeros that pad a tape's block may stand
// between; other bytes are garbage, which gunzip ignores.
func (g *gzipReader) next() error {
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
			if err := g.zr.Reset(g.br); err != nil {
				return err
			}
			g.zr.Multistream(false)
			return nil
		}
	}
}

// zlibProof is how many bytes must come out before broken zlib data counts as
// damage: its header is too short to tell it from chance.
const zlibProof = 64

// openZlib opens RFC 1950.
func (u *unpacking) openZlib() error {
	zr, err := zlib.NewReader(u.reader())
	if err != nil {
		return nil
	}
	head := make([]byte, zlibProof)
	n, err := io.ReadFull(zr, head)
	switch {
	case err == nil:
		return u.member("", -1, io.MultiReader(bytes.NewReader(head), zr), nil)
	case u.sourceErr != nil:
		return err
	case n == 0:
		return nil
	}
	return u.member("", -1, bytes.NewReader(head[:n]), nil)
}
