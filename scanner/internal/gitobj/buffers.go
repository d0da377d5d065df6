package gitobj

import "math/bits"

// buffers are the byte slices that one worker has to spare. Those used last are
// given out first: they are still in the processor's cache.
type buffers struct {
	free  [bits.UintSize * 4][][]byte // by class
	bytes int64
}

// class returns the number of the smallest class that holds n bytes, and its
// size: four classes to each power of two.
func class(n int) (c, size int) {
	if n <= 1024 {
		return 0, 1024
	}
	top := bits.Len(uint(n - 1)) // 2^(top-1) < n ≤ 2^top
	step := 1 << (top - 3)
	size = (n + step - 1) / step * step
	return top*4 + (size-(1<<(top-1)))/step - 1, size
}

// get returns a slice of n bytes with any content.
func (b *buffers) get(n int) []byte {
	c, size := class(n)
	if list := b.free[c]; len(list) > 0 {
		buf := list[len(list)-1]
		b.free[c] = list[:len(list)-1]
		b.bytes -= int64(cap(buf))
		return buf[:n]
	}
	return make([]byte, n, size)
}

// put takes back a slice from get, unless more than limit bytes are there to
// spare.
func (b *buffers) put(buf []byte, limit int64) {
	if b.bytes+int64(cap(buf)) > limit {
		return
	}
	c, size := class(cap(buf))
	if size != cap(buf) {
		return
	}
	b.free[c] = append(b.free[c], buf)
	b.bytes += int64(cap(buf))
}
