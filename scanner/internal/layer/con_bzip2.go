package layer

import (
	"compress/bzip2"
	"io"
)

// openBzip2 opens bzip2: one or more streams back to back.
func (u *unpacking) openBzip2() error {
	return u.member("", -1, bzip2Reader{bzip2.NewReader(u.reader())}, nil)
}

// bzip2Reader takes what is no stream after a stream for garbage, as bunzip2
// does.
type bzip2Reader struct{ r io.Reader }

func (b bzip2Reader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == bzip2.StructuralError("bad magic value in continuation file") {
		err = io.EOF
	}
	return n, err
}
