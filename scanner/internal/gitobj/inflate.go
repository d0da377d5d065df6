package gitobj

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// An inflater inflates zlib streams (RFC 1950) whose inflated size is known. It
// belongs to one goroutine.
type inflater struct {
	src bytes.Reader
	z   io.ReadCloser
}

// zlib inflates the stream at the start of src, which must yield exactly
// len(dst) bytes, and returns how many bytes of src it took. The checksum may
// go unchecked unless checkAdler is set.
func (z *inflater) zlib(dst, src []byte, checkAdler bool) (consumed int, err error) {
	z.src.Reset(src)
	if z.z == nil {
		z.z, err = zlib.NewReader(&z.src)
	} else {
		err = z.z.(zlib.Resetter).Reset(&z.src, nil)
	}
	if err != nil {
		return 0, fmt.Errorf("zlib: %w", err)
	}
	if _, err := io.ReadFull(z.z, dst); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, fmt.Errorf("zlib: %w", err)
	}
	var more [1]byte
	if n, err := z.z.Read(more[:]); n != 0 {
		return 0, fmt.Errorf("zlib: the stream holds more than the %d bytes announced", len(dst))
	} else if err != io.EOF {
		return 0, fmt.Errorf("zlib: %w", err)
	}
	return len(src) - z.src.Len(), nil
}

// maxRatio is how many bytes one byte of deflated data can stand for at most:
// 258 bytes from two bits (RFC 1951, 3.2.5).
const maxRatio = 1032

// plausible tells whether n deflated bytes can inflate to size bytes.
func plausible(size uint64, n int64) bool { return size/maxRatio <= uint64(n) }
