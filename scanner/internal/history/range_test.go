package history

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Random ranges in random repositories: what is found, and which commit is said
// to have brought it in, is compared with `git rev-list` and set arithmetic over
// `git ls-tree`.
func TestRangesLikeGit(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 11))
			g := randomRepository(t, r, 22)
			o := newOracle(g)
			var names []string
			for _, name := range slices.Sorted(maps.Keys(o.refs)) {
				if strings.HasPrefix(name, "refs/heads/") {
					names = append(names, name)
				}
			}
			pick := func() string {
				if r.IntN(2) == 0 {
					return o.order[r.IntN(len(o.order))].id
				}
				return names[r.IntN(len(names))]
			}
			for range 14 {
				var l Limits
				var args []string
				switch a, b, c := pick(), pick(), pick(); r.IntN(7) {
				case 0:
					l.Ranges, args = []string{a + ".." + b}, []string{b, "^" + a}
				case 1:
					l.Ranges, args = []string{a + "..." + b}, []string{a + "..." + b}
				case 2:
					l.Ranges, args = []string{a}, []string{a}
				case 3:
					l.Ranges, args = []string{a, "^" + b}, []string{a, "^" + b}
				case 4:
					l.Ranges, args = []string{a + ".." + b, b + ".." + c}, []string{b, c, "^" + a, "^" + b}
				case 5:
					l.Refs, args = []string{"refs/heads/c1*", "refs/heads/c2*"}, []string{"--glob=refs/heads/c1*", "--glob=refs/heads/c2*"}
					for _, glob := range l.Refs {
						if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, strings.TrimSuffix(glob, "*")) }) {
							l.Refs, args = []string{"refs/heads/**"}, []string{"--branches"}
						}
					}
				case 6:
					l.Ranges, args = []string{a}, []string{a}
					l.Since = time.Unix(1_700_000_000+int64(r.IntN(22_000)), 0)
				}
				in := map[string]bool{}
				for _, id := range g.lines(append([]string{"rev-list"}, args...)...) {
					in[id] = o.commits[id].date >= l.Since.Unix() || l.Since.IsZero()
				}
				var got []string
				result := g.scanRange(l)
				g.bothWays(l)
				for _, x := range result.Sightings {
					got = append(got, fmt.Sprintf("%s %s %q versions=%d commit=%s", seedOf(x.Key), strings.Replace(string(x.Location), "note", "blob", 1), x.Path, x.Versions, short(x.Commit)))
				}
				if len(result.Errors) > 0 {
					t.Error(result.errors())
				}
				compareLines(t, got, o.introduced(in))
			}
		})
	}
}

// bothWays compares what is said of a range that is read one by one with what is
// said when it is read in a walk over everything.
func (g *gitDir) bothWays(l Limits) {
	g.t.Helper()
	var told [2]string
	for i, way := range [...]way{oneByOne, byWalk} {
		o := options(1 + i)
		o.way, o.wholeGraph = way, i > 0
		result, err := ScanRange(g.t.Context(), g.open(), o, l)
		if err != nil {
			g.t.Fatal(err)
		}
		told[i] = result.sorted(g.t)
	}
	compareLines(g.t, strings.Split(told[1], "\n"), strings.Split(told[0], "\n"))
}

// sorted writes a result down in an order that depends on nothing else.
func (r *Result) sorted(t testing.TB) string {
	t.Helper()
	var lines []string
	add := func(list ...any) {
		for _, x := range list {
			line, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
	}
	for _, x := range r.Sightings {
		add(x)
	}
	for _, e := range r.Keys {
		add(e)
	}
	for _, e := range r.Errors {
		add(e)
	}
	for _, list := range [...][]finding.Unread{r.Coverage.Opaque, r.Coverage.Cut} {
		for _, u := range list {
			add(u)
		}
	}
	c := r.Coverage
	c.Opaque, c.Cut = nil, nil
	add(c, r.Range, r.Warnings)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// What a range lacks, and what is damaged in it, is named the same whether it is
// read one by one or in a walk.
func TestRangeDamaged(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 12))
			g := randomRepository(t, r, 16)
			if seed%2 == 0 {
				g.run("repack", "-q", "-A", "-d")
			} else {
				for _, pack := range g.packs() {
					g.unpack(pack)
				}
			}
			g.write("late.env", "K="+fileKeys[2]+"\n")
			g.commit("late")
			blob := g.run("rev-parse", "HEAD:late.env")
			g.write("late.env", "gone\n")
			g.commit("later")
			gone := g.run("rev-parse", "HEAD:late.env")
			g.bothWays(Limits{Ranges: []string{"HEAD"}})
			g.remove(gone)
			if r := g.scanRange(Limits{Ranges: []string{"HEAD"}}); !strings.Contains(r.errors(), gone) {
				t.Errorf("a missing blob: %s", r.errors())
			}
			g.bothWays(Limits{Ranges: []string{"HEAD"}})
			damage(t, filepath.Join(g.dir, ".git/objects", blob[:2], blob[2:]), r)
			g.bothWays(Limits{Ranges: []string{"HEAD"}})
			for _, pack := range g.packs() {
				damage(t, pack, r)
			}
			g.bothWays(Limits{Ranges: []string{"HEAD"}})
			g.bothWays(Limits{Ranges: []string{"HEAD~1..HEAD"}})
		})
	}
}

