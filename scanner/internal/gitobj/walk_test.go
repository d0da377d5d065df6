package gitobj

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMissing(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 6)
	truth := r.truth()
	unpack(r)
	rm := func(rev string) ID {
		id, err := ParseID(strings.TrimSpace(string(r.git(nil, "rev-parse", rev))))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(loosePath(r.objects(), id)); err != nil {
			t.Fatal(err)
		}
		return id
	}
	by := func(rev string) ID {
		id, err := ParseID(strings.TrimSpace(string(r.git(nil, "rev-parse", rev))))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	commit, binTree, sub := by("main"), by("main:bin"), by("main:dir0")
	first := by("main~4")
	want := map[ID]Missing{}
	add := func(m Missing) { want[m.ID] = m }
	add(Missing{ID: rm("main:bin/noise"), Type: Blob, By: binTree})
	add(Missing{ID: rm("main:dir0/sub"), Type: Tree, By: sub})
	add(Missing{ID: rm("main~5"), Type: Commit, By: first})
	add(Missing{ID: rm("main^{tree}"), Type: Tree, By: commit})
	for _, packed := range []bool{false, true} {
		if packed {
			var ids bytes.Buffer
			for id := range truth {
				if _, gone := want[id]; !gone {
					fmt.Fprintln(&ids, id)
				}
			}
			r.git(ids.Bytes(), "pack-objects", "-q", "objects/pack/pack")
			r.git(nil, "prune-packed", "-q")
			for _, p := range glob(r, "*.pack") {
				touch(r, strings.TrimSuffix(p, ".pack")+".promisor")
			}
		}
		for _, workers := range []int{1, 3} {
			s := r.openStore(Options{})
			if s.Promisor() != packed {
				t.Errorf("Promisor is %v", s.Promisor())
			}
			res, err := s.Walk(context.Background(), WalkOptions{Workers: workers, CheckLinks: true}, newCollector(t).visitor)
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Problems) > 0 || len(res.Missing) != len(want) {
				t.Fatalf("problems %v, missing %v", res.Problems, res.Missing)
			}
			for i, m := range res.Missing {
				w := want[m.ID]
				w.Promised = packed
				if m != w {
					t.Errorf("missing %v, want %v", m, w)
				}
				if i > 0 && res.Missing[i-1].ID.Compare(m.ID) >= 0 {
					t.Error("not sorted")
				}
			}
		}
	}
}

func TestTypes(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 8)
	truth := r.truth()
	s := r.openStore(Options{})
	for typ := Commit; typ <= Tag; typ++ {
		c := newCollector(t)
		res, err := s.Walk(context.Background(), WalkOptions{Types: Types(typ)}, c.visitor)
		if err != nil {
			t.Fatal(err)
		}
		n := counts(truth)
		if res.Present != n {
			t.Errorf("present %v, want %v", res.Present, n)
		}
		only := n[typ]
		n = [5]int64{}
		n[typ] = only
		if res.Read != n || counts(c.all) != n {
			t.Errorf("%v: read %v, shown %v, want %v", typ, res.Read, counts(c.all), n)
		}
	}
}

