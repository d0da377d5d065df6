package layer

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

// repeat is a stream that says the same again and again.
type repeat struct {
	part []byte
	at   int
	left int // parts to come
}

func (r *repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if r.at == len(r.part) {
			r.at = 0
			r.left--
		}
		if r.left <= 0 {
			return n, io.EOF
		}
		m := copy(p[n:], r.part[r.at:])
		n, r.at = n+m, r.at+m
	}
	return n, nil
}

const bombLimit = 8 << 20

// Ten gigabytes of zeros come out of each of these, if one lets them.
func TestZerosAreCut(t *testing.T) {
	const part = 1 << 20
	zeros := make([]byte, part)
	for _, f := range []Format{Gzip, Bzip2, XZ, Zstd} {
		limits := DefaultLimits
		limits.Bytes = bombLimit
		r := &found{contents: map[string]string{}, budget: NewBudget(limits), limit: 1}
		src := SourceStream(&repeat{part: wraps[f](zeros), left: 10 << 30 / part})
		if err := r.open(f, src, ""); err != nil {
			t.Fatal(err)
		}
		if r.bytes != bombLimit {
			t.Errorf("%v: %d bytes came out", f, r.bytes)
		}
		if len(r.faults) != 1 || r.faults[0].Kind != Cut || r.faults[0].Reason != "more than 8 MiB expanded" || !r.budget.spent {
			t.Errorf("%v: %v", f, r.faults)
		}
	}
}

// A limit that is met exactly cuts nothing.
func TestLimitMetExactly(t *testing.T) {
	for _, f := range []Format{Gzip, Zlib, Bzip2, XZ, Zstd, Zip, PDF, PNG} {
		for _, more := range []int{0, 1} {
			limits := DefaultLimits
			limits.Bytes = 1000
			r := walk(t, f, bytesSource(wraps[f](noise(1000+more))), limits)
			if r.bytes != 1000 || len(r.faults) != more || r.budget.spent != (more == 1) {
				t.Errorf("%v, %d more: %d bytes, %v", f, more, r.bytes, r.faults)
			}
		}
	}
}

// Archives that do not compress cost nothing, however deep.
func TestPlainArchivesAreFree(t *testing.T) {
	for _, f := range []Format{Tar, Ar, Cpio, SQLite} {
		limits := DefaultLimits
		limits.Bytes = 10
		r := walk(t, f, bytesSource(wraps[f](wraps[f](noise(10_000)))), limits)
		if len(r.faults) > 0 || !r.holds(string(noise(10_000))) {
			t.Errorf("%v: %v", f, r.faults)
		}
	}
}

// In the manner of 42.zip: sixteen of the same in each, six deep, zeros at the
// bottom: 16^5 times 4 MiB.
func TestNestsAreCut(t *testing.T) {
	nest := make([]byte, 4<<20)
	for range 6 {
		files := make([]layertest.File, 16)
		for i := range files {
			files[i] = layertest.File{Name: string(rune('a' + i)), Data: nest}
		}
		nest = layertest.Zip(files...)
	}
	limits := DefaultLimits
	limits.Bytes = bombLimit
	r := walk(t, Zip, bytesSource(nest), limits)
	if r.bytes > bombLimit {
		t.Errorf("%d bytes came out", r.bytes)
	}
	if len(r.faults) != 1 || r.faults[0].Kind != Cut {
		t.Errorf("faults %v", r.faults)
	}

	limits = DefaultLimits
	limits.Members = 50
	r = walk(t, Zip, bytesSource(nest), limits)
	if len(r.members) != 50 || len(r.faults) != 1 || r.faults[0].Reason != "more than 50 members" {
		t.Errorf("%d members, %v", len(r.members), r.faults)
	}
}

// A member that is too large for the limit does not hide those behind it.
func TestWhatFitsComesBeforeWhatDoesNot(t *testing.T) {
	data := layertest.Zip(
		layertest.File{Name: "large", Data: make([]byte, 2000)},
		layertest.File{Name: "small", Data: noise(500)},
		layertest.File{Name: "last", Data: noise(400)})
	limits := DefaultLimits
	limits.Bytes = 1000
	for how, src := range sources(t, data) {
		r := walk(t, Zip, src, limits)
		if want := []string{"small", "last", "large"}; !slices.Equal(r.members, want) || r.bytes != 1000 {
			t.Errorf("%s: %d bytes of %q", how, r.bytes, r.members)
		}
		if len(r.faults) != 1 || r.faults[0].Kind != Cut || r.faults[0].Member != "large" {
			t.Errorf("%s: %v", how, r.faults)
		}
	}
}

// An object of a pack that says it is too large is not begun: those before it
// are read.
func TestPackWithALargeObject(t *testing.T) {
	key := rulestest.Key("before")
	data := layertest.Pack([]byte(key), make([]byte, 2000), []byte("behind"))
	limits := DefaultLimits
	limits.Bytes = 1000
	r := walk(t, GitPack, bytesSource(data), limits)
	if len(r.faults) != 1 || r.faults[0].Reason != "more than 1000 bytes expanded" || !r.holds(key) || r.holds("behind") {
		t.Errorf("%q, %v", r.members, r.faults)
	}
}

