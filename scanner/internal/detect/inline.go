package detect

import (
	"bytes"
	"strings"
	"unicode"
)

// allowMarker begins the comment that says a key beside it may stay.
var allowMarker = []byte("petrascan:allow")

// allowReach is how many bytes on each side of a key are searched for its
// comment. It is less than a stream's margin, so that a comment is seen
// wherever the chunks of a stream end.
const allowReach = 4 << 10

// maxReason is how many bytes of a reason are kept.
const maxReason = 200

// meantSpan is how many bytes next to a key are looked at for what was meant as a
// marker: there may be thousands of keys in a line of megabytes.
const meantSpan = 512

// comments returns the reason that a petrascan:allow comment gives for the key
// in b[start:end], empty if it gives none; nil without a comment. The comment
// stands on one of the key's lines, or alone on the line before them. Without one,
// meant is what stands there that perhaps was meant as one, or "". Wide tells that
// b is UTF-16.
func (w *Worker) comments(b []byte, start, end int, wide bool) (reason *string, meant string) {
	from, to := max(0, start-allowReach), min(len(b), end+allowReach)
	text, start, end, first := b[from:to], start-from, end-from, from == 0
	if wide {
		head, key := dropZeros(text[:start]), dropZeros(text[start:end])
		text = append(append(head, key...), dropZeros(text[end:])...)
		start, end = len(head), len(head)+len(key)
	}
	line := lineStart(text, start)
	parts := [][]byte{text[end:lineEnd(text, end)], text[line:start], nil}
	if line > 0 {
		// Of a line whose beginning was not seen nobody knows that it is a comment.
		if before := lineStart(text, line-1); before > 0 || first {
			parts[2] = text[before : line-1]
		}
	}
	for i, part := range parts {
		if at := marker(part); at >= 0 && (i < 2 || opensComment(part[:at])) {
			given := w.reason(part[at+len(allowMarker):])
			return &given, ""
		}
	}
	for i, part := range parts {
		if i == 1 {
			part = part[max(0, len(part)-meantSpan):]
		} else {
			part = part[:min(len(part), meantSpan)]
		}
		if at, word := misspelt(part); at >= 0 && (i < 2 || opensComment(part[:at])) {
			return nil, word
		}
	}
	return nil, ""
}

// dropZeros returns a copy of UTF-16 text of Latin letters as such letters.
func dropZeros(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{0}, nil)
}

// marker returns where the first marker of a line begins that is no part of
// another word; -1 without one.
func marker(line []byte) int {
	for from := 0; ; {
		at := bytes.Index(line[from:], allowMarker)
		if at < 0 {
			return -1
		}
		at += from
		from = at + len(allowMarker)
		if startsWord(line, at) && (from == len(line) || line[from] != '-' && !isWord(line[from])) {
			return at
		}
	}
}

// misspelt returns the first text of a line that looks as if it were meant as a
// marker, such as "petrascan: allow" or "PETRASCAN:ALLOW", and where it begins; -1
// without one.
func misspelt(line []byte) (at int, text string) {
	lower := bytes.ToLower(line)
	if len(lower) != len(line) { // some letters have a longer twin
		return -1, ""
	}
	name, verb := []byte("petrascan"), []byte("allow")
	for from := 0; ; {
		at := bytes.Index(lower[from:], name)
		if at < 0 {
			return -1, ""
		}
		at += from
		from = at + len(name)
		rest := bytes.TrimLeft(lower[from:], " \t")
		if len(rest) > 0 && strings.IndexByte(":=-_.", rest[0]) >= 0 {
			rest = bytes.TrimLeft(rest[1:], " \t")
		}
		end := len(lower) - len(rest) + len(verb)
		if !startsWord(line, at) || !bytes.HasPrefix(rest, verb) || end < len(line) && (line[end] == '-' || isWord(line[end])) || end-at > 2*len(allowMarker) {
			continue
		}
		if text := line[at:end]; !bytes.Equal(text, allowMarker) {
			return at, string(text)
		}
	}
}

// startsWord tells whether no word goes on at line[at].
func startsWord(line []byte, at int) bool { return at == 0 || !isWord(line[at-1]) }

func isWord(c byte) bool { return c == '_' || isAlphanumeric(c) }

// opensComment tells whether what stands before a marker on its line only opens
// a comment, in whatever language: it has no letter or digit, but for the words
// that open one.
func opensComment(b []byte) bool {
	for _, word := range strings.FieldsFunc(string(b), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		switch strings.ToLower(word) {
		case "rem", "dnl", "c", "comment":
		default:
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// closers end a comment before its line does.
var closers = []string{"*/", "-->", "--}}", "--%>", "%>", "#}", "*)", "-}", "]]", "|#", "#>"}

// reason tidies up what follows a marker, and masks keys in it. What has no
// letter gives no reason.
func (w *Worker) reason(b []byte) string {
	text := w.Mask(strings.ToValidUTF8(string(b), "\uFFFD"))
	for _, closer := range closers {
		text, _, _ = strings.Cut(text, closer)
	}
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	text = strings.Trim(text, " \t\r\v\f:=,;-–—\"'`()[]{}<>*/#\\")
	if strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return ""
	}
	return text
}
