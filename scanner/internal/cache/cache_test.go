package cache

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// sample returns an entry with something in every field, and its key.
func sample(format gitobj.Format, seed uint64) (Key, *Entry) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	id := func() gitobj.ID {
		b := make([]byte, format.Size())
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return gitobj.MakeID(b)
	}
	k := Key{Pack: gitobj.PackKey{Format: format, Pack: id(), Size: 12345, Index: id(), Objects: 11}, Containers: seed%2 == 0}
	e := &Entry{Settings: sha256.Sum256(nil), Settled: map[gitobj.ID]Outcome{}}
	r := &e.Pack
	r.Key = k.Pack
	r.Stamp = gitobj.Stamp{Pack: gitobj.FileStamp{Size: 12345, Modified: 1 << 60, Changed: -5}, Index: gitobj.FileStamp{Size: 99, Modified: 3}}
	r.Count = [5]int64{0, 4, 3, 2, 2}
	r.Bytes = 1 << 40
	r.Types = []byte{0x1b, 0xe4, 0x02}
	for t := gitobj.Commit; t <= gitobj.Tag; t++ {
		r.Links = append(r.Links, gitobj.Missing{ID: id(), Type: t, By: id()})
		r.Shown = append(r.Shown, gitobj.Shown{ID: id(), Type: t, Streamed: t == gitobj.Blob})
	}
	e.Settled[r.Shown[1].ID] = Outcome{}
	e.Settled[r.Shown[2].ID] = Outcome{Containers: 3, Opaque: []finding.Unread{{Member: "a!b", Reason: "7z is not opened"}}, Cut: []finding.Unread{{Reason: "deep"}, {Member: "c"}}}
	return k, e
}

func TestSaveAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []gitobj.Format{gitobj.SHA1, gitobj.SHA256} {
		for seed := range uint64(4) {
			k, e := sample(format, seed)
			if c.Load(k) != nil {
				t.Error("an entry was there before it was saved")
			}
			if err := c.Save(k, e); err != nil {
				t.Fatal(err)
			}
			if got := c.Load(k); !reflect.DeepEqual(got, e) {
				t.Errorf("loaded %+v, saved %+v", got, e)
			}
			other := k
			other.Containers = !k.Containers
			if c.Load(other) != nil {
				t.Error("an entry without containers is used with them, or the other way round")
			}
			other = k
			other.Pack.Size++
			if c.Load(other) != nil {
				t.Error("another pack's entry is used")
			}
			stranger := *c
			stranger.program[0]++
			if stranger.Load(k) != nil {
				t.Error("another program's entry is used")
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("an entry has mode %v, %v", info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v", info.Mode(), err)
	}
}

// A file that is not exactly what was written is no entry.
func TestDamagedFile(t *testing.T) {
	c, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, e := sample(gitobj.SHA1, 1)
	if err := c.Save(k, e); err != nil {
		t.Fatal(err)
	}
	path := c.path(c.name(k))
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if c.Load(k) != nil {
			t.Errorf("%s: the entry is used", what)
		}
	}
	for i := range sound {
		damaged := bytes.Clone(sound)
		damaged[i] ^= 1 << (i % 8)
		refuse(fmt.Sprintf("byte %d flipped", i), damaged)
		refuse(fmt.Sprintf("cut at byte %d", i), sound[:i])
	}
	refuse("longer", append(bytes.Clone(sound), 0))
	refuse("zeros", make([]byte, len(sound)))
	other, _ := sample(gitobj.SHA1, 2)
	other.Pack.Objects = k.Pack.Objects
	foreign := e.encode(c.name(other))
	refuse("an entry under another's name", foreign)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if c.Load(k) != nil {
		t.Error("a directory is an entry")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(k, e); err != nil || c.Load(k) == nil {
		t.Errorf("the entry was not made anew: %v", err)
	}
}

// FuzzDecode proves that no file does harm: what follows a checksum that is
// right may still be anything.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(2) {
		k, e := sample(gitobj.Format(seed), seed)
		b := e.encode((&Cache{}).name(k))[len(magic)+sha256.Size:]
		f.Add(b, k.Pack.Objects, seed == 1)
		f.Add(b[:len(b)/2], k.Pack.Objects, seed == 1)
	}
	f.Add([]byte{}, -1, false)
	f.Fuzz(func(t *testing.T, b []byte, objects int, long bool) {
		key := gitobj.PackKey{Objects: objects & (1<<31 - 1)}
		if long {
			key.Format = gitobj.SHA256
		}
		e, err := decodeBody(b, key)
		if err != nil {
			return
		}
		if n := len(e.Pack.Shown) + len(e.Pack.Links) + len(e.Pack.Types); n > len(b) {
			t.Fatalf("%d bytes became %d things", len(b), n)
		}
		name := [sha256.Size]byte{1}
		again, err := decode(e.encode(name), key, name)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("decoded %+v, encoded and decoded again %+v, %v", e, again, err)
		}
	})
}

func TestForeignDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file is a cache directory")
	}
	c, err := Open(filepath.Join(t.TempDir(), "new"))
	if err != nil {
		t.Fatal(err)
	}
	c.dir = filepath.Join(file, "below")
	k, e := sample(gitobj.SHA1, 1)
	if c.Save(k, e) == nil {
		t.Error("an entry was written below a file")
	}
	if c.Load(k) != nil {
		t.Error("an entry was read below a file")
	}
	if runtime.GOOS == "windows" {
		return
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(open); err == nil {
		t.Error("a directory that others can write to is used")
	}
}

func TestTrim(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	file := func(name string, size int, age time.Duration) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	name := func(i int) string { return fmt.Sprintf("%064x", i) }
	for i := range 10 {
		file(name(i), 100, time.Duration(i)*time.Hour)
	}
	file(temporary+"old", 1, 2*time.Hour)
	file(temporary+"young", 1, time.Minute)
	file("notes.txt", 5000, 1000*time.Hour)
	left := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, strings.TrimLeft(e.Name(), "0"))
		}
		return names
	}
	check := func(want ...string) {
		t.Helper()
		if got := left(); !slices.Equal(got, want) {
			t.Errorf("left are %q, want %q", got, want)
		}
	}
	if err := trim(dir, 550, 100, now); err != nil {
		t.Fatal(err)
	}
	check(temporary+"young", "", "1", "2", "3", "4", "notes.txt")
	if err := trim(dir, 550, 2, now); err != nil {
		t.Fatal(err)
	}
	check(temporary+"young", "", "1", "notes.txt")
	if files, err := Files(dir); err != nil || len(files) != 2 || files[0].Name != name(0) || files[0].Size != 100 {
		t.Errorf("files are %v, %v", files, err)
	}
	if gone, err := Clear(dir); err != nil || len(gone) != 2 {
		t.Errorf("cleared %v, %v", gone, err)
	}
	check("notes.txt")
	if files, err := Files(filepath.Join(dir, "none")); err != nil || len(files) != 0 {
		t.Errorf("a directory that is not there has %v, %v", files, err)
	}
}

// An entry that is used stays young.
func TestUse(t *testing.T) {
	c, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, e := sample(gitobj.SHA1, 1)
	if err := c.Save(k, e); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-100 * time.Hour)
	if err := os.Chtimes(c.path(c.name(k)), old, old); err != nil {
		t.Fatal(err)
	}
	if c.Load(k) == nil {
		t.Fatal("no entry")
	}
	if files, err := Files(c.dir); err != nil || time.Since(files[0].Used) > 24*time.Hour {
		t.Errorf("last used %v, %v", files, err)
	}
}

// Scans at the same time see whole entries or none.
func TestAtOnce(t *testing.T) {
	dir := t.TempDir()
	keys, entries := [2]Key{}, [2]*Entry{}
	for i := range keys {
		keys[i], entries[i] = sample(gitobj.SHA1, uint64(i))
	}
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			c, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 60 {
				k, e := keys[i%2], entries[i%2]
				if err := c.Save(k, e); err != nil && runtime.GOOS != "windows" {
					t.Error(err)
				}
				if err := c.Trim(); err != nil && runtime.GOOS != "windows" {
					t.Error(err)
				}
				if got := c.Load(k); !reflect.DeepEqual(got, e) && (got != nil || runtime.GOOS != "windows") {
					t.Errorf("loaded %+v, saved %+v", got, e)
				}
			}
		})
	}
	group.Wait()
}
