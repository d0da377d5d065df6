package detect

import (
	"bytes"

	"github.com/petrascan/petrascan/scanner/finding"
)

// leastWrapped is how many characters of a line may be the rest of a key, and
// leastMixed how often they must change between small letters, capitals and
// digits: words and dates do so less.
const (
	leastWrapped = 6
	leastMixed   = 3
)

// wrapped tells whether a key that ends where rest begins may go on in the next
// line: if its own ends there, and the next is one bare run of characters of a
// key and looks random. A mail program may have wrapped it, or it is a list. Of
// two keys in a list each ends where its line does.
func wrapped(rest []byte) bool {
	rest = bytes.TrimPrefix(rest, []byte("\r"))
	if len(rest) == 0 || rest[0] != '\n' {
		return false
	}
	line := rest[1:]
	n, mixed := 0, 0
	var last byte
	for ; n < len(line) && line[n] != '\r' && line[n] != '\n'; n++ {
		class := classOf(line[n])
		if class == 0 {
			return false
		}
		if n > 0 && class != last {
			mixed++
		}
		last = class
	}
	return n >= leastWrapped && mixed >= leastMixed && !bytes.HasPrefix(line, []byte(finding.Prefix))
}

// classOf returns which kind of a key's characters c is, 0 if none.
func classOf(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'a'
	case 'A' <= c && c <= 'Z':
		return 'A'
	case '0' <= c && c <= '9':
		return '0'
	case c == '_' || c == '-':
		return '_'
	}
	return 0
}
