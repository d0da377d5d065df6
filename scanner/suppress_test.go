package scanner_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// A workTree is a Git repository made by git.
type workTree struct {
	t   *testing.T
	dir string
}

func newWorkTree(t *testing.T) *workTree {
	w := &workTree{t, t.TempDir()}
	w.git("init", "-q", "-b", "main")
	return w
}

func (w *workTree) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// write writes a file in which templates are expanded.
func (w *workTree) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(rulestest.Expand(text)), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workTree) commit() {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "-m", "change")
}

func id(seed string) finding.ID { return finding.NewKey(rulestest.Key(seed)).ID() }

// scan scans the work tree and its history.
func (w *workTree) scan(change func(*scanner.Options)) *scanner.Result {
	w.t.Helper()
	o := scanner.Defaults()
	change(&o)
	s, err := scanner.New("test", o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Tree(context.Background(), w.dir); err != nil {
		w.t.Fatal(err)
	}
	return s.Finish()
}

// places lists the findings of a report as key seed and path.
func places(r *finding.Report, seeds ...string) []string {
	var list []string
	for _, f := range r.Findings {
		for _, seed := range seeds {
			if f.Key == id(seed) {
				list = append(list, seed+" "+f.Path)
			}
		}
	}
	slices.Sort(list)
	return list
}

// says returns an Options.Own that says the same for every repository.
func says(own scanner.Own) func(string, scanner.ReadFile) (*scanner.Own, error) {
	return func(string, scanner.ReadFile) (*scanner.Own, error) { return &own, nil }
}

// TestExclude holds excludes to what they may hide: a blob all of whose paths
// are excluded, and nothing that no ref reaches.
func TestExclude(t *testing.T) {
	w := newWorkTree(t)
	w.write("docs/only.env", "{{key:only}}\n")
	w.write("docs/both.env", "{{key:both}}\n")
	w.write("src/both.env", "{{key:both}}\n")
	w.write("docs/changed.env", "{{key:changed}}\n")
	w.write("src/changed.env", "{{key:changed}}\n")
	w.write("docs/{{key:name}}.txt", "the name is the key\n")
	w.commit()
	w.write("docs/changed.env", "other\n{{key:changed}}\n")
	w.git("rm", "-q", "-r", "src")
	w.commit()
	w.git("checkout", "-q", "-b", "dropped")
	w.write("docs/dropped.env", "{{key:dropped}}\n")
	w.commit()
	w.git("checkout", "-q", "main")
	w.git("branch", "-q", "-D", "dropped")
	w.git("commit", "-q", "--allow-empty", "-m", rulestest.Expand("message\n\ndocs/message: {{key:message}}"))
	if err := os.Remove(filepath.Join(w.dir, ".git", "COMMIT_EDITMSG")); err != nil {
		t.Fatal(err)
	}
	seeds := []string{"only", "both", "changed", "dropped", "message"}
	want := []string{
		"both docs/both.env", "both src/both.env",
		"changed docs/changed.env", "changed src/changed.env", // one version was at both
		"dropped docs/dropped.env", "message ",
	}
	for name, change := range map[string]func(*scanner.Options){
		"repository": func(o *scanner.Options) { o.Own = says(scanner.Own{Exclude: []string{"docs/**"}}) },
		"user":       func(o *scanner.Options) { o.Exclude = []string{"docs/**"} },
		"not included": func(o *scanner.Options) {
			o.Include = []string{"src/**"}
		},
	} {
		r := w.scan(change).Report
		if got := places(r, seeds...); !slices.Equal(got, want) {
			t.Errorf("%s: reported are %q, want %q", name, got, want)
		}
		if !slices.ContainsFunc(r.Scan.Suppressed, func(s finding.Suppressed) bool { return s.Key == id("only") && s.By == "exclude" }) {
			t.Errorf("%s: the key is not counted as excluded: %v", name, r.Scan.Suppressed)
		}
	}
	if got := places(w.scan(func(*scanner.Options) {}).Report, "only"); len(got) != 1 {
		t.Errorf("without an exclude: %q", got)
	}
}

// TestExpiry has an entry on its last day and on the day after.
func TestExpiry(t *testing.T) {
	w := newWorkTree(t)
	w.write("a.env", "{{key:a}}\n")
	entry := scanner.Allow{Key: id("a"), Reason: "why", Expires: time.Date(2030, 6, 30, 0, 0, 0, 0, time.UTC), Origin: "list:1"}
	for now, reported := range map[string]int{"2030-06-30T23:59:59Z": 0, "2030-07-01T00:00:01Z": 1, "2030-06-30T23:59:59-02:00": 1} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		r := w.scan(func(o *scanner.Options) {
			o.Allow, o.Now = []scanner.Allow{entry}, func() time.Time { return at }
		}).Report
		warned := slices.ContainsFunc(r.Scan.Warnings, func(s string) bool { return strings.HasPrefix(s, "list:1: the entry for key") })
		if len(r.Findings) != reported || warned != (reported == 1) {
			t.Errorf("at %s: %d findings, warnings %q", now, len(r.Findings), r.Scan.Warnings)
		}
	}
}

