package repo

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// wantIndex compares the index with git's listing of it, flags included.
func wantIndex(t *testing.T, dir string, args ...string) *Index {
	t.Helper()
	r := mustOpen(t, dir)
	idx, err := r.Index()
	if err != nil {
		t.Fatal(err)
	}
	compareIndex(t, idx, lsFiles(t, dir, nil, args...))
	return idx
}

// lsFiles returns what git says of each entry: mode, id, stage, flags, path.
func lsFiles(t *testing.T, dir string, env []string, args ...string) []string {
	t.Helper()
	out, err := tryGit(dir, "", env, append([]string{"ls-files", "--stage", "--debug", "-z"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for out != "" {
		var entry, debug string
		entry, out, _ = strings.Cut(out, "\x00")
		debug, out, _ = strings.Cut(out, "\tflags: ")
		if !strings.HasPrefix(debug, "  ctime:") {
			t.Fatalf("git's answer is not understood: %q", debug)
		}
		var flags uint32
		hex, rest, _ := strings.Cut(out, "\n")
		out = rest
		fmt.Sscanf(hex, "%x", &flags)
		want = append(want, fmt.Sprintf("%s ita=%v skip=%v valid=%v", entry, flags>>29&1 == 1, flags>>30&1 == 1, flags>>15&1 == 1))
	}
	return want
}

func compareIndex(t *testing.T, idx *Index, want []string) {
	t.Helper()
	var got []string
	for _, e := range idx.Entries {
		got = append(got, fmt.Sprintf("%06o %s %d\t%s ita=%v skip=%v valid=%v", e.Mode, e.ID, e.Stage, e.Path, e.IntentToAdd, e.SkipWorktree, e.AssumeValid))
	}
	wantLines(t, "index", got, want)
	if !slices.IsSortedFunc(idx.Entries, compareEntries) {
		t.Error("entries are not sorted")
	}
}

// fillIndex stages a few hundred files with every flag there is, a conflict, a
// link and a submodule.
func fillIndex(t *testing.T, dir string) {
	t.Helper()
	for i := range 120 {
		write(t, filepath.Join(dir, fmt.Sprintf("dir%d/sub/file%03d.txt", i%7, i)), fmt.Sprint(i))
	}
	write(t, filepath.Join(dir, "dir1/"+strings.Repeat("long", 50)), "x")
	write(t, filepath.Join(dir, "späße und\tmehr"), "x")
	git(t, dir, "add", "-A")
	id := strings.TrimSpace(git(t, dir, "hash-object", "-w", "-t", "blob", filepath.Join(dir, "dir1/sub/file001.txt")))
	zero := strings.Repeat("0", len(id))
	var info strings.Builder
	for stage := 1; stage <= 3; stage++ {
		fmt.Fprintf(&info, "100644 %s %d\tdir2/conflict\n", id, stage)
	}
	fmt.Fprintf(&info, "120000 %s 0\tlink\n160000 %s 0\tmodule\n100755 %s 0\trun.sh\n0 %s\tdir0/sub/file000.txt\n", id, id, id, zero)
	for i := range 3 {
		// Longer than the 12 bits that hold the length of a path.
		fmt.Fprintf(&info, "100644 %s 0\tz%d/%s\n", id, i, strings.Repeat("0123456789/", 400+i)+"end")
	}
	if _, err := tryGit(dir, info.String(), nil, "update-index", "--index-info"); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "update-index", "--assume-unchanged", "dir1/sub/file001.txt")
	git(t, dir, "update-index", "--skip-worktree", "dir2/sub/file002.txt")
	write(t, filepath.Join(dir, "later.txt"), "not yet")
	git(t, dir, "add", "-N", "later.txt")
}

func TestIndexAsGit(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := initRepo(t, "--object-format="+format)
			if idx, err := mustOpen(t, dir).Index(); err != nil || len(idx.Entries) != 0 {
				t.Fatalf("an index that is not there: %v, %v", idx, err)
			}
			fillIndex(t, dir)
			if idx := wantIndex(t, dir); idx.Version != 3 {
				t.Errorf("version %d", idx.Version)
			}
			git(t, dir, "update-index", "--no-skip-worktree", "dir2/sub/file002.txt")
			git(t, dir, "rm", "-q", "--cached", "-f", "later.txt")
			if idx := wantIndex(t, dir); idx.Version != 2 {
				t.Errorf("version %d", idx.Version)
			}
			git(t, dir, "update-index", "--index-version", "4")
			if idx := wantIndex(t, dir); idx.Version != 4 {
				t.Errorf("version %d", idx.Version)
			}
			git(t, dir, "update-index", "--force-untracked-cache")
			git(t, dir, "-c", "index.threads=4", "-c", "index.recordEndOfIndexEntries=true", "-c", "index.recordOffsetTable=true",
				"update-index", "--index-version", "4", "--force-write-index", "--add", "later.txt")
			wantIndex(t, dir)
			data, err := os.ReadFile(filepath.Join(dir, ".git/index"))
			if err != nil {
				t.Fatal(err)
			}
			for _, extension := range []string{"UNTR", "EOIE", "IEOT"} {
				if !bytes.Contains(data, []byte(extension)) {
					t.Errorf("the index has no extension %s, so nothing is shown", extension)
				}
			}
			git(t, dir, "update-index", "--split-index")
			write(t, filepath.Join(dir, "dir3/sub/file003.txt"), "changed")
			write(t, filepath.Join(dir, "a-new-one"), "new")
			os.Remove(filepath.Join(dir, "dir4/sub/file004.txt"))
			git(t, dir, "-c", "splitIndex.maxPercentChange=100", "add", "a-new-one", "dir3", "dir4")
			wantSplit(t, dir)
			git(t, dir, "-c", "splitIndex.maxPercentChange=100", "rm", "-q", "-r", "--cached", "dir5", "a-new-one")
			git(t, dir, "-c", "splitIndex.maxPercentChange=100", "add", "dir5/sub/file005.txt")
			wantSplit(t, dir)
			wantIndex(t, dir)
		})
	}
}

