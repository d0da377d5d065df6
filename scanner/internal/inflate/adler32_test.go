package inflate

import (
	"bytes"
	"hash/adler32"
	"math/rand/v2"
	"testing"
)

// TestAdler32 compares with hash/adler32, with bytes that bring lanes and sums
// closest to an overflow among them.
func TestAdler32(t *testing.T) {
	ones := bytes.Repeat([]byte{0xff}, 3*adlerRun)
	mixed := random(rand.New(rand.NewPCG(1, 1)), 5000)
	for n := range 2000 {
		for _, p := range [][]byte{ones[:n], mixed[n : n+n], make([]byte, n)} {
			if got, want := Adler32(p), adler32.Checksum(p); got != want {
				t.Fatalf("%d bytes: %08x, not %08x", n, got, want)
			}
		}
	}
	for _, n := range []int{adlerRun - 1, adlerRun, adlerRun + 1, adlerRun + adlerChunk, len(ones)} {
		if got, want := Adler32(ones[:n]), adler32.Checksum(ones[:n]); got != want {
			t.Fatalf("%d bytes: %08x, not %08x", n, got, want)
		}
	}
}
