// Package generate makes inputs for the bench: trees of files and histories that
// look like source code, the same bytes for the same seed. Nothing in them looks
// like a key.
package generate

import (
	"math/rand/v2"
)

// vocabulary is what texts are made of.
var vocabulary = []string{
	"if", "for", "return", "err", "nil", "func", "the", "of", "a", "buffer", "string", "value", "const", "struct",
	"package", "import", "result", "index", "length", "offset", "request", "response", "context", "handler", "parameter",
	"perimeter", "pattern", "counter", "iterator", "(", ")", "{", "}", "==", ":=", "!=", "0", "1", "0x7f", "42", "\"\"", "//",
}

// text is a store of source-like bytes that files are cut from, and one of bytes
// without any pattern.
type text struct {
	random *rand.Rand
	source []byte
	noise  []byte
}

const stored = 1 << 20

func newText(seed uint64) *text {
	t := &text{random: rand.New(rand.NewPCG(seed, 0))}
	for len(t.source) < stored {
		t.source = append(t.source, t.word()...)
		if t.random.IntN(9) == 0 {
			t.source = append(t.source, '\n')
		} else {
			t.source = append(t.source, ' ')
		}
	}
	t.noise = make([]byte, stored)
	for i := range t.noise {
		t.noise[i] = byte(t.random.Uint32())
	}
	return t
}

func (t *text) word() string {
	return vocabulary[t.random.IntN(len(vocabulary))]
}

// line returns a line of source with its line end.
func (t *text) line() string {
	var line []byte
	for range 3 + t.random.IntN(8) {
		line = append(append(line, t.word()...), ' ')
	}
	line[len(line)-1] = '\n'
	return string(line)
}

// content returns what a file may hold: mostly a few kilobytes of source, now and
// then a hundred, one in twenty without any pattern. It is valid until the next
// call.
func (t *text) content() []byte {
	size := 200 + t.random.IntN(6000)
	if t.random.IntN(50) == 0 {
		size = 20_000 + t.random.IntN(200_000)
	}
	from := t.source
	if t.random.IntN(20) == 0 {
		from = t.noise
	}
	start := t.random.IntN(len(from) - size)
	return from[start : start+size]
}
