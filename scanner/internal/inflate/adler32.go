package inflate

import "encoding/binary"

const (
	adlerModulus = 65521

	// adlerWords is how many words of eight bytes are summed up in 16-bit lanes: the
	// largest n for which 255*n*(n-1)/2 fits one.
	adlerWords = 23
	adlerChunk = adlerWords * 8

	// adlerRun is how many bytes are summed up in 64 bits before a reduction: far
	// from an overflow, which would take a gigabyte.
	adlerRun = adlerChunk << 12

	evenBytes = 0x00ff00ff00ff00ff
	evenLanes = 0x0000ffff0000ffff
)

// Adler32 returns the checksum that RFC 1950 section 8.2 defines. It is what
// hash/adler32 computes, several bytes at a time.
func Adler32(p []byte) uint32 { return UpdateAdler32(1, p) }

// UpdateAdler32 returns the checksum of what sum is the checksum of, with p
// behind it. The sum of nothing is 1.
func UpdateAdler32(sum uint32, p []byte) uint32 {
	a, b := uint64(sum&0xffff), uint64(sum>>16)
	for len(p) > 0 {
		run := p[:min(len(p), adlerRun)]
		p = p[len(run):]
		for len(run) >= adlerChunk {
			sum, weighted := adlerSums((*[adlerChunk]byte)(run))
			b += adlerChunk*a + weighted
			a += sum
			run = run[adlerChunk:]
		}
		for _, c := range run {
			a += uint64(c)
			b += a
		}
		a %= adlerModulus
		b %= adlerModulus
	}
	return uint32(b<<16 | a)
}

// adlerSums returns the sum of p's bytes, and the sum in which the first byte
// counts adlerChunk times and the last once.
func adlerSums(p *[adlerChunk]byte) (sum, weighted uint64) {
	// even and odd hold a sum for each place in a word, evenSums and oddSums the
	// sums of what those were before each word.
	var even, odd, evenSums, oddSums uint64
	for i := 0; i < adlerChunk; i += 8 {
		word := binary.LittleEndian.Uint64(p[i : i+8 : i+8])
		evenSums += even
		oddSums += odd
		even += word & evenBytes
		odd += word >> 8 & evenBytes
	}
	words := evenSums&evenLanes + evenSums>>16&evenLanes + oddSums&evenLanes + oddSums>>16&evenLanes
	weighted = 8 * (words&0xffffffff + words>>32)
	// Each product has in its upper half the lower lane times the constant's upper
	// half plus the upper lane times its lower half.
	weighted += even & evenLanes * (8<<32 | 4) >> 32
	weighted += odd & evenLanes * (7<<32 | 3) >> 32
	weighted += even >> 16 & evenLanes * (6<<32 | 2) >> 32
	weighted += odd >> 16 & evenLanes * (5<<32 | 1) >> 32
	both := even + odd
	both = both&evenLanes + both>>16&evenLanes
	return both&0xffffffff + both>>32, weighted
}
