package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// wrap breaks text into lines of at most width columns, indents included,
// between words where it can. At width 0 it does not break.
func wrap(s string, width, first, rest int) []string {
	if width <= 0 {
		return []string{s}
	}
	var lines []string
	room := max(width-first, 8)
	line, used := "", 0
	for _, word := range strings.Split(s, " ") {
		size := columns(word)
		if used > 0 && used+1+size <= room {
			line += " " + word
			used += 1 + size
			continue
		}
		if used > 0 {
			lines = append(lines, strings.TrimRight(line, " "))
			room = max(width-rest, 8)
		}
		for size > room {
			head := prefix(word, room)
			lines = append(lines, head)
			room = max(width-rest, 8)
			word = word[len(head):]
			size = columns(word)
		}
		line, used = word, size
	}
	return append(lines, strings.TrimRight(line, " "))
}

// middle shortens s to at most width columns by an ellipsis in its middle. The
// end, where a path's name and line stand, keeps the larger part.
func middle(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	if width < 2 {
		return prefix(s, width)
	}
	head := prefix(s, (width-1)/3)
	tail := suffix(s, width-1-columns(head))
	return head + "…" + tail
}

// prefix returns the longest beginning of s that takes at most width columns,
// one character at least.
func prefix(s string, width int) string {
	end, used := 0, 0
	g := displaywidth.StringGraphemes(s)
	for g.Next() {
		used += g.Width()
		if used > width && end > 0 {
			break
		}
		end += len(g.Value())
		if used > width {
			break
		}
	}
	return s[:end]
}

// suffix returns the longest end of s that takes at most width columns.
func suffix(s string, width int) string {
	over := columns(s) - width
	start, dropped := 0, 0
	g := displaywidth.StringGraphemes(s)
	for dropped < over && g.Next() {
		dropped += g.Width()
		start += len(g.Value())
	}
	return s[start:]
}

// columns is how many columns s takes on a terminal.
func columns(s string) int { return displaywidth.String(s) }
