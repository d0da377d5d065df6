package gitobj

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zlib"
)

// loosePath returns where in an objects directory the loose object id would be.
func loosePath(objects string, id ID) string {
	h := id.String()
	return filepath.Join(objects, h[:2], h[2:])
}

var errLoose = errors.New("loose object's header is damaged")

// maxLooseHeader is the length of the longest header with its NUL: Git reads no
// more either (MAX_HEADER_LEN).
const maxLooseHeader = 32

// parseLooseHeader reads "type SP size NUL" at the start of b and returns how
// long it is.
func parseLooseHeader(b []byte) (t Type, size int64, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxLooseHeader)], 0)
	if end < 0 {
		return 0, 0, 0, errLoose
	}
	name, digits, ok := bytes.Cut(b[:end], []byte{' '})
	if !ok || len(digits) == 0 || digits[0] == '0' && len(digits) > 1 {
		return 0, 0, 0, errLoose
	}
	t, ok = parseType(name)
	if !ok {
		return 0, 0, 0, fmt.Errorf("loose object has the unknown type %q", name)
	}
	for _, d := range digits {
		if d < '0' || d > '9' || size > (1<<63-1-9)/10 {
			return 0, 0, 0, errLoose
		}
		size = size*10 + int64(d-'0')
	}
	return t, size, end + 1, nil
}

// A looseReader reads loose objects, one after the other: what it needs for
// inflating is kept. The content of the open one follows from Read.
type looseReader struct {
	t    Type
	size int64
	file *os.File
	src  deflated
	z    io.ReadCloser // a zlib reader of src; nil before the first object
	head []byte        // content that came with the header
	body exact
}

// openLoose opens the loose object at path.
func openLoose(path string) (*looseReader, error) {
	l := new(looseReader)
	return l, l.open(path)
}

// open opens the loose object at path. The one before must be closed.
func (l *looseReader) open(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	l.file = f
	if err := l.readHeader(); err != nil {
		f.Close()
		return err
	}
	return nil
}

func (l *looseReader) readHeader() (err error) {
	l.src.reset(l.file)
	if l.z == nil {
		l.z, err = zlib.NewReader(&l.src)
	} else {
		err = l.z.(zlib.Resetter).Reset(&l.src, nil)
	}
	if err != nil {
		return fmt.Errorf("zlib: %w", err)
	}
	head := make([]byte, maxLooseHeader)
	n, err := io.ReadFull(l.z, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("zlib: %w", err)
	}
	t, size, at, err := parseLooseHeader(head[:n])
	if err != nil {
		return err
	}
	if int64(n-at) > size {
		return errors.New("the zlib stream holds more bytes than announced")
	}
	if info, err := l.file.Stat(); err == nil && !plausible(uint64(size), info.Size()) {
		return fmt.Errorf("loose object announces %d bytes, more than its file can hold", size)
	}
	l.t, l.size, l.head = t, size, head[at:n]
	l.body = exact{z: l.z, left: size - int64(n-at)}
	return nil
}

// Read reads the object's content; it fails at its end where the stream, its
// checksum or what follows it is wrong.
func (l *looseReader) Read(p []byte) (int, error) {
	if len(l.head) > 0 {
		n := copy(p, l.head)
		l.head = l.head[n:]
		return n, nil
	}
	n, err := l.body.Read(p)
	if err == io.EOF {
		if _, more := l.src.ReadByte(); more != io.EOF {
			return n, errors.New("garbage follows the loose object's stream")
		}
	}
	return n, err
}

// Close closes the file.
func (l *looseReader) Close() error { return errors.Join(l.body.Close(), l.file.Close()) }

// all reads the whole content into dst, which has its size.
func (l *looseReader) all(dst []byte) error {
	if _, err := io.ReadFull(l, dst); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	var more [1]byte
	n, err := l.Read(more[:])
	if err == io.EOF && n == 0 {
		return nil
	}
	if err == nil {
		err = errors.New("the zlib stream holds more bytes than announced")
	}
	return err
}

// listLoose calls f with the id of every loose object in an objects directory,
// in order.
func listLoose(objects string, format Format, f func(ID)) error {
	dirs, err := os.ReadDir(objects)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range dirs {
		if len(d.Name()) != 2 || strings.Trim(d.Name(), "0123456789abcdef") != "" {
			continue
		}
		files, err := os.ReadDir(filepath.Join(objects, d.Name()))
		if err != nil && !gone(err) {
			errs = append(errs, err)
		}
		for _, e := range files {
			raw, err := hex.DecodeString(d.Name() + e.Name())
			if err != nil || len(raw) != format.Size() || strings.ToLower(e.Name()) != e.Name() {
				continue
			}
			f(MakeID(raw))
		}
	}
	return errors.Join(errs...)
}
