package layertest

import (
	"bytes"
	"encoding/binary"
)

// sqlitePage is the page size of the databases made here, so small that most
// texts overflow.
const sqlitePage = 512

// SQLite returns a database with one table, whose rows have one blob column
// each, as many as fit one page.
func SQLite(table string, rows ...[]byte) []byte {
	db := &sqlite{}
	db.add() // page 1, the schema
	root := db.add()
	cells := make([][]byte, len(rows))
	for i, row := range rows {
		cells[i] = db.cell(int64(i+1), blob(row))
	}
	db.leaf(root, cells)
	sql := []byte("CREATE TABLE " + table + "(v BLOB)")
	db.leaf(1, [][]byte{db.cell(1, text([]byte("table")), text([]byte(table)), text([]byte(table)), number(byte(root)), text(sql))})

	h := db.pages[0]
	copy(h, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(h[16:], sqlitePage)
	copy(h[18:], []byte{1, 1, 0, 64, 32, 32})
	binary.BigEndian.PutUint32(h[28:], uint32(len(db.pages)))
	binary.BigEndian.PutUint32(h[44:], 4)
	binary.BigEndian.PutUint32(h[56:], 1)
	binary.BigEndian.PutUint32(h[96:], 3_040_001)
	return bytes.Join(db.pages, nil)
}

type sqlite struct{ pages [][]byte }

// add appends an empty page and returns its number.
func (db *sqlite) add() int {
	db.pages = append(db.pages, make([]byte, sqlitePage))
	return len(db.pages)
}

type sqliteColumn struct {
	serial int64
	data   []byte
}

func blob(b []byte) sqliteColumn { return sqliteColumn{int64(len(b))*2 + 12, b} }
func text(b []byte) sqliteColumn { return sqliteColumn{int64(len(b))*2 + 13, b} }
func number(n byte) sqliteColumn { return sqliteColumn{1, []byte{n}} }

// cell returns the cell of a row, with its overflow put on pages of its own.
func (db *sqlite) cell(rowid int64, columns ...sqliteColumn) []byte {
	var types, body []byte
	for _, c := range columns {
		types = append(types, varint(c.serial)...)
		body = append(body, c.data...)
	}
	record := append(varint(int64(len(types)+1)), types...)
	record = append(record, body...)
	cell := append(varint(int64(len(record))), varint(rowid)...)

	const most, least = sqlitePage - 35, (sqlitePage-12)*32/255 - 23
	local := len(record)
	if local > most {
		local = least + (len(record)-least)%(sqlitePage-4)
		if local > most {
			local = least
		}
	}
	cell = append(cell, record[:local]...)
	rest := record[local:]
	link := func(page int) {}
	if len(rest) > 0 {
		at := len(cell)
		cell = append(cell, 0, 0, 0, 0)
		link = func(page int) { binary.BigEndian.PutUint32(cell[at:], uint32(page)) }
	}
	for len(rest) > 0 {
		page := db.add()
		link(page)
		buf := db.pages[page-1]
		rest = rest[copy(buf[4:], rest):]
		link = func(next int) { binary.BigEndian.PutUint32(buf, uint32(next)) }
	}
	return cell
}

// leaf makes a page the leaf of a table.
func (db *sqlite) leaf(page int, cells [][]byte) {
	buf := db.pages[page-1]
	header := 0
	if page == 1 {
		header = 100
	}
	end := len(buf)
	buf[header] = 0x0d
	binary.BigEndian.PutUint16(buf[header+3:], uint16(len(cells)))
	for i, cell := range cells {
		end -= len(cell)
		if end < header+8+2*len(cells) {
			panic("layertest: the rows do not fit a page")
		}
		copy(buf[end:], cell)
		binary.BigEndian.PutUint16(buf[header+8+2*i:], uint16(end))
	}
	binary.BigEndian.PutUint16(buf[header+5:], uint16(end))
}

// varint is SQLite's, for numbers below 2^56.
func varint(v int64) []byte {
	out := []byte{byte(v & 0x7f)}
	for v >>= 7; v > 0; v >>= 7 {
		out = append([]byte{byte(v&0x7f) | 0x80}, out...)
	}
	return out
}
