package gitobj

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// forms are the ways to store objects that git offers.
var forms = []struct {
	name string
	make func(r *repo)
}{
	{"loose", func(r *repo) {
		r.git(nil, "repack", "-ad", "-q")
		unpack(r)
	}},
	{"loose uncompressed", func(r *repo) {
		r.git(nil, "repack", "-ad", "-q")
		r.git(nil, "config", "core.compression", "0")
		unpack(r)
	}},
	{"loose smallest", func(r *repo) {
		r.git(nil, "repack", "-ad", "-q")
		r.git(nil, "config", "core.looseCompression", "9")
		unpack(r)
	}},
	{"as imported", func(r *repo) {}},
	{"long chains", func(r *repo) { r.git(nil, "repack", "-adfq", "--depth=250", "--window=50") }},
	{"named bases", func(r *repo) {
		r.git(nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=50", "--window=20")
	}},
	{"index version 1", func(r *repo) {
		r.git(nil, "-c", "pack.indexVersion=1", "repack", "-adfq", "--depth=50")
	}},
	{"no index", func(r *repo) {
		r.git(nil, "repack", "-adfq", "--depth=50")
		r.removeIndexes()
	}},
	{"no index, named bases", func(r *repo) {
		r.git(nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=50")
		r.removeIndexes()
	}},
	{"several packs with duplicates", func(r *repo) {
		r.git(nil, "repack", "-ad", "-q")
		r.fill("other", 2, 10)
		r.git(nil, "repack", "-d", "-q")
		for _, keep := range glob(r, "*.pack") {
			touch(r, strings.TrimSuffix(keep, ".pack")+".keep")
		}
		r.fill("third", 1, 15)
		r.git(nil, "-c", "repack.packKeptObjects=true", "repack", "-aq")
	}},
	{"cruft pack", func(r *repo) {
		r.git(nil, "update-ref", "refs/heads/gone", "refs/heads/main~3")
		r.git(nil, "update-ref", "-d", "refs/heads/main")
		r.git(nil, "update-ref", "-d", "refs/tags/vmain")
		r.git(nil, "repack", "--cruft", "-dq")
		if len(glob(r, "*.mtimes")) == 0 {
			r.t.Fatal("git made no cruft pack")
		}
	}},
	{"multi-pack-index, bitmap, commit-graph", func(r *repo) {
		r.git(nil, "repack", "-adq", "--write-bitmap-index")
		r.fill("other", 2, 10)
		r.git(nil, "multi-pack-index", "write")
		r.git(nil, "commit-graph", "write", "--reachable")
		if len(glob(r, "*.bitmap")) == 0 || len(glob(r, "multi-pack-index")) == 0 {
			r.t.Fatal("git made no bitmap or multi-pack-index")
		}
	}},
}

func unpack(r *repo) {
	for _, p := range glob(r, "*.pack") {
		data, err := os.ReadFile(p)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, f := range glob(r, strings.TrimSuffix(filepath.Base(p), ".pack")+".*") {
			if err := os.Remove(f); err != nil {
				r.t.Fatal(err)
			}
		}
		r.git(data, "unpack-objects", "-q")
	}
}

func glob(r *repo, pattern string) []string {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(r.objects(), "pack", pattern))
	if err != nil {
		r.t.Fatal(err)
	}
	return names
}

// removeIndexes takes the packs' indexes away. Git reads no pack without.
func (r *repo) removeIndexes() {
	r.t.Helper()
	r.before = r.truth()
	for _, name := range glob(r, "*.idx") {
		if err := os.Remove(name); err != nil {
			r.t.Fatal(err)
		}
	}
}

func touch(r *repo, path string) {
	r.t.Helper()
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		r.t.Fatal(err)
	}
}

func TestEveryObjectOfEveryForm(t *testing.T) {
	for _, format := range []Format{SHA1, SHA256} {
		for _, form := range forms {
			name := fmt.Sprintf("%s/sha%d", form.name, format.Size()*8)
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				t.Parallel()
				r := newRepo(t, format)
				r.fill("main", 1, 20)
				form.make(r)
				r.check(Options{})
				if format == SHA1 {
					r.check(Options{unmapped: true})
				}
			})
		}
	}
}

func TestReaderEqualsRead(t *testing.T) {
	for _, form := range []string{"loose", "long chains"} {
		r := newRepo(t, SHA1)
		r.fill("main", 1, 10)
		for _, f := range forms {
			if f.name == form {
				f.make(r)
			}
		}
		s := r.openStore(Options{})
		for id, want := range r.truth() {
			typ, size, body, err := s.Reader(id)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if err := body.Close(); err != nil {
				t.Fatal(err)
			}
			if typ != want.t || size != int64(len(want.data)) || string(data) != want.data {
				t.Fatalf("Reader(%s) differs from git", id)
			}
		}
	}
}

func TestNotFound(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 2)
	s := r.openStore(Options{})
	id := SHA1.Sum(Blob, []byte("nowhere"))
	if s.Contains(id) {
		t.Error("Contains is true")
	}
	if _, _, err := s.Read(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("Read: %v", err)
	}
	if _, _, err := s.Stat(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("Stat: %v", err)
	}
	if _, _, _, err := s.Reader(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("Reader: %v", err)
	}
	if _, _, err := s.Read(SHA256.Sum(Blob, nil)); !errors.Is(err, ErrNotFound) {
		t.Errorf("Read of the other format's id: %v", err)
	}
}
