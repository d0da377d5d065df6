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

// allowed returns the reason that a petrascan:allow comment gives for the key
// in b[start:end], empty if it gives none; ok is false without a comment. The
// comment stands on one of the key's lines, or alone on the line before them.
// Wide tells that b is UTF-16.
func (w *Worker) allowed(b []byte, start, end int, wide bool) (reason string, ok bool) {
	from, to := max(0, start-allowReach), min(len(b), end+allowReach)
	text, start, end, first := b[from:to], start-from, end-from, from == 0
	if wide {
		head, key := dropZeros(text[:start]), dropZeros(text[start:end])
		text = append(append(head, key...), dropZeros(text[end:])...)
		start, end = len(head), len(head)+len(key)
	}
	if !bytes.Contains(text, allowMarker) {
		return "", false
	}
	line := lineStart(text, start)
	if rest, ok := afterMarker(text[end:lineEnd(text, end)]); ok {
		return w.reason(rest), true
	}
	if rest, ok := afterMarker(text[line:start]); ok {
		return w.reason(rest), true
	}
	if line == 0 {
		return "", false
	}
	before := lineStart(text, line-1)
	if before == 0 && !first {
		return "", false // its beginning was not seen
	}
	comment := text[before : line-1]
	if at := bytes.Index(comment, allowMarker); at < 0 || !opensComment(comment[:at]) {
		return "", false
	}
	if rest, ok := afterMarker(comment); ok {
		return w.reason(rest), true
	}
	return "", false
}

// dropZeros returns a copy of UTF-16 text of Latin letters as such letters.
func dropZeros(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{0}, nil)
}

// afterMarker returns what follows the first marker in a line.
func afterMarker(line []byte) ([]byte, bool) {
	at := bytes.Index(line, allowMarker)
	if at < 0 {
		return nil, false
	}
	rest := line[at+len(allowMarker):]
	if len(rest) > 0 && (rest[0] == '_' || rest[0] == '-' || isAlphanumeric(rest[0])) {
		return nil, false // another word
	}
	return rest, true
}

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
