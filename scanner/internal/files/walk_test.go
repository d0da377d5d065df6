package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
)

func options() Options {
	return Options{Engine: detect.New(detect.Options{Rules: rules.Builtin(), Confidence: finding.Medium, DecodeDepth: 4})}
}

// write makes a file with a key of the seed in it, and the directories above.
func write(t *testing.T, path, seed string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("K="+rulestest.Key(seed)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func walkTree(t *testing.T, root string, o Options) *Result {
	t.Helper()
	r, err := Walk(context.Background(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found returns "location path" of every sighting, sorted.
func found(r *Result) []string {
	var list []string
	for _, s := range r.Sightings {
		list = append(list, string(s.Location)+" "+s.Path)
	}
	slices.Sort(list)
	return list
}

func want(t *testing.T, r *Result, list ...string) {
	t.Helper()
	slices.Sort(list)
	if got := found(r); !slices.Equal(got, list) {
		t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(list, "\n\t"))
	}
}

func TestGitDirectory(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{
		"a.txt", "logs/a.txt",
		".git/HEAD", ".git/config", ".git/refs/heads/main", ".git/logs/HEAD", ".git/logs/refs/heads/main",
		".git/worktrees/w/logs/HEAD", ".git/lfs/logs/x", ".git/refs/heads/logs/x",
		".git/objects/ab/" + strings.Repeat("c", 38), ".git/objects/ab/tmp_obj_x", ".git/objects/ab/other",
		".git/objects/pack/pack-1.pack", ".git/objects/pack/pack-1.idx", ".git/objects/pack/pack-1.rev",
		".git/objects/pack/pack-1.keep", ".git/objects/pack/pack-1.promisor", ".git/objects/pack/tmp_pack_1",
		".git/objects/pack/pack-notes.txt", ".git/objects/info/alternates",
		"sub/modules/x/HEAD", "sub/modules/x/objects/ab/" + strings.Repeat("d", 62), "sub/modules/x/refs/heads/m", "sub/modules/x/logs/HEAD",
		"half/.git/HEAD", "half/.git/objects/ab/" + strings.Repeat("c", 38),
		"linked/.git",
	} {
		write(t, filepath.Join(root, path), path)
	}
	r := walkTree(t, root, options())
	want(t, r,
		"file a.txt", "file logs/a.txt",
		"git-file .git/HEAD", "git-file .git/config", "git-file .git/refs/heads/main",
		"reflog .git/logs/HEAD", "reflog .git/logs/refs/heads/main", "reflog .git/worktrees/w/logs/HEAD",
		"git-file .git/lfs/logs/x", "git-file .git/refs/heads/logs/x",
		"git-file .git/objects/ab/tmp_obj_x", "git-file .git/objects/ab/other",
		"git-file .git/objects/pack/pack-1.keep", "git-file .git/objects/pack/pack-1.promisor", "git-file .git/objects/pack/tmp_pack_1",
		"git-file .git/objects/pack/pack-notes.txt", "git-file .git/objects/info/alternates",
		"git-file sub/modules/x/HEAD", "git-file sub/modules/x/refs/heads/m", "reflog sub/modules/x/logs/HEAD",
		"git-file half/.git/HEAD", "git-file half/.git/objects/ab/"+strings.Repeat("c", 38),
		"file linked/.git",
	)
	if dirs := []string{".git", "half/.git", "linked/.git", "sub/modules/x"}; !slices.Equal(r.GitDirs, dirs) {
		t.Errorf("Git directories are %v, want %v", r.GitDirs, dirs)
	}
}

// TestLargeDirectory has a directory that is read bit by bit, which is a Git
// directory moreover, and one with many directories.
func TestLargeDirectory(t *testing.T) {
	root := t.TempDir()
	const n = 2500
	for i := range n {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("a-rather-long-name-of-a-file-%d", i)), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var list []string
	for i := range 600 {
		name := fmt.Sprintf("directory-%d", i)
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			write(t, filepath.Join(root, name, "k"), name)
			list = append(list, "git-file "+name+"/k")
		}
	}
	for _, name := range []string{"HEAD", "objects/x", "refs/x"} {
		write(t, filepath.Join(root, name), name)
		list = append(list, "git-file "+name)
	}
	for _, jobs := range []int{1, 3} {
		o := options()
		o.Jobs = jobs
		r := walkTree(t, root, o)
		want(t, r, list...)
		if r.Coverage.Files != n+int64(len(list)) || !slices.Equal(r.GitDirs, []string{"."}) {
			t.Errorf("%d jobs: %d files, Git directories %v", jobs, r.Coverage.Files, r.GitDirs)
		}
	}
}

func TestNames(t *testing.T) {
	root := t.TempDir()
	dir, file, plain := rulestest.Key("dir"), rulestest.Key("file"), "plain"
	for _, path := range []string{filepath.Join(dir, "x"), file + ".txt", plain} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := walkTree(t, root, options())
	if len(r.Sightings) != 2 {
		t.Fatalf("found %v", found(r))
	}
	for _, s := range r.Sightings {
		if s.Location != finding.InFileName || strings.Contains(s.Path, dir) || strings.Contains(s.Path, file) {
			t.Errorf("%s %s", s.Location, s.Masked)
		}
	}
}

// TestSizes puts a key at the end of files of sizes around every limit of the
// reading, and across the seams between windows.
func TestSizes(t *testing.T) {
	root := t.TempDir()
	key := []byte(rulestest.Key("size"))
	var list []string
	for _, size := range []int{len(key), 64<<10 - 1, 64 << 10, 64<<10 + 1, window, window + 1, window + 20, inMemory - 1, inMemory, inMemory + 1, inMemory + window/2, 2*window + 5*window - 120, 9 << 20} {
		name := fmt.Sprint(size)
		data := append(bytes.Repeat([]byte("x\n"), size/2+1)[:size-len(key)], key...)
		if size > len(key) {
			data[size-len(key)-1] = '\n'
		}
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		list = append(list, "file "+name)
	}
	r := walkTree(t, root, options())
	want(t, r, list...)
	if r.Coverage.Files != int64(len(list)) {
		t.Errorf("%d files", r.Coverage.Files)
	}
}

func TestLargeClean(t *testing.T) {
	root := t.TempDir()
	data := bytes.Repeat([]byte("clean\n"), 5<<20/6)
	if err := os.WriteFile(filepath.Join(root, "a"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	r := walkTree(t, root, options())
	want(t, r)
	if r.Coverage.Bytes != int64(len(data)) || r.Coverage.Files != 1 {
		t.Errorf("%d bytes of %d files, want %d of 1", r.Coverage.Bytes, r.Coverage.Files, len(data))
	}
}

// TestProgress sums up what was reported: each file and byte once.
func TestProgress(t *testing.T) {
	root := t.TempDir()
	for i := range 500 {
		write(t, filepath.Join(root, fmt.Sprint(i%7), fmt.Sprint(i)), fmt.Sprint(i))
	}
	var mu sync.Mutex
	var files, size int64
	o := options()
	o.Progress = func(f, b int64) {
		mu.Lock()
		defer mu.Unlock()
		files, size = files+f, size+b
	}
	r := walkTree(t, root, o)
	if files != 500 || files != r.Coverage.Files || size != r.Coverage.Bytes {
		t.Errorf("reported %d files and %d bytes, of %d and %d", files, size, r.Coverage.Files, r.Coverage.Bytes)
	}
}

// TestChangeWhileRead has files grow, shrink and be cut to nothing between
// the question for their size and the reading, or between two readings.
func TestChangeWhileRead(t *testing.T) {
	key := "\nK=" + rulestest.Key("late") + "\n"
	cases := map[string]struct {
		before, after int // size before and after the first read
		found         bool
	}{
		"grows":               {100, 5000, true},
		"grows over a buffer": {100, 200 << 10, true},
		"grows large":         {100, 3 << 20, true},
		"comes from nothing":  {0, 5000, true},
		"shrinks":             {5000, 100, false},
		"is emptied":          {5000, 0, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := filepath.Join(root, "f")
			if err := os.WriteFile(path, bytes.Repeat([]byte("x"), c.before), 0o644); err != nil {
				t.Fatal(err)
			}
			w := newWalk(options())
			changed := false
			w.read = func(f file, p []byte) (int, error) {
				if !changed {
					changed = true
					data := bytes.Repeat([]byte("x"), c.after)
					if c.found {
						data = append(data, key...)
					}
					if err := os.WriteFile(path, data, 0o644); err != nil {
						t.Error(err)
					}
				}
				return f.read(p)
			}
			r, err := w.run(context.Background(), root)
			if err != nil || len(r.Errors) > 0 || r.Coverage.Files != 1 {
				t.Errorf("%v, %v, %d files", err, r.Errors, r.Coverage.Files)
			}
			if len(r.Sightings) == 1 != c.found {
				t.Errorf("found %v", found(r))
			}
		})
	}
}

func TestLargeShrinks(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "f")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 4<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	w := newWalk(options())
	reads := 0
	w.readAt = func(f *os.File, p []byte, off int64) (int, error) {
		if reads++; reads == 2 {
			if err := os.Truncate(path, 1<<20); err != nil {
				t.Error(err)
			}
		}
		return f.ReadAt(p, off)
	}
	r, err := w.run(context.Background(), root)
	if err != nil || len(r.Errors) > 0 || r.Coverage.Files != 1 || r.Coverage.Bytes != 1<<20 {
		t.Errorf("%v, %v, %+v", err, r.Errors, r.Coverage)
	}
}

// TestReadFails has the system fail in the middle of files: each is named, what
// was read of it is searched, and the others are.
func TestReadFails(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "good"), "good")
	write(t, filepath.Join(root, "bad"), "bad")
	if err := os.Truncate(filepath.Join(root, "bad"), 5000); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "large"), "large")
	if err := os.Truncate(filepath.Join(root, "large"), 3<<20); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is on fire")
	w := newWalk(options())
	w.read = func(f file, p []byte) (int, error) {
		if info, _ := f.stat(); info.size != 5000 {
			return f.read(p)
		}
		n, _ := f.read(p[:1000])
		return n, broken
	}
	w.readAt = func(f *os.File, p []byte, off int64) (int, error) { return 0, broken }
	r, err := w.run(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r, "file good", "file bad")
	if len(r.Errors) != 2 || r.Errors[0] != (finding.Error{Path: "bad", Reason: broken.Error()}) || r.Errors[1].Path != "large" || r.Coverage.Files != 1 {
		t.Errorf("errors %v, %d files", r.Errors, r.Coverage.Files)
	}
}

