package literal

// A row is one literal of the closure as text: what stands in a file that is
// bytes of it or, with a zero byte beside each character, UTF-16.
type row struct {
	text   string
	kind   Kind
	phase  uint8
	breaks bool // a line end may stand between any two of its characters
	from   string
}

// A window is four bytes that the filter looks for. Every literal, broken or
// not, holds one.
type window struct {
	gram     string
	bucket   uint8
	spelled  bool   // stands in spellings of petra_ as letters, some escaped
	listed   bool   // stands in lists of its hex bytes
	numbered bool   // stands in lists of its bytes as decimal numbers
	first    uint16 // the rows it stands in: refs[first:end]
	end      uint16
}

// A ref says that a window stands at an offset of a row.
type ref struct {
	row uint16
	off uint8
}

// filter is what the search steps look at, made of the windows once, when the
// program starts: some tens of microseconds.
var filter = newTables()

type tables struct {
	// set has a bit for the hash of every window.
	set [1 << hashBits / 32]uint32
	// slots is an open hash table of the windows by the same hash: their
	// number plus one.
	slots [1 << slotBits]uint16
	// grams has a 1 at the hash of the first and of the last three bytes of
	// every window.
	grams [1 << gramBits]uint8
	// nibbles has for each byte of a window two tables of sixteen bytes, for
	// its low and its high half: bit i says that bucket i has such a byte.
	nibbles [4][2][16]uint8
}

// filter_amd64.s holds hashBits and hashBy as well.
const (
	hashBits = 16
	slotBits = 11
	gramBits = 15
	hashBy   = 0x9E3779B1         // the golden ratio of 2^32
	gramBy   = 0x9E3779B97F4A7C15 // and of 2^64
)

func newTables() *tables {
	t := new(tables)
	for i, w := range windows {
		g := gram(w.gram[0], w.gram[1], w.gram[2], w.gram[3])
		h := g * hashBy >> (32 - hashBits)
		t.set[h/32] |= 1 << (h % 32)
		s := h >> (hashBits - slotBits)
		for t.slots[s] != 0 {
			s = (s + 1) % uint32(len(t.slots))
		}
		t.slots[s] = uint16(i + 1)
		t.grams[uint64(g)<<40*gramBy>>(64-gramBits)] = 1
		t.grams[uint64(g)>>8<<40*gramBy>>(64-gramBits)] = 1
		for j := range 4 {
			t.nibbles[j][0][w.gram[j]&15] |= 1 << w.bucket
			t.nibbles[j][1][w.gram[j]>>4] |= 1 << w.bucket
		}
	}
	return t
}

func gram(a, b, c, d byte) uint32 {
	return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24
}

// may reports whether four bytes may be a window.
func (t *tables) may(g uint32) bool {
	h := g * hashBy >> (32 - hashBits)
	return t.set[h/32]>>(h%32)&1 != 0
}

// lookup returns the window that is these four bytes, or nil.
func lookup(a, b, c, d byte) *window {
	g := gram(a, b, c, d)
	s := g * hashBy >> (32 - slotBits)
	for filter.slots[s] != 0 {
		w := &windows[filter.slots[s]-1]
		if gram(w.gram[0], w.gram[1], w.gram[2], w.gram[3]) == g {
			return w
		}
		s = (s + 1) % uint32(len(filter.slots))
	}
	return nil
}

// findGo returns the first offset in b, not before from, of four bytes that
// may be a window, or -1.
//
// Of the two groups of three bytes in a window one begins at an even distance
// from where the search began, so that it is enough to look at every second.
func findGo(b []byte, from int) int {
	t := filter
	i := from
	// Eight bytes a round; the ninth is of the group that begins at i+6.
	for ; i+16 <= len(b); i += 8 {
		c := b[i : i+16 : i+16]
		x := uint64(c[0]) | uint64(c[1])<<8 | uint64(c[2])<<16 | uint64(c[3])<<24 |
			uint64(c[4])<<32 | uint64(c[5])<<40 | uint64(c[6])<<48 | uint64(c[7])<<56
		y := x>>48 | uint64(c[8])<<16
		hit := t.grams[x<<40*gramBy>>(64-gramBits)] |
			t.grams[x>>16<<40*gramBy>>(64-gramBits)] |
			t.grams[x>>32<<40*gramBy>>(64-gramBits)] |
			t.grams[y<<40*gramBy>>(64-gramBits)]
		if hit != 0 {
			for j := max(i-1, from); j < i+8; j++ {
				if t.may(gram(b[j], b[j+1], b[j+2], b[j+3])) {
					return j
				}
			}
		}
	}
	for i = max(i-1, from); i+4 <= len(b); i++ {
		if t.may(gram(b[i], b[i+1], b[i+2], b[i+3])) {
			return i
		}
	}
	return -1
}
