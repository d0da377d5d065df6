package layer

import (
	"bytes"
	"io"
)

// zlibProof is how many bytes must come out before broken zlib data counts as
// damage: its header is too short to tell it from chance.
const zlibProof = 64

// openZlib opens RFC 1950.
func (u *unpacking) openZlib() error {
	zr, err := u.zlib(u.reader())
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
