package layer

import (
	"bytes"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// maxHeads bounds how often one run of base64 is decoded, on the whole, as
// compressed data that begins somewhere in it.
const maxHeads = 16

// peelBase64 decodes base64. The hit fixes how symbols group into units of
// four: that way at which the literal itself decodes to text. So it does not
// matter what the run begins with, or whether lines were cut at a multiple of
// four.
func (p *Peeler) peelBase64(hit literal.Hit) (Text, bool) {
	r := &p.digits
	short := hit.Kind == literal.Compressed && r.cut && r.to-hit.Pos < p.limit/2
	if short || !r.has(hit.Pos) {
		r.read(p.content, hit.Pos, p.limit)
	}
	first, last := r.find(hit)
	if first >= last {
		return Text{}, false
	}
	if hit.Kind == literal.Compressed {
		return p.decodeHead(r, first, last), true
	}
	phase, ok := r.phaseOf(first, last)
	if !ok {
		return Text{}, false
	}
	return p.decodeRun("base64", r, first, last, phase)
}

// peelHex decodes hex digits without separators. The hit begins with the first
// digit of a byte.
func (p *Peeler) peelHex(hit literal.Hit) (Text, bool) {
	r := &p.hex
	if !r.has(hit.Pos) {
		r.read(p.content, hit.Pos, p.limit)
	}
	first, last := r.find(hit)
	if first >= last {
		return Text{}, false
	}
	return p.decodeRun("hex", r, first, last, 0)
}

// find returns the symbols that a hit covers: those numbered first to last-1.
func (r *run) find(hit literal.Hit) (first, last int) {
	if hit.Pos < r.from || hit.Pos >= r.to {
		return 0, 0
	}
	first = symbolAt(r.marks, hit.Pos)
	last = min(symbolAt(r.marks, hit.Pos+hit.Len), len(r.symbols))
	return first, last
}

// phaseOf returns which symbol of its unit symbol number first is, judged by
// what the literal of symbols first to last-1 decodes to. Among several it
// prefers the one at which more of that and of what follows is text, then the
// one at which the run begins with a unit.
func (r *run) phaseOf(first, last int) (phase int, ok bool) {
	const ahead = 32
	var buf [2 * ahead]byte
	last = min(last, first+ahead)
	best := -1
	for ph := range r.per {
		lit := unpack(buf[:0], r.symbols[first:last], r.bits, ph)
		if len(lit) == 0 || bytes.ContainsFunc(lit, func(c rune) bool { return c != 0 && !readsAsASCII(c) }) {
			continue
		}
		score := 0
		for _, c := range unpack(buf[:0], r.symbols[first:min(len(r.symbols), last+ahead)], r.bits, ph) {
			if c == 0 || readsAsASCII(rune(c)) {
				score += 2
			}
		}
		if ph == first%r.per {
			score++
		}
		if score > best {
			best, phase = score, ph
		}
	}
	return phase, best >= 0
}

// readsAsASCII tells whether c is an ASCII character that text may contain.
func readsAsASCII(c rune) bool {
	return ' ' <= c && c < 0x7f || '\t' <= c && c <= '\r' || c == 0x1b
}

// decodeRun makes a Text of those lines around symbols first to last-1 that
// belong to one text.
func (p *Peeler) decodeRun(layer string, r *run, first, last, phase int) (Text, bool) {
	seen := &r.decoded[(first-phase+r.per)%r.per]
	if seen.has(first) {
		return Text{}, false
	}
	from, to := p.extent(r, first, last, phase)
	*seen = span{from, to}
	start, stop := offsetOf(r.marks, from), r.endOf(p.content, to)

	raw := start
	if r.bits == 4 && raw >= 2 && (p.content[raw-1] == 'x' || p.content[raw-1] == 'X') &&
		(p.content[raw-2] == '0' || p.content[raw-2] == '\\') {
		raw -= 2 // the mark of the encoding is no neighbour
	}
	t := p.begin(layer, raw)
	t.marks, t.per = r.marks, r.per
	t.skip = mod(phase+from-first, r.per)
	t.base = from - t.skip
	p.out = unpack(p.out, r.symbols[from:to], r.bits, t.skip)
	p.end(&t, stop)
	if r.cut && to == len(r.symbols) {
		t.Cut = true
		// The next run that is read owns what is close to the cut.
		owned := symbolAt(r.marks, max(start, r.to-keySpan))
		seen.to = owned
		t.To = t.lo + max(0, (owned-t.base)*r.bits/8-t.skip)
	}
	return t, true
}

// decodeHead makes a Text of compressed data that begins with symbol first: an
// empty one, cut, if too much of the run was decoded so before.
func (p *Peeler) decodeHead(r *run, first, last int) Text {
	if r.heads > maxHeads*len(r.symbols) {
		at := offsetOf(r.marks, first)
		return Text{Layer: "base64", Cut: true, before: at, after: at}
	}
	to := len(r.symbols)
	for _, line := range r.lines[r.lineOf(first)+1:] {
		if r.beginsAlike(line, first, last) {
			to = line
			break
		}
	}
	r.heads += to - first
	t := Text{
		Layer: "base64", before: offsetOf(r.marks, first), after: r.endOf(p.content, to),
		marks: r.marks, base: first, per: r.per, Cut: r.cut && to == len(r.symbols),
	}
	p.out = unpack(p.out[:0], r.symbols[first:to], r.bits, 0)
	t.Bytes, t.To, t.hi = p.out, len(p.out), len(p.out)
	return t
}

// endOf returns the offset behind symbol to-1, and behind the padding there.
func (r *run) endOf(b []byte, to int) int {
	i := offsetOf(r.marks, to-1)
	if _, n := escapedSymbol(b[i:], r.alphabet); n > 0 {
		i += n
	} else {
		i++
	}
	if r.bits != 6 {
		return i
	}
	for range 2 {
		if i < len(b) && b[i] == '=' {
			i++
		} else if e, ok := escapeAt(b[i:], everyDialect&^quotedPrintable); ok && e.size == 1 && e.out[0] == '=' {
			i += e.len
		}
	}
	return i
}

// extent returns which symbols make one text with symbols first to last-1,
// whole lines at a time. Lines that merely stand side by side, such as a list
// of encoded values, look like wrapped text; they give themselves away by
// beginning alike or, where what follows the hit on its own line is text, by
// decoding to something else and not having the shape of wrapped lines.
func (p *Peeler) extent(r *run, first, last, phase int) (from, to int) {
	k := r.lineOf(first)
	isText := func(from, to int) bool {
		p.scratch = unpack(p.scratch[:0], r.symbols[from:to], r.bits, mod(phase+from-first, r.per))
		return readsAsText(p.scratch)
	}
	listed := phase == 0 && first == r.lines[k]
	belongs := func(line int) bool {
		return !listed || !r.beginsAlike(r.lines[line], first, last)
	}
	above, below := k, k
	for r.lineEnd(below) < last {
		below++
	}
	text := isText(first, r.lineEnd(below))
	for above > 0 && belongs(above-1) && (!text || isText(r.lines[above-1], r.lines[above])) {
		above--
	}
	for below+1 < len(r.lines) && belongs(below+1) {
		if next := below + 1; text && !isText(r.lines[next], r.lineEnd(next)) {
			if listed || !r.isWrapped(p.content, next, first-phase) {
				break
			}
			text = false // from text to binary, as in the file of a database
		}
		below++
	}
	return r.lines[above], r.lineEnd(below)
}

// lineOf returns which line symbol sym stands in.
func (r *run) lineOf(sym int) int { return sort.SearchInts(r.lines, sym+1) - 1 }

// lineEnd returns the symbol behind line k.
func (r *run) lineEnd(k int) int {
	if k+1 < len(r.lines) {
		return r.lines[k+1]
	}
	return len(r.symbols)
}

// isWrapped tells whether line k has the length of one that goes on where the
// line above was full: the same, or less if it is the last one and ends with a
// whole unit. Units begin at symbol origin.
func (r *run) isWrapped(b []byte, k, origin int) bool {
	const usual = 56 // nobody wraps text of one line's length at fewer symbols
	full, length := r.lineEnd(k-1)-r.lines[k-1], r.lineEnd(k)-r.lines[k]
	if length == full {
		return full >= 16
	}
	if length > full || k+1 < len(r.lines) {
		return false
	}
	pad := 0
	for r.bits == 6 && r.to+pad < len(b) && b[r.to+pad] == '=' {
		pad++
	}
	whole := (r.lineEnd(k)+pad-origin)%r.per == 0
	return whole && (full >= usual || k > 1 && r.lines[k-1]-r.lines[k-2] == full)
}

// beginsAlike tells whether the line that begins with symbol number line begins
// with the same symbols as those from first to last-1.
func (r *run) beginsAlike(line, first, last int) bool {
	return bytes.HasPrefix(r.symbols[line:], r.symbols[first:last])
}

// readsAsText tells whether b, decoded from one line, may be part of UTF-8
// text. A long line may begin and end within a character.
func readsAsText(b []byte) bool {
	long := len(b) >= 12
	for n := 0; long && n < utf8.UTFMax-1 && !utf8.RuneStart(b[0]); n++ {
		b = b[1:]
	}
	for len(b) > 0 {
		c := b[0]
		if c < utf8.RuneSelf {
			if !readsAsASCII(rune(c)) {
				return false
			}
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return long && !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

// unpack appends the bytes that symbols of the given width make, the first of
// which is number phase of its unit. Bytes of which symbols are missing at
// either end are left out.
func unpack(dst, symbols []byte, bits, phase int) []byte {
	dst = slices.Grow(dst, len(symbols)*bits/8)
	var acc uint
	have := 0
	if phase > 0 && len(symbols) > 0 {
		// The low bits of the first symbol begin a byte, or none do.
		have = bits - (8-bits)*phase
		acc = uint(symbols[0]) & (1<<have - 1)
		symbols = symbols[1:]
	}
	for have > 0 && len(symbols) > 0 {
		acc = acc<<bits | uint(symbols[0])
		symbols = symbols[1:]
		if have += bits; have >= 8 {
			have -= 8
			dst = append(dst, byte(acc>>have))
			acc &= 1<<have - 1
		}
	}
	if bits == 4 {
		for len(symbols) >= 2 {
			dst = append(dst, symbols[0]<<4|symbols[1])
			symbols = symbols[2:]
		}
		return dst
	}
	for len(symbols) >= 4 {
		dst = append(dst, symbols[0]<<2|symbols[1]>>4, symbols[1]<<4|symbols[2]>>2, symbols[2]<<6|symbols[3])
		symbols = symbols[4:]
	}
	if len(symbols) >= 2 {
		dst = append(dst, symbols[0]<<2|symbols[1]>>4)
	}
	if len(symbols) >= 3 {
		dst = append(dst, symbols[1]<<4|symbols[2]>>2)
	}
	return dst
}

// mod returns the remainder of a division, never negative.
func mod(a, b int) int { return (a%b + b) % b }
