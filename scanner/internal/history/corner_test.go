package history

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// What no commit leads to is found all the same.
func TestUnled(t *testing.T) {
	g := newGit(t)
	g.write("a.txt", "a\n")
	head := g.commit("first")
	blob := g.run("rev-parse", "HEAD:a.txt")
	g.feed("100644 blob "+blob+"\t"+fileKeys[0]+".txt\n", "mktree")
	g.feed("nonsense "+fileKeys[1]+"\n\nno tree\n", "hash-object", "-w", "--stdin", "-t", "commit", "--literally")
	g.feed("nonsense\n\n"+fileKeys[2]+"\n", "hash-object", "-w", "--stdin", "-t", "tag", "--literally")
	g.run("update-index", "--add", "--cacheinfo", "100644,"+blob+",d/"+fileKeys[3]+"/x")
	g.run("tag", "-a", "-m", "blob "+fileKeys[4], "b1", blob)
	g.run("tag", "-a", "-m", "tag "+messageKeys[0], "t1", head)
	g.run("tag", "-a", "-m", "tag of tag "+messageKeys[1], "t2", "t1")
	r := g.scan()
	want := map[string]string{
		"#0": "file-name false ", "#1": "commit-header false ", "#2": "tag-message false ", "#3": "file-name false ",
		"#4": "tag-message true ", "#5": "tag-message true " + head, "#6": "tag-message true " + head,
	}
	for _, x := range r.Sightings {
		seed := seedOf(x.Key)
		if got := fmt.Sprintf("%s %v %s", x.Location, *x.Reachable, x.Commit); got != want[seed] {
			t.Errorf("%s: %q, want %q", seed, got, want[seed])
		}
		for _, key := range slices.Concat(fileKeys, messageKeys) {
			if strings.Contains(x.Path, key) {
				t.Errorf("%s: a key in a path", seed)
			}
		}
		delete(want, seed)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
	for _, e := range r.Keys {
		if e.CreatedNoLaterThan != nil {
			t.Errorf("%s: a date without a commit", seedOf(e.ID))
		}
	}
}

// Thousands of keys, each brought in by a commit of its own, stay a matter of
// megabytes.
func TestManyKeys(t *testing.T) {
	const n = 1500
	g := newGit(t)
	var in strings.Builder
	for i := range n {
		key := rulestest.Key(fmt.Sprint("many", i))
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 6\nsame %d", 1_700_000_000+i, i%10)
		fmt.Fprintf(&in, "\nM 100644 inline keys/%d.env\ndata %d\n%s\n", i, len(key), key)
	}
	g.feed(in.String(), "fast-import", "--quiet")
	g.run("read-tree", "HEAD")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := g.scan()
	runtime.ReadMemStats(&after)
	if len(r.Sightings) != n || len(r.Keys) != n {
		t.Fatalf("%d findings, %d keys", len(r.Sightings), len(r.Keys))
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > 1<<30 {
		t.Errorf("%d MB were allocated", total>>20)
	}
	for _, e := range r.Keys {
		if !e.InHead || !slices.Equal(e.ReachableFrom.Refs, []string{"refs/heads/main"}) {
			t.Fatal("a key of HEAD is not there")
		}
	}
}

// A scan that is interrupted says so, whenever that is.
func TestCancel(t *testing.T) {
	g := newGit(t)
	g.write("a.env", "K="+fileKeys[0])
	g.commit("first")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scan(ctx, g.open(), options(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("scan: %v", err)
	}
	if _, err := ScanRange(ctx, g.open(), options(1), Limits{Ranges: []string{"HEAD"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("range: %v", err)
	}
	g.write("a.env", "K="+fileKeys[1])
	g.run("add", "-A")
	if _, err := ScanStaged(ctx, g.open(), options(1), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("staged: %v", err)
	}
}

// A commit without a readable date bounds nothing and is in no danger of being
// left out by --since.
func TestNoDate(t *testing.T) {
	g := newGit(t)
	g.write("a.env", "K="+fileKeys[0])
	g.run("add", "-A")
	tree := g.run("write-tree")
	id := g.feed("tree "+tree+"\nauthor A <a@b> 5 +0000\ncommitter A <a@b> 99999999999999 +0000\n\nlate\n", "hash-object", "-w", "--stdin", "-t", "commit", "--literally")
	g.run("update-ref", "HEAD", id)
	r := g.scan()
	if len(r.Keys) != 1 || r.Keys[0].CreatedNoLaterThan != nil || r.Keys[0].FirstSeen.CommitDate != "" {
		t.Error(describe(r))
	}
	in := g.scanRange(Limits{Since: time.Unix(1_800_000_000, 0)})
	if len(in.Sightings) != 1 || in.Sightings[0].Location != finding.InBlob {
		t.Error(describe(in))
	}
}

// A scan that is stopped before it can tell the story still says what it found.
func TestUntold(t *testing.T) {
	g := newGit(t)
	g.write("a.env", "K="+fileKeys[0])
	g.commit("message " + fileKeys[1])
	h, err := open(t.Context(), g.open(), options(1))
	if err != nil {
		t.Fatal(err)
	}
	defer h.store.Close()
	found, err := h.searchAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.untold(found)
	places := map[finding.Location]int{}
	for _, x := range h.result.Sightings {
		if x.Blob == "" && x.Commit == "" {
			t.Errorf("a %s without an object", x.Location)
		}
		places[x.Location]++
	}
	if len(h.result.Sightings) != 2 || places[finding.InBlob] != 1 || places[finding.InCommitMessage] != 1 {
		t.Errorf("found %v", places)
	}
}

// What can't be opened is named by its path in HEAD, if it lies there.
func TestUnreadNamed(t *testing.T) {
	g := newGit(t)
	archive := func(n int) string { return "7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("x", 100+n) }
	g.write("old/gone.7z", archive(1))
	g.commit("first")
	g.write("old/gone.7z", "no more\n")
	g.write("a/b/deep.7z", archive(2))
	g.write("z/copy.7z", archive(2))
	g.write("d/"+fileKeys[0]+"/e.7z", archive(3))
	g.commit("second")
	r := g.scan()
	var paths []string
	for _, u := range r.Coverage.Opaque {
		paths = append(paths, u.Path)
		if u.Object == "" {
			t.Errorf("%s has no object", u.Path)
		}
	}
	slices.Sort(paths)
	if len(paths) != 3 || paths[0] != "" || !strings.HasPrefix(paths[1], "d/") || paths[2] != "z/copy.7z" {
		t.Errorf("unread are %q", paths)
	}
	if strings.Contains(strings.Join(paths, " "), fileKeys[0]) {
		t.Error("a key in a path")
	}
}
