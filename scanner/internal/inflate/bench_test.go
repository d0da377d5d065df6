package inflate

import (
	"bytes"
	stdzlib "compress/zlib"
	"fmt"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// BenchmarkZlib inflates 64 streams in turn, so that no branch predictor learns
// one by heart, with this package and with its rivals at their best: a reader
// that is reset.
func BenchmarkZlib(b *testing.B) {
	for _, kind := range kinds[:4] {
		for _, size := range []int{60, 600, 6000, 200000} {
			r := rand.New(rand.NewPCG(uint64(size), 9))
			var streams [][]byte
			var pack []byte
			for range 64 {
				content := kind.make(r, size)
				streams = append(streams, wrap(deflate(b, content, 6), content))
			}
			for i, s := range streams {
				pack = append(pack, s...)
				streams[i] = pack[len(pack)-len(s):]
			}
			dst := make([]byte, size)
			name := fmt.Sprintf("%s-%d", kind.name, size)
			b.Run(name+"/petrascan", func(b *testing.B) {
				var z Inflater
				b.SetBytes(int64(size))
				for i := 0; b.Loop(); i++ {
					if _, err := z.Zlib(dst, streams[i%len(streams)], false); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(name+"/klauspost", func(b *testing.B) {
				src := bytes.NewReader(streams[0])
				z, err := zlib.NewReader(src)
				if err != nil {
					b.Fatal(err)
				}
				benchmarkReader(b, z, z.(zlib.Resetter).Reset, dst, src, streams)
			})
			b.Run(name+"/std", func(b *testing.B) {
				src := bytes.NewReader(streams[0])
				z, err := stdzlib.NewReader(src)
				if err != nil {
					b.Fatal(err)
				}
				benchmarkReader(b, z, z.(stdzlib.Resetter).Reset, dst, src, streams)
			})
		}
	}
}

func benchmarkReader(b *testing.B, z io.Reader, reset func(io.Reader, []byte) error, dst []byte, src *bytes.Reader, streams [][]byte) {
	b.SetBytes(int64(len(dst)))
	for i := 0; b.Loop(); i++ {
		src.Reset(streams[i%len(streams)])
		if err := reset(src, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(z, dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdler32(b *testing.B) {
	p := random(rand.New(rand.NewPCG(1, 1)), 10000)
	b.Run("petrascan", func(b *testing.B) {
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			Adler32(p)
		}
	})
	b.Run("std", func(b *testing.B) {
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			adler32.Checksum(p)
		}
	})
}
