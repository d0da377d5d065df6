package layer

import (
	"archive/tar"
	"bytes"
	"io"
)

const tarBlock = 512

var zeroBlock [tarBlock]byte

// looksLikeTar tells whether a tar header (v7, ustar, pax or GNU) stands at
// the head of b. The checksum at 148 decides: v7 has no magic.
func looksLikeTar(b []byte) bool {
	if len(b) < tarBlock || b[0] == 0 {
		return false
	}
	want, digits := 0, 0
	for _, c := range b[148:156] {
		switch {
		case c >= '0' && c <= '7':
			want = want<<3 | int(c-'0')
			digits++
		case c != ' ' && c != 0:
			return false
		}
	}
	if digits == 0 {
		return false
	}
	// Some old tars summed signed bytes.
	unsigned, signed := 0, 0
	for i, c := range b[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int(c)
		signed += int(int8(c))
	}
	return want == unsigned || want == signed
}

// openTar opens tar archives. Behind the end of one, or a damaged header, it
// goes on at the next block that is a header: archives are concatenated, and
// one bad block does not hide the rest.
func (u *unpacking) openTar() error {
	br := u.reader()
	src := &credit{r: br}
	ended := false
	for {
		head, err := br.Peek(tarBlock)
		switch {
		case len(head) < tarBlock:
			if err == io.EOF && !ended && len(head) > 0 {
				return io.ErrUnexpectedEOF
			}
			if err == io.EOF {
				return nil
			}
			return err
		case bytes.Equal(head, zeroBlock[:]):
			ended = true
		case looksLikeTar(head):
			ended = false
			err := u.tarArchive(src)
			if err == errStopped || u.sourceErr != nil {
				return err
			}
			if err != nil {
				u.failure("", err)
			}
			// What the reader gave up in the midst of a block is not a header.
			if err := skip(src, -src.read&(tarBlock-1)); err != nil {
				return nil
			}
			ended = true
			continue
		case !ended:
			u.fault(Opaque, "", "damaged: no header where one should be")
			ended = true
		}
		if err := skip(src, tarBlock); err != nil {
			return err
		}
	}
}

// tarArchive visits the members up to the end of the archive at src.
func (u *unpacking) tarArchive(src *credit) error {
	tr := tar.NewReader(src)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && err != tar.ErrInsecurePath {
			if err == tar.ErrHeader {
				err = damaged("a header is not valid")
			}
			return err
		}
		if h.Size == 0 {
			continue
		}
		if err := u.member(h.Name, h.Size, tr, &src.free); err != nil {
			return err
		}
	}
}
