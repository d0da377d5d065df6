package rules

import "bytes"

// A key may be broken: over string literals that a program joins, by a
// backslash at the end of the line, or by a line end that a mail program or a
// folded YAML scalar put in.

// A brk is a place where a key is interrupted.
type brk struct {
	next     int // where the text goes on
	operator bool
	plain    bool // nothing but a line end
}

const (
	farthest    = 200 // bytes between two pieces
	wrapColumn  = 56  // a line this long may have been wrapped
	leastFolded = 6   // characters of a piece after a plain line end
)

// breakAt reads the interruption at text[pos].
func breakAt(text []byte, pos int) (brk, bool) {
	rest := text[pos:min(len(text), pos+farthest)]
	if len(rest) < 2 {
		return brk{}, false
	}
	i := 0
	if rest[0] == '\\' && (rest[1] == '"' || rest[1] == '\'') {
		i++ // source code within a string
	}
	switch rest[i] {
	case '"', '\'', '`':
		return betweenLiterals(rest, i, pos)
	case '\\', '\r', '\n':
		return betweenLines(rest, pos)
	}
	return brk{}, false
}

// betweenLiterals reads the end of a string literal at rest[i], an operator
// that joins, and the beginning of the next literal.
func betweenLiterals(rest []byte, i, pos int) (brk, bool) {
	quote := rest[i]
	b := brk{}
	for i++; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '\\' && i+1 < len(rest):
			// The end of a line, a line end in an escape, or an escaped quote.
			if next := rest[i+1]; next == 'n' || next == 't' || next == 'r' {
				i++
			}
		case c == '+' || c == '.' || c == '&' || c == '~' || c == '|':
			b.operator = true
		case c == '-' && rest[i-1] == '\n' || c == '_': // a diff's mark; Basic's end of line
		case c == '<' && i+1 < len(rest) && rest[i+1] == '>': // Elixir and Erlang
			b.operator = true
			i++
		case c == quote || c == '"' || c == '\'':
			b.next = pos + i + 1
			return b, true
		case bytes.IndexByte([]byte("fFrRbBuUL@$"), c) >= 0 && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\''):
		default:
			return brk{}, false
		}
	}
	return brk{}, false
}

// betweenLines reads an escaped or a plain line end, and what quotes, diffs and
// comments put at the beginning of a line.
func betweenLines(rest []byte, pos int) (brk, bool) {
	b := brk{plain: true}
	i := 0
	if rest[i] == '\\' {
		b.plain, b.operator = false, true
		i++
	}
	if i < len(rest) && rest[i] == '\r' {
		i++
	}
	if i >= len(rest) || rest[i] != '\n' {
		return brk{}, false
	}
	for i++; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == ' ' || c == '\t' || c == '>' || c == '#' || c == '*' || c == '/' || c == '+':
		case c == '-' && rest[i-1] == '\n' && i+1 < len(rest) && rest[i+1] == ' ':
		case isBody(c):
			b.next = pos + i
			return b, true
		default:
			return brk{}, false
		}
	}
	return brk{}, false
}

// join collects the body of a broken key whose first piece stands in
// text[start:end]. It returns the body and where its last piece ends; no body
// if nothing follows that belongs to it. random is how many characters of the
// first piece are.
func join(buf []byte, text []byte, start, end, random int) (body []byte, last int) {
	body = append(buf[:0], text[start:end]...)
	pieces := 1
	for len(body) < maxBody {
		b, ok := breakAt(text, end)
		if !ok {
			break
		}
		n := bodyRun(text[b.next:], maxBody-len(body))
		piece := text[b.next : b.next+n]
		if n == 0 || bytes.HasPrefix(piece, prefix) {
			break
		}
		drawn := looksDrawn(piece)
		switch {
		case b.plain:
			if !drawn || n < leastFolded || pieces == 1 && !folds(text, start, end, random) || !endsToken(text, b.next+n) {
				return done(body, pieces, end)
			}
		case b.operator:
			if !drawn && n > 3 {
				return done(body, pieces, end)
			}
		default: // literals side by side, or two words of a command
			if !drawn || random >= manyRandom && pieces == 1 && bytes.IndexByte(text[end:b.next], '\n') < 0 {
				return done(body, pieces, end)
			}
		}
		body = append(body, piece...)
		end = b.next + n
		pieces++
	}
	return done(body, pieces, end)
}

func done(body []byte, pieces, end int) ([]byte, int) {
	if pieces == 1 {
		return nil, 0
	}
	return body, end
}

// folds reports whether a plain line end after text[end] may break the key: the
// first piece is random but too short for a key, or its line is long enough to
// have been wrapped.
func folds(text []byte, start, end, random int) bool {
	if random >= manyRandom {
		line := bytes.LastIndexByte(text[max(0, end-4*maxBody):end], '\n')
		width := min(end, 4*maxBody) - line - 1
		return width >= wrapColumn
	}
	return end-start >= 4 && looksDrawn(text[start:end])
}

// endsToken reports whether a token ends at text[i].
func endsToken(text []byte, i int) bool {
	return i >= len(text) || bytes.IndexByte([]byte(" \t\r\n\"'`,;)<\\"), text[i]) >= 0
}
