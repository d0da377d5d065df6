package layer

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

const arMagic = "!<arch>\n"

// openAr opens the ar format, as static libraries and Debian packages have it.
// A member is a header of 60 bytes of text and the content, padded to an even
// length. Long names are in a member called "//" (GNU) or before the content
// (BSD).
func (u *unpacking) openAr() error {
	src := &credit{r: u.reader()}
	if err := skip(src, int64(len(arMagic))); err != nil {
		return err
	}
	var longNames []byte
	for {
		var h [60]byte
		if n, err := io.ReadFull(src, h[:]); err == io.EOF || err == io.ErrUnexpectedEOF && len(bytes.TrimSpace(h[:n])) == 0 {
			return nil
		} else if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(h[48:58])), 10, 64)
		if err != nil || size < 0 || string(h[58:]) != "`\n" {
			return damaged("a header is not valid")
		}
		name := strings.TrimRight(string(h[:16]), " ")
		content := &io.LimitedReader{R: src, N: size}
		const maxNames = 1 << 20
		switch {
		case name == "//" && size <= maxNames:
			if longNames, err = io.ReadAll(content); err != nil {
				return err
			}
		case name == "/" || name == "/SYM64/" || name == "__.SYMDEF":
			// Symbol tables are names only, and stand in the raw bytes.
		default:
			if n, ok := strings.CutPrefix(name, "#1/"); ok {
				length, err := strconv.ParseInt(n, 10, 64)
				if err != nil || length < 0 || length > min(size, maxNames) {
					return damaged("a name's length")
				}
				long := make([]byte, length)
				if _, err := io.ReadFull(content, long); err != nil {
					return err
				}
				name = string(bytes.TrimRight(long, "\x00"))
			} else {
				name = arName(name, longNames)
			}
			if err := u.member(name, content.N, exact(content), &src.free); err != nil {
				return err
			}
		}
		if err := skip(content, content.N); err != nil {
			return err
		}
		if size%2 == 1 {
			if err := skip(src, 1); err != nil {
				return nil
			}
		}
	}
}

// arName looks up a GNU name such as "/123", or trims the slash that ends a
// short one.
func arName(name string, longNames []byte) string {
	if at, err := strconv.Atoi(strings.TrimPrefix(name, "/")); err == nil && name[0] == '/' && at >= 0 && at < len(longNames) {
		long, _, _ := bytes.Cut(longNames[at:], []byte("\n"))
		name = string(long)
	}
	return strings.TrimSuffix(name, "/")
}

// exact is r, but that an end before its limit is damage.
func exact(r *io.LimitedReader) io.Reader { return exactReader{r} }

type exactReader struct{ r *io.LimitedReader }

func (e exactReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err == io.EOF && e.r.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
