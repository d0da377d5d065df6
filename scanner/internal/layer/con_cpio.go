package layer

import (
	"io"
	"strconv"
)

const (
	cpioNewLen = 110 // "070701" or "070702", then 13 fields of 8 hex digits
	cpioOldLen = 76  // "070707", then octal fields
)

// looksLikeCpio tells whether a text header of cpio stands at the head of b.
func looksLikeCpio(b []byte) bool {
	_, ok := parseCpio(b)
	return ok
}

type cpioHeader struct {
	header, name, size int64 // lengths
	pad                int64 // what name and content are padded to a multiple of
}

// parseCpio reads a header of the newc or crc format, or of the older odc.
func parseCpio(b []byte) (h cpioHeader, ok bool) {
	field := func(at, n, base int) int64 {
		v, err := strconv.ParseUint(string(b[at:at+n]), base, 63)
		if err != nil {
			ok = false
		}
		return int64(v)
	}
	switch {
	case len(b) >= cpioNewLen && (has(b, 0, "070701") || has(b, 0, "070702")):
		ok = true
		for at := 6; at < cpioNewLen; at += 8 {
			field(at, 8, 16)
		}
		h = cpioHeader{header: cpioNewLen, name: field(94, 8, 16), size: field(54, 8, 16), pad: 4}
	case len(b) >= cpioOldLen && has(b, 0, "070707"):
		ok = true
		for at := 6; at < 48; at += 6 {
			field(at, 6, 8)
		}
		h = cpioHeader{header: cpioOldLen, name: field(59, 6, 8), size: field(65, 11, 8), pad: 1}
		field(48, 11, 8)
	}
	const maxName = 1 << 16
	return h, ok && h.name > 0 && h.name <= maxName
}

// openCpio opens cpio archives: header, name, content, until a member called
// TRAILER!!!. Behind it may stand another archive, or, in the initial RAM disk
// of a Linux kernel, a compressed one.
func (u *unpacking) openCpio() error {
	br := u.reader()
	src := &credit{r: br}
	for {
		head, err := br.Peek(cpioNewLen)
		h, ok := parseCpio(head)
		if !ok {
			return damagedOr(err, "a header is not valid")
		}
		base := src.read
		align := func() error { return skip(src, -(src.read-base)&(h.pad-1)) }
		if err := skip(src, h.header); err != nil {
			return err
		}
		name := make([]byte, h.name)
		if _, err := io.ReadFull(src, name); err != nil {
			return err
		}
		if err := align(); err != nil {
			return err
		}
		if name := string(name[:len(name)-1]); name != "TRAILER!!!" {
			content := &io.LimitedReader{R: src, N: h.size}
			if h.size > 0 {
				if err := u.member(name, h.size, exact(content), &src.free); err != nil {
					return err
				}
			}
			if err := skip(content, content.N); err != nil {
				return err
			}
			if err := align(); err != nil {
				return err
			}
			continue
		}
		for {
			if b, err := br.Peek(1); err != nil || b[0] != 0 {
				break
			}
			if err := skip(src, 1); err != nil {
				return err
			}
		}
		head, _ = br.Peek(SniffLen)
		if looksLikeCpio(head) {
			continue
		}
		if _, ok := Sniff(head); ok {
			return u.member("(behind the trailer)", -1, src, &src.free)
		}
		return nil
	}
}

// damagedOr is the error of a read that came short, or else damage.
func damagedOr(err error, what string) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return damaged("%s", what)
}
