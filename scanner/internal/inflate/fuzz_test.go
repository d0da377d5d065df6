package inflate

import (
	"math/rand/v2"
	"testing"
)

// FuzzDeflate checks that raw streams, most of them corrupt, mean to an Inflater
// what they mean to compress/flate, and that no byte outside of the buffers is
// touched.
func FuzzDeflate(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, kind := range kinds {
		for _, level := range []int{-2, 1, 6, 9} {
			f.Add(deflate(f, kind.make(r, 400), level))
		}
	}
	for range 20 {
		src, _ := randomStream(r)
		f.Add(src)
	}
	var z Inflater
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > oracleLimit {
			return
		}
		agree(t, &z, g, src)
	})
}

// FuzzZlib does the same for zlib streams, with checksums that are right more
// often than chance would have them.
func FuzzZlib(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, kind := range kinds {
		content := kind.make(r, 200)
		f.Add(wrap(deflate(f, content, 6), content))
	}
	var z Inflater
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > oracleLimit {
			return
		}
		agreeZlib(t, &z, g, src)
		if len(src) > 2 {
			if content, consumed, err := oracle(src[2:]); err == nil && len(content) <= oracleLimit {
				agreeZlib(t, &z, g, wrap(src[2:2+consumed], content))
			}
		}
	})
}

// FuzzStreams has the fuzzer choose how random streams are made, so that it gets
// past the checks that all but a few headers of mere bytes fail.
func FuzzStreams(f *testing.F) {
	f.Add(uint64(1), uint16(0), byte(0))
	var z Inflater
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, seed uint64, at uint16, flip byte) {
		src, _ := randomStream(rand.New(rand.NewPCG(seed, 3)))
		src[int(at)%len(src)] ^= flip
		agree(t, &z, g, src)
	})
}
