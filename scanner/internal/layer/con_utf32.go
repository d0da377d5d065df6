package layer

import (
	"bufio"
	"unicode/utf8"
)

// UTF-32 (Unicode standard §3.10) is opened as a container whose one member is
// the same text in UTF-8: text of that form is met as whole files only.

const (
	utf32MarkLE = "\xff\xfe\x00\x00"
	utf32MarkBE = "\x00\x00\xfe\xff"
)

// looksLikeUTF32 tells whether text in UTF-32 begins with h: a byte order mark
// and a character, or characters of ASCII alone. Zero bytes say which order.
func looksLikeUTF32(h []byte) Format {
	const letters = 8
	switch {
	case len(h) >= 8 && has(h, 0, utf32MarkLE) && h[6] <= 0x10 && h[7] == 0:
		return UTF32LE
	case len(h) >= 8 && has(h, 0, utf32MarkBE) && h[4] == 0 && h[5] <= 0x10:
		return UTF32BE
	case len(h) < 4*letters || h[1] != 0 || h[2] != 0:
		return 0
	}
	format, at := UTF32LE, 0
	if h[0] == 0 {
		format, at = UTF32BE, 3
	}
	for i := range 4 * letters {
		if i%4 == at && !isTextByte(h[i]) || i%4 != at && h[i] != 0 {
			return 0
		}
	}
	return format
}

func isTextByte(c byte) bool { return ' ' <= c && c < 0x7f || '\t' <= c && c <= '\r' }

// openUTF32 opens text in UTF-32. What is no character becomes U+FFFD: numbers of
// 32 bits may look like text for a while.
func (u *unpacking) openUTF32(at int) error {
	src := &credit{r: u.reader()}
	return u.member("", -1, &utf32Reader{br: u.buffer(src), low: at}, &src.free)
}

type utf32Reader struct {
	br  *bufio.Reader
	low int    // where the lowest byte of a unit stands, 0 or 3
	out []byte // not read yet
	buf [4 << 10]byte
}

func (r *utf32Reader) Read(p []byte) (int, error) {
	if len(r.out) == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// fill decodes some units.
func (r *utf32Reader) fill() error {
	const unit = 4
	b, err := r.br.Peek(max(min(r.br.Buffered(), len(r.buf)/utf8.UTFMax*unit)/unit*unit, unit))
	if len(b) < unit {
		return err
	}
	out := r.buf[:0]
	n := 0
	for ; n+unit <= len(b); n += unit {
		v := rune(b[n]) | rune(b[n+1])<<8 | rune(b[n+2])<<16 | rune(b[n+3])<<24
		if r.low == 3 {
			v = rune(b[n+3]) | rune(b[n+2])<<8 | rune(b[n+1])<<16 | rune(b[n])<<24
		}
		out = utf8.AppendRune(out, v)
	}
	r.out = out
	_, err = r.br.Discard(n)
	return err
}
