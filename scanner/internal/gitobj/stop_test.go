package gitobj

import (
	"context"
	"sync/atomic"
	"testing"
)

// A user who interrupts a scan does not wait for what comes before the search:
// an order of millions of entries, or the index of a pack that has none.

func TestForestStops(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 3, 12)
	r.git(nil, "repack", "-adfq", "--depth=50")
	s := r.openStore(Options{})
	p := s.list()[0]
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	stop := new(atomic.Bool)
	stop.Store(true)
	f, err := newForest(s, p, p.current(), 1, stop)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.off {
		if f.off[i] != 0 || f.base[i] != 0 {
			t.Fatalf("entry %d was looked at", i)
		}
	}
}

func TestIndexingStops(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 3, 12)
	r.git(nil, "repack", "-adfq")
	r.removeIndexes()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Open(ctx, Options{Objects: r.objects(), Format: SHA1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	res, err := s.Walk(ctx, WalkOptions{}, func() Visitor { return visitFunc(func(*Object) { t.Error("an object was shown") }) })
	if err == nil {
		t.Error("the walk does not say that it was interrupted")
	}
	for _, p := range res.Problems {
		t.Errorf("the interruption is told as a fault of the repository: %s: %s", p.Path, p.Reason)
	}
}