// What is too large to be a base is read as a stream, once, and the objects
// around it are read too.
func TestPackWithAnObjectThatIsStreamed(t *testing.T) {
	large := append(make([]byte, gitHeld), rulestest.Key("at the end of a large one")...)
	data := layertest.Pack([]byte("before"), large, []byte("behind"))
	var found int64
	streamed := 0
	err := Unpack(context.Background(), GitPack, bytesSource(data), NewBudget(DefaultLimits), func(m Member) error {
		n, err := io.Copy(io.Discard, m.Reader)
		found += n
		if m.Size > gitHeld {
			streamed++
		}
		return err
	})
	if want := int64(len("beforebehind") + len(large)); err != nil || found != want || streamed != 1 {
		t.Errorf("%d of %d bytes, %d large objects, %v", found, want, streamed, err)
	}
}

// What a quine does: there is always one more within. The limit on depth cuts
// it, and what is beside it is read on.
func TestDepth(t *testing.T) {
	for _, depth := range []int{0, 1, 3, 8} {
		nest := []byte("at the bottom")
		for range depth {
			nest = layertest.Zip(layertest.File{Name: "z", Data: nest}, layertest.File{Name: "beside", Data: []byte("beside")})
		}
		limits := DefaultLimits
		limits.Depth = depth
		if depth > 0 {
			if r := walk(t, Zip, bytesSource(nest), limits); len(r.faults) > 0 || !r.holds("at the bottom") {
				t.Errorf("depth %d: %v", depth, r.faults)
			}
		}
		nest = layertest.Zip(layertest.File{Name: "z", Data: nest}, layertest.File{Name: "beside", Data: []byte("beside")})
		if depth == 0 {
			continue
		}
		r := walk(t, Zip, bytesSource(nest), limits)
		if len(r.faults) != 1 || r.faults[0].Kind != Cut || !strings.Contains(r.faults[0].Reason, "deep") || r.holds("at the bottom") {
			t.Errorf("depth %d and one: %v", depth, r.faults)
		}
		if n := strings.Count(strings.Join(r.members, " "), "beside"); n != depth {
			t.Errorf("depth %d and one: %d members beside, in %q", depth, n, r.members)
		}
	}
}

// The same input is cut at the same byte, however the source is read.
func TestCutsAreDeterministic(t *testing.T) {
	files := []layertest.File{{Name: "a", Data: noise(9000)}, {Name: "b.gz", Data: layertest.Gzip("", noise(9000))}, {Name: "c", Data: noise(9000)}}
	data := layertest.Gzip("", layertest.Tar(files...))
	limits := Limits{Depth: 8, Bytes: 35_000, Members: 100}
	var first *found
	for how, src := range sources(t, data) {
		r := walk(t, Gzip, src, limits)
		if first == nil {
			first = r
		}
		if r.bytes != first.bytes || !slices.Equal(r.members, first.members) || r.faults.Error() != first.faults.Error() {
			t.Errorf("from %s: %d bytes, %q, %v; elsewhere %d bytes, %q, %v", how, r.bytes, r.members, r.faults, first.bytes, first.members, first.faults)
		}
	}
}

// The memory at work stays bounded while a bomb goes off.
func TestBombsStaySmall(t *testing.T) {
	zeros := make([]byte, 1<<20)
	for _, f := range []Format{Gzip, Bzip2, XZ, Zstd, Zip, PDF, PNG, GitPack} {
		nest := bytes.Repeat(wraps[f](zeros), 1)
		for range 3 {
			nest = wraps[f](nest)
		}
		limits := DefaultLimits
		limits.Bytes = 64 << 20
		r := &found{contents: map[string]string{}, budget: NewBudget(limits), limit: 1}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if err := r.open(f, SourceStream(&repeat{part: nest, left: 1}), ""); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > maxMemory {
			t.Errorf("%v: the heap grew by %d bytes", f, grown)
		}
		if r.budget.memory != maxMemory {
			t.Errorf("%v: %d bytes of memory were not given back", f, maxMemory-r.budget.memory)
		}
	}
}

// Outermost containers that hold much memory hold it one after the other.
func TestMemoryIsTheProcesss(t *testing.T) {
	first, second := NewBudget(DefaultLimits), NewBudget(DefaultLimits)
	small, _ := first.hold(modestMemory)
	large, _ := first.hold(1)
	beside, _ := second.hold(modestMemory)
	done := make(chan struct{})
	go func() {
		release, _ := second.hold(1)
		release()
		close(done)
	}()
	if !first.immodest {
		t.Error("one that holds much is not told from others")
	}
	large()
	<-done
	small()
	beside()
	if first.immodest || second.immodest || len(immodest) != 0 {
		t.Error("not given back")
	}
}
