package detect

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// snippetWidth is how many bytes of a line a snippet shows.
const snippetWidth = 160

// snippet shows the lines around a match: the one before, those of the key, the
// one after, three at most. Every candidate in them is masked, doubtful ones
// too.
func snippet(b []byte, m match, found []match, line int) *finding.Snippet {
	start := lineStart(b, m.start)
	if start > 0 {
		if before := lineStart(b, start-1); m.start-before < snippetWidth {
			start = before
		}
	}
	end := lineEnd(b, m.end)
	if end < len(b) {
		end = lineEnd(b, end+1)
	}
	// A long line is cut around the key; so are the lines before and after it.
	start = max(start, m.start-snippetWidth)
	end = min(end, m.end+snippetWidth)
	text := strings.ToValidUTF8(string(mask(b, start, end, found)), "\uFFFD")
	lines := strings.SplitAfterN(strings.TrimRight(text, "\r\n"), "\n", 4)
	if len(lines) > 3 {
		lines = lines[:3]
	}
	return &finding.Snippet{StartLine: line - bytes.Count(b[start:m.start], []byte{'\n'}), Text: strings.TrimRight(strings.Join(lines, ""), "\r\n")}
}

func lineStart(b []byte, i int) int { return bytes.LastIndexByte(b[:i], '\n') + 1 }

func lineEnd(b []byte, i int) int {
	if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(b)
}

// mask returns b[start:end] with what the matches hide replaced: a key that
// stands there plainly by its masked form, any other by an ellipsis.
func mask(b []byte, start, end int, found []match) []byte {
	hidden := slices.DeleteFunc(slices.Clone(found), func(m match) bool { return m.hideTo <= start || m.hideFrom >= end })
	slices.SortFunc(hidden, func(x, y match) int { return cmp.Compare(x.hideFrom, y.hideFrom) })
	var out []byte
	at := start
	for _, m := range hidden {
		if m.hideTo <= at {
			continue
		}
		if m.hideFrom > at {
			out = append(out, b[at:m.hideFrom]...)
		}
		if len(m.layers) == 0 && m.hideFrom >= start {
			out = append(out, m.verdict.Key.Masked()...)
		} else {
			out = append(out, "…"...)
		}
		at = m.hideTo
	}
	if at < end {
		out = append(out, b[at:end]...)
	}
	return out
}
