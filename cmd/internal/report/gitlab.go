package report

import (
	"io"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// GitLab's secret-detection report (security-report-schemas, version 15.2.1).
const (
	gitlabVersion = "15.2.1"
	gitlabSchema  = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.2.1/dist/secret-detection-report-format.json"
	gitlabTime    = "2006-01-02T15:04:05"
)

type (
	gitlabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		URL     string       `json:"url"`
		Vendor  gitlabVendor `json:"vendor"`
		Version string       `json:"version"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabScan struct {
		Analyzer gitlabTool      `json:"analyzer"`
		Scanner  gitlabTool      `json:"scanner"`
		Type     string          `json:"type"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Status   string          `json:"status"`
		Messages []gitlabMessage `json:"messages"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabCommit struct {
		SHA    string `json:"sha"`
		Author string `json:"author,omitempty"`
		Date   string `json:"date,omitempty"`
	}
	gitlabLocation struct {
		File      string       `json:"file"`
		Commit    gitlabCommit `json:"commit"`
		StartLine int          `json:"start_line"`
		EndLine   int          `json:"end_line,omitempty"`
	}
	gitlabVulnerability struct {
		ID          string             `json:"id"`
		Category    string             `json:"category"`
		Name        string             `json:"name"`
		Description string             `json:"description"`
		Severity    string             `json:"severity"`
		Confidence  string             `json:"confidence"`
		Solution    string             `json:"solution"`
		Scanner     gitlabReference    `json:"scanner"`
		Identifiers []gitlabIdentifier `json:"identifiers"`
		Location    gitlabLocation     `json:"location"`
		Extract     string             `json:"raw_source_code_extract,omitempty"`
	}
	gitlabReference struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

var gitlabSeverity = [...]string{isActive: "Critical", isUnverified: "High", isSplit: "Medium", isDeleted: "Low", isPartial: "Info"}

func writeGitLab(w io.Writer, r *finding.Report, o Options) error {
	v := newView(r, o)
	version := r.Tool.Version
	if version == "" {
		version = "unknown"
	}
	tool := gitlabTool{"petrascan", "petrascan", home, gitlabVendor{"petrascan"}, Clean(version)}
	start := instant(r.Scan.Started).UTC()
	scan := gitlabScan{
		Analyzer: tool, Scanner: tool, Type: "secret_detection", Status: "success",
		Start:    start.Format(gitlabTime),
		End:      start.Add(time.Duration(r.Scan.ElapsedMS) * time.Millisecond).Format(gitlabTime),
		Messages: []gitlabMessage{},
	}
	if !r.Scan.Complete {
		// "failure" would make GitLab drop the findings.
		scan.Messages = append(scan.Messages, gitlabMessage{"warn", incomplete(r)})
	}
	d := &jsonDoc{w: w}
	d.open('{')
	d.field("version", gitlabVersion)
	d.field("schema", gitlabSchema)
	d.field("scan", scan)
	d.key("vulnerabilities")
	d.open('[')
	for _, f := range worstFirst(r, v.keys) {
		d.item()
		d.value(v.vulnerability(f))
	}
	d.close(']')
	d.close('}')
	d.write([]byte("\n"))
	return d.err
}

func (v *view) vulnerability(f *finding.Finding) gitlabVulnerability {
	e, verdict := v.keys[f.Key], v.verdict(f)
	rule := sarifRules[verdict]
	out := gitlabVulnerability{
		ID: f.Fingerprint, Category: "secret_detection", Name: verdict.subject(),
		Description: verdict.subject() + " " + CodeSpan(Clean(f.Masked)) + " in " + CodeSpan(v.place(f)) + ": " + statusWord(e.Status) + ", " + traits(e) + ".",
		Severity:    gitlabSeverity[verdict], Confidence: title(e.Confidence.String()), Solution: verdict.advice(),
		Scanner: gitlabReference{"petrascan", "petrascan"},
		Identifiers: []gitlabIdentifier{
			{"petrascan_rule_id", "petrascan " + rule.ID, rule.ID, rule.HelpURI},
			{"cwe", "CWE-798", "798", "https://cwe.mitre.org/data/definitions/798.html"},
		},
		Location: gitlabLocation{File: Clean(v.file(f)), Commit: gitlabCommit{SHA: f.Commit}, StartLine: max(f.Line, 1)},
		Extract:  Clean(f.Masked),
	}
	if f.Member == "" {
		out.Location.EndLine = max(f.EndLine, f.Line, 1)
	} else {
		out.Location.StartLine = 1
	}
	if f.Commit == "" {
		// The schema wants a commit. GitLab's own analyzer has this one for
		// content that is in none.
		out.Location.Commit.SHA = "0000000"
		return out
	}
	out.Location.Commit.Author, out.Location.Commit.Date = Clean(f.Author), Clean(f.Date)
	return out
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
