package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// forEachRef is what git says of refs/: name, id, target, peeled id.
func forEachRef(t *testing.T, dir string) []string {
	t.Helper()
	var want []string
	for _, line := range lines(git(t, dir, "for-each-ref", "--format=%(refname) %(objectname) %(symref)")) {
		want = append(want, strings.TrimSpace(line))
	}
	return want
}

// wantRefs compares the refs below refs/ with git's.
func wantRefs(t *testing.T, dir string) []Ref {
	t.Helper()
	refs, problems, err := mustOpen(t, dir).Refs()
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var got []string
	for _, ref := range refs {
		if strings.HasPrefix(ref.Name, "refs/") {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", ref.Name, ref.ID, ref.Target)))
		}
		if !ref.Peeled.IsZero() {
			if want := strings.TrimSpace(git(t, dir, "rev-parse", ref.Name+"^{}")); ref.Peeled.String() != want {
				t.Errorf("%s is peeled to %s, git says %s", ref.Name, ref.Peeled, want)
			}
		}
	}
	wantLines(t, "refs of "+dir, got, forEachRef(t, dir))
	wantHead(t, dir)
	return refs
}

func wantHead(t *testing.T, dir string) {
	t.Helper()
	head, err := mustOpen(t, dir).Head()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := tryGit(dir, "", nil, "rev-parse", "-q", "--verify", "HEAD")
	target, _ := tryGit(dir, "", nil, "symbolic-ref", "-q", "HEAD")
	if got := head.ID.String(); head.ID.IsZero() && id != "" || !head.ID.IsZero() && got != strings.TrimSpace(id) {
		t.Errorf("HEAD is %q, git says %q", got, id)
	}
	if head.Target != strings.TrimSpace(target) {
		t.Errorf("HEAD's target is %q, git says %q", head.Target, target)
	}
}

