package gitobj

import (
	"bytes"
	"context"
	"fmt"
	"testing"
)

// A history of text files in long delta chains: searched, and searched with the
// links followed.
func BenchmarkWalk(b *testing.B) {
	r := newRepo(b, SHA1)
	r.fill("main", 1, 400)
	r.git(nil, "repack", "-adfq", "--depth=50")
	for _, links := range []bool{false, true} {
		b.Run(fmt.Sprintf("links=%v", links), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := r.openStore(Options{})
				res, err := s.Walk(context.Background(), WalkOptions{
					Overlap:    5,
					CheckLinks: links,
					Match:      func(data []byte) bool { return bytes.Contains(data, []byte("nowhere to be found")) },
				}, func() Visitor { return visitFunc(func(*Object) {}) })
				if err != nil || len(res.Problems) > 0 {
					b.Fatal(err, res.Problems)
				}
				b.SetBytes(res.Bytes)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	r := newRepo(b, SHA1)
	r.fill("main", 1, 100)
	r.git(nil, "repack", "-adfq", "--depth=50")
	truth := r.truth()
	s := r.openStore(Options{})
	b.ReportAllocs()
	for b.Loop() {
		for id := range truth {
			if _, _, err := s.Read(id); err != nil {
				b.Fatal(err)
			}
		}
	}
}