// wantSplit checks that the index at hand is a split one, so that the test shows
// what it is meant to.
func wantSplit(t *testing.T, dir string) {
	t.Helper()
	r := mustOpen(t, dir)
	data, err := os.ReadFile(r.IndexPath())
	if err != nil {
		t.Fatal(err)
	}
	f, err := parseIndex(data, r.Format)
	if err != nil || f.link == nil || f.link.base.IsZero() {
		t.Fatalf("not a split index: %v", err)
	}
	wantIndex(t, dir)
}

func TestSparseIndex(t *testing.T) {
	dir := initRepo(t)
	for i := range 20 {
		write(t, filepath.Join(dir, fmt.Sprintf("d%d/e/f%d", i%4, i)), fmt.Sprint(i))
	}
	commit(t, dir, "top", "top")
	git(t, dir, "sparse-checkout", "init", "--cone", "--sparse-index")
	git(t, dir, "sparse-checkout", "set", "d1")
	idx := wantIndex(t, dir, "--sparse")
	trees := 0
	for _, e := range idx.Entries {
		if e.Mode == 0o40000 {
			trees++
			if !strings.HasSuffix(e.Path, "/") {
				t.Errorf("directory %q", e.Path)
			}
		}
	}
	if trees != 3 {
		t.Errorf("%d directories in the sparse index", trees)
	}
}

