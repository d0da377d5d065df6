package layer

import (
	"unicode/utf16"
	"unicode/utf8"
)

// A dialect is one way to spell a character by its number or name. Dialects
// are bits: a set of them is their sum.
type dialect uint8

const (
	unicodeEscape dialect = 1 << iota
	hexEscape
	octalEscape
	backslashEscape
	percent
	entity
	quotedPrintable

	everyDialect = 1<<iota - 1
)

// name returns the layer's name for a set of dialects met in one key.
func (d dialect) name() string {
	switch d {
	case unicodeEscape:
		return "unicode-escape"
	case hexEscape:
		return "hex-escape"
	case octalEscape:
		return "octal-escape"
	case backslashEscape:
		return "backslash-escape"
	case percent:
		return "percent"
	case entity:
		return "html-entity"
	case quotedPrintable:
		return "quoted-printable"
	}
	return "escape"
}

// An escape is one escape sequence, decoded.
type escape struct {
	dialect dialect
	len     int // bytes it takes up
	out     [utf8.UTFMax]byte
	size    int // bytes of out; 0 for a soft line break
}

func byteEscape(d dialect, n int, c byte) escape {
	return escape{dialect: d, len: n, out: [utf8.UTFMax]byte{c}, size: 1}
}

func runeEscape(d dialect, n int, r rune) escape {
	e := escape{dialect: d, len: n}
	e.size = utf8.EncodeRune(e.out[:], r)
	return e
}

// text returns what the escape stands for.
func (e *escape) text() []byte { return e.out[:e.size] }

// isEscapeStart tells whether an escape may begin with c.
func isEscapeStart(c byte) bool { return c == '\\' || c == '%' || c == '&' || c == '=' }

// escapeAt decodes the escape of one of the dialects that begins at b[0].
func escapeAt(b []byte, among dialect) (escape, bool) {
	if len(b) < 2 {
		return escape{}, false
	}
	var e escape
	ok := false
	switch b[0] {
	case '\\':
		e, ok = backslashAt(b)
	case '%':
		if among&percent != 0 {
			e, ok = percentAt(b)
		}
	case '&':
		if among&entity != 0 {
			e, ok = entityAt(b)
		}
	case '=':
		if among&quotedPrintable != 0 {
			e, ok = quotedPrintableAt(b)
		}
	}
	return e, ok && e.dialect&among != 0
}

// hexNumber reads the hex digits that b begins with, at most limit of them.
func hexNumber(b []byte, limit int) (v rune, n int) {
	for n < len(b) && n < limit {
		d := hexAlphabet[b[n]]
		if d < 0 {
			break
		}
		v = v<<4 | rune(d)
		n++
	}
	return v, n
}

// backslashAt decodes the escapes of C, Java, JavaScript, Go, Python, Rust,
// Perl, JSON, shells and Markdown, as far as they agree.
func backslashAt(b []byte) (escape, bool) {
	switch c := b[1]; {
	case c == 'u':
		return unicodeAt(b)
	case c == 'U':
		if v, n := hexNumber(b[2:], 8); n == 8 && v >= 0 && v <= utf8.MaxRune {
			return runeEscape(unicodeEscape, 10, v), true
		}
		return escape{}, false
	case c == 'x':
		if v, n, ok := braced(b[2:], 16); ok {
			return runeEscape(hexEscape, 2+n, v), true
		}
		if v, n := hexNumber(b[2:], 2); n == 2 {
			return byteEscape(hexEscape, 4, byte(v)), true
		}
		return escape{}, false
	case c == 'o':
		if v, n, ok := braced(b[2:], 8); ok {
			return runeEscape(octalEscape, 2+n, v), true
		}
		return escape{}, false
	case '0' <= c && c <= '7':
		return octalAt(b), true
	case c < utf8.RuneSelf && letterEscapes[c] != 0:
		return byteEscape(backslashEscape, 2, letterEscapes[c]), true
	case isPunct(c):
		return byteEscape(backslashEscape, 2, c), true
	}
	return escape{}, false
}

// letterEscapes holds what a backslash makes of a letter.
var letterEscapes = [utf8.RuneSelf]byte{
	'a': '\a', 'b': '\b', 'e': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

func isPunct(c byte) bool {
	return '!' <= c && c <= '~' && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9')
}

// unicodeAt decodes \u0070, \uu0070 as Java has it, \u{70}, and two of the
// first kind that make a surrogate pair.
func unicodeAt(b []byte) (escape, bool) {
	if v, n, ok := braced(b[2:], 16); ok {
		return runeEscape(unicodeEscape, 2+n, v), true
	}
	i := 2
	for i < len(b) && i < 8 && b[i] == 'u' {
		i++
	}
	v, n := hexNumber(b[i:], 4)
	if n != 4 {
		return escape{}, false
	}
	i += 4
	if utf16.IsSurrogate(v) && i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
		if low, n := hexNumber(b[i+2:], 4); n == 4 {
			if r := utf16.DecodeRune(v, low); r != utf8.RuneError {
				return runeEscape(unicodeEscape, i+6, r), true
			}
		}
	}
	return runeEscape(unicodeEscape, i, v), true
}

