package inflate

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// kinds are the kinds of data that lie in a pack.
var kinds = []struct {
	name string
	make func(r *rand.Rand, size int) []byte
}{
	{"source", source},
	{"tree", tree},
	{"delta", delta},
	{"random", random},
	{"zeros", func(_ *rand.Rand, size int) []byte { return make([]byte, size) }},
}

// source is text like that of a program: few names, much structure.
func source(r *rand.Rand, size int) []byte {
	words := make([]string, 300)
	for i := range words {
		word := make([]byte, 2+r.IntN(9))
		for j := range word {
			word[j] = "etaoinshrdlucmfwypvbgkjqxz_"[min(r.IntN(27), r.IntN(27))]
		}
		words[i] = string(word)
	}
	// A few words make up most of it.
	word := func() string { return words[min(r.IntN(300), r.IntN(300), r.IntN(300))] }
	var b []byte
	for len(b) < size {
		indent := "\t\t\t\t"[:r.IntN(5)]
		switch r.IntN(5) {
		case 0:
			b = fmt.Appendf(b, "%sif (%s->%s == %d)\n", indent, word(), word(), r.IntN(100))
		case 1:
			b = fmt.Appendf(b, "%s%s(%s, &%s);\n", indent, word(), word(), word())
		case 2:
			b = fmt.Appendf(b, "%sstruct %s *%s = %s(%s);\n", indent, word(), word(), word(), word())
		case 3:
			b = fmt.Appendf(b, "\n/*\n * %s %s %s %s %s\n */\n", word(), word(), word(), word(), word())
		default:
			b = fmt.Appendf(b, "%sreturn %s;\n}\n\n", indent, word())
		}
	}
	return b[:size]
}

// tree is a tree object: modes, names and ids.
func tree(r *rand.Rand, size int) []byte {
	var b []byte
	for i := 0; len(b) < size; i++ {
		b = fmt.Appendf(b, "100644 file-%03d.c\x00", i)
		b = append(b, random(r, 20)...)
	}
	return b[:size]
}

// delta is a delta's instructions: copies, and inserts of a few words.
func delta(r *rand.Rand, size int) []byte {
	text := source(r, 4096)
	var b []byte
	for len(b) < size {
		b = append(b, 0xb3, byte(r.Uint32()), byte(r.IntN(20)), byte(r.Uint32()), byte(r.IntN(3)))
		n := 1 + r.IntN(60)
		from := r.IntN(len(text) - n)
		b = append(append(b, byte(n)), text[from:from+n]...)
	}
	return b[:size]
}

// random can't be compressed.
func random(r *rand.Rand, size int) []byte {
	b := make([]byte, 0, size+8)
	for len(b) < size {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:size]
}