// The walk goes on although packs and loose objects go while it is under way.
func TestRepackMeanwhile(t *testing.T) {
	for _, before := range []bool{true, false} {
		r := newRepo(t, SHA1)
		r.fill("main", 1, 10)
		truth := r.truth()
		blob := strings.TrimSpace(string(r.git([]byte("loose"), "hash-object", "-w", "--stdin")))
		r.git(nil, "update-ref", "refs/tags/loose", blob)
		s := r.openStore(Options{})
		repack := sync.OnceFunc(func() {
			r.git(nil, "repack", "-adfq", "--depth=3")
			r.git(nil, "prune-packed", "-q")
		})
		if before {
			repack()
		}
		c := newCollector(t)
		res, err := s.Walk(context.Background(), WalkOptions{Workers: 2}, func() Visitor {
			return visitFunc(func(o *Object) {
				repack()
				c.Visit(o)
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		want := counts(truth)
		want[Blob]++
		if len(res.Problems) > 0 || res.Read != want || counts(c.all) != want || res.Present != want {
			t.Errorf("read %v, shown %v, want %v; problems %v", res.Read, counts(c.all), want, res.Problems)
		}
	}
}

// What went and did not come back is named.
func TestPackGone(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 4)
	truth := r.truth()
	s := r.openStore(Options{})
	for _, p := range glob(r, "*.pack") {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	res, err := s.Walk(context.Background(), WalkOptions{}, newCollector(t).visitor)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Problems) != len(truth) {
		t.Errorf("%d problems for %d objects", len(res.Problems), len(truth))
	}
}

// One root owns the whole pack: its children are shared out.
func TestOneTreeIsShared(t *testing.T) {
	b := newBuilder(t)
	data := bytes.Repeat([]byte("shared "), 100)
	b.whole(Blob, data)
	for i := range 3000 {
		base := 0
		if i >= 100 {
			base = 1 + i%100
		}
		d := deltaWriter{base: b.entries[base].data}
		d.insert(fmt.Appendf(nil, "%d", i))
		d.copy(0, len(d.base))
		b.delta(base, d.delta(), d.out, false)
	}
	s := b.store()
	var workers, visits atomic.Int64
	res, err := s.Walk(context.Background(), WalkOptions{Workers: 2}, func() Visitor {
		first := sync.OnceFunc(func() { workers.Add(1) })
		return visitFunc(func(*Object) {
			first()
			visits.Add(1)
			if workers.Load() < 2 {
				runtime.Gosched()
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if visits.Load() != 3001 || res.Read[Blob] != 3001 {
		t.Errorf("%d visits, read %v", visits.Load(), res.Read)
	}
	if workers.Load() != 2 {
		t.Errorf("%d of 2 workers saw an object", workers.Load())
	}
}

func TestStreamed(t *testing.T) {
	b := newBuilder(t)
	big := bytes.Repeat([]byte("a large blob "), 100_000)
	b.whole(Blob, big)
	d := deltaWriter{base: big}
	d.copy(0, 1000)
	other := bytes.Repeat([]byte("a base "), 100_000)
	n := b.whole(Blob, other)
	d = deltaWriter{base: other}
	d.copy(5, 100)
	b.delta(n, d.delta(), d.out, false)
	b.whole(Commit, other)
	s := b.store()
	streamed := map[ID]bool{}
	c := newCollector(t)
	res, err := s.Walk(context.Background(), WalkOptions{Workers: 1, Stream: 1000}, func() Visitor {
		return visitFunc(func(o *Object) {
			streamed[o.ID] = o.Reader != nil
			c.Visit(o)
		})
	})
	if err != nil || len(res.Problems) > 0 {
		t.Fatal(err, res.Problems)
	}
	for i, want := range []bool{true, false, false, false} {
		e := b.entries[i]
		if streamed[e.id] != want || c.all[e.id].data != string(e.data) {
			t.Errorf("object %d: streamed %v, %d bytes", i, streamed[e.id], len(c.all[e.id].data))
		}
	}
	// Objects over the limit are shown even if nobody looks at them, and read to
	// their end.
	res, err = s.Walk(context.Background(), WalkOptions{Stream: 1000, Match: func([]byte) bool { return false }}, func() Visitor {
		return visitFunc(func(o *Object) { io.CopyN(io.Discard, o.Reader, 10) })
	})
	if err != nil || res.Bytes != int64(len(big)+2*len(other)+100) || res.Read[Blob] != 3 {
		t.Errorf("%v, %d bytes, read %v", err, res.Bytes, res.Read)
	}
}

func TestWalkEnds(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 10)
	s := r.openStore(Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	res, err := s.Walk(ctx, WalkOptions{Workers: 1}, func() Visitor {
		return visitFunc(func(*Object) {
			if n++; n == 5 {
				cancel()
				<-ctx.Done()
			}
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(res.Problems) > 0 {
		t.Errorf("problems %v", res.Problems)
	}
}

func TestProgress(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 10)
	s := r.openStore(Options{})
	var objects, size atomic.Int64
	res, err := s.Walk(context.Background(), WalkOptions{Workers: 3, Progress: func(n, b int64) { objects.Add(n); size.Add(b) }}, newCollector(t).visitor)
	if err != nil {
		t.Fatal(err)
	}
	if n := res.Read[Commit] + res.Read[Tree] + res.Read[Blob] + res.Read[Tag]; objects.Load() != n || size.Load() != res.Bytes {
		t.Errorf("told of %d objects, %d bytes; read %d, %d", objects.Load(), size.Load(), n, res.Bytes)
	}
}

// A pack that lacks its deltas' bases, as a bundle has them, beside a store with
// those bases.
func TestBasesOutsideThePack(t *testing.T) {
	for _, indexed := range []bool{true, false} {
		b := newBuilder(t)
		base := b.whole(Blob, bytes.Repeat([]byte("outside "), 100))
		out := b.entries[base]
		thin := newBuilder(t)
		thin.entries = []built{out}
		d := deltaWriter{base: out.data}
		d.insert([]byte("first"))
		d.copy(0, 500)
		n := thin.delta(0, d.delta(), d.out, true)
		d = deltaWriter{base: d.out}
		d.copy(0, 400)
		thin.delta(n, d.delta(), d.out, false)
		thin.entries = thin.entries[1:]
		pack, idx := thin.seal()
		full, fullIdx := b.seal()
		files := map[string][]byte{"pack/pack-a.pack": pack, "pack/pack-b.pack": full, "pack/pack-b.idx": fullIdx}
		if indexed {
			files["pack/pack-a.idx"] = idx
		}
		s := openFiles(t, SHA1, files)
		c := newCollector(t)
		res, err := s.Walk(context.Background(), WalkOptions{Workers: 1}, c.visitor)
		if err != nil || len(res.Problems) > 0 || res.Read[Blob] != 3 || len(c.all) != 3 {
			t.Errorf("indexed %v: %v, problems %v, read %v", indexed, err, res.Problems, res.Read)
		}
		for _, e := range thin.entries {
			if typ, data, err := s.Read(e.id); err != nil || typ != Blob || !bytes.Equal(data, e.data) {
				t.Errorf("Read: %v", err)
			}
			if typ, size, err := s.Stat(e.id); err != nil || typ != Blob || size != int64(len(e.data)) {
				t.Errorf("Stat: %v", err)
			}
		}
	}
}

// A damaged copy of a base does not matter where there is a sound one.
func TestOtherCopyOfBase(t *testing.T) {
	b := newBuilder(t)
	base := b.whole(Blob, bytes.Repeat([]byte("twice "), 100))
	d := deltaWriter{base: b.entries[base].data}
	d.copy(0, 50)
	b.delta(base, d.delta(), d.out, false)
	pack, idx := b.seal()
	pack[b.entries[0].end-8] ^= 0xff
	id := b.entries[0].id
	h := id.String()
	s := openFiles(t, SHA1, map[string][]byte{
		"pack/pack-a.pack": pack, "pack/pack-a.idx": idx,
		filepath.Join(h[:2], h[2:]): b.deflate(append([]byte("blob 600\x00"), b.entries[0].data...)),
	})
	c := newCollector(t)
	res, err := s.Walk(context.Background(), WalkOptions{}, c.visitor)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Problems) != 1 || res.Problems[0].ID != id || res.Read[Blob] != 2 || len(c.all) != 2 {
		t.Errorf("problems %v, read %v, %d shown", res.Problems, res.Read, len(c.all))
	}
}

func TestResolve(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 40)
	truth := r.truth()
	s := r.openStore(Options{})
	for id := range truth {
		for _, n := range []int{4, 5, 11, 40} {
			prefix := id.String()[:n]
			var want int
			for other := range truth {
				if strings.HasPrefix(other.String(), prefix) {
					want++
				}
			}
			ids, err := s.Resolve(strings.ToUpper(prefix))
			if err != nil || len(ids) != want {
				t.Fatalf("Resolve(%s): %v, %v; want %d", prefix, ids, err, want)
			}
		}
	}
	for _, bad := range []string{"", "abc", "xyzw", strings.Repeat("a", 41)} {
		if _, err := s.Resolve(bad); err == nil {
			t.Errorf("Resolve(%q) is content", bad)
		}
	}
}

func TestVerify(t *testing.T) {
	for _, f := range []Format{SHA1, SHA256} {
		id := f.Sum(Blob, []byte("x"))
		if err := Verify(id, Blob, []byte("x")); err != nil {
			t.Error(err)
		}
		if Verify(id, Tree, []byte("x")) == nil || Verify(id, Blob, []byte("y")) == nil {
			t.Error("Verify is content with another object")
		}
	}
}

func TestConcurrentReads(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 15)
	r.git(nil, "repack", "-adfq", "--depth=50")
	truth := r.truth()
	s := r.openStore(Options{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for id, want := range truth {
				typ, data, err := s.Read(id)
				if err != nil || typ != want.t || string(data) != want.data {
					t.Errorf("Read(%s): %v", id, err)
				}
				// The bytes are the caller's.
				clear(data)
			}
		})
	}
	group.Wait()
}
