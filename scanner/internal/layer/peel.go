package layer

import (
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// How far a Peeler looks. A key has at most 262 characters; the spans leave
// room for one that was encoded four times over, with its neighbours.
const (
	leftSpan    = 2 << 10  // bytes of content that are decoded in front of a hit
	escapedSpan = 64 << 10 // bytes of content that are decoded behind an escaped prefix
	keySpan     = 4 << 10  // bytes of content that a key may take up
	rawSpan     = 128      // bytes of raw context on each side of decoded text
	keptBuffer  = 1 << 20  // bytes of a buffer that a Peeler keeps for the next content
)

// A Peeler decodes text around hits. It holds the buffers of one worker at one
// depth of a nest: the Text of one level is the content of the next, so every
// level needs a Peeler of its own. It remembers what it decoded, so that the
// work on one content is linear in its length however many hits it has.
type Peeler struct {
	content []byte
	limit   int

	out     []byte
	scratch []byte
	marks   []mark

	digits run // of base64
	hex    run
	list   run // of hex bytes with separators

	numbers span    // what the last list of numbers was made of
	escaped span    // what the last escaped text was made of
	utf16   [4]span // the same for UTF-16: by byte order and parity
}

// A span is a stretch of content: the offsets [from, to).
type span struct{ from, to int }

func (s span) has(off int) bool { return s.from <= off && off < s.to }

// NewPeeler returns a Peeler that decodes at most limit bytes of content behind
// a hit; a [Text] that ends there is Cut. The limit bounds memory: a Peeler
// holds up to 8 bytes for each of them.
func NewPeeler(limit int) *Peeler {
	p := &Peeler{limit: max(limit, keySpan)}
	p.digits.alphabet, p.digits.bits, p.digits.per = &base64Alphabet, 6, 4
	p.hex.alphabet, p.hex.bits, p.hex.per = &hexAlphabet, 4, 2
	p.list.alphabet, p.list.bits, p.list.per = &hexAlphabet, 4, 2
	return p
}

// Reset gives the Peeler new content, whose hits [Peeler.Peel] is then asked
// about, best in order of their position. The Peeler reads content until the
// next Reset and never writes to it. Texts returned before become invalid.
func (p *Peeler) Reset(content []byte) {
	p.content = content
	if cap(p.out) > keptBuffer {
		p.out = nil
	}
	if cap(p.scratch) > keptBuffer {
		p.scratch = nil
	}
	if cap(p.marks)*markSize > keptBuffer {
		p.marks = nil
	}
	p.digits.forget()
	p.hex.forget()
	p.list.forget()
	p.numbers = span{}
	p.escaped = span{}
	p.utf16 = [4]span{}
}

// Peel removes the outermost encoding from the text around a hit. It returns
// false if there is none to remove, or if a Text that Peel returned since the
// last Reset shows the hit already.
//
// For a Plain hit it returns true only where the key goes on through escapes,
// as in petra_ab\u0063d: the Text then shows more of the key than the content
// does and is to be judged in its stead.
//
// For a Compressed hit the Text is the whole of the compressed data and has no
// context. It is empty and Cut where so many such hits stand in one run of
// base64 that they are not all decoded.
func (p *Peeler) Peel(hit literal.Hit) (Text, bool) {
	if hit.Pos < 0 || hit.Len <= 0 || hit.Pos+hit.Len > len(p.content) {
		return Text{}, false
	}
	switch hit.Kind {
	case literal.Plain, literal.Escape:
		return p.peelEscapes(hit)
	case literal.UTF16LE:
		return p.peelUTF16(hit, littleEndian)
	case literal.UTF16BE:
		return p.peelUTF16(hit, bigEndian)
	case literal.Base64, literal.Compressed:
		return p.peelBase64(hit)
	case literal.Hex:
		return p.peelHex(hit)
	case literal.HexList:
		return p.peelHexList(hit)
	case literal.Numbers:
		return p.peelNumbers(hit)
	}
	return Text{}, false
}

// begin starts a Text whose decoded part was made of content from offset start
// on, with what stands raw in front of it.
func (p *Peeler) begin(layer string, start int) Text {
	raw := max(0, start-rawSpan)
	p.out = append(p.out[:0], p.content[raw:start]...)
	if start > raw && isKeyByte(p.content[start-1]) {
		// The neighbour belongs to other text than what is decoded.
		p.out = append(p.out, '\n')
	}
	return Text{Layer: layer, From: len(p.out), lo: len(p.out), before: raw, per: 1}
}

// end finishes a Text whose decoded part is in p.out: what stands raw at and
// after offset stop follows.
func (p *Peeler) end(t *Text, stop int) {
	t.To, t.hi, t.after = len(p.out), len(p.out), stop
	raw := p.content[stop:min(stop+rawSpan, len(p.content))]
	if len(raw) > 0 && isKeyByte(raw[0]) {
		p.out = append(p.out, '\n')
		t.gap = 1
	}
	p.out = append(p.out, raw...)
	t.Bytes = p.out
}

// isKeyByte tells whether c may be part of a key.
func isKeyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
