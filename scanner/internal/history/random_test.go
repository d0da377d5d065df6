package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
)

// The keys that random repositories hold in files, and those in messages only.
var (
	fileKeys    = []string{rulestest.Key("h0"), rulestest.Key("h1"), rulestest.Key("h2"), rulestest.Key("h3"), rulestest.Key("h4")}
	messageKeys = []string{rulestest.Key("m0"), rulestest.Key("m1")}
)

// randomContent is a file with some of the keys; there are few different ones,
// so that files are moved, copied, reverted and added again.
func randomContent(r *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d\n", r.IntN(3))
	if r.IntN(2) == 0 {
		for _, key := range fileKeys {
			if r.IntN(4) == 0 {
				fmt.Fprintf(&b, "K=%s\n", key)
			}
		}
	}
	return b.String()
}

var randomPaths = []string{"a.env", "b b.txt", "d", "d/x.env", "d/y/z.env", "ü.env", "d/y.env"}

// set puts a file into a tree, where files give way to directories and the other
// way round.
func set(files map[string]string, path, content string) {
	for other := range files {
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			delete(files, other)
		}
	}
	files[path] = content
}

// randomRepository is a repository of n commits with several roots, merges of
// two and more that resolve in any way, dates that lie, refs that come and go,
// a stash, notes, tags of tags, staged files and a linked work tree.
func randomRepository(t testing.TB, r *rand.Rand, n int) *gitDir {
	g := newGit(t)
	var in strings.Builder
	trees := make([]map[string]string, n)
	for i := range n {
		files := map[string]string{}
		var parents []int
		if i > 0 && r.IntN(12) > 0 {
			for _, p := range r.Perm(min(i, 6))[:min(i, 1+r.IntN(3)*r.IntN(2))] {
				parents = append(parents, i-1-p)
			}
			maps.Copy(files, trees[parents[0]])
			if r.IntN(2) == 0 {
				for _, p := range parents {
					for _, path := range slices.Sorted(maps.Keys(trees[p])) {
						set(files, path, trees[p][path])
					}
				}
			}
		}
		for range r.IntN(4) {
			path := randomPaths[r.IntN(len(randomPaths))]
			content, had := files[path]
			switch r.IntN(3) {
			case 0:
				delete(files, path)
				if had && r.IntN(2) == 0 {
					set(files, randomPaths[r.IntN(len(randomPaths))], content)
				}
			default:
				set(files, path, randomContent(r))
			}
		}
		trees[i] = files
		when := 1_700_000_000 + int64(i)*1000
		switch r.IntN(8) {
		case 0:
			when -= int64(r.IntN(100_000))
		case 1:
			when = int64(r.IntN(3))
		case 2:
			when = 4_000_000_000 + int64(r.IntN(1000))
		}
		message := fmt.Sprintf("commit %d", i)
		if r.IntN(6) == 0 {
			message += "\n\nkey " + append(messageKeys, fileKeys[0])[r.IntN(3)] + "\n"
		}
		fmt.Fprintf(&in, "commit refs/heads/c%d\nmark :%d\n", i, i+1)
		fmt.Fprintf(&in, "author A%d <a@example.com> %d +0100\ncommitter C <c@example.com> %d -0730\n", r.IntN(4), when-50, when)
		fmt.Fprintf(&in, "data %d\n%s\n", len(message), message)
		for k, p := range parents {
			fmt.Fprintf(&in, "%s :%d\n", [...]string{"from", "merge"}[min(k, 1)], p+1)
		}
		in.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", [...]string{"100644", "100755", "120000"}[r.IntN(12)/5], path, len(files[path]), files[path])
		}
	}
	g.feed(in.String(), "fast-import", "--quiet")
	for i := range n - 1 {
		if r.IntN(3) > 0 {
			g.run("update-ref", "-d", fmt.Sprintf("refs/heads/c%d", i))
		}
	}
	last := fmt.Sprintf("c%d", n-1)
	g.run("checkout", "-q", "-f", last)
	for _, mode := range slices.Sorted(slices.Values(r.Perm(7)[:4])) {
		switch mode {
		case 0:
			g.write("stashed.env", randomContent(r))
			g.run("add", "stashed.env")
			g.run("stash", "-q")
		case 1:
			g.write("amended.env", randomContent(r))
			g.commit("amended")
			g.write("amended.env", "clean\n")
			g.run("add", "amended.env")
			g.run("commit", "-q", "--amend", "-m", "clean")
		case 2:
			g.write("dropped.env", randomContent(r))
			g.commit("dropped")
			g.run("reset", "-q", "--hard", "HEAD~1")
		case 3:
			g.run("notes", "add", "-m", "note "+fileKeys[r.IntN(len(fileKeys))])
		case 4:
			g.run("tag", "-a", "-m", "tag", "v1", last)
			g.run("tag", "-a", "-m", "tag of tag", "v2", "v1")
		case 5:
			g.run("worktree", "add", "-q", "--detach", filepath.Join(g.dir, ".git", "linked"), last)
			g.run("branch", "-q", "-f", "other", last)
		case 6:
			g.run("checkout", "-q", "--detach")
		}
	}
	switch r.IntN(4) {
	case 0:
		g.run("gc", "-q", "--prune=now")
	case 1:
		g.run("repack", "-q", "-A", "-d")
	}
	if r.IntN(2) == 0 {
		g.write("staged.env", randomContent(r))
		g.run("add", "staged.env")
	}
	g.feed("unnamed "+fileKeys[1]+"\n", "hash-object", "-w", "--stdin")
	return g
}