// TestVanish removes files and a directory after they were listed.
func TestVanish(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a", "b", "c", "dir/x"} {
		write(t, filepath.Join(root, path), path)
	}
	o := options()
	o.Jobs = 1
	w := newWalk(o)
	w.read = func(f file, p []byte) (int, error) {
		for _, path := range []string{"a", "b", "c", "dir"} {
			if err := os.RemoveAll(filepath.Join(root, path)); err != nil {
				t.Error(err)
			}
		}
		return f.read(p)
	}
	r, err := w.run(context.Background(), root)
	if err != nil || len(r.Errors) > 0 {
		t.Fatal(err, r.Errors)
	}
	// The one that was open was read.
	if len(r.Sightings) != 1 || r.Vanished != 3 || r.VanishedPath == "" {
		t.Errorf("found %v, %d vanished", found(r), r.Vanished)
	}
}

// TestCancel ends a walk in the middle of a file, and before it begins.
func TestCancel(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "first"), "first")
	for i := range 300 {
		write(t, filepath.Join(root, fmt.Sprint("d", i), "x"), fmt.Sprint(i))
	}
	o := options()
	o.Jobs = 1
	w := newWalk(o)
	ctx, cancel := context.WithCancel(context.Background())
	reads := 0
	w.read = func(f file, p []byte) (int, error) {
		if reads++; reads == 1 {
			cancel()
			for !w.stopped.Load() { // what the context's end sets off
			}
		}
		return f.read(p)
	}
	r, err := w.run(ctx, root)
	if !errors.Is(err, context.Canceled) || reads != 1 || len(r.Sightings) != 1 || r.Coverage.Files != 1 || len(r.Errors) > 0 {
		t.Errorf("%v after %d reads, found %v, %d files, errors %v", err, reads, found(r), r.Coverage.Files, r.Errors)
	}
	if n := w.folders.Load(); n != 0 {
		t.Errorf("%d directories are still open", n)
	}
}

