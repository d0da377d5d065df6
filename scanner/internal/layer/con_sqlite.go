package layer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"unicode/utf16"
)

// The SQLite file format, after https://www.sqlite.org/fileformat2.html: pages
// of one size; B-trees of pages whose cells hold records (§1.6, §2.1); a record
// too long for its page goes on in a chain of overflow pages, each of which
// begins with the number of the next.
const (
	sqliteIndexInterior = 0x02
	sqliteTableInterior = 0x05
	sqliteIndexLeaf     = 0x0a
	sqliteTableLeaf     = 0x0d

	sqliteHeaderLen = 100
)

// openSQLite visits one member a table: the text and blob values of its rows,
// overflow pages joined, each value on a line of its own; then those values that
// are containers, one member each. Indexes repeat what tables hold and are passed
// over. What is left after that (deleted rows on free pages, tables that a
// damaged schema hides) is one more member.
func (u *unpacking) openSQLite() error {
	at, size, ok := u.random()
	if !ok {
		return cut{"too long to be held in memory"}
	}
	var h [sqliteHeaderLen]byte
	if n, err := at.ReadAt(h[:], 0); n < len(h) {
		return err
	}
	f := &sqliteFile{u: u, at: at, size: size, page: int64(binary.BigEndian.Uint16(h[16:]))}
	if f.page == 1 {
		f.page = 1 << 16
	}
	if f.page < 512 || f.page&(f.page-1) != 0 {
		return damaged("page size")
	}
	f.usable = int(f.page) - int(h[20])
	if f.usable < 480 {
		return damaged("reserved space")
	}
	switch binary.BigEndian.Uint32(h[56:]) {
	case 2:
		f.separator = []byte("\n\x00")
	case 3:
		f.separator = []byte("\x00\n")
	default:
		f.separator = []byte("\n")
	}
	f.pages = uint32(min((size+f.page-1)/f.page, 1<<32-2))
	f.seen = make([]uint64, f.pages/64+1)
	f.free = size
	roots, err := f.schema()
	if err != nil {
		u.failure("", err)
	}
	for _, root := range roots {
		if root.table {
			err = f.visit(root.name, f.tree(root.page), root.page)
		} else {
			err = f.passOver(root.page)
		}
		if err != nil {
			return err
		}
	}
	rest := &sqliteRows{f: f, sweep: 1}
	if more, _ := rest.nextPage(); !more {
		return nil
	}
	return f.visit("(pages of no table)", rest, 0)
}

type sqliteFile struct {
	u         *unpacking
	at        io.ReaderAt
	size      int64
	page      int64  // bytes
	usable    int    // bytes of a page less those reserved at its end
	pages     uint32 // how many
	seen      []uint64
	separator []byte // a line feed in the encoding of the text
	free      int64  // bytes that may come out for nothing: what the file holds
}

// mark notes that a page is in use and tells whether that is new. It refuses
// numbers of no page, so a damaged file leads neither out of it nor in circles.
func (f *sqliteFile) mark(page uint32) bool {
	if page == 0 || page > f.pages || f.used(page) {
		return false
	}
	f.seen[page/64] |= 1 << (page % 64)
	return true
}

func (f *sqliteFile) used(page uint32) bool { return f.seen[page/64]>>(page%64)&1 != 0 }

// read fills buf with a page; a file that is cut short ends in zeros.
func (f *sqliteFile) read(page uint32, buf []byte) error {
	n, err := f.at.ReadAt(buf, int64(page-1)*f.page)
	clear(buf[n:])
	if err == io.EOF {
		err = nil
	}
	return err
}

// A sqliteRoot is an entry of the schema table.
type sqliteRoot struct {
	name  string
	page  uint32
	table bool
}

// schema reads the schema table, whose root is page 1. It is read without
// marking its pages, so that it is visited as a table too.
func (f *sqliteFile) schema() ([]sqliteRoot, error) {
	seen := slices.Clone(f.seen)
	defer func() { copy(f.seen, seen) }()
	roots := []sqliteRoot{{"sqlite_schema", 1, true}}
	rows := f.tree(1)
	const maxValue = 1 << 16
	for {
		more, err := rows.nextRow()
		if !more || err != nil {
			return roots, err
		}
		columns := [4][]byte{}
		for i := range columns {
			size, _, ok := rows.nextColumn()
			if !ok || size > maxValue {
				break
			}
			columns[i] = make([]byte, size)
			if _, err := io.ReadFull(&rows.record, columns[i]); err != nil {
				break
			}
		}
		page := uint64(0)
		for _, c := range columns[3] {
			page = page<<8 | uint64(c)
		}
		if page > 0 && page <= uint64(f.pages) && len(columns[3]) <= 8 {
			roots = append(roots, sqliteRoot{f.text(columns[1]), uint32(page), f.text(columns[0]) != "index"})
		}
	}
}

