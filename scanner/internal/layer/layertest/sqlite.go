package layertest

import (
	"bytes"
	"encoding/binary"
)

// sqlitePage is the page size of the databases made here, so small that most
// texts overflow.
const sqlitePage = 512

// SQLite returns a database with one table, whose rows have one blob column
// each. Rows that do not fit one page make the table a tree of two levels.
func SQLite(table string, rows ...[]byte) []byte {
	db := &sqlite{}
	db.add() // page 1, the schema
	root := db.add()
	cells := make([][]byte, len(rows))
	for i, row := range rows {
		cells[i] = db.cell(int64(i+1), blob(row))
	}
	db.table(root, cells)
	sql := []byte("CREATE TABLE " + table + "(v BLOB)")
	db.table(1, [][]byte{db.cell(1, text([]byte("table")), text([]byte(table)), text([]byte(table)), number(byte(root)), text(sql))})

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

// table puts the cells of a table into the tree with that root.
func (db *sqlite) table(root int, cells [][]byte) {
	room := sqlitePage - 8
	if root == 1 {
		room -= 100
	}
	var leaves [][][]byte
	left := 0
	for _, cell := range cells {
		if need := len(cell) + 2; need > left || leaves == nil {
			leaves, left = append(leaves, nil), room
		}
		leaves[len(leaves)-1] = append(leaves[len(leaves)-1], cell)
		left -= len(cell) + 2
	}
	if len(leaves) <= 1 {
		db.fill(root, 0x0d, 0, cells)
		return
	}
	var interior [][]byte
	last, row := 0, 0
	for i, leaf := range leaves {
		page := db.add()
		db.fill(page, 0x0d, 0, leaf)
		row += len(leaf)
		if i == len(leaves)-1 {
			last = page
			break
		}
		interior = append(interior, append(binary.BigEndian.AppendUint32(nil, uint32(page)), varint(int64(row))...))
	}
	db.fill(root, 0x05, last, interior)
}

// fill makes a page one of a table: its kind, for an interior one the child on
// the right, and the cells.
func (db *sqlite) fill(page int, kind byte, right int, cells [][]byte) {
	buf := db.pages[page-1]
	header, array := 0, 8
	if page == 1 {
		header = 100
	}
	if right != 0 {
		array = 12
		binary.BigEndian.PutUint32(buf[header+8:], uint32(right))
	}
	end := len(buf)
	buf[header] = kind
	binary.BigEndian.PutUint16(buf[header+3:], uint16(len(cells)))
	for i, cell := range cells {
		end -= len(cell)
		if end < header+array+2*len(cells) {
			panic("layertest: the rows do not fit a page")
		}
		copy(buf[end:], cell)
		binary.BigEndian.PutUint16(buf[header+array+2*i:], uint16(end))
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
