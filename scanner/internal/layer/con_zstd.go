package layer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
)

const zstdMagic = "\x28\xb5\x2f\xfd"

// openZstd opens RFC 8878: frames back to back, skippable ones between.
func (u *unpacking) openZstd() error {
	r := &zstdReader{u: u, br: u.reader()}
	defer r.close()
	return u.member("", -1, r, nil)
}

// zstdReader decodes frame by frame, so that the window of each is known, and
// held, before it is allocated.
type zstdReader struct {
	u      *unpacking
	br     *bufio.Reader
	dec    *zstd.Decoder
	window int64 // what dec may use
	inside bool  // a frame is being decoded
	any    bool  // some frame was
}

func (z *zstdReader) close() {
	if z.dec != nil {
		z.dec.Close()
	}
}

func (z *zstdReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if !z.inside {
			if err := z.next(); err != nil {
				return 0, err
			}
		}
		n, err := z.dec.Read(p)
		if err == io.EOF {
			z.inside, err = false, nil
		}
		if errors.Is(err, zstd.ErrUnknownDictionary) {
			err = unsupported("needs a dictionary that is not in it")
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next enters the next frame; io.EOF says that there is none. What follows a
// frame and is no frame is garbage.
func (z *zstdReader) next() error {
	for {
		head, err := z.br.Peek(18)
		if len(head) == 0 {
			return err
		}
		if len(head) >= 8 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "*M\x18" {
			if err := skip(z.br, 8+int64(binary.LittleEndian.Uint32(head[4:]))); err != nil {
				return err
			}
			continue
		}
		if !has(head, 0, zstdMagic) {
			if z.any {
				return io.EOF
			}
			return damaged("no frame")
		}
		break
	}
	frame, err := newZstdFrame(z.br)
	if err != nil {
		return err
	}
	if z.dec == nil || frame.window > z.window {
		z.close()
		if err := z.u.hold(frame.window - z.window); err != nil {
			return err
		}
		z.window = frame.window
		z.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(z.window)),
			zstd.IgnoreChecksum(true)) // it would swallow the last block of a frame whose checksum is wrong
		if err != nil {
			return fmt.Errorf("zstd decoder: %w", err)
		}
	}
	if err := z.dec.Reset(frame); err != nil {
		return err
	}
	z.inside, z.any = true, true
	return nil
}

// A zstdFrame gives the bytes of one frame and then ends.
type zstdFrame struct {
	br       *bufio.Reader
	left     int64 // bytes of the current block, or of header or checksum
	window   int64
	checksum bool
	last     bool // the current block is the last
	end      bool
}

const zstdWindowMin = 1 << 20

// newZstdFrame reads the frame header (RFC 8878 §3.1.1.1) without consuming it.
func newZstdFrame(br *bufio.Reader) (*zstdFrame, error) {
	head, _ := br.Peek(18)
	if len(head) < 6 {
		return nil, io.ErrUnexpectedEOF
	}
	descriptor := head[4]
	single := descriptor&0x20 != 0
	at := 5
	window := int64(0)
	if !single {
		window = 1 << (10 + head[at]>>3)
		window += window / 8 * int64(head[at]&7)
		at++
	}
	at += []int{0, 1, 2, 4}[descriptor&3]
	sizes := []int{0, 2, 4, 8}
	n := sizes[descriptor>>6]
	if n == 0 && single {
		n = 1
	}
	if len(head) < at+n {
		return nil, io.ErrUnexpectedEOF
	}
	if single {
		var size [8]byte
		copy(size[:], head[at:at+n])
		content := binary.LittleEndian.Uint64(size[:])
		if n == 2 {
			content += 256
		}
		if content > 1<<61 {
			return nil, damaged("content size")
		}
		window = int64(content)
	}
	// Rounded up, so that ever larger windows do not make a decoder each.
	window = 1 << bits.Len64(uint64(max(window, zstdWindowMin))-1)
	return &zstdFrame{br: br, left: int64(at + n), window: window, checksum: descriptor&4 != 0}, nil
}

func (f *zstdFrame) Read(p []byte) (int, error) {
	for f.left == 0 {
		if err := f.block(); err != nil {
			return 0, err
		}
	}
	n, err := f.br.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// block enters the next block (§3.1.1.2) or the checksum behind the last one.
func (f *zstdFrame) block() error {
	switch {
	case f.end, f.last && !f.checksum:
		return io.EOF
	case f.last:
		f.end, f.left = true, 4
		return nil
	}
	head, err := f.br.Peek(3)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	h := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
	f.last = h&1 != 0
	f.left = 3 + h>>3
	if h>>1&3 == 1 {
		f.left = 3 + 1 // one byte, repeated
	}
	return nil
}