// text returns b, in the encoding of the file, as UTF-8.
func (f *sqliteFile) text(b []byte) string {
	if len(f.separator) == 1 {
		return string(b)
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		if f.separator[0] == 0 {
			units[i] = bits.ReverseBytes16(units[i])
		}
	}
	return string(utf16.Decode(units))
}

// tree returns the rows of the B-tree whose root is page.
func (f *sqliteFile) tree(page uint32) *sqliteRows {
	rows := &sqliteRows{f: f}
	if f.mark(page) {
		rows.stack = append(rows.stack, page)
	}
	return rows
}

// passOver marks the pages of a tree as in use.
func (f *sqliteFile) passOver(page uint32) error {
	rows := f.tree(page)
	for {
		if err := f.u.ctx.Err(); err != nil {
			f.u.stopped = err
			return errStopped
		}
		more, err := rows.nextRow()
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		rows.record.markRest()
	}
}

// visit visits rows and then the containers that were met in them.
func (f *sqliteFile) visit(name string, rows *sqliteRows, root uint32) error {
	if err := f.u.member(name, -1, rows, &f.free); err != nil {
		return err
	}
	for _, c := range rows.containers {
		again := &sqliteRows{f: f, again: true}
		if err := again.load(c.page); err != nil {
			return err
		}
		again.cell = c.cell
		if more, err := again.nextRow(); !more || err != nil {
			continue
		}
		for range c.column {
			if _, _, ok := again.nextColumn(); !ok {
				break
			}
		}
		size, _, ok := again.nextColumn()
		if !ok {
			continue
		}
		value := &io.LimitedReader{R: &again.record, N: size}
		where := fmt.Sprintf("%s row %d column %d", name, again.rowid, c.column+1)
		if err := f.u.member(where, size, exact(value), &f.free); err != nil {
			return err
		}
	}
	return nil
}

// sqliteRows goes through the records of a tree. As a reader it gives their
// text and blob values, a separator behind each.
type sqliteRows struct {
	f     *sqliteFile
	stack []uint32 // pages to come, the next one last
	sweep uint32   // if not 0: the first page that may be in no tree; such pages are taken as they come
	again bool     // pages were marked before

	number uint32 // of the page at hand
	buf    []byte // that page
	header int    // where its B-tree header stands: 100 on page 1
	kind   byte   // of the page
	cells  int    // how many there are
	cell   int    // the next one
	room   int64  // what of the page the cells passed so far leave to the others

	rowid  int64
	record sqliteRecord
	types  []byte // serial types of the columns to come
	column int    // the next one
	damage error  // the first; the rest of the tree is read all the same

	value      io.Reader // what Read is giving
	containers []sqliteValue
}

// A sqliteValue says where a value stands.
type sqliteValue struct {
	page         uint32
	cell, column int
}

func (r *sqliteRows) Read(p []byte) (int, error) {
	for {
		if r.value != nil {
			n, err := r.value.Read(p)
			if err != nil {
				r.value = nil
				if err != io.EOF {
					if r.f.u.sourceErr != nil {
						return n, err
					}
					r.spoilt(err)
				}
			}
			if n > 0 || len(p) == 0 {
				return n, nil
			}
			continue
		}
		size, text, ok := r.nextColumn()
		switch {
		case !ok:
			more, err := r.nextRow()
			if err != nil {
				return 0, err
			}
			if !more && r.damage != nil {
				return 0, r.damage
			}
			if !more {
				return 0, io.EOF
			}
		case !text:
			_ = r.record.skip(size)
		case size > 0:
			r.open(size)
		}
	}
}