// braced reads a number in braces, of at most 8 digits.
func braced(b []byte, base rune) (v rune, n int, ok bool) {
	if len(b) == 0 || b[0] != '{' {
		return 0, 0, false
	}
	for i := 1; i < len(b) && i <= 9; i++ {
		if b[i] == '}' {
			return v, i + 1, i > 1
		}
		d := rune(hexAlphabet[b[i]])
		if d < 0 || d >= base {
			break
		}
		if v = v*base + d; v > utf8.MaxRune {
			break
		}
	}
	return 0, 0, false
}

// octalAt decodes \1, \60, \160, and \0160 as shells have it. In C that would be
// a control character and a digit; where the character is white space, C's
// reading holds unless the next escape follows at once.
func octalAt(b []byte) escape {
	v, n := 0, 1
	for n < len(b) && n < 4 && '0' <= b[n] && b[n] <= '7' && v*8 <= 0o377 {
		v = v*8 + int(b[n]-'0')
		n++
	}
	if n == 4 && b[1] == '0' && v < ' ' && len(b) > 4 && '0' <= b[4] && b[4] <= '7' {
		isSpace := v == '\t' || v == '\n' || v == '\r'
		if !isSpace || len(b) > 5 && b[5] == '\\' {
			v = v*8 + int(b[4]-'0')
			n++
		}
	}
	return byteEscape(octalEscape, n, byte(v))
}

func percentAt(b []byte) (escape, bool) {
	if b[1] == 'u' || b[1] == 'U' {
		if v, n := hexNumber(b[2:], 4); n == 4 {
			return runeEscape(percent, 6, v), true
		}
		return escape{}, false
	}
	if v, n := hexNumber(b[1:], 2); n == 2 {
		return byteEscape(percent, 3, byte(v)), true
	}
	return escape{}, false
}

func quotedPrintableAt(b []byte) (escape, bool) {
	if v, n := hexNumber(b[1:], 2); n == 2 {
		return byteEscape(quotedPrintable, 3, byte(v)), true
	}
	i := 1
	for i < len(b) && i < 16 && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	if i < len(b) && b[i] == '\r' {
		i++
	}
	if i < len(b) && b[i] == '\n' {
		return escape{dialect: quotedPrintable, len: i + 1}, true
	}
	return escape{}, false
}

// maxDigits bounds the digits of a numeric entity, its leading zeros included.
const maxDigits = 16

// entityAt decodes a character reference of HTML or XML. As in HTML, the
// semicolon of a numeric one may be missing.
func entityAt(b []byte) (escape, bool) {
	if b[1] != '#' {
		return namedEntityAt(b)
	}
	var v rune
	i, first := 2, 2
	if i < len(b) && (b[i] == 'x' || b[i] == 'X') {
		i, first = 3, 3
		for ; i < len(b) && i < first+maxDigits && hexAlphabet[b[i]] >= 0 && v <= utf8.MaxRune; i++ {
			v = v<<4 | rune(hexAlphabet[b[i]])
		}
	} else {
		for ; i < len(b) && i < first+maxDigits && '0' <= b[i] && b[i] <= '9' && v <= utf8.MaxRune; i++ {
			v = v*10 + rune(b[i]-'0')
		}
	}
	if i == first || v > utf8.MaxRune {
		return escape{}, false
	}
	if i < len(b) && b[i] == ';' {
		i++
	}
	return runeEscape(entity, i, v), true
}

// namedEntities are the named references of HTML for ASCII characters, from
// the HTML standard §13.5. Letters and digits have none.
var namedEntities = map[string]byte{
	"Tab": '\t', "NewLine": '\n', "excl": '!', "quot": '"', "QUOT": '"', "num": '#', "dollar": '$',
	"percnt": '%', "amp": '&', "AMP": '&', "apos": '\'', "lpar": '(', "rpar": ')', "ast": '*',
	"midast": '*', "plus": '+', "comma": ',', "period": '.', "sol": '/', "colon": ':', "semi": ';',
	"lt": '<', "LT": '<', "equals": '=', "gt": '>', "GT": '>', "quest": '?', "commat": '@',
	"lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^', "lowbar": '_',
	"UnderBar": '_', "grave": '`', "DiacriticalGrave": '`', "lcub": '{', "lbrace": '{', "verbar": '|',
	"vert": '|', "VerticalLine": '|', "rcub": '}', "rbrace": '}',
}

const longestEntity = len("DiacriticalGrave")

func namedEntityAt(b []byte) (escape, bool) {
	for i := 1; i < len(b) && i <= longestEntity+1; i++ {
		if b[i] == ';' {
			if c, ok := namedEntities[string(b[1:i])]; ok {
				return byteEscape(entity, i+1, c), true
			}
			break
		}
	}
	return escape{}, false
}