// TestUnused names entries only where everything they can be about was searched.
func TestUnused(t *testing.T) {
	w := newWorkTree(t)
	w.write("a.env", "{{key:a}}\n")
	w.write("sub/b.env", "nothing\n")
	w.commit()
	unused := func(change func(*scanner.Options)) bool {
		r := w.scan(func(o *scanner.Options) {
			o.Own = says(scanner.Own{Allow: []scanner.Allow{{Key: id("a")}, {Key: id("gone"), Origin: "own:2"}}})
			change(o)
		}).Report
		return slices.Contains(r.Scan.Warnings, "own:2: no finding of key "+string(id("gone"))+" is left: remove the entry")
	}
	if !unused(func(*scanner.Options) {}) {
		t.Error("an unused entry was not named")
	}
	for name, change := range map[string]func(*scanner.Options){
		"exclude":    func(o *scanner.Options) { o.Exclude = []string{"x"} },
		"include":    func(o *scanner.Options) { o.Include = []string{"**"} },
		"confidence": func(o *scanner.Options) { o.MinConfidence = finding.High },
	} {
		if unused(change) {
			t.Errorf("%s: an entry was called unused, though not everything was searched", name)
		}
	}
	w.dir = filepath.Join(w.dir, "sub")
	if unused(func(*scanner.Options) {}) {
		t.Error("an entry was called unused after a scan of a part")
	}
}

// TestRestore takes back what was suppressed of keys that are active, and keeps
// what was said of others.
func TestRestore(t *testing.T) {
	w := newWorkTree(t)
	w.write("a.env", "{{key:a}}\n{{key:b}} # petrascan:allow\n")
	w.write("b.env", "{{key:a}}\n{{key:c}}\n{{key:b}} # petrascan:allow for a reason\n")
	w.commit()
	accept := func(o *scanner.Options) {
		o.Own = says(scanner.Own{Baseline: []scanner.Allow{{Key: id("a")}, {Key: id("c")}}})
	}
	r := w.scan(accept)
	if got := places(r.Report, "a", "b", "c"); !slices.Equal(got, []string{"b a.env"}) {
		t.Fatalf("reported are %q", got)
	}
	silent := r.Suppressed()
	if len(silent) != 2 || slices.ContainsFunc(silent, func(e finding.Exposure) bool { return e.ID == id("b") || e.Confidence != finding.High }) {
		t.Fatalf("the report is silent about %v", silent)
	}
	r.Report.Keys[0].Status = finding.Deleted
	r.Restore(id("a"), id("b"), id("unheard of"))
	if got, want := places(r.Report, "a", "b", "c"), []string{"a a.env", "a b.env", "b a.env", "b b.env"}; !slices.Equal(got, want) {
		t.Errorf("reported are %q, want %q", got, want)
	}
	for _, k := range r.Report.Keys {
		want := finding.Unverified
		if k.ID == id("b") {
			want = finding.Deleted
		}
		if k.Status != want || k.Occurrences != 2 || k.CreatedNoLaterThan == nil {
			t.Errorf("key %s: status %s, %d places", k.ID, k.Status, k.Occurrences)
		}
	}
	if s := r.Report.Scan.Suppressed; len(s) != 1 || s[0].Key != id("c") || s[0].Count != 1 {
		t.Errorf("suppressed are %v", s)
	}
	if n := len(slices.DeleteFunc(slices.Clone(r.Report.Scan.Warnings), func(s string) bool { return !strings.Contains(s, "in spite of") })); n != 2 {
		t.Errorf("%d warnings say what was restored: %q", n, r.Report.Scan.Warnings)
	}
}

// TestReadAt compares with git show.
func TestReadAt(t *testing.T) {
	w := newWorkTree(t)
	w.write("a.txt", "first\n")
	w.write("dir/sub/b.txt", "deep\n")
	w.commit()
	w.write("a.txt", "second\n")
	w.commit()
	w.git("tag", "-a", "-m", "tag", "v1", "HEAD~1")
	for _, rev := range []string{"HEAD", "main", "HEAD~1", "v1", w.git("rev-parse", "HEAD^{tree}")} {
		for _, path := range []string{"a.txt", "dir/sub/b.txt"} {
			got, err := scanner.ReadAt(filepath.Join(w.dir, "dir"), rev, path)
			if want := w.git("show", rev+":"+path); err != nil || strings.TrimSpace(string(got)) != want {
				t.Errorf("%s:%s is %q, %v; git says %q", rev, path, got, err, want)
			}
		}
	}
	for _, path := range []string{"c.txt", "dir/c.txt", "a.txt/b"} {
		if _, err := scanner.ReadAt(w.dir, "HEAD", path); err == nil {
			t.Errorf("%s: no error", path)
		} else if path != "a.txt/b" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := scanner.ReadAt(w.dir, "HEAD", "dir"); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := scanner.ReadAt(w.dir, "nowhere", "a.txt"); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a revision that is not there: %v", err)
	}
}