// open makes a value what Read gives next.
func (r *sqliteRows) open(size int64) {
	head := make([]byte, min(size, SniffLen))
	n, _ := io.ReadFull(&r.record, head)
	rest := &io.LimitedReader{R: &r.record, N: size - int64(len(head))}
	if _, ok := Sniff(head[:n]); ok && len(r.containers) < r.f.u.budget.members {
		// It becomes a member of its own. Its pages are marked by passing it.
		r.containers = append(r.containers, sqliteValue{r.number, r.cell - 1, r.column - 1})
		if err := skip(rest, rest.N); err != nil {
			r.spoilt(err)
		}
		return
	}
	r.value = io.MultiReader(bytes.NewReader(head[:n]), exact(rest), bytes.NewReader(r.f.separator))
}

// spoilt notes damage. Pages of no tree may hold anything: there it is none.
func (r *sqliteRows) spoilt(err error) {
	r.types = nil
	if r.damage == nil && r.sweep == 0 {
		r.damage = err
	}
}

// nextRow goes to the next record; false says that there is none.
func (r *sqliteRows) nextRow() (bool, error) {
	for {
		for r.cell < r.cells {
			r.cell++
			err := r.openCell(r.cell - 1)
			if r.f.u.sourceErr != nil {
				return false, r.f.u.sourceErr
			}
			if err == nil {
				return true, nil
			}
			if err != errNoRecord {
				r.spoilt(err)
			}
		}
		if more, err := r.nextPage(); !more || err != nil {
			return false, err
		}
	}
}

// nextPage loads the next page of the tree.
func (r *sqliteRows) nextPage() (bool, error) {
	for {
		var page uint32
		switch {
		case len(r.stack) > 0:
			page = r.stack[len(r.stack)-1]
			r.stack = r.stack[:len(r.stack)-1]
		case r.sweep > 0 && r.sweep <= r.f.pages:
			page = r.sweep
			r.sweep++
			if r.f.used(page) {
				continue
			}
		default:
			return false, nil
		}
		if err := r.load(page); err != nil {
			return false, err
		}
		if r.cells == 0 {
			continue // if no tree has it, it may be an overflow page of a row to come
		}
		if r.sweep > 0 {
			r.f.mark(page)
		}
		return true, nil
	}
}

// load makes a page the one at hand and puts its children on the stack.
func (r *sqliteRows) load(page uint32) error {
	if r.buf == nil {
		r.buf = make([]byte, r.f.page)
	}
	if err := r.f.read(page, r.buf); err != nil {
		return err
	}
	r.number, r.header, r.cell, r.cells = page, 0, 0, 0
	if page == 1 {
		r.header = sqliteHeaderLen
	}
	h := r.buf[r.header:]
	r.kind = h[0]
	size := 8
	switch r.kind {
	case sqliteIndexInterior, sqliteTableInterior:
		size = 12
	case sqliteIndexLeaf, sqliteTableLeaf:
	default:
		r.spoilt(damaged("page %d is none of a tree", page))
		return nil
	}
	cells := int(binary.BigEndian.Uint16(h[3:]))
	if r.header+size+2*cells > r.f.usable {
		r.spoilt(damaged("page %d has too many cells", page))
		return nil
	}
	r.cells, r.room = cells, r.f.page
	if size == 8 || r.again || r.sweep > 0 {
		return nil
	}
	push := func(child uint32) {
		if r.f.mark(child) {
			r.stack = append(r.stack, child)
		} else {
			r.spoilt(damaged("page %d names page %d, which does not exist or is in use", page, child))
		}
	}
	push(binary.BigEndian.Uint32(h[8:]))
	for i := cells - 1; i >= 0; i-- {
		if at := r.pointer(i); at+4 <= r.f.usable {
			push(binary.BigEndian.Uint32(r.buf[at:]))
		}
	}
	return nil
}

// pointer returns where cell i begins in the page.
func (r *sqliteRows) pointer(i int) int {
	at := r.header + 8 + 2*i
	if r.kind == sqliteIndexInterior || r.kind == sqliteTableInterior {
		at += 4
	}
	return int(binary.BigEndian.Uint16(r.buf[at:]))
}

var errNoRecord = errors.New("layer: a cell without a record")

