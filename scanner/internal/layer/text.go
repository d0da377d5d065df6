package layer

import "sort"

// Text is content decoded around a hit. Its memory belongs to the [Peeler]: it
// is valid until the next call of a method of that Peeler.
type Text struct {
	// Layer is the encoding's name, one of those the package comment lists.
	Layer string
	// Bytes[From:To] was decoded. What stands before and after it is context
	// for judging a key at the edge: raw bytes of the content, or text that is
	// the same encoded and not. Hits outside [From, To) are not the Text's own:
	// whoever searched the content has met them already.
	Bytes    []byte
	From, To int
	// Cut says that the encoded text goes on behind the Peeler's limit. Hits
	// there make Texts of their own, but compressed data is not whole.
	Cut bool

	// Bytes[lo:hi] is covered by the marks; around it stand raw bytes.
	lo, hi int
	before int // offset in the content of Bytes[0]
	after  int // offset in the content of what follows the marked part
	gap    int // line ends at hi that are in no content, 0 or 1

	marks []mark
	base  int // symbol with which the code unit of Bytes[lo] begins
	skip  int // bytes of that unit that are missing in front of Bytes[lo]
	per   int // symbols in a code unit; it decodes to per-1 bytes, or to 1 if per is 1
}

// A mark says that symbol number sym, and those that follow it up to the next
// mark, stand at off and the offsets after it. A list of numbers has one for
// each, so they are small: no content is 4 GiB long, what is gets searched in
// parts.
type mark struct{ sym, off uint32 }

const markSize = 8 // bytes of a mark

// addMark appends a mark unless the last one says the same.
func addMark(marks []mark, sym, off int) []mark {
	m := mark{uint32(sym), uint32(off)}
	if n := len(marks); n > 0 && marks[n-1].off-marks[n-1].sym == m.off-m.sym {
		return marks
	}
	return append(marks, m)
}

// offsetOf returns where symbol sym stands.
func offsetOf(marks []mark, sym int) int {
	i := sort.Search(len(marks), func(i int) bool { return int(marks[i].sym) > sym }) - 1
	if i < 0 {
		return int(marks[0].off)
	}
	return int(marks[i].off) + sym - int(marks[i].sym)
}

// symbolAt returns the first symbol that stands at off or after it.
func symbolAt(marks []mark, off int) int {
	i := sort.Search(len(marks), func(i int) bool { return int(marks[i].off) > off }) - 1
	if i < 0 {
		return int(marks[0].sym)
	}
	sym := int(marks[i].sym) + off - int(marks[i].off)
	if i+1 < len(marks) {
		sym = min(sym, int(marks[i+1].sym))
	}
	return sym
}

// End returns where the raw bytes begin that stand behind all that was decoded:
// no key goes on there. What lies between To and End another Text shows, too.
func (t *Text) End() int { return t.hi }

// Offset returns the offset in the content of the first source byte that made
// Bytes[i]. For i == len(Bytes) it is where the next byte would have come from.
// It never decreases as i grows.
func (t *Text) Offset(i int) int {
	switch {
	case i < t.lo:
		return t.before + i
	case i >= t.hi:
		return t.after + max(0, i-t.hi-t.gap)
	}
	k := i - t.lo + t.skip
	if t.per == 1 {
		return offsetOf(t.marks, t.base+k)
	}
	return offsetOf(t.marks, t.base+k/(t.per-1)*t.per+k%(t.per-1))
}
