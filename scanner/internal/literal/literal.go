// Package literal finds, in one pass over bytes, every place where a Petra key
// may stand, however it is encoded.
//
// What it looks for is generated, not listed by hand (generate_test.go): the
// prefix petra_ and its UTF-16 forms, their base64 at three alignments and
// their hex, the same once more of those, and the UTF-16 forms of all; each
// cut to the characters that are certain whatever stands beside it. To these
// come the spellings of petra_ as single characters, escaped or as hex bytes,
// which a small matcher reads, and the base64 of the heads of compressed data.
//
// A search has two steps. A filter looks for windows: four bytes each, chosen
// so that every literal holds one, even if a line end stands in its middle.
// Around a window that the filter found, match.go reads what stands there and
// confirms it exactly.
package literal

import (
	"cmp"
	"slices"
)

//go:generate go test -run ^TestTableIsGenerated$ -update .

// A Kind says what a literal shows: how the key behind it is encoded,
// outermost encoding first.
type Kind uint8

// The kinds of literal. Of nested encodings a literal shows the outermost:
// the base64 of hex is Base64, the base64 of UTF-16 too, and base64 that was
// written as UTF-16 is UTF16LE or UTF16BE.
//
// Most UTF-16 text matches in both byte orders, at offsets that differ by one:
// where the high bytes of neighbours are zero, both readings are the same.
// Likewise hex that is broken between two bytes matches as Hex and as HexList,
// and \x escapes of all letters as Escape and as HexList.
const (
	Plain      Kind = iota // petra_ itself
	UTF16LE                // petra_, or any other kind's text, in UTF-16, low byte first
	UTF16BE                // petra_, or any other kind's text, in UTF-16, high byte first
	Base64                 // a base64 or base64url form of any other kind's bytes
	Hex                    // a run of hex digits, bare
	HexList                // hex bytes with separators: spaces, 0x.., \x..
	Escape                 // petra_ with one or more characters escaped: \u, \x, octal, %, &#..;, =XX
	Compressed             // the base64 of the head of compressed data
)

func (k Kind) String() string {
	return [...]string{"plain", "utf-16le", "utf-16be", "base64", "hex", "hex list", "escape", "compressed"}[k]
}

// A Hit is one match of a literal.
type Hit struct {
	Pos  int  // offset of the literal's first byte; of a HexList its first digit, behind an 0x or \x
	Len  int  // its length in bytes, line ends and separators in it included
	Kind Kind // what it shows

	// Phase is for Base64: which character of its group of four the first
	// one is, 0 to 3. It tells how a run of base64 is aligned that has
	// neither a clear beginning nor an end.
	Phase uint8
}

// MaxLen is the length of the longest literal in bytes. Who searches a stream
// in chunks keeps the last MaxLen-1 bytes of each in front of the next.
const MaxLen = 128

// A Literal is one entry of the generated set.
type Literal struct {
	Bytes []byte
	Kind  Kind
	From  string // what it was cut from, such as "base64+1 of petra_"
}

// Table returns the generated set: every literal that has one fixed form. The
// spellings of petra_ with escapes or as separated hex bytes are not in it.
func Table() []Literal {
	set := []Literal{{[]byte("petra_"), Plain, "petra_"}}
	for _, r := range rows {
		set = append(set, Literal{[]byte(r.text), r.kind, r.from})
	}
	for _, l := range slices.Clone(set) {
		var le, be []byte
		for _, c := range l.Bytes {
			le, be = append(le, c, 0), append(be, 0, c)
		}
		set = append(set, Literal{le, UTF16LE, "UTF-16LE of " + l.From}, Literal{be, UTF16BE, "UTF-16BE of " + l.From})
	}
	return set
}

// Index returns the offset of the first literal in b, or -1.
func Index(b []byte) int {
	var buf [16]Hit
	first := -1
	for w := find(b, 0); w >= 0; w = find(b, w+1) {
		// A literal that begins earlier may hold its first window later.
		if first >= 0 && w >= first+MaxLen {
			break
		}
		for _, h := range match(buf[:0], b, w) {
			if first < 0 || h.Pos < first {
				first = h.Pos
			}
		}
	}
	return first
}

// Contains reports whether a literal stands in b.
func Contains(b []byte) bool {
	var buf [16]Hit
	for w := find(b, 0); w >= 0; w = find(b, w+1) {
		if len(match(buf[:0], b, w)) > 0 {
			return true
		}
	}
	return false
}

// TraceLen is how many bytes in a row Trace looks at.
const TraceLen = 4

// Trace tells whether TraceLen bytes in a row stand in b without which there is no
// literal: where Contains is true, so is Trace. It is for content made of others
// that have no trace: one that comes about stands where they are joined.
func Trace(b []byte) bool {
	for w := find(b, 0); w >= 0; w = find(b, w+1) {
		if lookup(b[w], b[w+1], b[w+2], b[w+3]) != nil {
			return true
		}
	}
	return false
}

// All appends every match of a literal in b to dst, in order of position, and
// returns it. Literals that overlap are all there.
func All(dst []Hit, b []byte) []Hit {
	old := len(dst)
	for w := find(b, 0); w >= 0; w = find(b, w+1) {
		dst = match(dst, b, w)
	}
	found := dst[old:]
	slices.SortFunc(found, func(x, y Hit) int {
		return cmp.Or(cmp.Compare(x.Pos, y.Pos), cmp.Compare(x.Len, y.Len), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Phase, y.Phase))
	})
	found = slices.Compact(found) // found once for each window in it
	return dst[:old+len(found)]
}
