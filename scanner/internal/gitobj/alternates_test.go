package gitobj

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAlternates(t *testing.T) {
	// a names b (relative), b names c (absolute, quoted) and a again; d comes from
	// the options; b also names what is not there.
	b := newBuilder(t)
	root := t.TempDir()
	ids := make(map[string]ID)
	for _, name := range []string{"a", "b", "c", "d"} {
		id := SHA1.Sum(Blob, []byte(name))
		ids[name] = id
		path := loosePath(filepath.Join(root, name), id)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.deflate([]byte("blob 1\x00"+name)), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(root, name, "info"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name, "info", "alternates"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "# a comment\n../b\n")
	write("b", fmt.Sprintf("%q\n\n../a\n../nowhere\n", filepath.Join(root, "c")))
	write("c", "../b")
	s, err := Open(t.Context(), Options{Objects: filepath.Join(root, "a"), Alternates: []string{filepath.Join(root, "d")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, id := range ids {
		if _, data, err := s.Read(id); err != nil || string(data) != name {
			t.Errorf("Read of %s: %q, %v", name, data, err)
		}
	}
	if n := len(s.Directories()); n != 4 {
		t.Errorf("%d directories, want 4", n)
	}
	r, err := s.Walk(context.Background(), WalkOptions{}, newCollector(t).visitor)
	if err != nil {
		t.Fatal(err)
	}
	if r.Read[Blob] != 4 {
		t.Errorf("read %v", r.Read)
	}
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Reason, "nowhere") {
		t.Errorf("problems %v, want one that names the directory that is not there", r.Problems)
	}
}

// A clone that borrows from a repository that borrows.
func TestNestedSharedClones(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 8)
	for range 2 {
		next := &repo{t: t, dir: filepath.Join(t.TempDir(), "next.git")}
		r.git(nil, "clone", "-q", "--bare", "--shared", r.dir, next.dir)
		next.fill("more", 5, 3)
		next.git(nil, "repack", "-adlq")
		r = next
	}
	r.check(Options{})
}

// Relative paths begin where a linked objects directory really is: work trees
// made by git-new-workdir link theirs.
func TestAlternatesOfLinkedDirectory(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"a/objects/info", "b/objects", "elsewhere/deep"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "a/objects/info/alternates"), []byte("../../b/objects\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root, "elsewhere/deep/objects")
	if err := os.Symlink(filepath.Join(root, "a/objects"), link); err != nil {
		t.Skip(err)
	}
	s, err := Open(t.Context(), Options{Objects: link})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.Directories()) != 2 || len(s.Problems()) > 0 {
		t.Errorf("directories %v, problems %v", s.Directories(), s.Problems())
	}
}

func TestParseAlternates(t *testing.T) {
	got := parseAlternates("# c\n/a b\n\n\"/q\\303\\244\\n\"\n\"broken\n../r")
	want := []string{"/a b", "/qä\n", "\"broken", "../r"}
	for i := range want {
		want[i] = filepath.FromSlash(want[i])
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
