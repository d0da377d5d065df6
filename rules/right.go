package rules

import (
	"bytes"

	"github.com/petrascan/petrascan/scanner/finding"
)

// isBody reports whether b may stand in a key's body.
func isBody(b byte) bool { return classOf[b] != sep || b == '_' || b == '-' }

// bodyRun returns the length of the longest run of body characters at the start
// of b, up to limit. A run ends before another key: linkers put them in a row.
func bodyRun(b []byte, limit int) int {
	n := 0
	for n < len(b) && n < limit && isBody(b[n]) {
		if n >= leastBody && b[n] == 'p' && bytes.HasPrefix(b[n:], prefix) {
			return n
		}
		n++
	}
	return n
}

// frame returns how many marks at the end of text[at:end] stand before it, too,
// as in _petra_…_ and [-petra_…-].
func frame(text []byte, at, end int) int {
	if at == 0 || text[at-1] != '_' && text[at-1] != '-' {
		return 0
	}
	mark := text[at-1]
	n := 0
	for at-n > 0 && text[at-n-1] == mark {
		n++
	}
	if end-n < at+len(prefix)+leastBody || at > n && classOf[text[at-n-1]] != sep {
		return 0
	}
	for i := range n {
		if text[end-1-i] != mark {
			return 0
		}
	}
	return n
}

// looksDrawn reports whether a piece of text, taken for itself, is better
// described as random than as words or a pattern.
func looksDrawn(piece []byte) bool {
	if len(piece) == 0 {
		return false
	}
	var s sketch
	n := min(len(piece), maxBody)
	s.draw(piece[:n], 0)
	return 2*s.random(0, n) > n
}

// extentBefore says whether a key surely ends before rest. RFC 6750 lets a
// bearer token go on with . ~ + / and end in =.
func extentBefore(rest []byte) finding.Extent {
	if len(rest) >= 3 && rest[0] == '%' {
		if c, ok := number(string(rest[1:3]), 16); ok && bytes.IndexByte([]byte(".~+/="), byte(c)) >= 0 {
			rest = append([]byte{byte(c)}, rest[3:min(len(rest), 3+maxBody)]...)
		}
	}
	if maskLen(rest) > 0 || goesOnBelow(rest) {
		return finding.Uncertain
	}
	if len(rest) == 0 || bytes.IndexByte([]byte(".~+/="), rest[0]) < 0 {
		return finding.Exact
	}
	n := bodyRun(rest[1:], maxBody)
	tail := rest[1 : 1+n]
	after := rest[1+n:]
	switch {
	case looksDrawn(tail):
		return finding.Uncertain
	case rest[0] == '=' && n == 0 && (len(after) == 0 || bytes.IndexByte([]byte(" \t\r\n\"'`<,;)}]\\="), after[0]) >= 0):
		return finding.Uncertain // padding
	case (rest[0] == '+' || rest[0] == '/' || rest[0] == '~') && n > 0 && n < 4 && len(after) > 0 && bytes.IndexByte([]byte("+/="), after[0]) >= 0:
		return finding.Uncertain
	}
	return finding.Exact
}

// goesOnBelow reports whether the line ends here and the next one begins with
// random characters, as if the text had been wrapped.
func goesOnBelow(rest []byte) bool {
	if len(rest) < 2 || rest[0] != '\n' && rest[0] != '\r' {
		return false
	}
	b, ok := betweenLines(rest[:min(len(rest), farthest)], 0)
	if !ok {
		return false
	}
	n := bodyRun(rest[b.next:], maxBody)
	piece := rest[b.next : b.next+n]
	return n >= leastFolded && !bytes.HasPrefix(piece, prefix) && endsToken(rest, b.next+n) && looksDrawn(piece)
}

// marks are what hides a part of a key. The first ones hide by themselves, the
// others in numbers.
var (
	marks    = []string{"...", "…", `\u2026`, "&hellip;", "[...]", "<...>", "(...)", "[…]", "[redacted", "<redacted", "(redacted", "[hidden", "<hidden", "[masked", "<masked", "<snip", "[snip"}
	repeated = []string{"*", "•", "●", "█", "#", "∗", "·", "?", `\*`, "%2A"}
)

// maskLen returns how many bytes at the start of b hide a part of a key; 0 if none do.
func maskLen(b []byte) int {
	if len(b) == 0 || isBody(b[0]) || b[0] <= ' ' {
		return 0
	}
	for _, m := range marks {
		if len(b) >= len(m) && bytes.EqualFold(b[:len(m)], []byte(m)) {
			n := len(m)
			for n < len(b) && b[n] == '.' {
				n++
			}
			if m[0] != '.' && n < len(b) && bytes.IndexByte([]byte("])>"), b[n]) >= 0 {
				n++
			}
			return n
		}
	}
	for _, m := range repeated {
		n := 0
		for bytes.HasPrefix(b[n:], []byte(m)) {
			n += len(m)
		}
		if n >= 2*len(m) {
			return n
		}
	}
	return 0
}

// masked returns the end of a key in text whose body begins at start and of
// which marks hide a part; 0 if nothing is hidden.
func masked(text []byte, start, end int) int {
	n := maskLen(text[end:])
	if n == 0 || end == start && n < 3 || end == start && text[end] == '.' {
		return 0
	}
	end += n
	for {
		more := bodyRun(text[end:], maxBody)
		more += maskLen(text[end+more:])
		if more == 0 || end-start > maxBody {
			return end
		}
		end += more
	}
}

// hasBlank reports whether a body has a run of x that stands for what was cut out.
func hasBlank(body []byte) bool {
	run := 0
	for _, b := range body {
		if fold(b) != 'x' {
			run = 0
		} else if run++; run >= 4 {
			return true
		}
	}
	return false
}

// isTemplate reports whether rest begins with a mark that a program fills in.
func isTemplate(rest []byte) bool {
	return len(rest) > 0 && bytes.IndexByte([]byte("${<%#["), rest[0]) >= 0
}

// built lists the endings of files that build tools name after their content.
var built = []string{"js", "mjs", "cjs", "css", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "woff", "woff2", "ttf",
	"o", "a", "d", "so", "dll", "dylib", "lib", "exe", "pdb", "rlib", "rmeta", "rcgu", "whl", "jar", "class", "html"}

// isBuiltFile reports whether rest goes on with the ending of a built file.
func isBuiltFile(rest []byte) bool {
	if len(rest) < 2 || rest[0] != '.' {
		return false
	}
	ending := rest[1 : 1+bodyRun(rest[1:], 8)]
	for _, e := range built {
		if string(ending) == e {
			return true
		}
	}
	return false
}

// isPodName reports whether body is a name that Kubernetes gave: that of a
// Deployment or a CronJob, the hash of its template or the minute of its run, and
// five more characters.
func isPodName(body []byte) bool {
	last := bytes.LastIndexByte(body, '-')
	if last < 0 || len(body)-last-1 != 5 {
		return false
	}
	first := bytes.LastIndexByte(body[:last], '-')
	if first < 1 || last-first-1 < 8 || last-first-1 > 10 || !hasDigit(body[first:last]) {
		return false
	}
	for _, b := range body[first:] {
		if classOf[b] == upper || b == '_' {
			return false
		}
	}
	return !looksDrawn(body[:first])
}
