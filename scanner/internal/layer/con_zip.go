package layer

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// The zip format, after APPNOTE.TXT 6.3.10: members, each behind a local
// header (§4.3.7) and perhaps before a data descriptor (§4.3.9); then the
// central directory (§4.3.12), which is the truth about the members; then the
// end record (§4.3.16), which says where the directory is, and may be preceded
// by its 64 bit form (§4.3.14). Anything may stand before the first member.
const (
	zipLocal      = "PK\x03\x04"
	zipCentral    = "PK\x01\x02"
	zipEnd        = "PK\x05\x06"
	zipDescriptor = "PK\x07\x08"
	zip64End      = "PK\x06\x06"
	zip64Locator  = "PK\x06\x07"

	zipLocalLen   = 30
	zipCentralLen = 46
	zipEndLen     = 22
	zip64EndLen   = 56
)

// The compression methods (§4.4.5) that are opened.
const (
	zipStore    = 0
	zipDeflate  = 8
	zipBzip2    = 12
	zipOldZstd  = 20
	zipZstd     = 93
	zipXZ       = 95
	zipAES      = 99
	zipFlagSeal = 1<<0 | 1<<6 | 1<<13
	zipFlagLate = 1 << 3 // sizes and checksum follow the data
)

var zipMethods = map[uint16]string{
	1: "shrink", 2: "reduce", 3: "reduce", 4: "reduce", 5: "reduce", 6: "implode", 9: "deflate64", 14: "lzma", 16: "cmpsc",
	18: "terse", 19: "lz77", 94: "mp3", 96: "jpeg", 97: "wavpack", 98: "ppmd",
}

// A zipMember is what a header of either kind says of a member.
type zipMember struct {
	name         string
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	offset       int64 // of the local header; central directory only
}

// zipReader is the walk over one zip.
type zipReader struct {
	u      *unpacking
	stored int64         // what is left of the bytes that stored members may have for nothing: the zip's own length
	inf    *inflater     // for every deflated member
	data   *bufio.Reader // for every member's data
}

// openZip opens a zip by its central directory; one whose directory is broken,
// or that is a stream too long to hold, by its local headers.
func (u *unpacking) openZip() error {
	z := &zipReader{u: u, inf: u.inflate(nil), data: u.buffer(nil)}
	at, size, ok := u.random()
	if !ok {
		z.stored = unlimited
		return z.scan(u.reader())
	}
	z.stored = size
	dir, ok := findZipDirectory(at, size)
	if ok {
		ok = dir.each(at, func(zipMember) error { return nil }) == nil
	}
	if !ok {
		if u.sourceErr != nil {
			return u.sourceErr
		}
		u.fault(Opaque, "", "damaged: no central directory; members were found by their local headers")
		return z.scan(u.buffer(io.NewSectionReader(at, 0, size)))
	}
	// One that is too large for what is left ends the walk: it comes last.
	var large []zipMember
	err := dir.each(at, func(m zipMember) error {
		if m.size > u.budget.bytes && m.method != zipStore && len(large) < u.budget.members {
			large = append(large, m)
			return nil
		}
		return z.listed(at, dir, m)
	})
	for _, m := range large {
		if err == nil {
			err = z.listed(at, dir, m)
		}
	}
	return err
}

// A zipDirectory is where the central directory stands.
type zipDirectory struct {
	start, end int64 // offsets in the source
	base       int64 // what must be added to every offset that the zip states
	count      uint64
}

// findZipDirectory finds the end record in the last 64 KiB and what it points
// to.
func findZipDirectory(at io.ReaderAt, size int64) (zipDirectory, bool) {
	const noComment, longest = 512, 1<<16 + zipEndLen
	var tail []byte
	i := -1
	for _, n := range []int64{noComment, longest} {
		tail = make([]byte, min(size, n))
		if n, err := at.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
			return zipDirectory{}, false
		}
		if i = findZipEnd(tail); i >= 0 {
			break
		}
	}
	if i < 0 { // a comment that is cut, or garbage behind the zip
		i = bytes.LastIndex(tail[:max(len(tail)-zipEndLen+len(zipEnd), 0)], []byte(zipEnd))
	}
	if i < 0 {
		return zipDirectory{}, false
	}
	end := tail[i:]
	pos := size - int64(len(tail)) + int64(i) // of the record that follows the directory
	count := uint64(binary.LittleEndian.Uint16(end[10:]))
	length := uint64(binary.LittleEndian.Uint32(end[12:]))
	offset := uint64(binary.LittleEndian.Uint32(end[16:]))
	const locatorLen = 20
	if i >= locatorLen && has(tail, i-locatorLen, zip64Locator) {
		var rec [zip64EndLen]byte
		// Next to the locator, as a rule; where the locator says, if nothing
		// was put before the zip.
		stated := int64(binary.LittleEndian.Uint64(tail[i-locatorLen+8:]))
		for _, p := range []int64{pos - locatorLen - zip64EndLen, stated} {
			if p < 0 || p > size-zip64EndLen {
				continue
			}
			if n, _ := at.ReadAt(rec[:], p); n == len(rec) && has(rec[:], 0, zip64End) {
				count = binary.LittleEndian.Uint64(rec[32:])
				length = binary.LittleEndian.Uint64(rec[40:])
				offset = binary.LittleEndian.Uint64(rec[48:])
				pos = p
				break
			}
		}
	}
	if length > uint64(pos) || offset > uint64(pos)-length {
		return zipDirectory{}, false
	}
	d := zipDirectory{start: pos - int64(length), end: pos, count: count}
	d.base = d.start - int64(offset)
	var magic [4]byte
	if d.base != 0 && length > 0 {
		// Something stands between directory and end record, such as a
		// signature, if the stated offset holds.
		if n, _ := at.ReadAt(magic[:], d.start); n < 4 || string(magic[:]) != zipCentral {
			d.start, d.end, d.base = int64(offset), int64(offset+length), 0
		}
	}
	return d, true
}

