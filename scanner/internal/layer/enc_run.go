package layer

import (
	"bytes"
	"slices"
)

// An alphabet gives the value of each symbol and -1 for all other bytes.
type alphabet [256]int8

func newAlphabet(symbols ...string) (a alphabet) {
	for i := range a {
		a[i] = -1
	}
	for _, s := range symbols {
		for v, c := range []byte(s) {
			a[c] = int8(v)
		}
	}
	return a
}

// The alphabets of RFC 4648. The two of base64 are read as one, since text
// that mixes them is met and no symbol has two values.
var (
	base64Alphabet = newAlphabet(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
	hexAlphabet = newAlphabet("0123456789ABCDEF", "0123456789abcdef")
)

// A run is a stretch of symbols of one alphabet: a line, or several that look
// like one text that was wrapped. It is kept for the hits that follow. Which
// of its lines belong together shows only when they are decoded.
type run struct {
	alphabet *alphabet
	bits     int // in a symbol
	per      int // symbols in a unit that decodes to per-1 whole bytes

	from, to int    // the symbols stand in content[from:to]
	symbols  []byte // their values
	marks    []mark
	lines    []int // the symbol each line begins with
	cut      bool  // more may follow at to

	// decoded holds the symbols that the latest Text showed, by where units
	// begin: by what the number of a unit's first symbol leaves when divided
	// by per.
	decoded [4]span
	heads   int // symbols decoded as compressed data that begins somewhere in the run
}

// forget empties the run.
func (r *run) forget() {
	if cap(r.symbols) > keptBuffer {
		r.symbols = nil
	}
	if cap(r.marks)*markSize > keptBuffer {
		r.marks = nil
	}
	if cap(r.lines)*8 > keptBuffer {
		r.lines = nil
	}
	r.restart(0)
	r.cut, r.decoded, r.heads = false, [4]span{}, 0
}

// restart begins the run anew at offset i.
func (r *run) restart(i int) {
	r.from, r.to = i, i
	r.symbols, r.marks, r.lines = r.symbols[:0], r.marks[:0], append(r.lines[:0], 0)
}

// has tells whether a hit at pos can be decoded from the run as it is.
func (r *run) has(pos int) bool {
	return r.from <= pos && pos < r.to && !(r.cut && pos >= r.to-keySpan)
}

// standsAt tells whether a symbol of the run stands at pos.
func (r *run) standsAt(pos int) bool {
	return r.from <= pos && pos < r.to && offsetOf(r.marks, symbolAt(r.marks, pos)) == pos
}

// read fills the run with the text around pos, of which at most limit bytes
// behind it.
func (r *run) read(b []byte, pos, limit int) {
	r.forget()
	view := b[:min(len(b), pos+limit)]
	r.readFrom(view, r.leftOf(b, pos), pos)
	if !r.standsAt(pos) {
		// What seemed an escape in front of pos took it in.
		r.restart(pos)
		r.readFrom(view, pos, pos)
	}
	r.cut = len(view) < len(b) && r.to > len(view)-longestBreak
}

// leftOf returns an offset at or in front of which the run around pos begins,
// unless it begins more than leftSpan in front of pos.
func (r *run) leftOf(b []byte, pos int) int {
	i := pos
	for i > 0 && pos-i < leftSpan {
		j := i
		for j > 0 && i-j < longestBreak && r.alphabet[b[j-1]] < 0 && inBreak(b[j-1]) {
			j--
		}
		// The letters of an escape look like symbols.
		if j < i && !bytes.ContainsAny(b[max(0, j-len(`\u000a`)):i], "\n\r\"'`\\%&") {
			break // no line break
		}
		for i = j; i > 0 && r.alphabet[b[i-1]] >= 0 && pos-i < leftSpan; {
			i--
		}
		if i == j {
			break
		}
	}
	return i
}

// inBreak tells whether c may stand in what lineBreak takes for a separator,
// or begin an escape.
func inBreak(c byte) bool {
	return c == '\n' || c == '\r' || c == ' ' || c == '\t' || isPunct(c) && c != ':' && c != '=' && c != '@' && c != '$' || isKeyByte(c)
}

// readFrom reads runs from offset i on until it has one that reaches beyond pos.
func (r *run) readFrom(b []byte, i, pos int) {
	r.restart(i)
	var mark byte
	for i < len(b) {
		line, lineAt, before := len(r.symbols), i, r.to
		i = r.readLine(b, i)
		if mark == 0 || line == 0 {
			mark = patchMark(b, lineAt, i)
		}
		gap := lineBreak(b[i:], r.alphabet, mark)
		if gap > 0 && i > lineAt {
			i += gap
			r.lines = append(r.lines, len(r.symbols))
			continue
		}
		if len(r.lines) > 1 && !closesText(b[i:], r.alphabet) {
			// The last line is none of this text.
			r.lines = r.lines[:len(r.lines)-1]
			if lineAt <= pos {
				r.restart(lineAt)
				r.readLine(b, lineAt)
			} else {
				r.truncate(line, before)
			}
		}
		if i > pos {
			return
		}
		if gap == 0 {
			gap = 1
			if e, ok := escapeAt(b[i:], everyDialect&^quotedPrintable); ok {
				gap = e.len
			}
		}
		i += gap
		r.restart(i)
	}
}

// readLine appends the symbols that b[i:] begins with, and returns the offset
// behind them. A symbol may be escaped: JSON may write / as \/, a form + as %2B.
func (r *run) readLine(b []byte, i int) int {
	for {
		r.marks = addMark(r.marks, len(r.symbols), i)
		to := i
		for to < len(b) && r.alphabet[b[to]] >= 0 {
			to++
		}
		// A run may be megabytes long: room for all of it is made at once.
		r.symbols = slices.Grow(r.symbols, to-i)
		for _, c := range b[i:to] {
			r.symbols = append(r.symbols, byte(r.alphabet[c]))
		}
		i, r.to = to, to
		v, n := escapedSymbol(b[i:], r.alphabet)
		if n == 0 {
			return i
		}
		r.marks = addMark(r.marks, len(r.symbols), i)
		r.symbols = append(r.symbols, v)
		i += n
	}
}

// truncate drops the symbols from number n on; to is the offset behind those
// that stay.
func (r *run) truncate(n, to int) {
	r.symbols, r.to = r.symbols[:n], to
	for len(r.marks) > 0 && r.marks[len(r.marks)-1].sym >= uint32(n) {
		r.marks = r.marks[:len(r.marks)-1]
	}
}

// escapedSymbol reads an escaped symbol and returns its value and the bytes it
// takes up, or 0 bytes. Nothing escapes letters and digits of encoded text.
func escapedSymbol(b []byte, a *alphabet) (byte, int) {
	if len(b) < 2 || !isEscapeStart(b[0]) {
		return 0, 0
	}
	e, ok := escapeAt(b, everyDialect&^(quotedPrintable|octalEscape))
	if !ok || e.size != 1 || a[e.out[0]] < 0 || !isPunct(e.out[0]) {
		return 0, 0
	}
	return byte(a[e.out[0]]), e.len
}

// longestBreak bounds what may stand between two lines of one wrapped text.
const longestBreak = 256

// lineBreak returns the length of what b begins with if that separates two
// lines of wrapped text and a symbol follows, else 0. A separator is
//
//	a line end or several, white space around them, the mark of a comment, a
//	quotation or a patch in front of the next line; or
//	a quotation mark, white space, an operator that joins strings, a quotation
//	mark, where the operator may be missing, or a comma, if there is a line end.
//
// Line ends, white space and quotation marks may be escaped, more than once.
//
// A mark of base64's own symbols is one if it is the given one.
func lineBreak(b []byte, a *alphabet, mark byte) int {
	b = b[:min(len(b), longestBreak)]
	var ends, joined bool
	var leader byte // what marks the next line
	quotes := 0
	for i := 0; i < len(b); {
		c, n := b[i], 1
		switch c {
		case '\\':
			c, n = escapedSpace(b[i:])
		case '%', '&':
			if e, ok := escapeAt(b[i:], percent|entity); ok && e.size == 1 {
				c, n = e.out[0], e.len
			}
		}
		next := i + n
		switch {
		case c == '\n' || c == '\r':
			ends = true
		case c == ' ' || c == '\t':
		case c == '"' || c == '\'' || c == '`':
			if quotes++; quotes > 2 {
				return 0
			}
		case quotes == 1 && (c == '+' || c == '.' || c == '&' || c == ',' && !joined || c == '_' && joined):
			joined = c != ','
		case quotes != 1 && a[c] >= 0 && !(ends && leader == 0 && isMark(b[i:], mark)):
			if quotes == 0 && ends || quotes == 2 && (ends || joined) {
				return i
			}
			return 0
		case ends && quotes == 0 && leader == 0 && isMark(b[i:], mark):
			leader = c
			if c == '/' || c != mark && b[i+1] == '-' {
				next++
			}
		case ends && quotes == 0 && (leader == 0 && (isLeader(c) || a[c] < 0 && (c == '+' || c == '-')) || leader == c):
			leader = c
		default:
			return 0
		}
		i = next
	}
	return 0
}

// isLeader tells whether c may mark a line of a comment or a quotation.
func isLeader(c byte) bool {
	switch c {
	case '#', '*', '>', '|', ';', '/', '!', '%', '.':
		return true
	}
	return false
}

// isMark tells whether b begins with a mark that is made of base64's own symbols:
// a comment's, or a patch's, where white space says that it is no text or the
// lines before had it.
func isMark(b []byte, patch byte) bool {
	if patch != 0 && b[0] == patch {
		return true
	}
	for _, mark := range []string{"// ", "-- ", "+ ", "- ", "+\t", "-\t"} {
		if has(b, 0, mark) {
			return true
		}
	}
	return false
}

// patchMark returns the mark of a patch that the line b[from:to] of base64 begins
// with, or 0. Lines are wrapped at multiples of four symbols: one more makes the
// first a mark.
func patchMark(b []byte, from, to int) byte {
	if from > 0 && b[from-1] != '\n' || (to-from)%4 != 1 || to-from < 5 {
		return 0
	}
	if c := b[from]; c == '+' || c == '-' {
		return c
	}
	return 0
}

// escapedSpace reads a line end, tab or quotation mark behind one or more
// backslashes, or the backslashes that continue a line.
func escapedSpace(b []byte) (c byte, n int) {
	for n < len(b) && b[n] == '\\' {
		n++
	}
	if n == len(b) {
		return '\\', n
	}
	switch c = b[n]; c {
	case 'n', 'r':
		return '\n', n + 1
	case 't':
		return '\t', n + 1
	case '"', '\'', '\n', '\r':
		return c, n + 1
	}
	if e, ok := escapeAt(b[n-1:], unicodeEscape|hexEscape|octalEscape); ok && e.size == 1 {
		return e.out[0], n - 1 + e.len
	}
	return '\\', n
}

// closesText tells whether the last line of a wrapped text may end in front of
// b: at a line end, padding, a quotation mark or a bracket, and not within a
// word, an assignment or a sentence.
func closesText(b []byte, a *alphabet) bool {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	if i == len(b) || b[i] == '\n' || b[i] == '\r' {
		return true
	}
	if i > 0 {
		return false
	}
	switch b[0] {
	case '=':
		rest := bytes.TrimLeft(b[:min(len(b), 3)], "=")
		return len(rest) == 0 || a[rest[0]] < 0
	case '"', '\'', '`', '<', ',', ';', ')', ']', '}', '\\', '%', '&', '|', 0:
		return true
	}
	return false
}
