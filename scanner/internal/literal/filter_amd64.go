//go:build !purego

package literal

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// The vector filter takes AVX2; BMI1 came with it in every processor.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// leastVector is the least number of bytes that findVector may read.
const leastVector = 35

// find returns the first offset in b, not before from, of four bytes that may
// be a window, or -1.
func find(b []byte, from int) int {
	if !hasAVX2 || len(b)-from < leastVector {
		return findGo(b, from)
	}
	if i := findVector(&filter.nibbles, &filter.set, unsafe.SliceData(b[from:]), len(b)-from); i >= 0 {
		return from + i
	}
	return -1
}

//go:noescape
func findVector(nibbles *[4][2][16]uint8, set *[1 << hashBits / 32]uint32, p *byte, n int) int
