package history

import (
	"fmt"
	"strings"
	"testing"
)

// What is reachable and gone is an error that names it; what is gone behind
// something unreachable is none.
func TestMissing(t *testing.T) {
	start := func(t *testing.T) (g *gitDir, first string) {
		g = newGit(t)
		g.write("d/x.env", "K="+fileKeys[0]+"\n")
		g.write("y.txt", "why\n")
		first = g.commit("first")
		g.write("d/x.env", "clean\n")
		g.commit("second")
		return g, first
	}
	complete := func(t *testing.T, r *Result) {
		t.Helper()
		if len(r.Errors) > 0 {
			t.Error(r.errors())
		}
	}
	names := func(t *testing.T, r *Result, id string) {
		t.Helper()
		if !strings.Contains(r.errors(), id) {
			t.Errorf("%s is not named in %q", id, r.errors())
		}
	}
	for _, what := range []string{"HEAD~1:d/x.env", "HEAD~1:d", "HEAD~1^{tree}", "HEAD~1", "HEAD", "HEAD:y.txt", "HEAD^{tree}"} {
		t.Run(strings.ReplaceAll(what, "/", "-"), func(t *testing.T) {
			g, _ := start(t)
			id := g.run("rev-parse", what)
			g.remove(id)
			names(t, g.scan(), id)
		})
	}
	t.Run("below a tagged tree", func(t *testing.T) {
		g := newGit(t)
		blob := g.feed("x\n", "hash-object", "-w", "--stdin")
		tree := g.feed("100644 blob "+blob+"\tx\n", "mktree")
		g.run("tag", "-a", "-m", "a tree", "v1", tree)
		complete(t, g.scan())
		g.remove(blob)
		names(t, g.scan(), blob)
	})
	t.Run("only staged", func(t *testing.T) {
		g, _ := start(t)
		g.write("staged", "staged\n")
		g.write("intended", "intended\n")
		g.run("add", "staged")
		g.run("add", "-N", "intended")
		complete(t, g.scan())
		id := g.run("rev-parse", ":staged")
		g.remove(id)
		names(t, g.scan(), id)
		names(t, g.scanStaged(), id)
	})
	t.Run("staged in another work tree", func(t *testing.T) {
		g, _ := start(t)
		g.run("worktree", "add", "-q", "--detach", g.dir+"/linked")
		g.write("linked/staged", "K="+fileKeys[1]+"\n")
		g.run("-C", "linked", "add", "staged")
		r := g.scan()
		complete(t, r)
		if list := strings.Join(describe(r), "\n"); !strings.Contains(list, `#1 index "staged"`) {
			t.Error(list)
		}
		id := g.run("-C", "linked", "rev-parse", ":staged")
		g.remove(id)
		names(t, g.scan(), id)
	})
	t.Run("unreachable", func(t *testing.T) {
		g, _ := start(t)
		blob := g.feed("gone\n", "hash-object", "-w", "--stdin")
		tree := g.feed("100644 blob "+blob+"\tx\n", "mktree")
		parent := g.run("commit-tree", "-m", "parent", tree)
		g.run("commit-tree", "-m", "child", "-p", parent, tree)
		g.remove(blob)
		g.remove(parent)
		g.write(".git/ORIG_HEAD", parent+"\n")
		complete(t, g.scan())
	})
	t.Run("after gc", func(t *testing.T) {
		g, first := start(t)
		g.run("checkout", "-q", "--orphan", "new")
		g.commit("new")
		g.run("branch", "-q", "-D", "main")
		g.run("reflog", "expire", "--expire=now", "--all")
		g.run("gc", "-q", "--prune=now")
		r := g.scan()
		complete(t, r)
		if g.open(); len(r.Sightings) > 0 {
			t.Errorf("%s is gone, and yet found: %v", first, describe(r))
		}
	})
}

// A shallow clone lacks what lies beyond its boundary by design, a partial one
// what its remote has promised; within a range both are errors.
func TestAbsent(t *testing.T) {
	origin := newGit(t)
	origin.write("a.env", "K="+fileKeys[0]+"\n")
	origin.commit("first")
	origin.write("a.env", "clean\n")
	origin.commit("second")
	origin.write("b.env", "K="+fileKeys[1]+"\n")
	origin.commit("third")
	origin.run("config", "uploadpack.allowFilter", "true")
	origin.run("config", "uploadpack.allowAnySHA1InWant", "true")
	clone := func(args ...string) *gitDir {
		g := &gitDir{t: t, dir: t.TempDir()}
		g.run(append(append([]string{"clone", "-q"}, args...), "file://"+origin.dir, ".")...)
		return g
	}
	absent := func(r *Result, what string, count int64) {
		t.Helper()
		if len(r.Errors) > 0 || len(r.Coverage.Absent) != 1 || r.Coverage.Absent[0].What != what || r.Coverage.Absent[0].Count != count {
			t.Errorf("absent %v, errors %q; want %d %s", r.Coverage.Absent, r.errors(), count, what)
		}
	}
	shallow := clone("--depth=2")
	absent(shallow.scan(), "shallow", 1)
	if r := shallow.scanRange(Limits{Ranges: []string{"HEAD"}}); !strings.Contains(r.errors(), "fetch-depth: 0") {
		t.Errorf("a range over the boundary: %q", r.errors())
	}
	if r := shallow.scanRange(Limits{Ranges: []string{"HEAD^..HEAD"}}); len(r.Errors) > 0 || len(r.Sightings) != 1 {
		t.Errorf("a range within the boundary: %q", r.errors())
	}
	// An unreachable commit that an earlier fetch left names what lies beyond the
	// boundary, too.
	text := shallow.run("cat-file", "commit", "HEAD^")
	for i := range 20 {
		shallow.feed(fmt.Sprintf("%s\n\n%d\n", text, i), "hash-object", "-t", "commit", "-w", "--stdin")
	}
	if r := shallow.scan(); len(r.Errors) > 0 {
		t.Errorf("with unreachable commits on the boundary: %s", r.errors())
	}
	origin.commit("fourth")
	shallow.run("fetch", "-q", "--depth=1")
	if r := shallow.scan(); len(r.Errors) > 0 {
		t.Errorf("after a shallow fetch: %s", r.errors())
	}
	partial := clone("--filter=blob:none")
	absent(partial.scan(), "promised", 1)
	if r := partial.scanRange(Limits{Ranges: []string{"HEAD"}}); !strings.Contains(r.errors(), "--filter") {
		t.Errorf("a range with promised blobs: %q", r.errors())
	}
	if r := partial.scanRange(Limits{Ranges: []string{"HEAD~2..HEAD"}}); len(r.Errors) > 0 || len(r.Sightings) != 1 {
		t.Errorf("a range whose blobs are here: %q", r.errors())
	}
	bare := clone("--filter=tree:0", "--bare")
	if r := bare.scan(); len(r.Errors) > 0 || len(r.Coverage.Absent) == 0 {
		t.Errorf("without trees: %v %s", r.Coverage.Absent, r.errors())
	}
	partial.write("mine", "mine\n")
	partial.commit("mine")
	id := partial.run("rev-parse", "HEAD:mine")
	partial.remove(id)
	if r := partial.scan(); !strings.Contains(r.errors(), id) {
		t.Errorf("an own blob of a partial clone is lost: %q", r.errors())
	}
}
