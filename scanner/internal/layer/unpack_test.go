package layer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

// found is what one walk through a container and its nests saw.
type found struct {
	members  []string // name, or outer!inner
	contents map[string]string
	faults   Faults
	budget   *Budget
	bytes    int64 // read from members
	limit    int   // of a content that is kept
}

// walk unpacks src and whatever lies in it, the way package detect does: the
// raw bytes of a member are read to the end in the same pass.
func walk(t testing.TB, f Format, src Source, limits Limits) *found {
	t.Helper()
	r := &found{contents: map[string]string{}, budget: NewBudget(limits), limit: 1 << 20}
	if err := r.open(f, src, ""); err != nil {
		t.Fatalf("walk: %v", err)
	}
	return r
}

func (r *found) open(f Format, src Source, path string) error {
	err := Unpack(context.Background(), f, src, r.budget, func(m Member) error {
		name := path + m.Name
		r.members = append(r.members, name)
		var kept bytes.Buffer
		tee := io.TeeReader(m.Reader, writerFunc(func(p []byte) (int, error) {
			r.bytes += int64(len(p))
			kept.Write(p[:min(len(p), max(r.limit-kept.Len(), 0))])
			return len(p), nil
		}))
		head := make([]byte, SniffLen)
		n, _ := io.ReadFull(tee, head)
		if f, ok := Sniff(head[:n]); ok {
			if err := r.open(f, SourceStream(io.MultiReader(bytes.NewReader(head[:n]), tee)), name+"!"); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, tee)
		r.contents[name] = kept.String()
		return err
	})
	var faults Faults
	if errors.As(err, &faults) {
		r.faults = append(r.faults, faults...)
		return nil
	}
	return err
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// a container of each format around one content
var wraps = map[Format]func(data []byte) []byte{
	Gzip:      func(b []byte) []byte { return layertest.Gzip("", b) },
	Zlib:      layertest.Zlib,
	Bzip2:     layertest.Bzip2,
	XZ:        layertest.XZ,
	Zstd:      layertest.Zstd,
	Zip:       func(b []byte) []byte { return layertest.Zip(layertest.File{Name: "a.txt", Data: b}) },
	Tar:       func(b []byte) []byte { return layertest.Tar(layertest.File{Name: "a.txt", Data: b}) },
	Ar:        func(b []byte) []byte { return layertest.Ar(layertest.File{Name: "a.txt", Data: b}) },
	Cpio:      func(b []byte) []byte { return layertest.Cpio(layertest.File{Name: "a.txt", Data: b}) },
	PDF:       func(b []byte) []byte { return layertest.PDF(b) },
	PNG:       func(b []byte) []byte { return layertest.PNG("zTXt", b, nil) },
	SQLite:    func(b []byte) []byte { return layertest.SQLite("t", b) },
	GitPack:   func(b []byte) []byte { return layertest.Pack(b) },
	GitBundle: func(b []byte) []byte { return layertest.Bundle(layertest.Pack(b)) },
}

// verbatim are the formats whose members stand in their own bytes as they are.
var verbatim = map[Format]bool{Tar: true, Ar: true, Cpio: true, SQLite: true}

// wrapped are the formats of wraps in order.
func wrapped() []Format {
	var fs []Format
	for f := Format(1); f < firstOpaque; f++ {
		fs = append(fs, f)
	}
	return fs
}

func TestEveryFormatHasAWrap(t *testing.T) {
	for _, f := range wrapped() {
		if wraps[f] == nil {
			t.Errorf("%v: no container of it is tested", f)
		}
	}
}

// sources are the ways a caller may hand a container in.
func sources(t *testing.T, data []byte) map[string]Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "container")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return map[string]Source{
		"bytes":       SourceAt(bytes.NewReader(data), int64(len(data))),
		"file":        SourceAt(file, int64(len(data))),
		"stream":      SourceStream(bytes.NewReader(data)),
		"byte stream": SourceStream(oneByte{bytes.NewReader(data)}),
	}
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

func (r *found) holds(text string) bool {
	for _, c := range r.contents {
		if strings.Contains(c, text) {
			return true
		}
	}
	return false
}

func TestEveryFormatGivesItsContent(t *testing.T) {
	key := rulestest.Key("containers")
	content := []byte(strings.Repeat("some lines before\n", 40) + "token = " + key + "\n" + strings.Repeat("some lines after\n", 40))
	for _, f := range wrapped() {
		data := wraps[f](content)
		if got, ok := Sniff(data[:min(len(data), SniffLen)]); !ok || got != f {
			t.Errorf("%v: sniffed as %v %v", f, got, ok)
		}
		// What zstd does not find twice it leaves as it is.
		if !verbatim[f] && f != Zstd && bytes.Contains(data, []byte(key)) {
			t.Errorf("%v: the fixture shows the key, so the test proves nothing", f)
		}
		for name, src := range sources(t, data) {
			r := walk(t, f, src, DefaultLimits)
			if len(r.faults) > 0 {
				t.Errorf("%v from %s: %v", f, name, r.faults)
			}
			if !r.holds(key) {
				t.Errorf("%v from %s: key not found in %q", f, name, r.members)
			}
		}
	}
}

func TestEveryNestOfTwo(t *testing.T) {
	key := rulestest.Key("nests")
	content := []byte("first line\nkey: " + key + "\n")
	for _, outer := range wrapped() {
		for _, inner := range wrapped() {
			data := wraps[outer](wraps[inner](content))
			r := walk(t, outer, SourceAt(bytes.NewReader(data), int64(len(data))), DefaultLimits)
			if len(r.faults) > 0 {
				t.Errorf("%v in %v: %v", inner, outer, r.faults)
			}
			if !r.holds(key) {
				t.Errorf("%v in %v: key not found in %q", inner, outer, r.members)
			}
		}
	}
}

