package layertest

import (
	"bytes"
	"math/bits"
	"slices"
	"sort"
)

// Bzip2 returns data as one bzip2 stream. It sorts naively: keep data small.
// A run of n equal bytes costs as much as n/52 others.
func Bzip2(data []byte) []byte {
	const blockLen = 20_000 // after the first run-length coding; far below the 900k of "9"
	w := &bitWriter{}
	w.bytes("BZh9")
	total := uint32(0)
	for len(data) > 0 {
		block, used := bzip2Runs(data, blockLen)
		crc := bzip2CRC(data[:used])
		total = bits.RotateLeft32(total, 1) ^ crc
		w.bzip2Block(block, crc)
		data = data[used:]
	}
	w.bytes("\x17\x72\x45\x38\x50\x90")
	w.put(uint64(total), 32)
	return w.flush()
}

// bzip2Runs codes four to 255 equal bytes as four and a count, up to limit bytes.
func bzip2Runs(data []byte, limit int) (block []byte, used int) {
	for used < len(data) && len(block)+5 <= limit {
		n := 1
		for n < 255 && used+n < len(data) && data[used+n] == data[used] {
			n++
		}
		block = append(block, bytes.Repeat(data[used:used+1], min(n, 4))...)
		if n >= 4 {
			block = append(block, byte(n-4))
		}
		used += n
	}
	return block, used
}

// bzip2CRC is CRC-32 with the highest bit first.
func bzip2CRC(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b) << 24
		for range 8 {
			if crc>>31 != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return ^crc
}

func (w *bitWriter) bzip2Block(block []byte, crc uint32) {
	// Burrows-Wheeler: the last column of the sorted rotations.
	n := len(block)
	double := append(slices.Clone(block), block...)
	rotations := make([]int, n)
	for i := range rotations {
		rotations[i] = i
	}
	sort.SliceStable(rotations, func(i, j int) bool {
		return bytes.Compare(double[rotations[i]:][:n], double[rotations[j]:][:n]) < 0
	})
	w.bytes("1AY&SY")
	w.put(uint64(crc), 32)
	w.put(0, 1)
	w.put(uint64(slices.Index(rotations, 0)), 24)

	var used [256]bool
	for _, b := range block {
		used[b] = true
	}
	var front []byte
	for group := range 16 {
		w.put(uint64(b2i(slices.Contains(used[group*16:][:16], true))), 1)
	}
	for group := range 16 {
		if !slices.Contains(used[group*16:][:16], true) {
			continue
		}
		for i := range 16 {
			w.put(uint64(b2i(used[group*16+i])), 1)
			if used[group*16+i] {
				front = append(front, byte(group*16+i))
			}
		}
	}

	// Move to front; runs of zeros in bijective base two, as symbols 0 and 1.
	var symbols []int
	zeros := 0
	flush := func() {
		for ; zeros > 0; zeros = (zeros - 1) / 2 {
			symbols = append(symbols, (zeros-1)%2)
		}
	}
	end := len(front) + 1
	for _, r := range rotations {
		b := double[r+n-1]
		i := bytes.IndexByte(front, b)
		if i == 0 {
			zeros++
			continue
		}
		flush()
		symbols = append(symbols, i+1)
		copy(front[1:], front[:i])
		front[0] = b
	}
	flush()
	symbols = append(symbols, end)

	// Two equal tables whose codes are as even in length as a full code allows.
	alphabet := end + 1
	length := bits.Len(uint(alphabet - 1))
	short := 1<<length - alphabet // so many get one bit less
	w.put(2, 3)
	selectors := (len(symbols) + 49) / 50
	w.put(uint64(selectors), 15)
	for range selectors {
		w.put(0, 1)
	}
	for range 2 {
		current := length
		if short > 0 {
			current--
		}
		w.put(uint64(current), 5)
		for s := range alphabet {
			if s == short && short > 0 {
				w.put(0b10, 2)
			}
			w.put(0, 1)
		}
	}
	for _, s := range symbols {
		if s < short {
			w.put(uint64(s), length-1)
		} else {
			w.put(uint64(s+short), length)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A bitWriter writes the highest bit first.
type bitWriter struct {
	out []byte
	acc uint64
	n   int
}

func (w *bitWriter) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | v>>i&1
		if w.n++; w.n == 8 {
			w.out = append(w.out, byte(w.acc))
			w.acc, w.n = 0, 0
		}
	}
}

func (w *bitWriter) bytes(s string) {
	for i := range len(s) {
		w.put(uint64(s[i]), 8)
	}
}

func (w *bitWriter) flush() []byte {
	for w.n != 0 {
		w.put(0, 1)
	}
	return w.out
}
