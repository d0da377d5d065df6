package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Random indexes are compared with what `git ls-files` and `git ls-tree` say:
// with and without noted trees, in a merge of several, with conflicts, split and
// sparse.
func TestStagedLikeGit(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 13))
			g := newGit(t)
			files := func(n int) map[string]string {
				m := map[string]string{}
				for range n {
					set(m, randomPaths[r.IntN(len(randomPaths))], randomContent(r))
				}
				return m
			}
			stage := func(files map[string]string) {
				for _, path := range slices.Sorted(maps.Keys(files)) {
					blob := g.feed(files[path], "hash-object", "-w", "--stdin")
					g.run("update-index", "--add", "--replace", "--cacheinfo", "100644,"+blob+","+path)
				}
			}
			var heads []string
			for i := range 3 {
				g.run("read-tree", "--empty")
				stage(files(5))
				tree := g.run("write-tree")
				heads = append(heads, g.run("commit-tree", "-m", fmt.Sprint(i), tree))
			}
			g.run("update-ref", "HEAD", heads[0])
			g.run("read-tree", heads[r.IntN(3)])
			parents := heads[:1]
			if r.IntN(2) == 0 {
				parents = heads
				g.write(".git/MERGE_HEAD", heads[1]+"\n"+heads[2]+"\n")
			}
			stage(files(r.IntN(3)))
			if r.IntN(2) == 0 {
				blob := g.feed("K="+fileKeys[0], "hash-object", "-w", "--stdin")
				zero := strings.Repeat("0", 40)
				g.feed("0 "+zero+"\tc.env\n100644 "+blob+" 1\tc.env\n100644 "+blob+" 3\tc.env\n", "update-index", "--index-info")
			}
			if r.IntN(2) == 0 {
				g.run("update-index", "--split-index")
			}
			var want []string
			for entry := range strings.SplitSeq(g.run("ls-files", "-s", "-z"), "\x00") {
				info, path, ok := strings.Cut(entry, "\t")
				if !ok {
					continue
				}
				id := strings.Fields(info)[1]
				if slices.ContainsFunc(parents, func(p string) bool {
					return strings.Contains(g.run("ls-tree", "-r", "-z", p)+"\x00", "blob "+id+"\t"+path+"\x00")
				}) {
					continue
				}
				content := g.run("cat-file", "blob", id)
				for _, key := range fileKeys {
					if strings.Contains(content, key) {
						want = append(want, fmt.Sprintf("%s %q %s", seedOf(finding.NewKey(key).ID()), path, id))
					}
				}
			}
			var got []string
			result := g.scanStaged()
			for _, x := range result.Sightings {
				got = append(got, fmt.Sprintf("%s %q %s", seedOf(x.Key), x.Path, x.Blob))
			}
			if len(result.Errors) > 0 {
				t.Error(result.errors())
			}
			compareLines(t, got, want)
		})
	}
}

func TestStagedOddities(t *testing.T) {
	g := newGit(t)
	for _, dir := range []string{"in", "out", "out/deep"} {
		g.write(dir+"/a.txt", "a\n")
	}
	head := g.commit("first")
	staged := func() []string {
		t.Helper()
		r := g.scanStaged()
		if len(r.Errors) > 0 {
			t.Error(r.errors())
		}
		var list []string
		for _, x := range r.Sightings {
			list = append(list, string(x.Location)+" "+x.Path)
		}
		slices.Sort(list)
		return list
	}
	expect := func(why string, want ...string) {
		t.Helper()
		if got := staged(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
	expect("nothing")
	g.run("update-index", "--add", "--cacheinfo", "160000,"+head+",module")
	expect("a submodule")
	link := g.feed("K="+fileKeys[0], "hash-object", "-w", "--stdin")
	g.run("update-index", "--add", "--cacheinfo", "120000,"+link+",link")
	expect("a symlink", "index link")
	g.run("update-index", "--add", "--cacheinfo", "100644,"+link+",out/deep/new/k.env")
	expect("a new directory", "index link", "index out/deep/new/k.env")
	g.run("rm", "-q", "--cached", "in/a.txt")
	g.run("update-index", "--add", "--cacheinfo", "100644,"+link+",in")
	expect("a file where a directory was", "index in", "index link", "index out/deep/new/k.env")
	g.run("commit", "-q", "-m", "second")
	expect("committed")
	empty := g.run("hash-object", "-w", "/dev/null")
	g.run("update-index", "--add", "--cacheinfo", "100644,"+empty+","+fileKeys[1]+"/x/y")
	names := g.scanStaged().Sightings
	if len(names) != 1 || names[0].Location != finding.InFileName || strings.Contains(names[0].Path, fileKeys[1]) {
		t.Errorf("a directory's name: %d findings", len(names))
	}
	g.run("reset", "-q", "--hard")
	g.run("sparse-checkout", "set", "--cone", "--sparse-index", "nowhere")
	expect("a sparse index")
	g.run("reset", "-q", "--soft", head)
	expect("a sparse index and another HEAD", "index in", "index link", "index out/deep/new/k.env")
}
