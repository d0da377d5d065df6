package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

type sarifLog struct {
	Runs []struct {
		Tool        sarifTool
		Automation  *struct{ ID string } `json:"automationDetails"`
		Provenance  []sarifProvenance    `json:"versionControlProvenance"`
		Invocations []sarifInvocation
		Results     []sarifResult
	}
}

func readSARIF(t *testing.T, b []byte) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log
}

func TestSARIF(t *testing.T) {
	r := rich()
	run := readSARIF(t, written(t, SARIF, r, Options{ExitStatus: 3})).Runs[0]
	if len(run.Results) != len(r.Findings) {
		t.Errorf("%d results of %d findings", len(run.Results), len(r.Findings))
	}
	if run.Automation != nil {
		t.Error("automationDetails without a category")
	}
	byPrint := map[string]sarifResult{}
	for _, res := range run.Results {
		byPrint[res.Properties.Fingerprint] = res
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		res, ok := byPrint[f.Fingerprint]
		if !ok {
			t.Fatalf("no result for %s %q", f.Location, f.Path)
		}
		at := res.Locations[0].Physical
		uri := at.Artifact.URI
		u, err := url.Parse(uri)
		if err != nil || u.IsAbs() || u.Host != "" || strings.ContainsAny(uri, " #?:|`<\\") {
			t.Errorf("%q: URI %q: %v", f.Path, uri, err)
		}
		want := map[finding.Location]string{
			finding.InStdin: "stdin", finding.InCommitMessage: ".git/commit-message", finding.InCommitHeader: ".git/commit-header",
			finding.InTagMessage: ".git/tag", finding.InTagHeader: ".git/tag", finding.InRefName: ".git/ref-name",
			finding.InNote: ".git/note", finding.InReflog: ".git/logs/HEAD",
		}[f.Location]
		if want == "" {
			want = strings.ToValidUTF8(f.Path, "\ufffd")
			if f.Path == "" {
				want = ".git/unreachable"
			}
		}
		if got, err := url.PathUnescape(uri); err != nil || got != want {
			t.Errorf("%s %q: URI %q is %q, %v; want %q", f.Location, f.Path, uri, got, err, want)
		}
		_, own := res.PartialFingerprints["primaryLocationLineHash"]
		if inTree := f.Location == finding.InFile || f.Location == finding.InIndex; own && inTree || !own && !inTree && !(f.Location == finding.InFileName || f.Location == finding.InBlob) {
			t.Errorf("%s %q: primaryLocationLineHash present: %v", f.Location, f.Path, own)
		}
		if own && res.PartialFingerprints["primaryLocationLineHash"] != f.Fingerprint[:16]+":1" {
			t.Errorf("primaryLocationLineHash %q", res.PartialFingerprints["primaryLocationLineHash"])
		}
		if res.PartialFingerprints["petraKey/v1"] != string(f.Key) {
			t.Errorf("petraKey/v1 %q", res.PartialFingerprints["petraKey/v1"])
		}
		if c := at.Context; c != nil && (c.StartLine > at.Region.StartLine || c.EndLine < at.Region.EndLine) {
			t.Errorf("%q: context %+v does not hold %+v", f.Path, c, at.Region)
		}
		if f.Member != "" && (*at.Region != nowhere || res.Properties.Member == "" || !strings.Contains(res.Message.Text, "inner.zip!etc")) {
			t.Errorf("member %q: region %+v, message %q", f.Member, at.Region, res.Message.Text)
		}
		if res.RuleID != run.Tool.Driver.Rules[res.RuleIndex].ID {
			t.Errorf("rule %s at index %d", res.RuleID, res.RuleIndex)
		}
	}
	counts := map[string]int{}
	for _, res := range run.Results {
		counts[res.RuleID]++
	}
	if counts["PETRA001"] != 10 || counts["PETRA003"] != 1 || counts["PETRA004"] != 1 || counts["PETRA005"] != 1 || counts["PETRA002"] != 21 {
		t.Errorf("results by rule: %v", counts)
	}
	if run.Results[0].RuleID != "PETRA001" || run.Results[len(run.Results)-1].RuleID != "PETRA005" {
		t.Error("not the worst first")
	}
	unreadCount := len(r.Scan.Errors) + len(r.Scan.Coverage.Cut) + len(r.Scan.Coverage.Opaque) + len(r.Scan.Coverage.Absent) + len(r.Scan.Warnings) + len(r.Scan.Suppressed)
	if inv := run.Invocations[0]; inv.Successful || inv.ExitCode != 3 || len(inv.Notifications) != unreadCount || inv.End != "2026-11-23T16:00:01Z" {
		t.Errorf("invocation %v %d, %d notifications of %d, end %s", inv.Successful, inv.ExitCode, len(inv.Notifications), unreadCount, inv.End)
	}
	if p := run.Provenance; len(p) != 1 || p[0].RepositoryURI != "https://github.com/acme/app.git" || p[0].Branch != "main" || p[0].MappedTo == nil {
		t.Errorf("provenance %+v", p)
	}
}