// each calls visit for every entry of the directory. It fails if the directory
// is not whole.
func (d zipDirectory) each(at io.ReaderAt, visit func(zipMember) error) error {
	r := bufio.NewReader(io.NewSectionReader(at, d.start, d.end-d.start))
	count := uint64(0)
	for ; ; count++ {
		var h [zipCentralLen]byte
		if _, err := io.ReadFull(r, h[:]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if !has(h[:], 0, zipCentral) {
			return damaged("central directory")
		}
		nameLen, extraLen, commentLen := binary.LittleEndian.Uint16(h[28:]), binary.LittleEndian.Uint16(h[30:]), binary.LittleEndian.Uint16(h[32:])
		rest := make([]byte, int(nameLen)+int(extraLen)+int(commentLen))
		if _, err := io.ReadFull(r, rest); err != nil {
			return err
		}
		m := zipMember{
			name:   string(rest[:nameLen]),
			flags:  binary.LittleEndian.Uint16(h[8:]),
			method: binary.LittleEndian.Uint16(h[10:]),
			crc:    binary.LittleEndian.Uint32(h[16:]),
			packed: int64(binary.LittleEndian.Uint32(h[20:])),
			size:   int64(binary.LittleEndian.Uint32(h[24:])),
			offset: int64(binary.LittleEndian.Uint32(h[42:])),
		}
		m.widen(rest[nameLen:][:extraLen], &m.size, &m.packed, &m.offset)
		if err := visit(m); err != nil {
			return err
		}
	}
	if count&0xffff != d.count&0xffff {
		return damaged("central directory")
	}
	return nil
}

// widen takes the 64 bit form of the fields that say they have one (§4.5.3).
func (m *zipMember) widen(extra []byte, fields ...*int64) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		if id == 1 {
			for value := extra[:n]; len(fields) > 0; fields = fields[1:] {
				if *fields[0] != 1<<32-1 {
					continue
				}
				if len(value) < 8 {
					return
				}
				*fields[0] = int64(binary.LittleEndian.Uint64(value) &^ (1 << 63))
				value = value[8:]
			}
			return
		}
		extra = extra[n:]
	}
}

// isDirectory tells whether m is the name of a directory and nothing else.
func (m *zipMember) isDirectory() bool {
	return strings.HasSuffix(m.name, "/") && m.packed == 0
}

// listed visits a member that the central directory names.
func (z *zipReader) listed(at io.ReaderAt, dir zipDirectory, m zipMember) error {
	if m.isDirectory() {
		return nil
	}
	var h [zipLocalLen]byte
	start := m.offset + dir.base
	n := 0
	if start >= 0 {
		n, _ = at.ReadAt(h[:], start)
	}
	if n < len(h) || !has(h[:], 0, zipLocal) {
		return z.lost(m, damaged("no local header"))
	}
	start += zipLocalLen + int64(binary.LittleEndian.Uint16(h[26:])) + int64(binary.LittleEndian.Uint16(h[28:]))
	if m.packed < 0 || m.packed > 1<<62-start {
		return z.lost(m, damaged("size"))
	}
	data := &io.LimitedReader{R: io.NewSectionReader(at, start, m.packed), N: m.packed}
	z.data.Reset(exact(data))
	return z.visit(m, z.data)
}

// lost records why a member was not visited, and counts it all the same.
func (z *zipReader) lost(m zipMember, err error) error {
	if err := z.u.opened(); err != nil {
		return err
	}
	z.u.failure(m.name, err)
	return nil
}

// visit hands on the member whose data br gives up to its end. What its decoder
// holds of memory is free again afterwards.
func (z *zipReader) visit(m zipMember, br *bufio.Reader) error {
	defer z.u.releaseAfter(len(z.u.held))
	r, err := z.content(m, br)
	if err != nil {
		return z.lost(m, err)
	}
	var free *int64
	if m.method == zipStore {
		free = &z.stored
	}
	return z.u.member(m.name, m.size, &checkedReader{r: r, want: m.crc, size: m.size}, free)
}