// busyRepo makes a repository with refs of all kinds, two linked work trees, a
// stash, a bisection and reflogs.
func busyRepo(t *testing.T, args ...string) string {
	t.Helper()
	dir := initRepo(t, args...)
	wantHead(t, dir)
	for i := range 6 {
		commit(t, dir, "a.txt", fmt.Sprint(i))
		git(t, dir, "branch", fmt.Sprintf("topic/%d", i))
	}
	git(t, dir, "tag", "light")
	git(t, dir, "tag", "-a", "-m", "annotated", "heavy")
	git(t, dir, "tag", "-a", "-m", "tag of tag", "heavier", "heavy")
	git(t, dir, "notes", "add", "-m", "a note")
	git(t, dir, "update-ref", "refs/pull/7/head", "HEAD~2")
	git(t, dir, "update-ref", "refs/remotes/origin/main", "HEAD~1")
	git(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	git(t, dir, "update-ref", "-m", "a message\twith a tab", "--create-reflog", "refs/odd/logged", "HEAD")
	write(t, filepath.Join(dir, "a.txt"), "to be stashed")
	git(t, dir, "stash", "push", "-q")
	write(t, filepath.Join(dir, "a.txt"), "to be stashed too")
	git(t, dir, "stash", "push", "-q")
	git(t, dir, "worktree", "add", "-q", "-b", "side", dir+"-side")
	commit(t, dir+"-side", "b.txt", "b")
	git(t, dir, "worktree", "add", "-q", "--detach", dir+"-detached", "HEAD~1")
	git(t, dir+"-detached", "update-ref", "refs/worktree/mine", "HEAD")
	git(t, dir, "bisect", "start", "HEAD", "HEAD~5")
	git(t, dir, "checkout", "-q", "main")
	return dir
}

func TestRefsAsGit(t *testing.T) {
	t.Parallel()
	formats := []string{"--ref-format=files", "--object-format=sha256"}
	if canReftable(t) {
		formats = append(formats, "--ref-format=reftable")
	} else {
		formats[0] = "-q"
	}
	for _, arg := range formats {
		t.Run(arg, func(t *testing.T) {
			dir := busyRepo(t, arg)
			if arg != "--ref-format=reftable" {
				if err := os.Remove(filepath.Join(dir, ".git/HEAD")); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("refs/heads/main", filepath.Join(dir, ".git/HEAD")); err != nil {
					t.Skip("the system has no symbolic links")
				}
			}
			for _, tree := range []string{dir, dir + "-side", dir + "-detached"} {
				wantRefs(t, tree)
				wantLogs(t, tree)
				wantWorktrees(t, tree)
			}
			git(t, dir, "pack-refs", "--all")
			git(t, dir, "branch", "-f", "topic/1", "main")
			git(t, dir, "branch", "-D", "-q", "topic/2")
			refs := wantRefs(t, dir)
			wantRefs(t, dir+"-side")
			names := map[string]Ref{}
			for _, ref := range refs {
				names[ref.Name] = ref
			}
			for name, rev := range map[string]string{
				"worktrees/repo-side/HEAD":                   "side",
				"worktrees/repo-detached/HEAD":               "main~1",
				"worktrees/repo-detached/refs/worktree/mine": "main~1",
				"ORIG_HEAD":       "ORIG_HEAD",
				"refs/bisect/bad": "refs/bisect/bad",
			} {
				want, err := tryGit(dir, "", nil, "rev-parse", "-q", "--verify", rev)
				if ref := names[name]; err != nil && !ref.ID.IsZero() || ref.ID.String() != strings.TrimSpace(want) {
					t.Errorf("%s is %s, git says %s", name, ref.ID, want)
				}
			}
			if names["refs/tags/heavier"].Peeled.IsZero() {
				t.Error("a packed tag is not peeled")
			}
		})
	}
}

// wantLogs compares the reflogs that git can list, one by one.
func wantLogs(t *testing.T, dir string) {
	t.Helper()
	logs, problems, err := mustOpen(t, dir).Reflogs()
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	byName := map[string][]LogEntry{}
	for _, log := range logs {
		byName[log.Ref] = log.Entries
	}
	for _, name := range []string{"HEAD", "refs/stash", "refs/odd/logged", "refs/heads/main", "main-worktree/HEAD", "worktrees/repo-side/HEAD"} {
		want, err := tryGit(dir, "", nil, "reflog", "show", "--date=iso-strict", "--format=%H%x09%gn%x09%ge%x09%gd%x09%gs", name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "main-worktree/") && byName[name] == nil {
			name = "HEAD"
		}
		if strings.HasPrefix(name, "worktrees/") && byName[name] == nil {
			name = "HEAD"
		}
		var got []string
		for _, e := range byName[name] {
			got = append(got, fmt.Sprintf("%s\t%s\t%s\t%s\t%s", e.New, e.Name, e.Email, e.Time.Format("2006-01-02T15:04:05-07:00"), e.Message))
		}
		var wanted []string
		for _, line := range lines(want) {
			f := strings.Split(line, "\t")
			date := f[3][strings.Index(f[3], "@{")+2 : len(f[3])-1]
			wanted = append(wanted, strings.Join([]string{f[0], f[1], f[2], date, strings.Join(f[4:], "\t")}, "\t"))
		}
		wantLines(t, "reflog of "+name+" in "+dir, got, wanted)
	}
	// The chain of a log that was never cut has no gap.
	entries := byName["refs/heads/main"]
	for i := 1; i < len(entries); i++ {
		if entries[i].Old != entries[i-1].New {
			t.Errorf("entry %d begins at %s, the one before ended at %s", i, entries[i].Old, entries[i-1].New)
		}
	}
}

// wantWorktrees compares with git worktree list.
func wantWorktrees(t *testing.T, dir string) {
	t.Helper()
	trees, err := mustOpen(t, dir).Worktrees()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, wt := range trees {
		line := wt.Path
		if wt.Bare {
			got = append(got, line+" bare")
			continue
		}
		id := wt.Head.ID.String()
		if id == "" {
			id = strings.Repeat("0", 40)
		}
		line += " " + id
		if wt.Head.Target != "" {
			line += " " + wt.Head.Target
		}
		got = append(got, line)
	}
	var want []string
	for block := range strings.SplitSeq(strings.TrimSpace(git(t, dir, "worktree", "list", "--porcelain")), "\n\n") {
		line := ""
		for _, l := range lines(block) {
			key, value, _ := strings.Cut(l, " ")
			switch key {
			case "worktree":
				line = filepath.FromSlash(value)
			case "HEAD", "branch":
				line += " " + value
			case "bare":
				line += " bare"
			}
		}
		want = append(want, line)
	}
	wantLines(t, "worktrees seen from "+dir, got, want)
}

func TestPseudoRefs(t *testing.T) {
	dir := initRepo(t)
	for i := range 3 {
		commit(t, dir, "a.txt", fmt.Sprint(i))
	}
	git(t, dir, "branch", "one", "HEAD~1")
	git(t, dir, "branch", "two", "HEAD~2")
	clone := dir + "-clone"
	git(t, dir, "clone", "-q", dir, clone)
	git(t, clone, "fetch", "-q", "origin", "one", "two", "main")
	git(t, clone, "checkout", "-q", "-b", "mine", "HEAD~2")
	commit(t, clone, "b.txt", "b")
	git(t, clone, "merge", "-q", "--no-ff", "--no-commit", "main")
	refs, problems, err := mustOpen(t, clone).Refs()
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var got []string
	for _, ref := range refs {
		if !strings.HasPrefix(ref.Name, "refs/") && ref.Name != "ORIG_HEAD" && ref.Name != "AUTO_MERGE" {
			got = append(got, ref.Name+" "+ref.ID.String())
		}
	}
	rev := func(name string) string { return strings.TrimSpace(git(t, clone, "rev-parse", name)) }
	wantLines(t, "pseudo refs", got, []string{
		"HEAD " + rev("mine"),
		"FETCH_HEAD " + rev("origin/one"), "FETCH_HEAD " + rev("origin/two"), "FETCH_HEAD " + rev("origin/main"),
		"MERGE_HEAD " + rev("main"),
	})
}

func TestBrokenRefsAreProblems(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a.txt", "a")
	git(t, dir, "branch", "good")
	git(t, dir, "branch", "packed")
	git(t, dir, "pack-refs", "--all")
	broken := map[string]string{
		"refs/heads/empty":   "",
		"refs/heads/short":   "1234\n",
		"refs/heads/null":    strings.Repeat("0", 40) + "\n",
		"refs/heads/other":   strings.Repeat("1", 64) + "\n",
		"refs/heads/nowhere": "ref: \n",
	}
	for name, content := range broken {
		write(t, filepath.Join(dir, ".git", name), content)
	}
	write(t, filepath.Join(dir, ".git/refs/heads/busy.lock"), "")
	packed := filepath.Join(dir, ".git/packed-refs")
	data, _ := os.ReadFile(packed)
	write(t, packed, string(data)+"what is this\n")
	if err := os.Symlink("..", filepath.Join(dir, ".git/refs/heads/loop")); err != nil {
		t.Skip("the system has no symbolic links")
	}
	refs, problems, err := mustOpen(t, dir).Refs()
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]bool{}
	for _, ref := range refs {
		good[ref.Name] = true
	}
	for _, name := range []string{"refs/heads/good", "refs/heads/packed", "refs/heads/main", "HEAD"} {
		if !good[name] {
			t.Errorf("%s is missing", name)
		}
	}
	var got, want []string
	for _, p := range problems {
		if !strings.Contains(p.Name, "loop") {
			got = append(got, p.Name)
		}
	}
	for name := range broken {
		want = append(want, name)
	}
	wantLines(t, "problems", got, append(want, ""))
}

