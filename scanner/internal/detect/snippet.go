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
func snippet(b []byte, m match, hidden []veil, line int) *finding.Snippet {
	// A long line is cut around the key; so are the lines before and after it.
	least, most := max(0, m.start-snippetWidth), min(len(b), m.end+snippetWidth)
	start := least + lineStart(b[least:], m.start-least)
	if start > least {
		if before := lineStart(b[least:], start-1-least); before > 0 || least == 0 {
			start = least + before
		}
	}
	end := lineEnd(b[:most], m.end)
	if end < most {
		end = lineEnd(b[:most], end+1)
	}
	text := strings.ToValidUTF8(string(mask(b, start, end, hidden)), "\uFFFD")
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

// A veil is a stretch of content that must not be shown, and what stands in for
// it.
type veil struct {
	from, to int
	text     string
}

// hide returns the veils over all matches, in order and disjoint: over a key
// that stands there plainly its masked form, over any other an ellipsis.
func hide(found []match) []veil {
	var list []veil
	for _, m := range found {
		if m.hideTo <= m.hideFrom {
			continue
		}
		v := veil{m.hideFrom, m.hideTo, "…"}
		if len(m.layers) == 0 {
			v.text = m.verdict.Key.Masked()
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(x, y veil) int { return cmp.Compare(x.from, y.from) })
	disjoint := list[:0]
	for _, v := range list {
		if n := len(disjoint); n > 0 && v.from < disjoint[n-1].to {
			last := &disjoint[n-1]
			if v.to > last.to {
				last.to, last.text = v.to, "…"
			}
			continue
		}
		disjoint = append(disjoint, v)
	}
	return disjoint
}

// mask returns b[start:end] with the veils in place.
func mask(b []byte, start, end int, hidden []veil) []byte {
	first, _ := slices.BinarySearchFunc(hidden, start, func(v veil, start int) int { return cmp.Compare(v.to, start+1) })
	var out []byte
	at := start
	for _, v := range hidden[first:] {
		if v.from >= end {
			break
		}
		if v.from > at {
			out = append(out, b[at:v.from]...)
		}
		if v.from < start {
			v.text = "…"
		}
		out = append(out, v.text...)
		at = v.to
	}
	if at < end {
		out = append(out, b[at:end]...)
	}
	return out
}
