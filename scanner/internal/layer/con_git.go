package layer

import (
	"io"
)

// openGitBundle opens a Git bundle (gitformat-bundle): lines of text up to an
// empty one, then a pack.
func (u *unpacking) openGitBundle() error {
	br := u.reader()
	src := &credit{r: br}
	line := 0
	for {
		b, err := br.Peek(1)
		if err != nil {
			return damagedOr(err, "")
		}
		if err := skip(src, 1); err != nil {
			return err
		}
		if b[0] != '\n' {
			line++
			continue
		}
		if line == 0 {
			break
		}
		line = 0
	}
	return u.member("(pack)", -1, io.Reader(src), &src.free)
}

func (u *unpacking) openGitPack() error {
	return unsupported("this format is not opened")
}