func TestSkipHash(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a", "a")
	path := filepath.Join(dir, ".git/index")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// git before 2.40 can't write this form: gitformat-index has the trailer
	// zero, as index.skipHash leaves it.
	skipped := append(slices.Clone(data[:len(data)-20]), make([]byte, 20)...)
	write(t, path, string(skipped))
	wantIndex(t, dir)

	data[len(data)-1] ^= 1
	write(t, path, string(data))
	idx, err := mustOpen(t, dir).Index()
	if !errors.Is(err, ErrChecksum) || idx == nil || len(idx.Entries) != 1 {
		t.Errorf("an index with a false checksum: %v, %v", idx, err)
	}
}

func TestIndexRefusals(t *testing.T) {
	t.Parallel()
	dir := initRepo(t)
	for i := range 9 {
		commit(t, dir, fmt.Sprintf("file%d", i), "a")
	}
	path := filepath.Join(dir, ".git/index")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bare := good[:len(good)-20]
	with := func(change func(b []byte) []byte) []byte {
		b := change(slices.Clone(bare))
		sum := sha1.Sum(b)
		return append(b, sum[:]...)
	}
	huge := func(b []byte) []byte { binary.BigEndian.PutUint32(b[8:], 1<<31); return b }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"version":   {with(func(b []byte) []byte { b[7] = 5; return b }), "version 5"},
		"magic":     {with(func(b []byte) []byte { b[0] = 'X'; return b }), "DIRC"},
		"count":     {with(huge), "entries"},
		"extension": {with(func(b []byte) []byte { return append(b, "what\x00\x00\x00\x00"...) }), `"what"`},
		"optional":  {with(func(b []byte) []byte { return append(b, "WHAT\x00\x00\x00\x00"...) }), ""},
		"shared":    {with(func(b []byte) []byte { return append(b, "link\x00\x00\x00\x14aaaaaaaaaaaaaaaaaaaa"...) }), "shared index"},
	} {
		write(t, path, string(c.data))
		idx, err := mustOpen(t, dir).Index()
		switch {
		case c.want == "" && (err != nil || len(idx.Entries) != 9):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || idx != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: %v, does not name %q and the file", name, err, c.want)
		}
	}
	for n := 0; n < len(good); n += 11 {
		write(t, path, string(good[:n]))
		if _, err := mustOpen(t, dir).Index(); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(good))
		}
	}
}

// TestIndexExpansion makes paths that each repeat the one before and one byte more.
func TestIndexExpansion(t *testing.T) {
	const count = 20000
	data := binary.BigEndian.AppendUint32([]byte("DIRC\x00\x00\x00\x04"), count)
	for range count {
		data = append(data, make([]byte, statSize+20+2)...)
		data = append(data, 0, 'a', 0)
	}
	if _, err := parseIndex(append(data, make([]byte, 20)...), gitobj.SHA1); !errors.Is(err, errExpansion) {
		t.Errorf("%d paths: %v", count, err)
	}
}

func FuzzIndex(f *testing.F) {
	dir := initRepo(f)
	for i := range 5 {
		write(f, filepath.Join(dir, fmt.Sprintf("d/f%d", i)), fmt.Sprint(i))
	}
	for _, version := range []string{"2", "4"} {
		git(f, dir, "add", "-A")
		git(f, dir, "update-index", "--index-version", version)
		git(f, dir, "update-index", "--split-index")
		for _, name := range []string{"index", "sharedindex.*"} {
			paths, _ := filepath.Glob(filepath.Join(dir, ".git", name))
			for _, path := range paths {
				data, err := os.ReadFile(path)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []gitobj.Format{gitobj.SHA1, gitobj.SHA256} {
			index, err := parseIndex(data, format)
			if err != nil {
				continue
			}
			if len(index.entries)*62 > len(data) {
				t.Fatalf("%d entries in %d bytes", len(index.entries), len(data))
			}
			if index.link != nil {
				base := []Entry{{Path: "a"}, {Path: "b"}, {Path: "c"}}
				merged, err := index.link.apply(base, index.entries)
				if err == nil && len(merged) > len(base)+len(index.entries) {
					t.Fatalf("%d entries merged", len(merged))
				}
			}
		}
	})
}