// packs lists the packs of the repository.
func (g *gitDir) packs() []string {
	g.t.Helper()
	packs, err := filepath.Glob(filepath.Join(g.dir, ".git/objects/pack/*.pack"))
	if err != nil {
		g.t.Fatal(err)
	}
	return packs
}

// unpack makes loose objects of a pack.
func (g *gitDir) unpack(pack string) {
	g.t.Helper()
	data, err := os.ReadFile(pack)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, ext := range [...]string{".pack", ".idx", ".rev"} {
		if err := os.Remove(strings.TrimSuffix(pack, ".pack") + ext); err != nil && ext != ".rev" {
			g.t.Fatal(err)
		}
	}
	g.feed(string(data), "unpack-objects", "-q")
}

// damage flips a bit in the middle of a file.
func damage(t testing.TB, path string, r *rand.Rand) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/4+r.IntN(len(data)/2)] ^= 1 << r.IntN(8)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// introduced writes what the commits brought in: blobs at a path where no parent
// has them, and messages.
func (o *oracle) introduced(in map[string]bool) []string {
	var lines []string
	for _, key := range slices.Concat(fileKeys, messageKeys) {
		versions := map[string]map[string]bool{}
		first := map[string]*told{}
		messages, told := 0, ""
		for _, c := range o.order {
			if !in[c.id] {
				continue
			}
			if strings.Contains(c.message, key) {
				if messages++; told == "" {
					told = c.id
				}
			}
			for path, blob := range c.files {
				if len(o.at(c, path, key)) == 0 || slices.ContainsFunc(c.parents, func(p string) bool { return o.commits[p].files[path] == blob }) {
					continue
				}
				if versions[path] == nil {
					versions[path], first[path] = map[string]bool{}, c
				}
				versions[path][blob] = true
			}
		}
		seed := seedOf(finding.NewKey(key).ID())
		for path := range versions {
			lines = append(lines, fmt.Sprintf("%s blob %q versions=%d commit=%s", seed, path, len(versions[path]), idOf(first[path])))
		}
		if messages > 0 {
			lines = append(lines, fmt.Sprintf("%s commit-message %q versions=%d commit=%s", seed, "", messages, short(told)))
		}
	}
	return lines
}

