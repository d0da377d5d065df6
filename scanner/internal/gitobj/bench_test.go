package gitobj

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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

// A delta such as those of source code: 100 copies of 430 bytes with inserts of
// 40 between them, made whole, made with holes, and looked at without being made.
func BenchmarkDelta(b *testing.B) {
	d := deltaWriter{base: bytes.Repeat([]byte("static int nothing_to_see_here(void);\n"), 1200)}
	for i := range 100 {
		d.copy(i*440, 430)
		d.insert([]byte("something that nobody has looked at yet\n"))
	}
	_, _, ops, err := deltaHeader(d.delta())
	if err != nil {
		b.Fatal(err)
	}
	never := func(piece []byte) bool { return len(piece) == 0 }
	for _, edge := range []int{everything, edgeFor(127)} {
		b.Run(map[bool]string{true: "whole", false: "holes"}[edge == everything], func(b *testing.B) {
			made := patched{buf: make([]byte, len(d.out)), base: d.base, edge: edge}
			b.SetBytes(int64(len(d.out)))
			for b.Loop() {
				if err := made.apply(ops); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("glance", func(b *testing.B) {
		g := newGlance(never)
		b.SetBytes(int64(len(d.out)))
		for b.Loop() {
			if traced, err := g.delta(d.base, ops, len(d.out)); traced || err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Looking up ids of a large index, one by one and many at a time.
func BenchmarkLinks(b *testing.B) {
	const n = 1 << 19
	bld := newBuilder(b)
	x := &index{n: n, hs: 20, stride: 20, ids: make([]byte, 0, n*20)}
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = bld.format.Sum(Blob, []byte(fmt.Sprint(i)))
	}
	links := make([]namedLink, n)
	for i, id := range ids {
		links[i].id = id
	}
	slices.SortFunc(ids, ID.Compare)
	for i := range ids {
		x.ids = append(x.ids, ids[i].Bytes()...)
	}
	x.finer()
	lacks := func(l *namedLink) { b.Error("missing", l.id) }
	for _, at := range []int{1, linksAtOnce} {
		b.Run(fmt.Sprint(at), func(b *testing.B) {
			i := 0
			for b.Loop() {
				for done := 0; done < linksAtOnce; done += at {
					x.findAll(links[i:i+at], lacks)
					if i += at; i == n {
						i = 0
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*linksAtOnce), "ns/link")
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
