package rules

import (
	"bytes"
	"strings"
)

// lookBack is how far before a candidate its surroundings are read, in bytes.
const lookBack = 160

// leftNeighbour says what stands right before a candidate.
type leftNeighbour uint8

const (
	leftFree    leftNeighbour = iota // nothing, a space, a mark
	leftLetter                       // a letter or digit
	leftName                         // _ or - with a letter or digit before it
	leftMangled                      // the rest of a name that a compiler mangled
)

// neighbour reads what stands before text[at], once escapes, percent codes,
// entities and terminal colours are resolved. Letters outside ASCII are free:
// Chinese and Japanese put no space before a key, and in binaries they are noise.
func neighbour(text []byte, at int) leftNeighbour {
	before := text[max(0, at-lookBack):at]
	joined := false
	for len(before) > 0 {
		last := before[len(before)-1]
		if rest, ok := cutColour(before); ok {
			before = rest
			continue
		}
		if r, _, ok := cutEscape(before); ok {
			if r < 0x80 && classOf[byte(r)] != sep {
				return leftLetter
			}
			return leftFree
		}
		switch {
		case classOf[last] != sep:
			if isMangled(before) {
				return leftMangled
			}
			if joined {
				return leftName
			}
			return leftLetter
		case last == '_' || last == '-':
			joined = true
			before = before[:len(before)-1]
		default:
			return leftFree
		}
	}
	return leftFree
}

// isMangled reports whether a mangled name of the Itanium C++ ABI, of Rust or of
// Swift goes on after b, which ends in the length of its next part.
func isMangled(b []byte) bool {
	if classOf[b[len(b)-1]] != digit {
		return false
	}
	i := len(b)
	for i > 0 && (isBody(b[i-1]) || b[i-1] == '$') {
		i--
	}
	name := bytes.TrimLeft(b[i:], "_")
	return len(name) < len(b[i:]) && (name[0] == 'Z' || name[0] == 'R') || len(name) > 1 && name[0] == '$' && name[1] == 's'
}

// cutColour cuts a terminal's control sequence (ECMA-48, 5.4: CSI, parameters,
// final byte) off the end of b, written with the ESC byte or one of its escapes.
func cutColour(b []byte) ([]byte, bool) {
	n := len(b)
	if n < 3 {
		return b, false
	}
	if last := b[n-1]; classOf[last] < lower {
		return b, false
	}
	i := n - 1
	for i > 0 && n-i < 20 && (classOf[b[i-1]] == digit || b[i-1] == ';') {
		i--
	}
	if i == 0 || b[i-1] != '[' {
		return b, false
	}
	head := b[:i-1]
	for _, esc := range []string{"\x1b", `\x1b`, `\x1B`, `\033`, `\e`, `\u001b`, `\u001B`, `\u{1b}`} {
		if bytes.HasSuffix(head, []byte(esc)) {
			return head[:len(head)-len(esc)], true
		}
	}
	return b, false
}

// entities holds the named entities that stand before a key.
var entities = map[string]rune{"quot": '"', "apos": '\'', "amp": '&', "lt": '<', "gt": '>', "nbsp": ' ', "equals": '=', "colon": ':', "lowbar": '_'}