func TestSARIFOptions(t *testing.T) {
	run := readSARIF(t, written(t, SARIF, rich(), Options{OmitHistory: true, SARIFCategory: "nightly"})).Runs[0]
	if run.Automation == nil || run.Automation.ID != "nightly/" {
		t.Errorf("automationDetails %+v", run.Automation)
	}
	for _, res := range run.Results {
		switch res.Properties.Location {
		case "commit-message", "tag-message", "note", "reflog", "ref-name":
			t.Errorf("%s was not omitted", res.Properties.Location)
		}
		if strings.HasPrefix(res.Message.ID, "history") {
			t.Errorf("history was not omitted: %s", res.Message.Text)
		}
	}
	if len(run.Results) < 5 {
		t.Errorf("%d results only", len(run.Results))
	}
}

// many returns a report of n findings of n/4 keys.
func many(n int) *finding.Report {
	r := clear()
	random := rand.New(rand.NewPCG(1, 2))
	created := "2024-01-02T03:04:05Z"
	for i := range n {
		if i%4 == 0 {
			k := finding.NewKey(rulestest.KeyN(object(i)[:8], 12))
			status := []finding.Status{finding.Unverified, finding.Deleted, finding.Active}[i/4%3]
			r.Keys = append(r.Keys, finding.Exposure{
				ID: k.ID(), Masked: k.Masked(), Rule: "petra-api-key", Confidence: finding.High, Extent: finding.Exact, Status: status,
				Occurrences: 4, FirstSeen: moment(i, "Ada Lovelace", created), CreatedNoLaterThan: &created, Authors: []string{"Ada Lovelace"},
			})
		}
		e := &r.Keys[len(r.Keys)-1]
		f := finding.Finding{
			Key: e.ID, Masked: e.Masked, Rule: e.Rule, Location: finding.InBlob, Path: "src/" + object(random.IntN(1 << 30))[:12] + "/config.env",
			Line: 1 + i%500, Column: 9, EndLine: 1 + i%500, EndColumn: 30, Versions: 1,
			Commit: object(i % 1000), Author: "Ada Lovelace", Date: created, Blob: object(n + i), First: moment(i%1000, "Ada Lovelace", created),
			Snippet: &finding.Snippet{StartLine: 1 + i%500, Text: "API_KEY=" + e.Masked},
		}
		f.SetFingerprint()
		r.Findings = append(r.Findings, f)
	}
	return r
}

func TestSARIFLimits(t *testing.T) {
	if githubLimits != (sarifLimits{25_000, 10_000_000, 5_000}) {
		t.Errorf("limits %+v", githubLimits)
	}
	const n = 1_200
	r := many(n)
	for i := range 60 {
		r.Scan.Errors = append(r.Scan.Errors, finding.Error{Path: object(i), Reason: "permission denied"})
	}
	active := 0
	for i := range r.Findings {
		if r.Keys[i/4].Status == finding.Active {
			active++
		}
	}
	for _, limits := range []sarifLimits{{1_000, 10_000_000, 20}, {25_000, 50_000, 20}, {500, 80_000, 20}} {
		var got, packed bytes.Buffer
		if err := (sarifRun{newView(r, Options{}), limits}).writeTo(&got); err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(&packed)
		z.Write(got.Bytes())
		z.Close()
		run := readSARIF(t, got.Bytes()).Runs[0]
		kept := len(run.Results)
		if kept == 0 || kept > limits.results || packed.Len() > limits.bytes {
			t.Errorf("%+v: %d results, %d bytes after gzip", limits, kept, packed.Len())
		}
		if limits.bytes > 1_000_000 && kept != limits.results {
			t.Errorf("%+v: only %d results", limits, kept)
		}
		for i, res := range run.Results[:min(active, kept)] {
			if res.RuleID != "PETRA001" {
				t.Fatalf("result %d is %s although there are %d active ones", i, res.RuleID, active)
			}
		}
		notes := run.Invocations[0].Notifications
		if len(notes) != limits.notifications+1 {
			t.Errorf("%+v: %d notifications", limits, len(notes))
		}
		told := plural(n-kept, "result") + " left out"
		if !strings.Contains(notes[0].Message.Text, told) || !strings.Contains(notes[len(notes)-1].Message.Text, "notifications left out") {
			t.Errorf("%+v: it is not said that %s: %q, %q", limits, told, notes[0].Message.Text, notes[len(notes)-1].Message.Text)
		}
	}
}

func TestRemote(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:secret@github.com/a/b.git?x#y": "https://github.com/a/b.git",
		"git@github.com:a/b.git":                     "ssh://github.com/a/b.git",
		"ssh://git@host:22/a":                        "ssh://host:22/a",
		"/srv/git/a.git":                             "",
		"../a":                                       "",
		"C:/repo":                                    "",
		"file:///a":                                  "",
		"javascript:alert(1)":                        "ssh://javascript/alert%281%29",
		"":                                           "",
	} {
		if got := remote(in); got != want {
			t.Errorf("remote(%q) = %q, want %q", in, got, want)
		}
	}
}