// What is no content of its own does not disturb a range.
func TestRangeOddities(t *testing.T) {
	g := newGit(t)
	g.write("old.env", "K="+fileKeys[0]+"\n")
	first := g.commit("first")
	g.run("update-index", "--chmod=+x", "old.env")
	g.run("commit", "-q", "-m", "mode only")
	if r := g.scanRange(Limits{Ranges: []string{"HEAD^..HEAD"}}); len(r.Sightings) > 0 {
		t.Errorf("a change of mode alone: %v", describe(r))
	}
	g.run("update-index", "--add", "--cacheinfo", "160000,"+first+",module")
	link := g.feed("K="+fileKeys[1], "hash-object", "-w", "--stdin")
	g.run("update-index", "--add", "--cacheinfo", "120000,"+link+",link")
	g.run("commit", "-q", "-m", "submodule and symlink")
	r := g.scanRange(Limits{Ranges: []string{"HEAD^..HEAD"}})
	if len(r.Sightings) != 1 || r.Sightings[0].Path != "link" || len(r.Errors) > 0 {
		t.Errorf("a submodule and a link: %v", describe(r))
	}
	if r := g.scanRange(Limits{Ranges: []string{"HEAD..HEAD"}}); len(r.Sightings)+len(r.Errors) > 0 || r.Coverage.Objects.Commit.Read > 0 {
		t.Errorf("an empty range: %v", describe(r))
	}
	if r := g.scanRange(Limits{Since: time.Unix(1_900_000_000, 0)}); len(r.Sightings) > 0 {
		t.Errorf("nothing since then: %v", describe(r))
	}
	g.run("tag", "-a", "-m", "tagged "+fileKeys[2], "v1")
	if r := g.scanRange(Limits{Ranges: []string{"HEAD^..v1"}}); len(r.Sightings) != 2 {
		t.Errorf("a tag that points into the range: %v", describe(r))
	}
	if r := g.scanRange(Limits{Ranges: []string{"HEAD^^..HEAD^"}}); len(r.Sightings) != 0 {
		t.Errorf("a tag that points elsewhere: %v", describe(r))
	}
	for _, bad := range []Limits{{Ranges: []string{"nope..HEAD"}}, {Ranges: []string{"^HEAD", "nope"}}, {Refs: []string{"["}}, {Refs: []string{"refs/none"}}, {Ranges: []string{""}}} {
		if _, err := ScanRange(t.Context(), g.open(), options(1), bad); err == nil {
			t.Errorf("%+v is no error", bad)
		}
	}
}

// Refs that lead to no commit are searched where they are asked for, and those
// that lead nowhere are named.
func TestRefsWithoutCommits(t *testing.T) {
	g := newGit(t)
	g.write("a", "a\n")
	g.commit("first")
	blob := g.feed("K="+fileKeys[0]+"\n", "hash-object", "-w", "--stdin")
	g.run("tag", "light", blob)
	g.run("tag", "-a", "-m", "a tag with "+fileKeys[1], "annotated", blob)
	g.run("update-ref", "refs/pins/tree", g.feed("100644 blob "+blob+"\tp.env\n", "mktree"))
	for glob, want := range map[string]int{"refs/tags/light": 1, "refs/tags/annotated": 2, "refs/tags/*": 2, "refs/pins/*": 1, "refs/heads/*": 0} {
		if r := g.scanRange(Limits{Refs: []string{glob}}); len(r.Sightings) != want || len(r.Errors) > 0 {
			t.Errorf("%s: %d sightings, want %d; errors %q", glob, len(r.Sightings), want, r.errors())
		}
	}
	if r := g.scanRange(Limits{Refs: []string{"refs/tags/*"}, Since: time.Unix(1, 0)}); len(r.Sightings) > 0 {
		t.Errorf("what has no commit has no date: %v", describe(r))
	}
	g.remove(blob)
	if r := g.scanRange(Limits{Refs: []string{"refs/tags/annotated"}}); !strings.Contains(r.errors(), blob) {
		t.Errorf("a tag of what is gone: %q", r.errors())
	}
	head := g.run("rev-parse", "HEAD")
	g.remove(head)
	for _, l := range []Limits{{Refs: []string{"refs/heads/*"}}, {Since: time.Unix(1, 0)}} {
		if r := g.scanRange(l); !strings.Contains(r.errors(), head) {
			t.Errorf("%+v: a branch whose commit is gone is not named: %q", l, r.errors())
		}
	}
}

// A large share of all commits is read in a walk, a push is not.
func TestBestWay(t *testing.T) {
	of := func(all, inside int, partial bool) (*scope, *graph) {
		commits := make([]bool, all)
		for i := range inside {
			commits[i] = true
		}
		return newScope(commits), &graph{commits: make([]commit, all), partial: partial}
	}
	for _, test := range []struct {
		all, inside, objects int
		partial              bool
		want                 way
	}{
		{80_000, 79_000, 300_000, false, byWalk},
		{80_000, 9000, 30_000, false, byWalk},
		{80_000, 7000, 30_000, false, oneByOne},
		{10, 10, 100, false, oneByOne},
		{501, 500, 2500, true, oneByOne},
		{1, 1, 90_000, true, byWalk},
	} {
		in, g := of(test.all, test.inside, test.partial)
		if got := in.bestWay(g, test.objects); got != test.want {
			t.Errorf("%+v: read by way %d", test, got)
		}
	}
}
