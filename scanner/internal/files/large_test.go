package files

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// TestLargeAsWhole has large files tell what the same bytes tell that are held
// in memory: keys on and around every boundary, of windows and of parts, in
// text of characters of every length, on long lines and on short ones.
func TestLargeAsWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	options := options()
	part, margin := options.Engine.PartSize()
	const size = 10 << 20
	for round, filler := range []string{"some text\n", "é", "😀é\n", "x", "€uro\n"} {
		t.Run(strings.TrimSpace(filler), func(t *testing.T) {
			data := bytes.Repeat([]byte(filler), size/len(filler))
			var places []int
			for i := range 8 {
				places = append(places, (1+r.IntN(size/window-2))*window)
				places = append(places, part-(i%3)*margin, 2*(part-margin)+i*window)
			}
			last := 0
			slices.Sort(places)
			for _, at := range places[:len(places)*round/4] {
				at -= r.IntN(300)
				for at -= at % len(filler); at < last+1000; at += len(filler) * 200 {
				}
				text := []byte(" K=" + rulestest.Key("large"))
				if r.IntN(2) == 0 {
					text = []byte(" K=" + base64.StdEncoding.EncodeToString([]byte("k: "+rulestest.Key("large"))))
				}
				for text = append(text, ' '); len(text)%len(filler) != 0; {
					text = append(text, ' ')
				}
				if at+len(text) < len(data) {
					last = at + copy(data[at:], text)
				}
			}
			root := t.TempDir()
			if err := os.WriteFile(filepath.Join(root, "f"), data, 0o644); err != nil {
				t.Fatal(err)
			}
			got := walkTree(t, root, options)
			whole, err := options.Engine.NewWorker().Bytes(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			var list []finding.Sighting
			for _, h := range whole.Hits {
				s := h.Sighting()
				s.Location, s.Path = finding.InFile, "f"
				list = append(list, s)
			}
			if round > 0 && len(list) == 0 {
				t.Fatal("no keys to find")
			}
			if len(got.Sightings) != len(list) || got.Coverage.Bytes != int64(len(data)) {
				t.Fatalf("%d keys in %d bytes, want %d in %d", len(got.Sightings), got.Coverage.Bytes, len(list), len(data))
			}
			for i, want := range list {
				if g := got.Sightings[i]; !reflect.DeepEqual(g.Finding, want.Finding) {
					t.Errorf("%d: %d:%d %v ordinal %d, want %d:%d %v ordinal %d", i,
						g.Line, g.Column, g.Layers, g.Ordinal, want.Line, want.Column, want.Layers, want.Ordinal)
				}
			}
		})
	}
}

// TestLargeIsReadOnce counts what is read of a file with literals in it, and of
// one with keys, up to the last of which lines are counted.
func TestLargeIsReadOnce(t *testing.T) {
	for name, text := range map[string]string{"literal": "petra_sim_configuration", "key": "K=" + rulestest.Key("once")} {
		data := bytes.Repeat([]byte("text\n"), 8<<20)
		const last = 30 << 20
		for i := range 10 {
			copy(data[last-i*last/10:], text+"\n")
		}
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "f"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		w := newWalk(options())
		w.opts.Jobs = 1
		read := 0
		w.readAt = func(f *os.File, p []byte, off int64) (int, error) {
			n, err := f.ReadAt(p, off)
			read += n
			return n, err
		}
		r, err := w.run(t.Context(), root)
		if err != nil || r.Coverage.Bytes != int64(len(data)) || len(r.Sightings) == 10 != (name == "key") {
			t.Errorf("%s: %v, %d bytes, found %v", name, err, r.Coverage.Bytes, found(r))
		}
		// For each, the window and the one before it are read again, and what a
		// part has beyond its end.
		most := 10 * 4 * window
		if name == "key" {
			most += last
		}
		if again := read - len(data); again > most {
			t.Errorf("%s: %d bytes were read again", name, again)
		}
	}
}