// Damage at any place must leave what stands before it, and be reported or
// harmless; it must never panic or go on for ever.
func TestTruncatedAnywhere(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz\n"), 40)
	for _, f := range wrapped() {
		data := wraps[f](content)
		for n := range data {
			if len(data) > 1000 && n%7 != 0 {
				continue
			}
			r := walk(t, f, SourceAt(bytes.NewReader(data[:n]), int64(n)), DefaultLimits)
			for _, c := range r.contents {
				if len(c) > 0 && f != SQLite && f != GitBundle && !bytes.HasPrefix(content, []byte(c)) {
					t.Errorf("%v cut at %d: wrong content %.40q", f, n, c)
				}
			}
		}
	}
}

func TestTruncatedStreamsYieldWhatTheyHave(t *testing.T) {
	content := noise(300_000)
	for _, f := range []Format{Gzip, Zlib, Bzip2, XZ, Zstd} {
		data := wraps[f](content)
		r := walk(t, f, SourceStream(bytes.NewReader(data[:len(data)*3/4])), DefaultLimits)
		if r.bytes < 1000 {
			t.Errorf("%v: %d bytes of a truncated stream", f, r.bytes)
		}
		if len(r.faults) != 1 || r.faults[0].Kind != Opaque || !strings.Contains(r.faults[0].Reason, "truncated") {
			t.Errorf("%v: faults %v", f, r.faults)
		}
	}
}

// noise returns n hex digits that do not compress further than to a half.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[r.IntN(16)]
	}
	return b
}

func TestReadErrorIsNotDamage(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, f := range wrapped() {
		data := wraps[f](bytes.Repeat([]byte("0123456789abcdef\n"), 100))
		src := SourceStream(io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{broken}))
		r := walk(t, f, src, DefaultLimits)
		if len(r.faults) != 1 || r.faults[0].Kind != Unreadable || !errors.Is(r.faults[0], broken) {
			t.Errorf("%v: faults %v", f, r.faults)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestVisitEndsTheWalk(t *testing.T) {
	enough := errors.New("enough")
	for _, f := range wrapped() {
		data := wraps[f]([]byte("content that is long enough to be some content"))
		n := 0
		err := Unpack(context.Background(), f, SourceAt(bytes.NewReader(data), int64(len(data))), NewBudget(DefaultLimits), func(Member) error {
			n++
			return enough
		})
		if err != enough || n != 1 {
			t.Errorf("%v: %d visits, error %v", f, n, err)
		}
	}
}

func TestContextEndsTheWalk(t *testing.T) {
	for _, f := range wrapped() {
		ctx, cancel := context.WithCancel(context.Background())
		data := wraps[f]([]byte("content that is long enough to be some content"))
		err := Unpack(ctx, f, SourceAt(bytes.NewReader(data), int64(len(data))), NewBudget(DefaultLimits), func(m Member) error {
			cancel()
			_, err := io.Copy(io.Discard, m.Reader)
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v: error %v", f, err)
		}
	}
}

func TestUnreadMembersDoNotHideTheNext(t *testing.T) {
	files := []layertest.File{{Name: "one", Data: []byte("first content")}, {Name: "two", Data: []byte("second")}, {Name: "three", Data: []byte("third")}}
	for f, data := range map[Format][]byte{Zip: layertest.Zip(files...), Tar: layertest.Tar(files...), Ar: layertest.Ar(files...), Cpio: layertest.Cpio(files...)} {
		for name, src := range sources(t, data) {
			var names []string
			if err := Unpack(context.Background(), f, src, NewBudget(DefaultLimits), func(m Member) error {
				names = append(names, m.Name)
				return nil
			}); err != nil {
				t.Errorf("%v from %s: %v", f, name, err)
			}
			if want := []string{"one", "two", "three"}; !slices.Equal(names, want) {
				t.Errorf("%v from %s: members %q", f, name, names)
			}
		}
	}
}

func TestOpaqueFormatsAreReported(t *testing.T) {
	for f := firstOpaque; f < endOfFormats; f++ {
		if !f.Opaque() || f.String() == "unknown" {
			t.Errorf("format %d: opaque %v, name %v", f, f.Opaque(), f)
		}
		r := walk(t, f, SourceStream(bytes.NewReader(nil)), DefaultLimits)
		if len(r.faults) != 1 || r.faults[0].Kind != Opaque || r.faults[0].Format != f {
			t.Errorf("%v: faults %v", f, r.faults)
		}
	}
}

func TestManyFaultsAreSummedUp(t *testing.T) {
	var files []layertest.File
	for i := range 100 {
		files = append(files, layertest.File{Name: fmt.Sprint("m", i), Data: []byte("content")})
	}
	data := layertest.Zip(files...)
	for i := 0; ; { // flag every member as encrypted
		j := bytes.Index(data[i:], []byte(zipCentral))
		if j < 0 {
			break
		}
		data[i+j+8] |= 1
		i += j + 4
	}
	r := walk(t, Zip, SourceAt(bytes.NewReader(data), int64(len(data))), DefaultLimits)
	if len(r.faults) != maxFaults || r.faults[0].Member != "m0" || r.faults[0].Reason != "encrypted" {
		t.Fatalf("faults: %d, first %v", len(r.faults), r.faults[0])
	}
	if got := r.faults[maxFaults-1].Reason; got != "69 more members could not be opened" {
		t.Errorf("last fault: %s", got)
	}
}
