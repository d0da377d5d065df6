package layer

import (
	"bufio"
	"bytes"
	"encoding/hex"
)

// Images of memory as lines of hex: Intel HEX (Hexadecimal Object File Format
// Specification, 1988) begins a record with a colon, its length, address and
// type; Motorola's S-records with an S, their type, length and address. Both end
// one with a checksum. The data of the records, in their order, is the one
// member; where addresses leave a gap, a line end stands.

// longestRecord is more than the characters of a record of 255 bytes.
const longestRecord = 600

// A record is one line: where its data belongs, and that.
type record struct {
	address int
	data    []byte // nil if the record says something else
}

// readIntelHex reads a record of Intel HEX without its line end.
func readIntelHex(line []byte) (record, bool) {
	if len(line) < 11 || line[0] != ':' {
		return record{}, false
	}
	b, ok := unhex(line[1:])
	if !ok || len(b) != int(b[0])+5 || sumOf(b) != 0 {
		return record{}, false
	}
	if b[3] != 0 {
		return record{}, true
	}
	return record{int(b[1])<<8 | int(b[2]), b[4 : len(b)-1]}, true
}

// readSRecord reads an S-record without its line end.
func readSRecord(line []byte) (record, bool) {
	if len(line) < 10 || line[0] != 'S' || line[1] < '0' || line[1] > '9' {
		return record{}, false
	}
	b, ok := unhex(line[2:])
	if !ok || len(b) != int(b[0])+1 || sumOf(b) != 0xff {
		return record{}, false
	}
	address := 0
	width := 2
	switch line[1] {
	case '0', '1': // a header, which is text, and data
	case '2':
		width = 3
	case '3':
		width = 4
	default:
		return record{}, true
	}
	if len(b) < 1+width+1 {
		return record{}, false
	}
	for _, c := range b[1:][:width] {
		address = address<<8 | int(c)
	}
	return record{address, b[1+width : len(b)-1]}, true
}

func unhex(digits []byte) ([]byte, bool) {
	b := make([]byte, hex.DecodedLen(len(digits)))
	_, err := hex.Decode(b, digits)
	return b, err == nil && len(digits)%2 == 0
}

func sumOf(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// looksLikeRecords tells which kind of records h begins with: its first line
// must be one.
func looksLikeRecords(h []byte) Format {
	if h[0] != ':' && h[0] != 'S' {
		return 0
	}
	line, _, whole := bytes.Cut(h, []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	if !whole || len(line) > longestRecord {
		return 0
	}
	if _, ok := readIntelHex(line); ok {
		return IntelHex
	}
	if _, ok := readSRecord(line); ok {
		return SRecord
	}
	return 0
}

// openRecords opens an image up to the first line that is no record.
func (u *unpacking) openRecords(read func([]byte) (record, bool)) error {
	src := &credit{r: u.reader()}
	return u.member("", -1, &recordReader{br: u.buffer(src), read: read, next: -1}, &src.free)
}

type recordReader struct {
	br   *bufio.Reader
	read func([]byte) (record, bool)
	next int // the address behind the last record; -1 before the first
	out  []byte
}

func (r *recordReader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		line, err := r.br.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return 0, damaged("a line is no record")
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		rec, ok := r.read(line)
		if !ok {
			return 0, damaged("a line is no record")
		}
		if len(rec.data) == 0 {
			continue
		}
		if r.next >= 0 && rec.address&0xffff != r.next&0xffff {
			rec.data = append([]byte{'\n'}, rec.data...)
			rec.address--
		}
		r.next = rec.address + len(rec.data)
		r.out = rec.data
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}