// endless has the file in root go on for ever: its reads give text, and from
// the given one on what act leaves.
func endless(t *testing.T, w *walk, root string, act func(read int, p []byte)) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, "f"), bytes.Repeat([]byte("x"), inMemory+1), 0o644); err != nil {
		t.Fatal(err)
	}
	reads := 0
	w.readAt = func(_ *os.File, p []byte, _ int64) (int, error) {
		for i := range p {
			p[i] = 'x'
		}
		reads++
		act(reads, p)
		return len(p), nil
	}
}

// TestStopInLargeFile ends a walk in the midst of a file that has no end, with a
// key at its beginning: that it was found is told, and that the file was not
// read to its end.
func TestStopInLargeFile(t *testing.T) {
	root := t.TempDir()
	w := newWalk(options())
	ctx, cancel := context.WithCancel(t.Context())
	var after int
	endless(t, w, root, func(read int, p []byte) {
		switch {
		case read <= 2: // the first window, and again as a part
			copy(p, "K="+rulestest.Key("first")+"\n")
		case read == 40:
			cancel()
			for !w.stopped.Load() { // what the context's end sets off
			}
		case read > 40:
			after++
		}
	})
	r, err := w.run(ctx, root)
	if !errors.Is(err, context.Canceled) || after > 1 {
		t.Errorf("%v, and %d reads after it", err, after)
	}
	want(t, r, "file f")
	c := r.Coverage
	if len(c.Cut) != 1 || c.Cut[0].Path != "f" || c.Files != 0 || c.Bytes < 30*window || len(r.Errors) > 0 {
		t.Errorf("%+v, errors %v", c, r.Errors)
	}
}

// TestStopInContainer ends a walk in the midst of one that has no end.
func TestStopInContainer(t *testing.T) {
	root := t.TempDir()
	w := newWalk(containers())
	ctx, cancel := context.WithCancel(t.Context())
	endless(t, w, root, func(read int, p []byte) {
		if read <= 2 {
			copy(p, "PK\x03\x04")
		}
		if read == 10 {
			cancel()
		}
	})
	r, err := w.run(ctx, root)
	if !errors.Is(err, context.Canceled) || len(r.Coverage.Cut) != 1 || len(r.Errors) > 0 {
		t.Errorf("%v, %+v, errors %v", err, r.Coverage, r.Errors)
	}
}

// TestProgressInLargeFile sees the reading of one file move, each byte once,
// be it a container, be parts of it read again.
func TestProgressInLargeFile(t *testing.T) {
	for name, head := range map[string]string{"text": "K=" + rulestest.Key("head") + "\n", "container": "PK\x03\x04"} {
		root := t.TempDir()
		data := bytes.Repeat([]byte("text\n"), 4<<20)
		copy(data, head)
		copy(data[9<<20:], "\nK="+rulestest.Key("middle")+"\n")
		if err := os.WriteFile(filepath.Join(root, "f"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		o := containers()
		o.Jobs = 1
		var steps, files, size, most int64
		o.Progress = func(f, b int64) {
			if b < 0 {
				t.Errorf("%s: moved by %d bytes", name, b)
			}
			steps, files, size, most = steps+1, files+f, size+b, max(most, b)
		}
		r := walkTree(t, root, o)
		if steps < 5 || most > int64(len(data))/2 || files != 1 || size != r.Coverage.Bytes || size != int64(len(data)) {
			t.Errorf("%s: %d files and %d of %d bytes in %d steps, the longest of %d", name, files, size, r.Coverage.Bytes, steps, most)
		}
	}
}

// TestPanic has a worker panic while others wait for it.
func TestPanic(t *testing.T) {
	root := t.TempDir()
	for i := range 3 {
		write(t, filepath.Join(root, fmt.Sprint(i), "f"), "f")
	}
	o := options()
	o.Jobs = 4
	w := newWalk(o)
	w.read = func(file, []byte) (int, error) { panic("at the disco") }
	defer func() {
		if recover() == nil {
			t.Error("nobody was told")
		}
	}()
	_, _ = w.run(t.Context(), root)
}