// openCell parses cell i (§1.6) and the header of its record (§2.1).
func (r *sqliteRows) openCell(i int) error {
	r.types, r.column = nil, 0
	if r.kind == sqliteTableInterior {
		return errNoRecord
	}
	at := r.pointer(i)
	if r.kind == sqliteIndexInterior {
		at += 4
	}
	usable := r.f.usable
	if at >= usable {
		return damaged("a cell outside page %d", r.number)
	}
	cell := r.buf[at:usable]
	payload, n := sqliteVarint(cell)
	cell = cell[n:]
	most := (usable-12)*64/255 - 23
	r.rowid = 0
	if r.kind == sqliteTableLeaf {
		r.rowid, n = sqliteVarint(cell)
		cell = cell[n:]
		most = usable - 35
	}
	if payload <= 0 || payload > r.f.size {
		return damaged("a record of %d bytes on page %d", payload, r.number)
	}
	local := payload
	if payload > int64(most) {
		least := int64((usable-12)*32/255 - 23)
		local = least + (payload-least)%int64(usable-4)
		if local > int64(most) {
			local = least
		}
	}
	r.record = sqliteRecord{f: r.f, again: r.again, left: payload, buf: r.record.buf}
	if local < payload {
		if int64(len(cell)) < local+4 {
			return damaged("a cell outside page %d", r.number)
		}
		r.record.next = binary.BigEndian.Uint32(cell[local:])
	} else if int64(len(cell)) < local {
		return damaged("a cell outside page %d", r.number)
	}
	if r.room -= local; r.room < 0 {
		// One that all share is parsed once for each of them: hours, of a whole file.
		return damaged("cells of page %d overlap", r.number)
	}
	r.record.chunk = cell[:local]

	var first [9]byte
	n = copy(first[:], r.record.chunk)
	length, n := sqliteVarint(first[:n])
	const maxHeader = 9 * 32768
	if length < int64(n) || length > payload || length > maxHeader {
		return damaged("a record's header on page %d", r.number)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(&r.record, header); err != nil {
		return err
	}
	r.types = header[n:]
	return nil
}

// nextColumn returns the length of the record's next value, and whether it is
// text or a blob. The caller reads the value, or skips it.
func (r *sqliteRows) nextColumn() (size int64, text, ok bool) {
	if len(r.types) == 0 {
		return 0, false, false
	}
	serial, n := sqliteVarint(r.types)
	r.types = r.types[n:]
	r.column++
	switch {
	case serial >= 12:
		size, text = (serial-12)/2, true
	case serial < 0:
		return 0, false, false
	default:
		size = [12]int64{0, 1, 2, 3, 4, 6, 8, 8}[serial]
	}
	if size > r.record.left {
		r.spoilt(damaged("a value on page %d is longer than its record", r.number))
		return 0, false, false
	}
	return size, text, true
}

// sqliteVarint reads a number of up to nine bytes, the first byte highest, and
// returns how many bytes it has.
func sqliteVarint(b []byte) (v int64, n int) {
	for n < len(b) && n < 8 {
		c := b[n]
		n++
		v = v<<7 | int64(c&0x7f)
		if c < 0x80 {
			return v, n
		}
	}
	if n < len(b) {
		v = v<<8 | int64(b[n])
		n++
	}
	return v, n
}

// A sqliteRecord reads one record through its overflow pages.
type sqliteRecord struct {
	f     *sqliteFile
	again bool
	chunk []byte // what is at hand
	left  int64  // bytes of the record not read yet, chunk included
	next  uint32 // the overflow page behind chunk
	buf   []byte // an overflow page
}

func (r *sqliteRecord) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.chunk) == 0 {
		if err := r.overflow(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	r.left -= int64(n)
	return n, nil
}

// overflow goes on to the next overflow page.
func (r *sqliteRecord) overflow() error {
	if !r.f.mark(r.next) && (!r.again || r.next == 0 || r.next > r.f.pages) {
		return damaged("overflow page %d does not exist or is in use", r.next)
	}
	if r.buf == nil {
		r.buf = make([]byte, r.f.page)
	}
	if err := r.f.read(r.next, r.buf); err != nil {
		return err
	}
	r.next = binary.BigEndian.Uint32(r.buf)
	r.chunk = r.buf[4:][:min(int64(r.f.usable-4), r.left)]
	return nil
}

// skip passes over n bytes of the record.
func (r *sqliteRecord) skip(n int64) error { return skip(r, n) }

// markRest marks the overflow pages that are left as in use.
func (r *sqliteRecord) markRest() {
	_ = r.skip(r.left)
}
