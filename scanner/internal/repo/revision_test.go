package repo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// historyRepo makes a repository with merges, an octopus, tags of every kind of
// object, names that are ambiguous, an upstream and checkouts back and forth.
func historyRepo(t *testing.T, args ...string) string {
	t.Helper()
	dir := initRepo(t, args...)
	for i := range 4 {
		commit(t, dir, "a.txt", fmt.Sprint(i))
	}
	for _, branch := range []string{"one", "two", "three"} {
		git(t, dir, "checkout", "-q", "-b", branch, "main~1")
		commit(t, dir, branch+".txt", branch)
	}
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "merge", "-q", "-m", "octopus", "one", "two", "three")
	commit(t, dir, "a.txt", "after")
	git(t, dir, "tag", "light", "main~1")
	git(t, dir, "tag", "-a", "-m", "x", "v1.0", "main~1")
	git(t, dir, "tag", "-a", "-m", "x", "v1.0-of-tag", "v1.0")
	git(t, dir, "tag", "-a", "-m", "x", "of-tree", "main^{tree}")
	git(t, dir, "tag", "-a", "-m", "x", "of-blob", "main:a.txt")
	git(t, dir, "branch", "same", "main~1")
	git(t, dir, "tag", "same", "main~2")
	git(t, dir, "update-ref", "refs/remotes/origin/main", "main~1")
	git(t, dir, "update-ref", "refs/remotes/origin/one", "one")
	git(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	git(t, dir, "config", "remote.origin.url", "https://user:secret@example.com/x.git?token=1#frag")
	git(t, dir, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
	git(t, dir, "branch", "-q", "--set-upstream-to=origin/main", "main")
	git(t, dir, "branch", "-q", "--set-upstream-to=main", "two")
	// A branch that looks like an abbreviated id.
	git(t, dir, "branch", "abcd", "main~3")
	git(t, dir, "branch", "dir/ect/ory", "one")
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "checkout", "-q", "--detach", "main~2")
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "reset", "-q", "--hard", "main~1")
	git(t, dir, "reset", "-q", "--hard", "main@{1}")
	git(t, dir, "pack-refs")
	return dir
}

// revParse asks git for many revisions at once and returns "" where it has none.
func revParse(t *testing.T, dir string, revs []string) map[string]string {
	t.Helper()
	want := map[string]string{}
	// git stops at the first one that it does not know: a process each, or
	// all at once with cat-file, which knows only those that exist.
	for _, rev := range revs {
		cmd := exec.Command("git", "rev-parse", "-q", "--verify", "--end-of-options", rev)
		cmd.Dir, cmd.Env = dir, gitEnv("GIT_NO_REPLACE_OBJECTS=1")
		out, err := cmd.Output()
		if err == nil {
			want[rev] = strings.TrimSpace(string(out))
		}
	}
	return want
}

// misread matches what git, when it can't do what the last braces ask for, takes
// for a date from the first brace to the last, or for a type with a tail that it
// overlooks.
var misread = regexp.MustCompile(`[@^]\{[^{}]*\}.*\}`)

func TestRevisionsAsGit(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := historyRepo(t, "--object-format="+format)
			r := mustOpen(t, dir)
			objects := newCatFile(t, dir)
			full := strings.TrimSpace(git(t, dir, "rev-parse", "main"))
			merge := strings.TrimSpace(git(t, dir, "rev-parse", "light"))
			describe := strings.TrimSpace(git(t, dir, "describe", "--long", "main"))
			bases := []string{
				"HEAD", "@", "main", "heads/main", "refs/heads/main", "origin", "origin/main", "remotes/origin/one",
				"refs/remotes/origin/HEAD", "light", "tags/light", "v1.0", "v1.0-of-tag", "of-tree", "of-blob", "same", "heads/same",
				"abcd", "dir/ect/ory", "ect/ory", "dir/ect", "two", "three", "ORIG_HEAD", "nowhere", "refs/heads", "", "-", "main ", "ma in",
				full, full[:4], full[:7], full[:12], strings.ToUpper(full[:9]), full[:3], merge[:8], full[:len(full)-1], full + "0", describe, describe + "x",
				"@{0}", "@{1}", "@{2}", "@{3}", "@{99}", "HEAD@{0}", "HEAD@{1}", "HEAD@{4}", "HEAD@{10}", "main@{0}", "main@{1}", "main@{2}",
				"one@{0}", "one@{1}", "refs/heads/main@{1}", "light@{0}", "@{-1}", "@{-2}", "@{-3}", "@{-99}", "main@{-1}",
				"@{u}", "@{upstream}", "main@{u}", "main@{UPSTREAM}", "two@{u}", "one@{u}", "@@{u}",
			}
			suffixes := []string{
				"", "^", "~", "^0", "~0", "^1", "^2", "^3", "^4", "^5", "~1", "~2", "~3", "~9", "^^", "~~", "^~", "~2^2", "^2~1", "^3^", "~1^4~1", "^{}", "^{commit}", "^{tree}",
				"^{tag}", "^{blob}", "^{object}", "^{commit}^{tree}", "^{}~1", "^{commit}^", "^{tree}^", "~0^{commit}~1", "^{", "^}", "~-1", "^99999999999", "~00", "^01",
			}
			revs := slices.Clone(bases)
			rnd := rand.New(rand.NewPCG(3, 3))
			for range 180 {
				rev := bases[rnd.IntN(len(bases))] + suffixes[rnd.IntN(len(suffixes))]
				if rnd.IntN(5) == 0 {
					rev += suffixes[rnd.IntN(len(suffixes))]
				}
				revs = append(revs, rev)
			}
			want := revParse(t, dir, revs)
			known := 0
			for _, rev := range revs {
				got, err := r.ResolveRevision(rev, objects)
				if want[rev] != "" {
					known++
				}
				var revErr *RevisionError
				switch {
				case err == nil && got.String() != want[rev]:
					t.Errorf("%q is %s, git says %q", rev, got, want[rev])
				case err != nil && want[rev] != "" && misread.MatchString(rev) && !strings.Contains(err.Error(), "unknown"):
				case err != nil && want[rev] != "":
					t.Errorf("%v, git says %s", err, want[rev])
				case err != nil && (!errors.As(err, &revErr) || revErr.Rev != rev):
					t.Errorf("%q: error does not name it: %v", rev, err)
				}
			}
			t.Logf("%d revisions, %d known to git", len(revs), known)
			if known < len(revs)/3 {
				t.Errorf("only %d of %d revisions exist", known, len(revs))
			}
		})
	}
}

