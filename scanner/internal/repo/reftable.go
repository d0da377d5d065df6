package repo

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A reftable is a file of refs and reflog entries (Git's technical/reftable):
//
//	header    "REFT", version, block size, smallest and largest update index; version 2: hash
//	r blocks  refs, sorted, names prefix-compressed
//	i o i     indexes, and refs by object: not needed to read everything
//	g blocks  reflog entries, deflated
//	i         index of those
//	footer    the header again, where the sections are, CRC-32
//
// A block is a type, its length in three bytes, records, the offsets of those
// records that are not prefix-compressed, and their number. The first block's
// length counts the header too.
type reftable struct {
	refs []tableRef
	logs []tableLog
}

// A tableRef is a ref record. One without value says that the ref is deleted.
type tableRef struct {
	Ref
	deleted bool
}

// A tableLog is a log record: the change with that update index of one ref.
type tableLog struct {
	ref     string
	update  uint64
	deleted bool // the entry was dropped, as by git stash drop
	entry   LogEntry
}

var errTable = errors.New("damaged reftable")

func damaged(what string) error { return fmt.Errorf("%w: %s", errTable, what) }

const maxTableBlock = 1<<24 - 1

// parseReftable reads a whole table. What was read before an error is returned
// with it.
func parseReftable(data []byte, format gitobj.Format) (*reftable, error) {
	t := &reftable{}
	p := tableParser{data: data, idSize: format.Size(), table: t}
	if err := p.readHeader(format); err != nil {
		return t, err
	}
	return t, errors.Join(p.readRefs(), p.readLogs())
}

type tableParser struct {
	data      []byte // the file without its footer
	idSize    int
	header    int // length of the header
	blockSize int // alignment of ref blocks; 0 for none
	minUpdate uint64
	refEnd    int
	logStart  int
	logEnd    int
	table     *reftable
}

func (p *tableParser) readHeader(format gitobj.Format) error {
	if len(p.data) < 24 || string(p.data[:4]) != "REFT" {
		return damaged("no header")
	}
	switch version := p.data[4]; version {
	case 1:
		p.header = 24
		if format != gitobj.SHA1 {
			return damaged("version 1 in a sha256 repository")
		}
	case 2:
		p.header = 28
	default:
		return fmt.Errorf("reftable version %d is not supported", version)
	}
	footer := p.header + 5*8 + 4
	if len(p.data) < p.header+footer {
		return damaged("no footer")
	}
	f := p.data[len(p.data)-footer:]
	p.data = p.data[:len(p.data)-footer]
	if !bytes.Equal(f[:p.header], p.data[:p.header]) {
		return damaged("header and footer differ")
	}
	if crc32.ChecksumIEEE(f[:footer-4]) != binary.BigEndian.Uint32(f[footer-4:]) {
		return damaged("footer checksum")
	}
	if p.header == 28 {
		want := map[gitobj.Format]string{gitobj.SHA1: "sha1", gitobj.SHA256: "s256"}[format]
		if hash := string(f[24:28]); hash != want {
			return damaged(fmt.Sprintf("hash %q in a repository of %q", hash, want))
		}
	}
	p.blockSize = int(uint24(f[5:]))
	p.minUpdate = binary.BigEndian.Uint64(f[8:])
	return p.readSections(f[p.header:])
}

// readSections finds the refs and the logs by the positions in the footer: ref
// index, objects, object index, logs, log index.
func (p *tableParser) readSections(positions []byte) error {
	var pos [5]int
	for i := range pos {
		v := binary.BigEndian.Uint64(positions[8*i:])
		if i == 1 {
			v >>= 5 // the low bits are the length of abbreviated ids
		}
		if v > uint64(len(p.data)) {
			return damaged("section beyond the end")
		}
		pos[i] = int(v)
	}
	firstOf := func(positions ...int) int {
		for _, v := range positions {
			if v != 0 {
				return v
			}
		}
		return len(p.data)
	}
	p.logStart = firstOf(pos[3], pos[4])
	p.logEnd = firstOf(pos[4])
	p.refEnd = firstOf(pos[0], pos[1], pos[2], pos[3], pos[4])
	if len(p.data) > p.header && p.data[p.header] == 'g' {
		// Without refs the logs begin in the first block, whose position is
		// 0 and can't be told from a section that is absent.
		p.refEnd, p.logStart = p.header, 0
	}
	return nil
}

func (p *tableParser) readRefs() error {
	for start, pos := 0, p.header; pos+4 <= p.refEnd; {
		if p.data[pos] != 'r' {
			return damaged(fmt.Sprintf("block type %q among refs", p.data[pos]))
		}
		length := int(uint24(p.data[pos+1:]))
		if start+length > p.refEnd || start+length < pos+4 {
			return damaged("ref block beyond its section")
		}
		if err := p.readRefBlock(p.data[start:start+length], pos-start+4); err != nil {
			return err
		}
		start += length
		if p.blockSize > 0 {
			for start < p.refEnd && p.data[start] == 0 {
				start++ // padding
			}
		}
		pos = start
	}
	return nil
}

// records returns where the records of a block end: before the restart table.
func records(block []byte, first int) (int, error) {
	if len(block) < first+2 {
		return 0, damaged("block without records")
	}
	restarts := int(binary.BigEndian.Uint16(block[len(block)-2:]))
	end := len(block) - 2 - 3*restarts
	if end < first {
		return 0, damaged("restart table larger than its block")
	}
	return end, nil
}

func (p *tableParser) readRefBlock(block []byte, first int) error {
	end, err := records(block, first)
	if err != nil {
		return err
	}
	in := tableReader{data: block[first:end], budget: maxExpansion * len(block)}
	var name []byte
	for len(in.data) > 0 && in.err == nil {
		var kind int
		name, kind = in.key(name)
		in.varint() // update index
		ref := tableRef{Ref: Ref{Name: string(name)}}
		switch kind {
		case 0:
			ref.deleted = true
		case 1:
			ref.ID = in.id(p.idSize)
		case 2:
			ref.ID = in.id(p.idSize)
			ref.Peeled = in.id(p.idSize)
		case 3:
			ref.Target = in.text()
		default:
			return damaged(fmt.Sprintf("unknown value type %d of a ref", kind))
		}
		if in.err == nil {
			p.table.refs = append(p.table.refs, ref)
		}
	}
	return in.err
}

func (p *tableParser) readLogs() error {
	pos := p.logStart
	skip := 4 // block header, and before it the file's
	if pos == 0 {
		skip += p.header
	}
	for pos+skip < p.logEnd {
		head := p.data[pos : pos+skip]
		if head[skip-4] != 'g' {
			return damaged(fmt.Sprintf("block type %q among logs", head[skip-4]))
		}
		length := int(uint24(head[skip-3:]))
		if length < skip {
			return damaged("log block without records")
		}
		in := bytes.NewReader(p.data[pos+skip : p.logEnd])
		block, err := inflateBlock(in, head, length)
		if err != nil {
			return err
		}
		if err := p.readLogBlock(block, skip); err != nil {
			return err
		}
		pos = p.logEnd - in.Len()
		skip = 4
	}
	return nil
}

// inflateBlock returns head and after it what is deflated in in: together length
// bytes. in is left at the end of the deflated data.
func inflateBlock(in *bytes.Reader, head []byte, length int) ([]byte, error) {
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, damaged("log block: " + err.Error())
	}
	block := bytes.NewBuffer(bytes.Clone(head))
	n, err := io.Copy(block, io.LimitReader(z, maxTableBlock))
	if err != nil {
		return nil, damaged("log block: " + err.Error())
	}
	if int(n) != length-len(head) {
		return nil, damaged("log block of a false length")
	}
	return block.Bytes(), nil
}

