package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A looked is a context that ends when it is looked at for the nth time.
type looked struct {
	context.Context
	end   context.CancelFunc
	left  atomic.Int64
	looks atomic.Int64
}

func endAfter(ctx context.Context, looks int64) *looked {
	l := &looked{}
	l.Context, l.end = context.WithCancel(ctx)
	l.left.Store(looks)
	return l
}

// Err counts one look.
func (l *looked) Err() error {
	l.looks.Add(1)
	if l.left.Add(-1) < 0 {
		l.end()
	}
	return l.Context.Err()
}

// A scan ends wherever it is told to, and says why. That there are many looks,
// several for each commit and tree, says that none is far from the next.
func TestEndsAnywhere(t *testing.T) {
	g := deltaRepository(t, rand.New(rand.NewPCG(1, 21)))
	g.run("tag", "-a", "-m", "tag "+messageKeys[0], "v1", "main")
	gone := g.run("rev-parse", "main:a")
	scans := map[string]func(ctx context.Context) (*Result, error){
		"all": func(ctx context.Context) (*Result, error) { return Scan(ctx, g.open(), options(1)) },
		"all, trees walked": func(ctx context.Context) (*Result, error) {
			o := options(1)
			o.walkTrees = true
			return Scan(ctx, g.open(), o)
		},
		"range": func(ctx context.Context) (*Result, error) {
			return ScanRange(ctx, g.open(), options(1), Limits{Ranges: []string{"main"}})
		},
		"range, walked": func(ctx context.Context) (*Result, error) {
			o := options(1)
			o.way, o.wholeGraph = byWalk, true
			return ScanRange(ctx, g.open(), o, Limits{Since: time.Unix(1_700_000_010, 0)})
		},
	}
	all := func(t *testing.T) {
		for name, scan := range scans {
			t.Run(name, func(t *testing.T) {
				count := endAfter(t.Context(), 1<<40)
				if r, err := scan(count); err != nil || len(r.Sightings) == 0 {
					t.Fatalf("%d findings, %v", len(r.Sightings), err)
				}
				whole := count.looks.Load()
				if whole < 500 {
					t.Errorf("only %d looks", whole)
				}
				for n := int64(0); n < whole*9/10; n += max(1, whole/8) {
					ctx := endAfter(t.Context(), n)
					r, err := scan(ctx)
					if !errors.Is(err, context.Canceled) {
						t.Fatalf("ended at look %d of %d: %v", n, whole, err)
					}
					for _, x := range r.Sightings {
						if x.Blob == "" && x.Commit == "" {
							t.Errorf("ended at look %d: a finding without an object", n)
						}
					}
				}
			})
		}
	}
	t.Run("sound", all)
	for _, pack := range g.packs() {
		g.unpack(pack)
	}
	g.remove(gone)
	t.Run("with a tree missing", all)
}

// What had been found when a scan was told to end is told.
func TestEndTellsWhatWasFound(t *testing.T) {
	g := newGit(t)
	for i := range 30 {
		g.write("a.env", fmt.Sprintf("%d\nK=%s\n", i, fileKeys[i%5]))
		g.commit("message " + messageKeys[0])
	}
	count := endAfter(t.Context(), 1<<40)
	whole, err := Scan(count, g.open(), options(1))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Scan(endAfter(t.Context(), count.looks.Load()-20), g.open(), options(1))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := strings.Join(keysOf(r), " "); got != strings.Join(keysOf(whole), " ") {
		t.Errorf("told %s of %s", got, strings.Join(keysOf(whole), " "))
	}
}

// keysOf lists the keys of a result's findings.
func keysOf(r *Result) []string {
	seen := map[string]bool{}
	for _, x := range r.Sightings {
		seen[seedOf(x.Key)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