// cutEscape resolves an escape, percent code or entity at the end of b.
func cutEscape(b []byte) (r rune, rest []byte, ok bool) {
	n := len(b)
	last := b[n-1]
	if last == ';' {
		i := bytes.LastIndexByte(b[max(0, n-12):], '&')
		if i < 0 {
			return 0, b, false
		}
		i += max(0, n-12)
		name := string(b[i+1 : n-1])
		if c, ok := entities[name]; ok {
			return c, b[:i], true
		}
		if len(name) > 1 && name[0] == '#' {
			base, digits := rune(10), name[1:]
			if digits[0] == 'x' || digits[0] == 'X' {
				base, digits = 16, digits[1:]
			}
			if c, ok := number(digits, base); ok {
				return c, b[:i], true
			}
		}
		return 0, b, false
	}
	// The control escapes. Doubled backslashes are read the same way: JSON in
	// JSON writes a line end as \\n.
	if n >= 2 && b[n-2] == '\\' && strings.IndexByte("abefnrtv0", last) >= 0 {
		return '\n', b[:n-2], true
	}
	for _, e := range []struct {
		head   string
		digits int
		base   rune
	}{{`\u`, 4, 16}, {`\U`, 8, 16}, {`\x`, 2, 16}, {`%u`, 4, 16}, {`%25`, 2, 16}, {`%`, 2, 16}, {`\`, 3, 8}} {
		i := n - e.digits
		if i-len(e.head) < 0 || string(b[i-len(e.head):i]) != e.head {
			continue
		}
		if c, ok := number(string(b[i:]), e.base); ok {
			return c, b[:i-len(e.head)], true
		}
	}
	if last == '}' {
		if i := bytes.LastIndex(b[max(0, n-12):], []byte(`\u{`)); i >= 0 {
			i += max(0, n-12)
			if c, ok := number(string(b[i+3:n-1]), 16); ok {
				return c, b[:i], true
			}
		}
	}
	return 0, b, false
}

// number reads digits of the given base.
func number(digits string, base rune) (rune, bool) {
	if digits == "" || len(digits) > 8 {
		return 0, false
	}
	var v rune
	for i := range len(digits) {
		d := rune(99)
		switch c := fold(digits[i]); classOf[c] {
		case digit:
			d = rune(c - '0')
		case lower:
			d = rune(c-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// keyed reports whether the candidate at text[at] follows Bearer, or is what
// something called key, token or secret is set to, in any notation: name=value,
// "name": "value", <name>value</name>, --name value, name('value'), a query or
// the user information of an URL. end is where the candidate ends.
func keyed(text []byte, at, end int) bool {
	from := max(0, at-lookBack)
	before := text[from:at]
	if userInfo(before, text[end:]) {
		return true
	}
	i := len(before)
	// A named colour or an escape may stand in between, as in "token=\n    petra_…".
	i = skipBack(before, i)
	name, start := nameBefore(before, i)
	switch {
	case isSecretName(name), assigned(before):
		return true
	case !holdsValue(name):
		return false
	}
	// value: "…" and <string>…</string> are named by what comes before them.
	for range 4 {
		i = skipBack(before, start)
		for i > 0 && (before[i-1] == '<' || before[i-1] == '/') {
			i = skipBack(before, i-1)
		}
		if name, start = nameBefore(before, i); name == "" {
			return false
		}
		if isSecretName(name) {
			return true
		}
	}
	return false
}

// assigned reports whether the line assigns to something called key, token or
// secret, whatever stands between the sign and the end of before: token =
// given || "petra_…".
func assigned(before []byte) bool {
	before = before[bytes.LastIndexAny(before, "\r\n;")+1:]
	i := bytes.LastIndexByte(before, '=')
	if i < 1 || i+1 < len(before) && before[i+1] == '=' || bytes.IndexByte([]byte("=!<>"), before[i-1]) >= 0 {
		return false
	}
	name, start := nameBefore(before, skipBack(before, i))
	if !isSecretName(name) { // name: type =
		name, _ = nameBefore(before, skipBack(before, start))
	}
	return isSecretName(name)
}

// leastNoise is how many random characters before a candidate make it a part of
// them.
const leastNoise = 40

// inNoise reports whether the candidate at text[at] stands within a longer run of
// random letters of both cases and digits, as base64url is, and not behind another
// key. Only text is asked: programs pack their strings without a separator.
func inNoise(text []byte, at int) bool {
	i := at
	for i > 0 && at-i < len(prefix)+maxBody && isBody(text[i-1]) {
		i--
	}
	if at-i < leastNoise || bytes.Contains(text[i:at], prefix) {
		return false
	}
	run := text[at-leastNoise : at]
	return mixedCase(run) && hasDigit(run) && looksDrawn(run)
}

// userInfo reports whether a candidate is the user or the password of an URL.
func userInfo(before, after []byte) bool {
	if len(after) == 0 || after[0] != '@' && after[0] != ':' {
		return false
	}
	i := bytes.LastIndex(before, []byte("://"))
	return i >= 0 && !bytes.ContainsAny(before[i+3:], "/@ \t\r\n\"'")
}

// skipBack skips what may stand between a name and its value, backwards from i.
func skipBack(b []byte, i int) int {
	for i > 0 {
		if r, rest, ok := cutEscape(b[:i]); ok && (r >= 0x80 || classOf[byte(r)] == sep) {
			i = len(rest)
			continue
		}
		if strings.IndexByte(" \t\r\n\"'`=:>|(,[{\\)]+-", b[i-1]) < 0 {
			break
		}
		i--
	}
	return i
}

// nameBefore returns the name that ends at b[i], and where it begins.
func nameBefore(b []byte, i int) (string, int) {
	j := i
	for j > 0 && (classOf[b[j-1]] != sep || b[j-1] == '_' || b[j-1] == '-' || b[j-1] == '.') {
		j--
	}
	return string(b[j:i]), j
}

// isSecretName reports whether a word of the name, or what it ends in, says
// that it holds a key.
func isSecretName(name string) bool {
	if name == "" {
		return false
	}
	folded := strings.ToLower(name)
	for _, w := range []string{"key", "token", "secret", "bearer", "apikey", "authorization", "password", "passwd", "credential"} {
		for _, end := range []string{w, w + "s"} {
			if strings.HasSuffix(folded, end) {
				return true
			}
		}
		// In the middle, a whole word only: keyboard is no key.
		for from := 0; ; {
			i := strings.Index(folded[from:], w)
			if i < 0 {
				break
			}
			i += from
			j := i + len(w)
			if j < len(name) && (classOf[name[j]] != lower) {
				return true
			}
			from = j
		}
	}
	return false
}

// holdsValue reports whether the name is one that says nothing itself.
func holdsValue(name string) bool {
	switch strings.ToLower(name) {
	case "value", "string", "default", "val", "data", "content", "stringvalue":
		return true
	}
	return false
}
