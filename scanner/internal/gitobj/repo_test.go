package gitobj

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A repo is a bare repository made with git.
type repo struct {
	t      testing.TB
	dir    string
	format Format
	before map[ID]content // what git found before its indexes were taken away
}

func (r *repo) objects() string { return filepath.Join(r.dir, "objects") }

// git runs git in the repository with input on its standard input.
func (r *repo) git(input []byte, args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "GIT_") }),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com", "GIT_COMMITTER_DATE=1700000000 +0000")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

func newRepo(t testing.TB, format Format) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := &repo{t: t, dir: filepath.Join(t.TempDir(), "repo.git"), format: format}
	if err := os.Mkdir(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	name := "sha1"
	if format == SHA256 {
		name = "sha256"
	}
	r.git(nil, "init", "-q", "--bare", "--object-format="+name, ".")
	return r
}

// words is text that changes little from version to version.
func words(rnd *rand.Rand, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d says %x", i, rnd.Uint64())
	}
	return lines
}

// fill gives the repository commits versions of a few files each, in nested
// trees, a tag and a binary file, all reachable from refs/heads/<branch>.
func (r *repo) fill(branch string, seed uint64, commits int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var in bytes.Buffer
	files := map[string][]string{}
	for i := range 12 {
		files[fmt.Sprintf("dir%d/sub/file%d.txt", i%3, i)] = words(rnd, 60+20*i)
	}
	names := slices.Sorted(maps.Keys(files))
	data := func(s string) { fmt.Fprintf(&in, "data %d\n%s\n", len(s), s) }
	for c := range commits {
		fmt.Fprintf(&in, "commit refs/heads/%s\nmark :%d\ncommitter c <c@example.com> %d +0000\n", branch, c+1, 1700000000+c)
		data(fmt.Sprintf("change %d of %d\n", c, seed))
		for k, name := range names {
			if c > 0 && rnd.IntN(3) != 0 && k != 0 {
				continue
			}
			lines := files[name]
			switch at := rnd.IntN(len(lines)); rnd.IntN(3) {
			case 0:
				lines[at] = fmt.Sprintf("changed to %x", rnd.Uint64())
			case 1:
				lines = slices.Insert(lines, at, fmt.Sprintf("new %x", rnd.Uint64()))
			case 2:
				lines = slices.Delete(lines, at, at+1)
			}
			files[name] = lines
			fmt.Fprintf(&in, "M 100644 inline %s\n", name)
			data(strings.Join(lines, "\n"))
		}
		if c == 0 {
			big := make([]byte, 300_000)
			for i := range big {
				big[i] = byte(rnd.Uint32())
			}
			fmt.Fprintf(&in, "M 100755 inline bin/noise\n")
			data(string(big))
			fmt.Fprintf(&in, "M 100644 inline empty\n")
			data("")
			fmt.Fprintf(&in, "M 120000 inline link\n")
			data("dir0/sub")
			fmt.Fprintf(&in, "M 160000 %s module\n", strings.Repeat("ab", r.format.Size()))
		}
	}
	fmt.Fprintf(&in, "tag v%s\nfrom :%d\ntagger t <t@example.com> 1700000000 +0000\n", branch, commits)
	data("a tag\n")
	r.git(in.Bytes(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--force")
}

// content is an object as git shows it.
type content struct {
	t    Type
	data string
}

// truth returns every object that git finds in the repository.
func (r *repo) truth() map[ID]content {
	r.t.Helper()
	out := bufio.NewReader(bytes.NewReader(r.git(nil, "cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered")))
	all := make(map[ID]content)
	for {
		var hexID, name string
		var size int
		if _, err := fmt.Fscanf(out, "%s %s %d\n", &hexID, &name, &size); err == io.EOF {
			return all
		} else if err != nil {
			r.t.Fatal(err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(out, data); err != nil {
			r.t.Fatal(err)
		}
		id, err := ParseID(hexID)
		if err != nil {
			r.t.Fatal(err)
		}
		t, ok := parseType([]byte(name))
		if !ok {
			r.t.Fatalf("git says type %q", name)
		}
		all[id] = content{t, string(data[:size])}
	}
}

// collector keeps what it is shown; visitors of one walk share it.
type collector struct {
	t   testing.TB
	mu  sync.Mutex
	all map[ID]content
	n   int
}

func newCollector(t testing.TB) *collector { return &collector{t: t, all: make(map[ID]content)} }

func (c *collector) visitor() Visitor { return c }

func (c *collector) Visit(o *Object) {
	data := o.Data
	if o.Reader != nil {
		var err error
		if data, err = io.ReadAll(o.Reader); err != nil {
			return
		}
	}
	if int64(len(data)) != o.Size {
		c.t.Errorf("%s: Size is %d, content has %d bytes", o.ID, o.Size, len(data))
	}
	if err := Verify(o.ID, o.Type, data); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.all[o.ID] = content{o.Type, string(data)}
}

// openStore opens the repository's store.
func (r *repo) openStore(o Options) *Store {
	r.t.Helper()
	o.Objects, o.Format = r.objects(), r.format
	s, err := Open(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return s
}

func counts(all map[ID]content) (n [5]int64) {
	for _, c := range all {
		n[c.t]++
	}
	return n
}

// check proves that the store gives every object that git finds, by Read and
// by Walk, and nothing else.
func (r *repo) check(o Options) {
	r.t.Helper()
	truth := r.before
	if truth == nil {
		truth = r.truth()
	}
	s := r.openStore(o)
	for id, want := range truth {
		t, data, err := s.Read(id)
		if err != nil {
			r.t.Fatal(err)
		}
		if t != want.t || string(data) != want.data {
			r.t.Fatalf("Read(%s) differs from git", id)
		}
		t, size, err := s.Stat(id)
		if err != nil || t != want.t || size != int64(len(want.data)) {
			r.t.Fatalf("Stat(%s) = %v, %d, %v; git says %v, %d", id, t, size, err, want.t, len(want.data))
		}
		if !s.Contains(id) {
			r.t.Fatalf("Contains(%s) is false", id)
		}
	}
	for _, w := range []WalkOptions{
		{Workers: 1, CheckLinks: true},
		{Workers: 4, CheckLinks: true, Stream: 1000},
		{Workers: 3, CheckLinks: true, Memory: 12 << 20 / 10 * 3},
	} {
		c := newCollector(r.t)
		result, err := s.Walk(context.Background(), w, c.visitor)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(result.Problems) > 0 || len(result.Missing) > 0 {
			r.t.Fatalf("problems %v, missing %v", result.Problems, result.Missing)
		}
		if want := counts(truth); result.Present != want || result.Read != want {
			r.t.Fatalf("present %v, read %v; git says %v", result.Present, result.Read, want)
		}
		if !maps.Equal(c.all, truth) {
			r.t.Fatalf("the walk showed %d objects, git has %d, or their content differs", len(c.all), len(truth))
		}
	}
}