func TestRoot(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a"), "a")
	want(t, walkTree(t, filepath.Join(root, "a"), options()), "file a")
	if _, err := Walk(context.Background(), filepath.Join(root, "b"), options()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a root that does not exist gives %v", err)
	}
}

func TestGlobs(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a.log", "d/a.log", "d/b.txt", "v/x", "v/w/x", "n/v/x"} {
		write(t, filepath.Join(root, path), path)
	}
	for _, c := range []struct {
		exclude, include []string
		left             int64
		want             []string
	}{
		{[]string{"*.log"}, nil, 1, []string{"file d/a.log", "file d/b.txt", "file v/x", "file v/w/x", "file n/v/x"}},
		{[]string{"**/*.log"}, nil, 2, []string{"file d/b.txt", "file v/x", "file v/w/x", "file n/v/x"}},
		{[]string{"v/**"}, nil, 1, []string{"file a.log", "file d/a.log", "file d/b.txt", "file n/v/x"}},
		{[]string{"**/v/**"}, nil, 2, []string{"file a.log", "file d/a.log", "file d/b.txt"}},
		{[]string{"**"}, nil, 4, nil},
		{nil, []string{"**/*.txt"}, 5, []string{"file d/b.txt"}},
		{[]string{"d/**"}, []string{"**/*.log"}, 4, []string{"file a.log"}},
	} {
		globs, err := NewGlobs(c.exclude, c.include)
		if err != nil {
			t.Fatal(err)
		}
		o := options()
		o.Globs = globs
		r := walkTree(t, root, o)
		want(t, r, c.want...)
		if r.Coverage.LeftOut.Exclude != c.left {
			t.Errorf("%v %v: %d left out, want %d", c.exclude, c.include, r.Coverage.LeftOut.Exclude, c.left)
		}
	}
}
