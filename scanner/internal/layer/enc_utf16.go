package layer

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// A byteOrder says where in a UTF-16 code unit the low byte stands.
type byteOrder struct {
	layer string
	unit  func([]byte) uint16
	high  int // position of the high byte
}

var (
	littleEndian = byteOrder{"utf-16le", binary.LittleEndian.Uint16, 1}
	bigEndian    = byteOrder{"utf-16be", binary.BigEndian.Uint16, 0}
)

// byteOrderMark stands at the beginning of UTF-16 text.
const byteOrderMark = 0xFEFF

// peelUTF16 decodes UTF-16 to UTF-8, in both directions from the hit up to
// what is no text: a NUL or another control character, a byte order mark, half
// a surrogate pair, or what is more likely four characters of ASCII than two of
// Chinese.
func (p *Peeler) peelUTF16(hit literal.Hit, order byteOrder) (Text, bool) {
	b := p.content
	at := hit.Pos // a code unit begins here; the hit may begin with its second byte
	if isHigh := b[at] == 0; isHigh != (order.high == 0) {
		at--
	}
	if at < 0 || at+2 > len(b) {
		return Text{}, false
	}
	seen := &p.utf16[order.high*2+at&1]
	if seen.has(at) {
		return Text{}, false
	}
	start := at
	for start >= 2 && at-start < leftSpan && isText(order.unit(b[start-2:])) && (start < 4 || !isASCII(b[start-4:start])) {
		start -= 2
	}
	raw := start
	if start >= 2 && order.unit(b[start-2:]) == byteOrderMark {
		raw -= 2
	}

	t := p.begin(order.layer, raw)
	p.marks = p.marks[:0]
	t.per = 2
	limit, stop := at+p.limit, -1
	i := start
	for i+2 <= len(b) && i < limit {
		if stop < 0 && i >= limit-keySpan {
			stop, t.To = i, len(p.out)
		}
		r, n := order.decode(b[i:])
		if i >= at && (n == 0 || i+4 <= len(b) && isASCII(b[i:i+4])) {
			break
		}
		if n == 0 {
			// Text begins behind what is none.
			i += 2
			start = i
			t = p.begin(order.layer, start)
			p.marks, t.per = p.marks[:0], 2
			continue
		}
		j := len(p.out) - t.lo
		p.out = utf8.AppendRune(p.out, r)
		for k := j; k < len(p.out)-t.lo; k++ {
			p.marks = addMark(p.marks, 2*k, i)
		}
		i += n
	}
	if i <= at {
		return Text{}, false
	}
	owned := t.To
	p.end(&t, i)
	if t.Cut = i >= limit; t.Cut {
		// The next Text owns what is close to the cut.
		t.To = owned
	} else {
		stop = i
	}
	*seen = span{start, stop}
	t.marks = p.marks
	return t, true
}

// isASCII tells whether all of b is printable ASCII.
func isASCII(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isText tells whether a UTF-16 code unit may be part of text. Terminals' colours
// begin with an escape: PowerShell writes them so where output is redirected.
func isText(u uint16) bool {
	switch u {
	case '\t', '\n', '\f', '\r', '\x1b':
		return true
	}
	return u >= ' ' && u != 0x7F && u < 0xFFFE && u != byteOrderMark
}

// decode reads the character that b begins with and returns the bytes it takes
// up, 0 if it is none of a text.
func (o *byteOrder) decode(b []byte) (rune, int) {
	u := o.unit(b)
	if !utf16.IsSurrogate(rune(u)) {
		if !isText(u) {
			return 0, 0
		}
		return rune(u), 2
	}
	if len(b) < 4 {
		return 0, 0
	}
	r := utf16.DecodeRune(rune(u), rune(o.unit(b[2:])))
	if r == utf8.RuneError {
		return 0, 0
	}
	return r, 4
}