// fakeObjects is an object store of made-up objects.
type fakeObjects map[string]struct {
	kind gitobj.Type
	data string
}

func (f fakeObjects) Read(id gitobj.ID) (gitobj.Type, []byte, error) {
	o, ok := f[id.String()]
	if !ok {
		return 0, nil, errors.New("no such object")
	}
	return o.kind, []byte(o.data), nil
}

func (f fakeObjects) Resolve(prefix string) ([]gitobj.ID, error) {
	var ids []gitobj.ID
	for name := range f {
		if strings.HasPrefix(name, prefix) {
			id, err := gitobj.ParseID(name)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func TestAmbiguousAbbreviation(t *testing.T) {
	commitID, blobID, otherID := "abcd1"+strings.Repeat("1", 35), "abcd1"+strings.Repeat("2", 35), "abcd2"+strings.Repeat("3", 35)
	tree := strings.Repeat("4", 40)
	objects := fakeObjects{
		commitID: {gitobj.Commit, "tree " + tree + "\n\nx"},
		blobID:   {gitobj.Blob, "x"},
		otherID:  {gitobj.Commit, "tree " + tree + "\n\nx"},
		tree:     {gitobj.Tree, ""},
	}
	dir := initRepo(t)
	r := mustOpen(t, dir)
	for rev, want := range map[string]string{
		"abcd1^{commit}": commitID,
		"abcd1~0":        commitID,
		"abcd1^{tree}":   tree,
		"abcd2":          otherID,
		"abcd1":          "ambiguous",
		"abcd^{commit}":  "ambiguous",
		"abcd3":          "unknown",
	} {
		got, err := r.ResolveRevision(rev, objects)
		if err != nil && !strings.Contains(err.Error(), want) || err == nil && got.String() != want {
			t.Errorf("%s is %s, %v; want %s", rev, got, err, want)
		}
	}
	if _, err := r.ResolveRevision("abcd1", objects); err == nil || !strings.Contains(err.Error(), commitID) || !strings.Contains(err.Error(), blobID) {
		t.Errorf("candidates are not named: %v", err)
	}
}

func TestNearNames(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a", "a")
	git(t, dir, "branch", "feature/login")
	git(t, dir, "tag", "v1.2.3")
	git(t, dir, "tag", "v1.2.4")
	r := mustOpen(t, dir)
	objects := newCatFile(t, dir)
	for rev, want := range map[string]string{
		"mian":           "[main]",
		"mian~2^{tree}":  "[main]",
		"v1.2.5":         "[v1.2.3 v1.2.4]",
		"feature/logn":   "[feature/login]",
		"something-else": "[]",
	} {
		_, err := r.ResolveRevision(rev, objects)
		var e *RevisionError
		if !errors.As(err, &e) || fmt.Sprint(e.Near) != want || e.Cut {
			t.Errorf("%s: %v; want a hint at %s", rev, err, want)
		}
	}
}

func TestShallow(t *testing.T) {
	dir := initRepo(t)
	for i := range 5 {
		commit(t, dir, "a", fmt.Sprint(i))
	}
	clone := dir + "-clone"
	git(t, filepath.Dir(dir), "clone", "-q", "--depth=3", "file://"+filepath.ToSlash(dir), clone)
	full, cut := mustOpen(t, dir), mustOpen(t, clone)
	if full.Shallow || !cut.Shallow {
		t.Errorf("shallow: %v and %v", full.Shallow, cut.Shallow)
	}
	ids, err := cut.ShallowIDs()
	if want := strings.TrimSpace(git(t, dir, "rev-parse", "main~2")); err != nil || len(ids) != 1 || ids[0].String() != want {
		t.Errorf("boundary is %v, %v; want %s", ids, err, want)
	}
	objects := newCatFile(t, clone)
	if _, err := cut.ResolveRevision("HEAD~2", objects); err != nil {
		t.Error(err)
	}
	_, err = cut.ResolveRevision("HEAD~3", objects)
	var e *RevisionError
	if !errors.As(err, &e) || !e.Cut || !strings.Contains(err.Error(), "fetch-depth") {
		t.Errorf("beyond the boundary: %v", err)
	}
}