func TestLookupPacked(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a.txt", "a")
	commit(t, dir, "a.txt", "b")
	git(t, dir, "branch", "ab")
	git(t, dir, "branch", "a", "HEAD~1")
	git(t, dir, "tag", "-a", "-m", "x", "b")
	git(t, dir, "pack-refs", "--all")
	r := mustOpen(t, dir)
	for _, name := range []string{"refs/heads/a", "refs/heads/ab", "refs/tags/b", "refs/heads/main"} {
		ref, err := r.resolveRef(name)
		if want := strings.TrimSpace(git(t, dir, "rev-parse", name)); err != nil || ref.ID.String() != want {
			t.Errorf("%s: %v, %v; git says %s", name, ref, err, want)
		}
	}
	for _, name := range []string{"refs/heads", "refs/heads/b", "heads/a", "refs/heads/a/b", "../../x", "refs/heads/../../HEAD", ""} {
		if ref, err := r.resolveRef(name); err == nil {
			t.Errorf("%q is %v", name, ref)
		}
	}
}

func FuzzPackedRefs(f *testing.F) {
	id := strings.Repeat("12", 20)
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n" + id + " refs/heads/main\n" + id + " refs/tags/v1\n^" + id + "\n"))
	f.Add([]byte("^" + id + "\n\n" + id + "\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		refs, problems := parsePacked(data, &Repo{Format: gitobj.SHA1})
		var text strings.Builder
		for _, ref := range refs {
			if ref.Name == "" || len(ref.ID.Bytes()) != 20 {
				t.Fatalf("%+v", ref)
			}
			fmt.Fprintf(&text, "%s %s\n", ref.ID, ref.Name)
			if len(ref.Peeled.Bytes()) > 0 {
				fmt.Fprintf(&text, "^%s\n", ref.Peeled)
			}
		}
		again, bad := parsePacked([]byte(text.String()), &Repo{Format: gitobj.SHA1})
		if len(bad) > 0 || len(again) != len(refs) {
			t.Fatalf("%d refs written, %d read; %v; at first %v", len(refs), len(again), bad, problems)
		}
	})
}

func FuzzReflog(f *testing.F) {
	a, b := strings.Repeat("12", 20), strings.Repeat("ab", 20)
	f.Add([]byte(a + " " + b + " A U Thor <a@example.com> 1700000000 +0230\tcommit: x\n"))
	f.Add([]byte(a + " " + b + " <> 1 -9999\n" + a))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, problems, err := parseLog(strings.NewReader(string(data)), "x", &Repo{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.SplitSeq(string(data), "\n") {
			if line != "" {
				n++
			}
		}
		if len(entries)+len(problems) != n {
			t.Fatalf("%d entries and %d problems of %d lines", len(entries), len(problems), n)
		}
	})
}