// content returns the decoder of a member whose data is br.
func (z *zipReader) content(m zipMember, br *bufio.Reader) (io.Reader, error) {
	if m.flags&zipFlagSeal != 0 || m.method == zipAES {
		return nil, unsupported("encrypted")
	}
	switch m.method {
	case zipStore:
		return br, nil
	case zipDeflate:
		z.inf.reset(br)
		return z.inf, nil
	case zipBzip2:
		return bzip2.NewReader(br), nil
	case zipZstd, zipOldZstd:
		return &zstdReader{u: z.u, br: br}, nil
	case zipXZ:
		return z.u.xzReader(br)
	}
	if name := zipMethods[m.method]; name != "" {
		return nil, unsupported("compressed by %s, which is not supported", name)
	}
	return nil, unsupported("compressed by method %d, which is not supported", m.method)
}

// scan visits the members whose local headers it meets.
func (z *zipReader) scan(br *bufio.Reader) error {
	for {
		if err := seek(br, zipLocal); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		var h [zipLocalLen]byte
		if _, err := io.ReadFull(br, h[:]); err != nil {
			return err
		}
		rest := make([]byte, int(binary.LittleEndian.Uint16(h[26:]))+int(binary.LittleEndian.Uint16(h[28:])))
		if _, err := io.ReadFull(br, rest); err != nil {
			return err
		}
		nameLen := int(binary.LittleEndian.Uint16(h[26:]))
		m := zipMember{
			name:   string(rest[:nameLen]),
			flags:  binary.LittleEndian.Uint16(h[6:]),
			method: binary.LittleEndian.Uint16(h[8:]),
			crc:    binary.LittleEndian.Uint32(h[14:]),
			packed: int64(binary.LittleEndian.Uint32(h[18:])),
			size:   int64(binary.LittleEndian.Uint32(h[22:])),
		}
		m.widen(rest[nameLen:], &m.size, &m.packed)
		if err := z.met(br, m); err != nil {
			return err
		}
	}
}

// met visits the member whose data comes next in br, and leaves br behind it.
func (z *zipReader) met(br *bufio.Reader, m zipMember) error {
	if m.flags&zipFlagLate != 0 {
		return z.metLate(br, m)
	}
	if m.isDirectory() {
		return nil
	}
	data := &io.LimitedReader{R: br, N: m.packed}
	z.data.Reset(exact(data))
	if err := z.visit(m, z.data); err != nil {
		return err
	}
	return skip(data, data.N)
}

// metLate is met for a member whose length and checksum follow its data. Only
// deflate ends by itself; stored data ends at the descriptor.
func (z *zipReader) metLate(br *bufio.Reader, m zipMember) error {
	r, err := z.content(m, br)
	var free *int64
	switch {
	case err != nil:
		return z.lost(m, err)
	case m.method == zipStore:
		r, free = &untilDescriptor{br: br}, &z.stored
	case m.method != zipDeflate:
		return z.lost(m, unsupported("its length is unknown"))
	}
	return z.u.member(m.name, -1, r, free)
}

// seek leaves br at the next place where magic stands, or returns io.EOF.
func seek(br *bufio.Reader, magic string) error {
	for {
		b, err := br.Peek(max(br.Buffered(), len(magic)))
		if i := bytes.Index(b, []byte(magic)); i >= 0 {
			_, err := br.Discard(i)
			return err
		}
		if err != nil {
			return err
		}
		if _, err := br.Discard(len(b) - len(magic) + 1); err != nil {
			return err
		}
	}
}

// checkedReader compares what it passed on with the checksum and length that
// the header states.
type checkedReader struct {
	r    io.Reader
	sum  uint32
	n    int64
	want uint32
	size int64
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	c.n += int64(n)
	if err == io.EOF && (c.sum != c.want || c.n != c.size) {
		err = fmt.Errorf("checksum or length mismatch")
	}
	return n, err
}

// untilDescriptor reads stored data whose length is not known beforehand: up to
// a data descriptor that states the checksum and length of what was read.
type untilDescriptor struct {
	br  *bufio.Reader
	sum uint32
	n   int64
}

func (d *untilDescriptor) Read(p []byte) (int, error) {
	const descriptorLen = 16
	b, err := d.br.Peek(max(d.br.Buffered(), descriptorLen))
	if len(b) == 0 || len(p) == 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	n := bytes.Index(b, []byte(zipDescriptor))
	switch {
	case n == 0 && len(b) >= descriptorLen &&
		binary.LittleEndian.Uint32(b[4:]) == d.sum && binary.LittleEndian.Uint32(b[8:]) == uint32(d.n):
		return 0, io.EOF
	case n == 0:
		n = 1
	case n < 0 && err == nil:
		n = len(b) - len(zipDescriptor) + 1
	case n < 0:
		n = len(b)
	}
	n = copy(p, b[:n])
	d.sum = crc32.Update(d.sum, crc32.IEEETable, p[:n])
	d.n += int64(n)
	_, err = d.br.Discard(n)
	return n, err
}
