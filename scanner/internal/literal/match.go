package literal

// A view reads bytes as characters: single bytes, or UTF-16 code units below
// 256. Character 0 is where a window was found; those before it have negative
// numbers.
type view struct {
	b    []byte
	off  int // of character 0, in UTF-16 of its low byte
	step int // bytes a character takes
	high int // where the high byte stands from the low one; 0 if there is none
}

// at returns a character, or -1 where b ends or a high byte is not zero.
func (v view) at(i int) int {
	p := v.off + i*v.step
	if uint(p) >= uint(len(v.b)) {
		return -1
	}
	if v.high != 0 {
		if q := p + v.high; uint(q) >= uint(len(v.b)) || v.b[q] != 0 {
			return -1
		}
	}
	return int(v.b[p])
}

// hit makes a Hit of the characters from start up to end.
func (v view) hit(start, end int, kind Kind, phase uint8) Hit {
	pos := v.off + start*v.step + min(v.high, 0)
	switch v.high {
	case +1:
		kind, phase = UTF16LE, 0
	case -1:
		kind, phase = UTF16BE, 0
	}
	return Hit{pos, (end - start) * v.step, kind, phase}
}

// match appends all literals around the window at b[w:w+4].
func match(dst []Hit, b []byte, w int) []Hit {
	at := lookup(b[w], b[w+1], b[w+2], b[w+3])
	if at == nil {
		return dst
	}
	if b[w+1] != 0 {
		return view{b, w, 1, 0}.match(dst, at)
	}
	dst = view{b, w, 2, +1}.match(dst, at)
	return view{b, w, 2, -1}.match(dst, at)
}

func (v view) match(dst []Hit, at *window) []Hit {
	n := len(at.gram) / v.step
	// Of many rows that share a window most differ at its neighbours.
	before, behind := v.at(-1), v.at(n)
	broken := v.lineEnd(-1, -1) != -1 || v.lineEnd(n, +1) != n
	for _, r := range refs[at.first:at.end] {
		row, off := &rows[r.row], int(r.off)
		if !(broken && row.breaks) &&
			(off > 0 && int(row.text[off-1]) != before || off+n < len(row.text) && int(row.text[off+n]) != behind) {
			continue
		}
		if start, end, ok := v.row(row, off); ok {
			dst = append(dst, v.hit(start, end, row.kind, row.phase))
		}
	}
	if at.spelled {
		dst = v.spelled(dst)
	}
	if at.listed {
		dst = v.hexList(dst)
	}
	if at.numbered {
		dst = v.numbers(dst)
	}
	return dst
}

// row matches r around its character off, which is character 0.
func (v view) row(r *row, off int) (start, end int, ok bool) {
	for k := off; k < len(r.text); k++ {
		if v.at(end) != int(r.text[k]) {
			if !r.breaks {
				return 0, 0, false
			}
			if end = v.lineEnd(end, +1); v.at(end) != int(r.text[k]) {
				return 0, 0, false
			}
		}
		end++
	}
	for k := off - 1; k >= 0; k-- {
		start--
		if v.at(start) != int(r.text[k]) {
			if !r.breaks {
				return 0, 0, false
			}
			if start = v.lineEnd(start, -1); v.at(start) != int(r.text[k]) {
				return 0, 0, false
			}
		}
	}
	return start, end, (end-start)*v.step <= MaxLen
}

// lineEnd passes over what stands between two lines of one text: at least one
// line end, LF, CR or an escape of one, and around it spaces, tabs, quotes and
// the marks that continue or join lines. It starts at character i, goes in the
// direction of dir and returns the first character that is something else, or
// i if there was no line end.
func (v view) lineEnd(i, dir int) int {
	ends := false
	j := i
	for ; (j-i)*dir < MaxLen; j += dir {
		switch v.at(j) {
		case '\n', '\r':
			ends = true
			continue
		case ' ', '\t', '"', '\'', '\\', '+', ',', '#', '*', '>', '|', ';', '!', '%', '.', '&', '/', '-', '_':
			continue
		case 'n', 'r':
			if v.at(j-1) == '\\' {
				ends = true
				continue
			}
		}
		break
	}
	if !ends {
		return i
	}
	return j
}
