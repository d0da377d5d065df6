package gitobj

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"testing"
)

// A script makes objects out of bytes: every choice takes the next one.
type script []byte

func (s *script) next(n int) int {
	if len(*s) == 0 || n <= 0 {
		return 0
	}
	c := (*s)[0]
	*s = (*s)[1:]
	return int(c) % n
}

// text is made of few letters, so that needles come about at every kind of seam.
func (s *script) text(max int) []byte {
	out := make([]byte, s.next(max))
	for i := range out {
		out[i] = "abcd"[s.next(4)]
	}
	return out
}

var needles = [][]byte{[]byte("abcd"), []byte("dcbaab"), []byte("aaaaaaaa")}

func hasNeedle(b []byte) bool {
	for _, n := range needles {
		if bytes.Contains(b, n) {
			return true
		}
	}
	return false
}

// hasPart tells whether b holds a part that some needle can't do without.
func hasPart(b []byte) bool {
	for _, part := range []string{"bcd", "dcba", "aaaaaa"} {
		if bytes.Contains(b, []byte(part)) {
			return true
		}
	}
	return false
}

// isContainer stands for the magic of an archive, at its beginning or its end.
func isContainer(head, tail []byte) bool {
	return bytes.HasPrefix(head, []byte("bb")) || len(tail) == tailBytes && tail[0] == 'd' && tail[tailBytes-1] == 'd'
}

// chains makes a pack of whole blobs and deltas on what came before. No object
// is in it twice.
func (s *script) chains(b *builder) {
	seen := make(map[string]bool)
	fresh := func(data []byte) bool {
		was := seen[string(data)]
		seen[string(data)] = true
		return !was
	}
	first := s.text(200)
	fresh(first)
	b.whole(Blob, first)
	for len(*s) > 0 && len(b.entries) < 300 {
		if s.next(8) == 0 {
			if data := s.text(200); fresh(data) {
				b.whole(Blob, data)
			}
			continue
		}
		base := len(b.entries) - 1
		if s.next(3) == 0 {
			base = s.next(len(b.entries))
		}
		d := deltaWriter{base: b.entries[base].data}
		for range 1 + s.next(6) {
			switch s.next(4) {
			case 0:
				d.insert(s.text(12))
			case 1:
				d.insert(needles[s.next(len(needles))])
			default:
				off := s.next(len(d.base))
				if n := s.next(len(d.base) - off + 1); n > 0 {
					d.copy(off, n)
				}
			}
		}
		if fresh(d.out) {
			b.delta(base, d.delta(), d.out, s.next(4) == 0)
		}
	}
}

// checkSearch proves that a walk that searches what deltas changed shows exactly
// the objects that a search of every object finds.
func checkSearch(t *testing.T, data []byte) {
	b := newBuilder(t)
	s := script(data)
	s.chains(b)
	want := make(map[ID]content)
	all := make(map[ID]content)
	for _, e := range b.entries {
		all[e.id] = content{e.t, string(e.data)}
		if hasNeedle(e.data) || isContainer(e.data, e.data[max(0, len(e.data)-tailBytes):]) {
			want[e.id] = all[e.id]
		}
	}
	store := b.store()
	for _, o := range []WalkOptions{
		{Workers: 1},
		{Workers: 3},
		{Workers: 2, Memory: 4 * 2 * 3000},
		{Workers: 1, Trace: hasPart},
		// A needle is short enough to be its own trace: more bases are without one.
		{Workers: 1, Trace: hasNeedle},
		{Workers: 3, Trace: hasNeedle, Memory: 4 * 2 * 3000},
	} {
		o.Match, o.Whole, o.Overlap = hasNeedle, isContainer, 7
		c := newCollector(t)
		r, err := store.Walk(context.Background(), o, c.visitor)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) > 0 {
			t.Fatalf("problems: %v", r.Problems)
		}
		if !maps.Equal(c.all, want) {
			t.Fatalf("%d objects shown, %d hold a needle or are containers", len(c.all), len(want))
		}
		if r.Read != counts(all) {
			t.Fatalf("read %v of %d objects", r.Read, len(all))
		}
	}
}

