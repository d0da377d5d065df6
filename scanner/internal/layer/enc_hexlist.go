package layer

import (
	"bytes"

	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// peelHexList decodes bytes in hex with separators: 70 65, 70:65, 0x70, 0x65,
// the rows of a hex dump, over any number of lines.
func (p *Peeler) peelHexList(hit literal.Hit) (Text, bool) {
	if _, end := hexItem(p.content, hit.Pos, hit.Pos); end == 0 || end < len(p.content) && (p.content[end] == '%' || p.content[end] == '=' || isHexEscape(p.content[end:])) {
		return p.peelEscapes(hit) // \x70\x65, 70\x65, %70%65, 70%65
	}
	r := &p.list
	if !r.has(hit.Pos) {
		r.readList(p.content, hit.Pos, p.limit)
	}
	first, last := r.find(hit)
	if first >= last {
		return Text{}, false
	}
	first += first & 1
	return p.decodeRun("hex", r, first, last, 0)
}

// readList fills the run with the list around pos, of which at most limit bytes
// behind it.
func (r *run) readList(b []byte, pos, limit int) {
	r.forget()
	view := b[:min(len(b), pos+limit)]
	i := leftOfList(view, pos)
	r.restart(i)
	for i < len(view) {
		digits, end := hexItem(view, i, pos)
		if len(r.symbols) == 0 && i < pos && isAddress(view[i:]) {
			end = 0 // of a row, in front of its first item
		}
		if end == 0 || i < pos && pos < end && (pos-digits)&1 != 0 && pos != digits {
			if i > pos {
				break
			}
			i++
			r.restart(i)
			continue
		}
		if len(r.symbols) == 0 {
			r.from = i
		}
		r.marks = addMark(r.marks, len(r.symbols), digits)
		for _, c := range view[digits:end] {
			r.symbols = append(r.symbols, byte(r.alphabet[c]))
		}
		r.to = end
		gap, ends := listGap(view[end:])
		if !ends && has(view, end, "  ") && inColonRow(view[:end]) {
			gap = 0 // the row as text, which may look like digits
		}
		if _, next := hexItem(view, end+gap, pos); gap == 0 || next == 0 {
			if end > pos {
				break
			}
			i = end + 1
			r.restart(i)
			continue
		}
		if ends {
			r.lines = append(r.lines, len(r.symbols))
		}
		i = end + gap
	}
	r.cut = len(view) < len(b) && r.to > len(view)-longestBreak
}

// leftOfList returns an offset at or in front of which the list around pos
// begins, unless it begins more than leftSpan in front of pos. The text column
// of a hex dump may stand in between.
func leftOfList(b []byte, pos int) int {
	i, foreign := pos, 0
	for i > 0 && pos-i < leftSpan && foreign >= 0 {
		i--
		switch c := b[i]; {
		case c == '\n':
			foreign = longestColumn
		case isEscapedSpace(b, i):
		case hexAlphabet[c] < 0 && c != 'x' && c != 'X' && !inGap(c):
			foreign--
		}
	}
	return i
}

// hexItem reads one item of a list at b[i]: an even number of digits, up to 16,
// with or without 0x or \x in front. It returns where the digits begin and end, or
// zeros. An item begins where a word begins, or at pos.
func hexItem(b []byte, i, pos int) (digits, end int) {
	if i >= len(b) || i > 0 && i != pos && isWordByte(b[i-1]) && !isEscapedSpace(b, i-1) {
		return 0, 0
	}
	digits = i
	if (b[i] == '0' || b[i] == '\\') && i+1 < len(b) && (b[i+1] == 'x' || b[i+1] == 'X') {
		digits += 2
	}
	_, n := hexNumber(b[digits:], 16)
	end = digits + n
	if n == 0 || n&1 != 0 || end < len(b) && isWordByte(b[end]) {
		return 0, 0
	}
	return digits, end
}

// isEscapedSpace tells whether b[i] is the letter of an escaped line end or tab.
func isEscapedSpace(b []byte, i int) bool {
	return i > 0 && b[i-1] == '\\' && (b[i] == 'n' || b[i] == 'r' || b[i] == 't')
}

// isHexEscape tells whether b begins with an escape such as \x70.
func isHexEscape(b []byte) bool {
	return len(b) >= 4 && b[0] == '\\' && b[1] == 'x'
}

func isWordByte(c byte) bool { return isKeyByte(c) && c != '-' }

// longestGap bounds what may stand between two items of a list.
const longestGap = 64

// listGap returns the length of the separator b begins with and whether a line
// ends in it.
func listGap(b []byte) (n int, ends bool) {
	if n := rowGap(b); n > 0 {
		return n, true
	}
	for n < len(b) && n < longestGap {
		c := b[n]
		if c == '\\' && n+1 < len(b) {
			switch b[n+1] {
			case 'n', 'r', 't':
				n++ // an escaped line end or tab
			case 'x', 'X':
				return n, ends
			}
		} else if !inGap(c) || c == '|' && n > 0 && b[n-1] == ' ' {
			break // " |" begins the text column of a hex dump
		}
		ends = ends || c == '\n' || c == '\r' || b[n] == 'n' || b[n] == 'r'
		n++
		if c == '\n' && isAddress(b[n:]) {
			n += addressLen(b[n:])
		}
	}
	return n, ends
}

// inColonRow tells whether b ends within a row of a hex dump whose address has a
// colon behind it: there two spaces end the bytes.
func inColonRow(b []byte) bool {
	const longestRow = 400
	row := b[max(0, len(b)-longestRow):]
	row = row[bytes.LastIndexByte(row, '\n')+1:]
	_, n := hexNumber(row, 16)
	return n >= 4 && has(row, n, ": ")
}

// inGap tells whether c may stand between two items of a list.
func inGap(c byte) bool {
	switch c {
	case '\n', '\r', ' ', '\t', ',', ':', ';', '.', '-', '|', '\'', '"', '(', ')', '{', '}', '[', ']', '+', '\\':
		return true
	}
	return false
}

// longestColumn is the length of the column of a hex dump that shows 16 bytes as text,
// with what stands around it.
const longestColumn = 22

// rowGap returns the length of what stands between two rows of a hex dump, as
// hexdump -C and xxd write them: two spaces, the row as text, a line end, the
// address of the next row.
func rowGap(b []byte) int {
	if !bytes.HasPrefix(b, []byte("  ")) {
		return 0
	}
	i := bytes.IndexByte(b[:min(len(b), longestColumn+1)], '\n') + 1
	if i == 0 {
		return 0
	}
	if !isAddress(b[i:]) {
		return 0
	}
	i += addressLen(b[i:])
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}

// isAddress tells whether b begins with the address of a row of a hex dump: what
// has a colon behind it, begins with zero, or is wider than the items that follow.
func isAddress(b []byte) bool {
	_, n := hexNumber(b, 16)
	switch {
	case n < 4:
		return false
	case has(b, n, ": "):
		return true
	case b[0] == '0':
		return has(b, n, "  ") || n >= 6 && has(b, n, " ")
	case has(b, n, "  "): // hexdump -C, Wireshark
		return pairs(b[n:], 1)
	default: // od
		return n >= 7 && has(b, n, " ") && pairs(b[n:], 2)
	}
}

// pairs tells whether b begins with spaces and at least so many items of two
// digits.
func pairs(b []byte, items int) bool {
	for range items {
		b = bytes.TrimLeft(b, " ")
		if _, n := hexNumber(b, 3); n != 2 {
			return false
		}
		b = b[2:]
	}
	return true
}

// addressLen returns the length of the address that b begins with.
func addressLen(b []byte) int {
	_, n := hexNumber(b, 16)
	if n < len(b) && b[n] == ':' {
		n++
	}
	return n
}
