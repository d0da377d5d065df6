package detect

import (
	"bytes"
	bin "encoding/binary" // binary is a function of this package
	"unicode/utf8"
)

// A position is a place in content as people count it.
type position struct {
	line   int // 1-based
	column int // 1-based, in UTF-16 code units
}

// An encoding is how the characters of a text lie in its bytes.
type encoding uint8

const (
	utf8Text encoding = iota
	utf16LE
	utf16BE
)

// A cursor turns byte offsets into positions. It moves forward only, so that
// finding many positions in one content costs one pass over it.
//
// Bytes that are not UTF-8 count one column each. A byte order mark at the
// very start of content takes no column.
type cursor struct {
	enc  encoding
	at   position
	next int  // offset, in the current piece of content, of the byte that at is for
	bom  bool // a byte order mark may follow
}

func newCursor(enc encoding) cursor {
	return cursor{enc: enc, at: position{1, 1}, bom: true}
}

var boms = [...]string{utf8Text: "\xef\xbb\xbf", utf16LE: "\xff\xfe", utf16BE: "\xfe\xff"}

// seek moves to offset in b, which must not lie before the one asked for last.
func (c *cursor) seek(b []byte, offset int) position {
	if mark := boms[c.enc]; c.bom && offset >= len(mark) && bytes.HasPrefix(b[c.next:], []byte(mark)) {
		c.next += len(mark)
	}
	if offset <= c.next {
		return c.at
	}
	c.bom = false
	part := b[c.next:offset]
	c.next = offset
	if c.enc == utf8Text {
		c.narrow(part)
	} else {
		c.wide(part)
	}
	return c.at
}

func (c *cursor) narrow(part []byte) {
	// Counting is fast, looking for the last from the end is not if there is none.
	if n := bytes.Count(part, []byte{'\n'}); n > 0 {
		c.at.line += n
		c.at.column = 1
		part = part[bytes.LastIndexByte(part, '\n')+1:]
	}
	c.at.column += utf16Len(part)
}

// wide counts units of two bytes. A part of odd length begins with a byte that
// belongs to no unit, since the text of interest is aligned with its end.
func (c *cursor) wide(part []byte) {
	low, high := 0, 1
	if c.enc == utf16BE {
		low, high = 1, 0
	}
	for part = part[len(part)%2:]; len(part) > 0; part = part[2:] {
		c.at.column++
		if part[low] == '\n' && part[high] == 0 {
			c.at.line++
			c.at.column = 1
		}
	}
}

// utf16Len returns how many UTF-16 code units the text of b takes.
func utf16Len(b []byte) int {
	n := 0
	for len(b) > 0 {
		if ascii := asciiLen(b); ascii > 0 {
			n += ascii
			b = b[ascii:]
			continue
		}
		if b[0] < utf8.RuneSelf {
			n++
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		n++
		if r > 0xffff {
			n++
		}
		b = b[size:]
	}
	return n
}

// asciiLen returns how long a part of b's beginning is ASCII, in steps of 32
// bytes: lines of a gigabyte are counted too.
func asciiLen(b []byte) int {
	const high = 0x8080808080808080
	n := 0
	for ; len(b)-n >= 32; n += 32 {
		x := b[n : n+32]
		if (bin.LittleEndian.Uint64(x)|bin.LittleEndian.Uint64(x[8:])|
			bin.LittleEndian.Uint64(x[16:])|bin.LittleEndian.Uint64(x[24:]))&high != 0 {
			break
		}
	}
	return n
}
