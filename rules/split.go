package rules

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// A key may be broken: over string literals that a program joins, by a
// backslash at the end of the line, or by a line end that a mail program or a
// folded YAML scalar put in.

// A brk is a place where a key is interrupted.
type brk struct {
	next     int  // where the text goes on
	operator bool // something says that the pieces are one
	plain    bool // nothing but a line end
	listed   bool // a comma: a call may join what it gets
	marked   bool // marks of colour or emphasis
}

const (
	farthest    = 200 // bytes between two pieces
	wrapColumn  = 56  // a line this long may have been wrapped
	leastFolded = 6   // characters of a piece after a plain line end
)

// breakAt reads the interruption at text[pos]. start is where the first piece's
// body begins.
func breakAt(text []byte, start, pos int) (brk, bool) {
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
		if n := appended(text, start, rest[i+1:]); n > 0 {
			return brk{next: pos + i + 1 + n, operator: true}, true
		}
		return betweenLiterals(rest, i, pos)
	case '\\', '\r', '\n':
		return betweenLines(rest, pos)
	case '%', '{':
		if n := len(filledIn().Find(rest)); n > 0 {
			return brk{next: pos + n, operator: true}, true
		}
	case '<', '&', 0x1b, 0xc2, 0xe2, 0xef:
		if n := len(mayBreak().Find(rest)); n > 0 {
			return brk{next: pos + n, operator: true}, true
		}
		if n := len(emphasis().Find(rest)); n > 0 {
			return brk{next: pos + n, marked: true}, true
		}
	}
	return brk{}, false
}

var (
	// filledIn is the place in a format, its end, and the literal that fills it.
	filledIn = compiled("^(?:%[sv]|\\{0?\\})[\"'`][ \t]*(?:[,%]|\\.format(?:ted)?\\(|[ \t])[ \t(]*[\"'`]")

	// mayBreak is where a browser may break a line, and characters without width.
	mayBreak = compiled(`^(?:<wbr ?/?>|&shy;|&#173;|&ZeroWidthSpace;|\x{ad}|\x{200b}|\x{200c}|\x{200d}|\x{2060}|\x{feff})+`)

	// emphasis is how terminals, browsers and search engines mark what was looked for.
	emphasis = compiled(`^(?:</?(?:em|mark|b|i|u|strong|span|code|font|tt|kbd|hl)(?: [^<>]*)?>|\x1b\[[0-9;]*[mK])+`)

	// goesOn is a statement that puts more at the end of a variable.
	goesOn = compiled("^;?[ \t]*(?:(?:#|//)[^\n]*)?[;\r\n][ \t\r\n]*\\$?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*(?:(?:\\+|\\.|&)=|<<|=[ \t]*\\$?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[+.&])[ \t]*[\"'`]")
)

// appended returns the length of what leads from the end of a literal in rest to
// one that the next statement puts at the end of the same variable; 0 if none does.
func appended(text []byte, start int, rest []byte) int {
	// Most literals end before a comma or a bracket: those are told at a glance.
	if after := bytes.TrimLeft(rest, " \t"); len(after) == 0 || bytes.IndexByte([]byte(";\r\n#/"), after[0]) < 0 {
		return 0
	}
	m := goesOn().FindSubmatchIndex(rest)
	if m == nil {
		return 0
	}
	at := start - len(prefix)
	before := text[max(0, at-lookBack):at]
	variable, _ := nameBefore(before, skipBack(before, len(before)))
	if variable == "" || string(rest[m[2]:m[3]]) != variable || m[4] >= 0 && string(rest[m[4]:m[5]]) != variable {
		return 0
	}
	return m[1]
}

// betweenLiterals reads the end of a string literal at rest[i], what joins it to
// the next one, and the beginning of that.
func betweenLiterals(rest []byte, i, pos int) (brk, bool) {
	quote := rest[i]
	first := i + 1
	b := brk{}
	for i = first; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '\\' && i+1 < len(rest):
			// The end of a line, a line end in an escape, or an escaped quote.
			if next := rest[i+1]; next == 'n' || next == 't' || next == 'r' {
				i++
			}
		case commentLen(rest[i:]) > 0:
			i += commentLen(rest[i:]) - 1
		case callLen(rest[i:]) > 0:
			b.operator = true
			i += callLen(rest[i:]) - 1
		case c == '+' || c == '.' || c == '&' || c == '~' || c == '|':
			b.operator = true
		case c == ',' && !b.listed:
			b.listed = true
		case c == '-' && rest[i-1] == '\n' || c == '_': // a diff's mark; Basic's end of line
		case c == '<' && i+1 < len(rest) && (rest[i+1] == '>' || rest[i+1] == '<'): // Elixir, Erlang; Ruby
			b.operator = true
			i++
		case c == quote || c == '"' || c == '\'':
			if i == first && c == quote {
				b.operator = true // nothing in between: a shell joins such words
			}
			b.next = pos + i + 1
			return b, true
		case bytes.IndexByte([]byte("fFrRbBuUL@$"), c) >= 0 && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\''):
			b.operator = b.operator || !b.listed // a command's words have no such mark
		default:
			return brk{}, false
		}
	}
	return brk{}, false
}

// commentLen returns the length of a comment at the start of b.
func commentLen(b []byte) int {
	end := ""
	switch {
	case bytes.HasPrefix(b, []byte("//")), len(b) > 1 && b[0] == '#' && b[1] == ' ':
		end = "\n"
	case bytes.HasPrefix(b, []byte("/*")):
		end = "*/"
	default:
		return 0
	}
	if n := bytes.Index(b, []byte(end)); n > 0 {
		return n + len(end)
	}
	return 0
}

// callLen returns the length of a method's call at the start of b that takes the
// text that goes on.
func callLen(b []byte) int {
	rest := bytes.TrimPrefix(b, []byte(")"))
	for _, call := range []string{".concat(", ".append(", ".plus(", ".Append(", ".Concat("} {
		if bytes.HasPrefix(rest, []byte(call)) {
			return len(b) - len(rest) + len(call)
		}
	}
	return 0
}

// joinsList reports whether a list of literals is joined: the one at text[at] by
// the call that it is given to, or the one that ends at text[end] by a method.
func joinsList(text []byte, at, end int) bool {
	before := text[max(0, at-lookBack):at]
	if open := bytes.LastIndexByte(before, '('); open >= 0 && bytes.IndexByte(before[open:], ')') < 0 {
		call := bytes.TrimRight(before[:open], "!") // a macro of Rust
		name, _ := nameBefore(call, len(call))
		name = strings.ToLower(name)
		for _, joiner := range []string{"concat", "strcat", "join", "sprint", "paste0", "str_c"} {
			if strings.HasSuffix(name, joiner) && !strings.HasSuffix(name, "path.join") {
				return true
			}
		}
	}
	return listJoined().Match(text[end:min(len(text), end+farthest)])
}

// listJoined is the rest of a list of literals, and the call of what joins it.
var listJoined = compiled(`^[^()\n]{0,160}[\])][ \t]*\.[ \t]*[jJ]oin\(`)

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
		b, ok := breakAt(text, start, end)
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
		case b.marked && pieces == 1 && end > start:
			return nil, 0 // colour ends where the key does
		case b.marked:
			if !drawn {
				return done(body, pieces, end)
			}
		case b.listed:
			if !drawn || !joinsList(text, start-len(prefix), b.next+n) {
				return done(body, pieces, end)
			}
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

// compiled returns what compiles a pattern when it is first needed, which most
// runs never do: a start of the program would pay for it.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
