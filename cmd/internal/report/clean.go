package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a repository safe to show on one line of a terminal, a
// page or a spreadsheet. What would move the cursor, start a new line, reorder
// the text or not be seen at all is shown as an escape: C0 and C1 controls,
// DEL, format characters (bidirectional controls among them), line and
// paragraph separators, and bytes that are not UTF-8. Joiners stay, since
// names in several scripts and emoji need them.
func Clean(s string) string {
	for i, r := range s {
		if hidden(r) || broken(s, i, r) {
			return escape(s, i)
		}
	}
	return s
}

func escape(s string, start int) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:start])
	for i, r := range s[start:] {
		switch {
		case broken(s, start+i, r):
			fmt.Fprintf(&b, `\x%02x`, s[start+i])
		case !hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// hidden reports whether a character does something to the text around it, or
// is not seen.
func hidden(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r == nonJoiner || r == joiner:
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// broken reports whether r, read at s[i], stands for a byte that is not UTF-8.
func broken(s string, i int, r rune) bool {
	if r != utf8.RuneError {
		return false
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}

// cleanLines is Clean for text of several lines, whose line feeds and tabs
// stay.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		cells := strings.Split(strings.TrimSuffix(line, "\r"), "\t")
		for j, cell := range cells {
			cells[j] = Clean(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
