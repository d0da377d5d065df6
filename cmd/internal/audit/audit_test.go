package audit

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

func id(c string) finding.ID { return finding.ID(strings.Repeat(c, 64)) }

func reportOf(keys []finding.Exposure, findings ...finding.Finding) *finding.Report {
	return &finding.Report{
		SchemaVersion: finding.SchemaVersion,
		Scan: finding.Scan{
			Started: "2026-04-01T02:00:00Z", Complete: true,
			Targets: []finding.Target{{Path: ".", Kind: finding.GitTarget}},
		},
		Keys: keys, Findings: findings,
	}
}

func printed(t *testing.T, r *finding.Report, o Options) (text, markdown string) {
	t.Helper()
	var a, b bytes.Buffer
	if err := Text(&a, r, o); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

// TestOrder: the worst first.
func TestOrder(t *testing.T) {
	yes, no := true, false
	in := func(key finding.ID, l finding.Location, reachable *bool) finding.Finding {
		return finding.Finding{Key: key, Location: l, Reachable: reachable, Blob: "b0"}
	}
	keys := []finding.Exposure{
		{ID: id("0"), Rule: report.PartialRule, Status: finding.Unverified},
		{ID: id("1"), Status: finding.Deleted, Proven: true, InHead: true},
		{ID: id("2"), Status: finding.Deleted, InHead: true},
		{ID: id("3"), Status: finding.Unverified},
		{ID: id("4"), Status: finding.Unknown},
		{ID: id("5"), Status: finding.Unverified, ReachableFrom: finding.Reach{Stash: []string{"stash@{0}"}}},
		{ID: id("6"), Status: finding.Unverified},
		{ID: id("7"), Status: finding.Active},
	}
	r := reportOf(keys, in(id("3"), finding.InBlob, &no), in(id("4"), finding.InBlob, &yes), in(id("6"), finding.InFile, nil), in(id("7"), finding.InBlob, &no))
	var got string
	for _, a := range accounts(r, Options{}) {
		got += string(a.ID[:1])
	}
	if got != "76453210" {
		t.Errorf("the order is %s", got)
	}
}

// TestHostile: what a repository holds moves no cursor, starts no line, is no
// markup and no command to a runner.
func TestHostile(t *testing.T) {
	const evil = "x\n\x1b[31m ::error::y ##[add-mask]z \u202e `| <script>alert(1)</script> [a](http://b) \x01c\x02 \xff"
	moment := &finding.Moment{Commit: evil, Author: evil, Email: evil, CommitDate: "2026-01-01T00:00:00Z", AuthorDate: evil}
	r := reportOf([]finding.Exposure{{
		ID: id("a"), Masked: "petra_…", Status: finding.Unknown, StatusReason: "no answer", FirstSeen: moment, LastSeen: moment, Authors: []string{evil},
		ReachableFrom: finding.Reach{Refs: []string{"refs/heads/" + evil, evil}, Reflogs: []string{evil}, Worktrees: []string{evil}},
	}, {
		ID: id("b"), Masked: "petra_…", Status: finding.Unverified, FirstSeen: moment, ReachableFrom: finding.Reach{Stash: []string{evil}},
	}},
		finding.Finding{Key: id("a"), Location: finding.InBlob, Path: evil, Member: evil, Layers: []string{evil}, First: moment, Removed: moment},
		finding.Finding{Key: id("b"), Location: finding.InFile, Path: evil, Tracked: finding.IsTracked},
	)
	r.Scan.Targets = []finding.Target{{Path: evil + "'; rm -rf /; '", Kind: finding.GitTarget, URL: evil}}
	o := Options{Known: []Known{{ID: id("a"), Name: evil}, {ID: id("f"), Name: evil}}, Args: []string{evil}}
	text, markdown := printed(t, r, o)
	for _, s := range []string{text, markdown} {
		if i := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 {
			t.Errorf("a control character at %q", s[max(0, i-20):i+20])
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "::") || strings.Contains(line, "##[") {
			t.Errorf("a runner would act on %q", line)
		}
	}
	fenced := false
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced && strings.Contains(line, "<script>") {
			t.Errorf("markup in Markdown: %q", line)
		}
	}
	// A quoted path stays one word to a shell.
	if !strings.Contains(text, `'\''; rm -rf /; '\''`) {
		t.Error("a path in a command is not quoted")
	}
}

// TestSituations: what is said of keys that the golden files do not have.
func TestSituations(t *testing.T) {
	future := "2090-01-01T00:00:00Z"
	old := &finding.Moment{Commit: "c0ffee", Author: "Ada", CommitDate: "2026-03-01T00:00:00Z", AuthorDate: "2025-12-24T00:00:00Z"}
	created := old.CommitDate
	for _, c := range []struct {
		name    string
		key     finding.Exposure
		change  func(*finding.Report)
		want    []string
		lacking []string
	}{
		{
			name: "a part of a key", key: finding.Exposure{Rule: report.PartialRule, Status: finding.Unverified},
			want: []string{"only a part of a key", "found only in part"}, lacking: []string{"Admin: create", "In the portal", "Not yet proven", ". ."},
		},
		{
			name: "from the future", key: finding.Exposure{CreatedNoLaterThan: &future},
			want: []string{"lies in the future", "no later than today, 2026-04-01"}, lacking: []string{"no later than 2090"},
		},
		{
			name: "an older author date", key: finding.Exposure{CreatedNoLaterThan: &created, FirstSeen: old},
			want: []string{"created no later than 2026-03-01 (2026-03-02 if", "written on 2025-12-24 already"},
		},
		{
			name: "files only", key: finding.Exposure{InWorktree: true},
			change: func(r *finding.Report) { r.Scan.Targets[0].Kind = finding.FilesTarget },
			want:   []string{"Only files were read: whether it was ever committed is not known"},
		},
		{
			name: "incomplete", key: finding.Exposure{Status: finding.Deleted, Proven: true, Checked: "2026-04-01T02:00:00Z"},
			change: func(r *finding.Report) {
				r.Scan.Complete = false
				r.Scan.Errors = []finding.Error{{Path: "x", Reason: "y"}}
			},
			want: []string{"Not everything could be read", "1 error", "may hold keys"},
		},
		{
			name: "a proof of long ago", key: finding.Exposure{Status: finding.Deleted, Proven: true, Checked: "2026-01-09T10:11:00Z", StatusReason: "rejected (401); proven: it was rejected on 2026-01-01 already"},
			want: []string{"rejected the last of them on 2026-01-09 10:11", "It rests on this: it was rejected on 2026-01-01 already."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.key.ID, c.key.Masked = id("c"), "petra_…"
			r := reportOf([]finding.Exposure{c.key}, finding.Finding{Key: c.key.ID, Location: finding.InFile, Path: "a"})
			if c.change != nil {
				c.change(r)
			}
			text, _ := printed(t, r, Options{})
			text = strings.Join(strings.Fields(text), " ")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
			for _, not := range c.lacking {
				if strings.Contains(text, not) {
					t.Errorf("has %q:\n%s", not, text)
				}
			}
		})
	}
}
