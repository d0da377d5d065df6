package layer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// openPNG opens the text chunks of PNG (tEXt, zTXt, iTXt: PNG third edition
// §11.3.3) and what follows its last chunk.
func (u *unpacking) openPNG() error {
	src := &credit{r: u.reader()}
	if err := skip(src, int64(len(pngMagic))); err != nil {
		return err
	}
	for {
		var h [8]byte
		if _, err := io.ReadFull(src, h[:]); err != nil {
			return err
		}
		size, kind := binary.BigEndian.Uint32(h[:]), string(h[4:])
		if size >= 1<<31 {
			return damaged("a chunk's length")
		}
		content := &io.LimitedReader{R: src, N: int64(size)}
		switch kind {
		case "tEXt", "zTXt", "iTXt":
			if err := u.pngText(kind, content, &src.free); err != nil {
				return err
			}
		}
		if err := skip(content, content.N); err != nil {
			return err
		}
		const crc = 4
		if err := skip(src, crc); err != nil {
			return err
		}
		if kind == "IEND" {
			return u.pngTail(src)
		}
	}
}

// pngText visits the text of one chunk. What it cannot parse stands in the raw
// bytes.
func (u *unpacking) pngText(kind string, content *io.LimitedReader, free *int64) error {
	keyword, ok := untilNUL(content, 79)
	if !ok {
		return nil
	}
	name := fmt.Sprintf("%s %s", kind, keyword)
	compressed := kind == "zTXt"
	switch kind {
	case "zTXt":
		if err := skip(content, 1); err != nil {
			return nil
		}
	case "iTXt":
		var flags [2]byte
		if _, err := io.ReadFull(content, flags[:]); err != nil {
			return nil
		}
		compressed = flags[0] == 1
		const maxTag = 1 << 10
		for range 2 { // the language and the translated keyword
			if _, ok := untilNUL(content, maxTag); !ok {
				return nil
			}
		}
	}
	if !compressed {
		return u.member(name, content.N, exact(content), free)
	}
	defer u.releaseAfter(len(u.held))
	zr, err := u.zlib(content)
	if err != nil {
		u.failure(name, err)
		return nil
	}
	return u.member(name, -1, zr, nil)
}

// untilNUL reads up to a NUL, which it drops; false says that limit bytes held
// none.
func untilNUL(r io.Reader, limit int) (string, bool) {
	var text bytes.Buffer
	var b [1]byte
	for text.Len() <= limit {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", false
		}
		if b[0] == 0 {
			return text.String(), true
		}
		text.WriteByte(b[0])
	}
	return "", false
}

// pngTail visits what follows IEND, if anything does.
func (u *unpacking) pngTail(src *credit) error {
	var first [1]byte
	if _, err := io.ReadFull(src, first[:]); err != nil {
		if err == io.EOF {
			return nil
		}
		return err
	}
	return u.member("(behind IEND)", -1, io.MultiReader(bytes.NewReader(first[:]), src), &src.free)
}