func TestSearchOfDeltasEqualsSearchOfAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 60 {
		data := make([]byte, 200+rnd.IntN(3000))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		checkSearch(t, data)
	}
}

func FuzzSearchOfDeltas(f *testing.F) {
	rnd := rand.New(rand.NewPCG(8, 8))
	for range 4 {
		data := make([]byte, 600)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(checkSearch)
}

// Every way in which a needle can come about, one delta each.
func TestSeams(t *testing.T) {
	base := []byte("..........abc..........bcd..........ab..........cd..........")
	at := func(s string) int { return bytes.Index(base, []byte(s)) }
	tests := []struct {
		name string
		make func(d *deltaWriter)
		hit  bool
	}{
		{"nothing new", func(d *deltaWriter) { d.copy(0, 20) }, false},
		{"inserted", func(d *deltaWriter) { d.copy(0, 5); d.insert([]byte("abcd")); d.copy(5, 5) }, true},
		{"ends in the insert", func(d *deltaWriter) { d.copy(0, 13); d.insert([]byte("d")); d.copy(0, 5) }, true},
		{"begins in the insert", func(d *deltaWriter) { d.insert([]byte("a")); d.copy(at("bcd"), 8) }, true},
		{"around the insert", func(d *deltaWriter) { d.copy(at("abc"), 1); d.insert([]byte("bc")); d.copy(at("cd")+1, 5) }, true},
		{"at a seam", func(d *deltaWriter) { d.copy(at("abc"), 2); d.copy(at("cd....")+0, 2) }, true},
		{"over two seams", func(d *deltaWriter) { d.copy(at("abc"), 1); d.copy(at("bcd"), 2); d.copy(at("cd....")+1, 1) }, true},
		{"over four pieces", func(d *deltaWriter) {
			d.copy(at("abc"), 1)
			d.copy(at("bcd"), 1)
			d.copy(at("abc")+2, 1)
			d.insert([]byte("d"))
		}, true},
		{"before a seam only", func(d *deltaWriter) { d.copy(at("abc"), 3); d.copy(0, 5) }, false},
		{"a copy cut in two", func(d *deltaWriter) { d.copy(0, 11); d.copy(11, 20) }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder(t)
			b.whole(Blob, base)
			d := deltaWriter{base: base}
			test.make(&d)
			b.delta(0, d.delta(), d.out, false)
			match := func(b []byte) bool { return bytes.Contains(b, []byte("abcd")) }
			for _, trace := range []func([]byte) bool{nil, match} {
				c := newCollector(t)
				if _, err := b.store().Walk(context.Background(), WalkOptions{Match: match, Overlap: 3, Trace: trace}, c.visitor); err != nil {
					t.Fatal(err)
				}
				if hit := len(c.all) == 1; hit != test.hit || hit != match(d.out) {
					t.Errorf("found: %v, want %v", hit, test.hit)
				}
			}
		})
	}
}

// A delta that inserts more than a glance gathers at once, with a needle over
// every place in it.
func TestLongInserts(t *testing.T) {
	base := bytes.Repeat([]byte("."), 100)
	needle := []byte("abcd")
	match := func(b []byte) bool { return bytes.Contains(b, needle) }
	b := newBuilder(t)
	b.whole(Blob, base)
	want := make(map[ID]content)
	for at := manyJoints - 200; at < manyJoints+400; at++ {
		text := bytes.Repeat([]byte("."), manyJoints+1000)
		copy(text[at:], needle)
		d := deltaWriter{base: base}
		d.insert(text)
		b.delta(0, d.delta(), d.out, false)
		want[b.entries[len(b.entries)-1].id] = content{Blob, string(d.out)}
	}
	c := newCollector(t)
	if _, err := b.store().Walk(context.Background(), WalkOptions{Match: match, Overlap: 3, Trace: match}, c.visitor); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(c.all, want) {
		t.Errorf("%d objects shown, %d hold the needle", len(c.all), len(want))
	}
}
