package rules

import "bytes"

// Words that make a placeholder of a key, whatever else stands in it: the long
// ones anywhere, since chance does not spell them, the short ones between
// separators.
var (
	longPlaceholders = []string{"example", "placeholder", "changeme", "replaceme", "redacted", "invalid", "specimen", "notreal", "yourkey", "yourapi", "yourtoken", "yoursecret",
		"foobar", "deadbeef", "cafebabe", "feedface", "baadf00d"}
	shortPlaceholders = []string{"fake", "dummy", "sample", "mock", "mocked", "your", "bogus", "stub", "notakey"}
)

// isPlaceholder reports whether body holds a word that says it is no key.
func isPlaceholder(body []byte) bool {
	var buf [maxBody]byte
	folded := buf[:len(body)]
	for i, b := range body {
		folded[i] = fold(b)
	}
	for _, w := range longPlaceholders {
		for from := 0; ; {
			i := bytes.Index(folded[from:], []byte(w))
			if i < 0 {
				break
			}
			i += from
			if oneCase(body[i : i+len(w)]) {
				return true
			}
			from = i + 1
		}
	}
	for len(folded) > 0 {
		n := bytes.IndexAny(folded, "_-")
		if n < 0 {
			n = len(folded)
		}
		for _, w := range shortPlaceholders {
			if string(folded[:n]) == w {
				return true
			}
		}
		folded = folded[min(n+1, len(folded)):]
	}
	return false
}

// oneCase reports whether a word is written in small letters, in capitals, or
// with a capital at its beginning.
func oneCase(word []byte) bool {
	for i := 2; i < len(word); i++ {
		if classOf[word[i]] != classOf[word[1]] {
			return false
		}
	}
	return classOf[word[0]] == upper || classOf[word[1]] == lower
}
