package report

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// hostile is text that tries to get out of every format.
const hostile = "a|b`c`\x1b[31m\u202e<script>alert(1)</script>\n::error::x,y\r##[error]z =cmd() &amp; \"q\" 'r' {0} [l](javascript:x) ]]> é 日本"

func object(n int) string { return fmt.Sprintf("%x", sha1.Sum([]byte(strconv.Itoa(n)))) }

func moment(n int, author, date string) *finding.Moment {
	return &finding.Moment{
		Commit: object(n), Author: author, Email: "who@example.com",
		AuthorDate: date, CommitDate: date,
	}
}

// rich returns a report with every location, layer, status and oddity that a
// report can have. It is the same on each call.
func rich() *finding.Report {
	yes, no := true, false
	text := func(s string) *string { return &s }
	key := func(seed string) finding.Key { return finding.NewKey(rulestest.Key(seed)) }
	active, unverified, unknown, deleted := key("active"), key("unverified"), key("unknown"), key("deleted")
	split, part := key("split"), key("part")

	r := &finding.Report{
		SchemaVersion: finding.SchemaVersion,
		Tool:          finding.Tool{Name: "petrascan", Version: "1.2.3", Rules: strings.Repeat("ab", 32)},
		Scan: finding.Scan{
			Command: "scan",
			Targets: []finding.Target{
				{ID: 0, Path: ".", Kind: finding.GitTarget, URL: "https://github.com/acme/app.git", Head: object(1), Branch: "main"},
				{ID: 1, Path: "-", Kind: finding.StdinTarget},
				{ID: 2, Path: "../other dir", Kind: finding.FilesTarget},
			},
			Started: "2026-11-23T16:00:00Z", ElapsedMS: 1634, Complete: false,
			Range: &finding.Range{New: []string{object(1)}, Old: []string{object(40)}, Widened: "the old side is not in this clone"},
			Coverage: finding.Coverage{
				Files: 1234, Bytes: 5_512_345_678,
				Objects: finding.Objects{
					Blob: finding.ObjectCount{Present: 161216, Read: 161214}, Commit: finding.ObjectCount{Present: 71204, Read: 71204},
					Tag: finding.ObjectCount{Present: 1, Read: 1}, Tree: finding.ObjectCount{Present: 174640, Read: 174640},
				},
				Containers: 17,
				Absent:     []finding.Absent{{What: "shallow", Count: 3}, {What: "promised", Count: 12}, {What: "lfs", Count: 1}},
				Opaque: []finding.Unread{
					{Target: 0, Path: "vendor/blob.7z", Reason: "7z archives are not supported"},
					{Target: 0, Path: "backup.zip", Member: "inner/" + hostile, Reason: "encrypted"},
				},
				Cut:     []finding.Unread{{Target: 0, Path: "bomb.gz", Object: object(77), Reason: "more than 1 GiB when expanded"}},
				LeftOut: finding.LeftOut{Exclude: 5, Gitignore: 2, Symlink: 1, OtherFilesystem: 1, LowConfidence: 14},
			},
			Errors:   []finding.Error{{Target: 0, Object: object(78), Reason: "object is corrupt: zlib: invalid checksum"}},
			Warnings: []string{"the pack changed while it was read; listed once more", "hostile: " + hostile},
			Suppressed: []finding.Suppressed{
				{Key: key("accepted").ID(), By: "baseline", Reason: "old test key", Count: 3},
				{Key: key("allowed").ID(), By: "config", Reason: hostile, Owner: "sec@example.com", Expires: "2027-01-31", Count: 1},
				{Key: key("inline").ID(), By: "inline", Count: 2},
				{Key: key("inline").ID(), By: "exclude", Count: 1},
			},
		},
	}
	for i := range 14 {
		r.Scan.Errors = append(r.Scan.Errors, finding.Error{Target: 2, Path: fmt.Sprintf("secret/%02d", i), Reason: "permission denied"})
	}

	exposure := func(k finding.Key, rule string, c finding.Confidence, s finding.Status, change func(*finding.Exposure)) {
		e := finding.Exposure{ID: k.ID(), Masked: k.Masked(), Rule: rule, Confidence: c, Extent: finding.Exact, Status: s}
		change(&e)
		r.Keys = append(r.Keys, e)
	}
	exposure(active, "petra-api-key", finding.High, finding.Active, func(e *finding.Exposure) {
		e.StatusReason = "accepted (200), control rejected before and after"
		e.Checked = "2026-11-23T16:00:01Z"
		e.FirstSeen = moment(30, "Zoë Ångström 李小龍", "2024-03-01T09:30:00+02:00")
		e.FirstSeen.AuthorDate = "2024-02-11T10:00:00Z"
		e.LastSeen = moment(1, "Ada Lovelace", "2026-11-20T12:00:00Z")
		e.Authors = []string{"Ada Lovelace", "Zoë Ångström 李小龍"}
		e.InHead, e.InWorktree = true, true
		e.ReachableFrom = finding.Reach{Refs: []string{"refs/heads/main", "refs/tags/v1.0", "refs/remotes/origin/release/2026", "refs/pull/7/head", "refs/pull/8/head"}, Worktrees: []string{"hotfix"}, Reflogs: []string{"HEAD"}, Stash: []string{"stash@{0}"}}
		e.CreatedNoLaterThan = text("2024-03-01T09:30:00+02:00")
	})
	exposure(unverified, "petra-api-key", finding.Medium, finding.Unverified, func(e *finding.Exposure) {
		e.InWorktree = true
		e.Extent = finding.Uncertain
	})
	exposure(unknown, "petra-api-key", finding.High, finding.Unknown, func(e *finding.Exposure) {
		e.StatusReason = "rate limited (429) until the budget ended"
		e.Checked = "2026-11-23T16:00:01Z"
		e.FirstSeen = moment(31, hostile, "2025-01-02T03:04:05Z")
		e.LastSeen = moment(32, hostile, "2025-02-02T03:04:05Z")
		e.Removed = moment(33, "Ada Lovelace", "2025-03-02T03:04:05Z")
		e.Authors = []string{hostile}
		e.ReachableFrom.Refs = []string{"refs/heads/" + hostile}
		e.CreatedNoLaterThan = text("2025-01-02T03:04:05Z")
	})
	exposure(deleted, "petra-api-key", finding.High, finding.Deleted, func(e *finding.Exposure) {
		e.StatusReason = "rejected (401): deleted, invalid, or of another organisation"
		e.Checked = "2026-11-23T16:00:02Z"
		e.FirstSeen = moment(34, "Ada Lovelace", "2023-05-06T07:08:09Z")
		e.LastSeen = moment(35, "Ada Lovelace", "2023-05-07T07:08:09Z")
		e.Authors = []string{"Ada Lovelace"}
		e.CreatedNoLaterThan = text("2023-05-06T07:08:09Z")
	})
	exposure(split, "petra-api-key-split", finding.Medium, finding.Unverified, func(e *finding.Exposure) {
		e.InHead = true
		e.FirstSeen = moment(36, "Grace Hopper", "2025-06-01T00:00:00Z")
		e.LastSeen = e.FirstSeen
		e.Authors = []string{"Grace Hopper"}
		e.ReachableFrom.Refs = []string{"refs/heads/main"}
		e.CreatedNoLaterThan = text("2025-06-01T00:00:00Z")
	})
	exposure(part, "petra-api-key-partial", finding.Low, finding.Unverified, func(e *finding.Exposure) { e.InWorktree = true })

	add := func(k finding.Key, location finding.Location, path string, change func(*finding.Finding)) {
		i := slices.IndexFunc(r.Keys, func(e finding.Exposure) bool { return e.ID == k.ID() })
		e := &r.Keys[i]
		e.Occurrences++
		f := finding.Finding{
			Key: k.ID(), Masked: k.Masked(), Rule: e.Rule, Location: location, Path: path,
			Line: 3, Column: 9, EndLine: 3, EndColumn: 55,
		}
		change(&f)
		if f.Snippet == nil && f.Line > 0 {
			f.Snippet = &finding.Snippet{StartLine: f.Line, Text: "API_KEY=" + k.Masked()}
		}
		f.SetFingerprint()
		r.Findings = append(r.Findings, f)
	}
	committed := func(f *finding.Finding, n int, author, date string) {
		f.First = moment(n, author, date)
		f.Commit, f.Author, f.Date = f.First.Commit, author, date
		f.Blob, f.Versions, f.Reachable = object(n+100), 1, &yes
	}
	add(active, finding.InFile, "config/prod.env", func(f *finding.Finding) {
		committed(f, 30, "Zoë Ångström 李小龍", "2024-03-01T09:30:00+02:00")
		f.Tracked, f.Versions = finding.IsTracked, 4
		f.Snippet = &finding.Snippet{StartLine: 2, Text: "# {0} production <b>\nAPI_KEY=" + active.Masked() + "\n"}
	})
	add(active, finding.InFile, "dir with space/é#ü%41 [x]?.env", func(f *finding.Finding) {
		f.Tracked, f.Line, f.Column, f.EndLine, f.EndColumn = finding.IsUntracked, 1, 11, 1, 57
		f.Snippet = &finding.Snippet{StartLine: 1, Text: `x = "🔑"; ` + active.Masked()}
	})
	add(active, finding.InFile, "nested/"+strings.Repeat("very-long-directory-name/", 5)+"日本語のファイル名.yaml", func(f *finding.Finding) {
		f.Tracked = finding.IsIgnored
		f.Layers = []string{"base64", "gzip", "utf-16le"}
	})
	add(active, finding.InIndex, "staged.txt", func(f *finding.Finding) { f.Blob = object(200) })
	add(active, finding.InBlob, "old/settings.py", func(f *finding.Finding) {
		committed(f, 37, "Ada Lovelace", "2024-06-01T00:00:00Z")
		f.Versions = 12
		f.Last = moment(38, "Ada Lovelace", "2024-09-01T00:00:00Z")
		f.Removed = moment(39, "Grace Hopper", "2024-09-02T00:00:00Z")
	})
	add(active, finding.InBlob, "dist/app.zip", func(f *finding.Finding) {
		committed(f, 40, "Ada Lovelace", "2024-06-02T00:00:00Z")
		f.Member = "inner.zip!etc/app|1.env"
		f.Layers = []string{"zip", "zip"}
	})
	add(active, finding.InCommitMessage, "", func(f *finding.Finding) { committed(f, 41, "Ada Lovelace", "2024-06-03T00:00:00Z"); f.Blob = "" })
	add(active, finding.InCommitHeader, "", func(f *finding.Finding) { committed(f, 42, "Ada Lovelace", "2024-06-04T00:00:00Z"); f.Blob = "" })
	add(active, finding.InReflog, "logs/HEAD", func(f *finding.Finding) {})
	add(active, finding.InGitFile, ".git/config", func(f *finding.Finding) {})
	add(unverified, finding.InStdin, "", func(f *finding.Finding) { f.Target = 1 })
	add(unverified, finding.InFile, "bin/app", func(f *finding.Finding) {
		f.Target, f.Line, f.Column, f.EndLine, f.EndColumn = 2, 0, 0, 0, 0
	})
	add(unverified, finding.InFileName, "notes/"+unverified.Masked()+".txt", func(f *finding.Finding) {
		f.Line, f.Column, f.EndLine, f.EndColumn = 0, 0, 0, 0
		f.Tracked = finding.IsUntracked
	})
	add(unknown, finding.InBlob, hostile, func(f *finding.Finding) {
		committed(f, 31, hostile, "2025-01-02T03:04:05Z")
		f.Removed = moment(33, "Ada Lovelace", "2025-03-02T03:04:05Z")
		f.Snippet = &finding.Snippet{StartLine: 2, Text: hostile + unknown.Masked()}
	})
	for _, name := range []string{"::error::x.env", "##[error]x.env", "=cmd()|' /C calc'!A0", "-rf", "@sum", "\tx", "c:x", "\xff\xfe.bin", "a\\b|c", "]]>", "<img src=x onerror=alert(1)>", "`rm -rf`", "https://evil.example/[a](b)"} {
		add(unknown, finding.InBlob, name, func(f *finding.Finding) { committed(f, 50, "@mallory", "2025-01-03T00:00:00Z") })
	}
	add(unknown, finding.InTagMessage, "", func(f *finding.Finding) { committed(f, 44, "Ada Lovelace", "2025-01-04T00:00:00Z") })
	add(unknown, finding.InTagHeader, "", func(f *finding.Finding) { committed(f, 45, "Ada Lovelace", "2025-01-05T00:00:00Z") })
	add(unknown, finding.InRefName, "refs/heads/"+unknown.Masked(), func(f *finding.Finding) { f.Line, f.Column, f.EndLine, f.EndColumn = 0, 0, 0, 0 })
	add(unknown, finding.InNote, "refs/notes/commits", func(f *finding.Finding) { committed(f, 46, "Ada Lovelace", "2025-01-06T00:00:00Z") })
	add(deleted, finding.InBlob, "", func(f *finding.Finding) { f.Blob, f.Reachable = object(47), &no })
	add(split, finding.InBlob, "src/main.go", func(f *finding.Finding) {
		committed(f, 36, "Grace Hopper", "2025-06-01T00:00:00Z")
		f.EndLine, f.EndColumn = 5, 12
		f.Snippet = &finding.Snippet{StartLine: 3, Text: "key := \"petra_\" +\n\t\"…\" +\n\t\"…\""}
	})
	add(part, finding.InFile, "README.md", func(f *finding.Finding) { f.Tracked = finding.IsTracked })

	slices.SortFunc(r.Keys, func(a, b finding.Exposure) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(r.Findings, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return r
}

// clear returns the report of a run that read everything and found nothing.
func clear() *finding.Report {
	r := rich()
	r.Keys, r.Findings = nil, nil
	r.Scan.Complete = true
	r.Scan.Errors, r.Scan.Warnings, r.Scan.Suppressed, r.Scan.Range = nil, nil, nil, nil
	r.Scan.Coverage.Absent, r.Scan.Coverage.Opaque, r.Scan.Coverage.Cut = nil, nil, nil
	r.Scan.Coverage.LeftOut = finding.LeftOut{}
	r.Scan.Coverage.Objects.Blob.Read = r.Scan.Coverage.Objects.Blob.Present
	return r
}