func (p *tableParser) readLogBlock(block []byte, first int) error {
	end, err := records(block, first)
	if err != nil {
		return err
	}
	in := tableReader{data: block[first:end], budget: maxExpansion * len(block)}
	var key []byte
	for len(in.data) > 0 && in.err == nil {
		var kind int
		key, kind = in.key(key)
		if in.err != nil {
			break
		}
		if len(key) < 9 || key[len(key)-9] != 0 {
			return damaged("key of a log record")
		}
		log := tableLog{
			ref:    string(key[:len(key)-9]),
			update: ^binary.BigEndian.Uint64(key[len(key)-8:]),
		}
		switch kind {
		case 0:
			log.deleted = true
		case 1:
			log.entry = in.logEntry(p.idSize)
		default:
			return damaged(fmt.Sprintf("unknown type %d of a log record", kind))
		}
		if in.err == nil {
			p.table.logs = append(p.table.logs, log)
		}
	}
	return in.err
}

// A tableReader takes fields off the records of a block. After an error all it
// returns is empty.
type tableReader struct {
	data   []byte
	budget int // bytes that keys may still take
	err    error
}

var errRecord = damaged("record beyond its block")

func (in *tableReader) fail(err error) {
	if in.err == nil {
		in.err, in.data = err, nil
	}
}

func (in *tableReader) take(n uint64) []byte {
	if n > uint64(len(in.data)) {
		in.fail(errRecord)
		return nil
	}
	b := in.data[:n]
	in.data = in.data[n:]
	return b
}

// varint reads a number in the encoding of pack offsets.
func (in *tableReader) varint() uint64 {
	v, n := offsetVarint(in.data)
	if n == 0 {
		in.fail(errRecord)
	}
	in.take(uint64(n))
	return v
}

// offsetVarint decodes a number as pack entries encode the offset of their delta
// base (gitformat-pack, "offset encoding"), and returns its length, 0 when it
// does not end or is too large.
func offsetVarint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i > 0 {
			v++
		}
		if v >= 1<<56 {
			return 0, 0
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// key reads a prefix-compressed key, given the one before it, and the number that
// stands with its length. The key is valid until the next call.
func (in *tableReader) key(prev []byte) (key []byte, kind int) {
	prefix := in.varint()
	v := in.varint()
	suffix := in.take(v >> 3)
	if prefix > uint64(len(prev)) {
		in.fail(damaged("prefix longer than the key before"))
		return nil, 0
	}
	key = append(prev[:prefix], suffix...)
	if in.budget -= len(key); in.budget < 0 {
		in.fail(errExpansion)
	}
	return key, int(v & 7)
}

func (in *tableReader) id(size int) gitobj.ID {
	b := in.take(uint64(size))
	if b == nil {
		return gitobj.ID{}
	}
	return gitobj.MakeID(b)
}

func (in *tableReader) text() string { return string(in.take(in.varint())) }

func (in *tableReader) logEntry(idSize int) LogEntry {
	e := LogEntry{Old: in.id(idSize), New: in.id(idSize)}
	e.Name = in.text()
	e.Email = in.text()
	sec := in.varint()
	// Git stores the zone as it writes it, 200 for +0200, where its document
	// speaks of minutes.
	zone := in.take(2)
	message := in.text()
	if in.err != nil {
		return LogEntry{}
	}
	e.Time = inZone(int64(sec), int(int16(binary.BigEndian.Uint16(zone))))
	if n := len(message); n > 0 && message[n-1] == '\n' {
		message = message[:n-1]
	}
	e.Message = message
	return e
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }
