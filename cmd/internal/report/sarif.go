package report

import (
	"compress/gzip"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// SARIF 2.1.0 (OASIS, errata 01), as GitHub code scanning reads it ("SARIF
// support for code scanning").
const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	home        = "https://github.com/petrascan/petrascan"
	sourceRoot  = "%SRCROOT%"
)

// A sarifLimits is what a file may hold at most.
type sarifLimits struct {
	results       int
	bytes         int // after gzip
	notifications int
}

// GitHub refuses a file above its limits. It has none for notifications, but
// one is needed.
var githubLimits = sarifLimits{results: 25_000, bytes: 10_000_000, notifications: 5_000}

type (
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifMessage struct {
		Text      string   `json:"text"`
		ID        string   `json:"id,omitempty"`
		Arguments []string `json:"arguments,omitempty"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string            `json:"name"`
		FullName        string            `json:"fullName"`
		Version         string            `json:"version"`
		SemanticVersion string            `json:"semanticVersion,omitempty"`
		InformationURI  string            `json:"informationUri"`
		Rules           []sarifDescriptor `json:"rules"`
		Notifications   []sarifDescriptor `json:"notifications"`
	}
	sarifDescriptor struct {
		ID               string               `json:"id"`
		Name             string               `json:"name"`
		ShortDescription sarifText            `json:"shortDescription"`
		FullDescription  sarifText            `json:"fullDescription"`
		HelpURI          string               `json:"helpUri,omitempty"`
		Help             sarifText            `json:"help"`
		MessageStrings   map[string]sarifText `json:"messageStrings,omitempty"`
		Default          *sarifDefault        `json:"defaultConfiguration,omitempty"`
		Properties       *sarifRuleProperties `json:"properties,omitempty"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifRuleProperties struct {
		Tags             []string `json:"tags"`
		Precision        string   `json:"precision"`
		SecuritySeverity string   `json:"security-severity"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndLine     int        `json:"endLine,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
		Context  *sarifRegion  `json:"contextRegion,omitempty"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Kind                string            `json:"kind"`
		Level               string            `json:"level"`
		Message             sarifMessage      `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
		Properties          sarifProperties   `json:"properties"`
	}
	sarifProperties struct {
		Fingerprint string   `json:"petra/fingerprint"`
		Status      string   `json:"petra/status"`
		Confidence  string   `json:"petra/confidence"`
		Location    string   `json:"petra/location"`
		InWorkTree  bool     `json:"petra/inWorkTree"`
		Path        string   `json:"petra/path,omitempty"` // where the URI is a stand-in
		Member      string   `json:"petra/member,omitempty"`
		MemberLine  int      `json:"petra/memberLine,omitempty"`
		Layers      []string `json:"petra/layers,omitempty"`
		Commit      string   `json:"petra/commit,omitempty"`
		Date        string   `json:"petra/date,omitempty"`
		Permalink   string   `json:"petra/permalink,omitempty"`
		Blob        string   `json:"petra/blob,omitempty"`
		Reachable   *bool    `json:"petra/reachable,omitempty"`
		Created     string   `json:"petra/createdNoLaterThan,omitempty"`
	}
	sarifProvenance struct {
		RepositoryURI string         `json:"repositoryUri"`
		RevisionID    string         `json:"revisionId,omitempty"`
		Branch        string         `json:"branch,omitempty"`
		MappedTo      *sarifBaseOnly `json:"mappedTo,omitempty"`
	}
	sarifBaseOnly struct {
		URIBaseID string `json:"uriBaseId"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		ExitCode      int                 `json:"exitCode"`
		Description   string              `json:"exitCodeDescription"`
		Start         string              `json:"startTimeUtc,omitempty"`
		End           string              `json:"endTimeUtc,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Descriptor sarifReference  `json:"descriptor"`
		Level      string          `json:"level"`
		Message    sarifMessage    `json:"message"`
		Locations  []sarifLocation `json:"locations,omitempty"`
	}
	sarifReference struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
)

// A sarifRun makes the one run of a SARIF file.
type sarifRun struct {
	*view
	limits sarifLimits
}

func writeSARIF(w io.Writer, r *finding.Report, o Options) error {
	return sarifRun{newView(r, o), githubLimits}.writeTo(w)
}

func (s sarifRun) writeTo(w io.Writer) error {
	results := worstFirst(s.report, s.keys)
	if s.options.OmitHistory {
		kept := results[:0]
		for _, f := range results {
			if f.Location == finding.InStdin || f.Location == finding.InGitFile || checkedOut(f, s.keys[f.Key]) {
				kept = append(kept, f)
			}
		}
		results = kept
	}
	return s.write(w, results, s.fit(results))
}

// fit returns how many of the results a file within the limits can hold.
func (s sarifRun) fit(results []*finding.Finding) int {
	const most = 2048 // bytes that a result takes after gzip, and more
	keep := min(len(results), s.limits.results)
	for keep*most > s.limits.bytes {
		var size counter
		z, _ := gzip.NewWriterLevel(&size, gzip.BestSpeed) // packs less than any upload does
		if s.write(z, results, keep) != nil || z.Close() != nil || int(size) <= s.limits.bytes {
			break
		}
		keep = int(int64(keep) * int64(s.limits.bytes) / int64(size) * 9 / 10)
	}
	return keep
}

// A counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// write writes the first keep results.
func (s sarifRun) write(w io.Writer, results []*finding.Finding, keep int) error {
	d := &jsonDoc{w: w}
	d.open('{')
	d.field("$schema", sarifSchema)
	d.field("version", "2.1.0")
	d.key("runs")
	d.open('[')
	d.item()
	d.open('{')
	d.field("tool", s.tool())
	if c := strings.Trim(s.options.SARIFCategory, "/"); c != "" {
		d.field("automationDetails", map[string]string{"id": c + "/"})
	}
	d.field("columnKind", "utf16CodeUnits")
	d.field("originalUriBaseIds", map[string]any{sourceRoot: map[string]any{
		"description": sarifText{Text: "The root of what was scanned."},
	}})
	if p := s.provenance(); len(p) > 0 {
		d.field("versionControlProvenance", p)
	}
	d.field("invocations", []sarifInvocation{s.invocation(len(results) - keep)})
	d.key("results")
	d.open('[')
	for _, f := range results[:keep] {
		d.item()
		d.value(s.result(f))
	}
	d.close(']')
	d.close('}')
	d.close(']')
	d.close('}')
	d.write([]byte("\n"))
	return d.err
}

var semantic = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func (s sarifRun) tool() sarifTool {
	version := strings.TrimPrefix(s.report.Tool.Version, "v")
	if version == "" {
		version = "unknown"
	}
	d := sarifDriver{
		Name: "petrascan", FullName: "petrascan " + version, Version: version,
		InformationURI: home, Rules: sarifRules, Notifications: sarifNotifications,
	}
	if semantic.MatchString(version) {
		d.SemanticVersion = version
	}
	return sarifTool{d}
}

func (s sarifRun) provenance() []sarifProvenance {
	var all []sarifProvenance
	for _, t := range s.report.Scan.Targets {
		if uri := remote(t.URL); uri != "" {
			all = append(all, sarifProvenance{RepositoryURI: uri, RevisionID: t.Head, Branch: Clean(t.Branch)})
		}
	}
	if len(all) == 1 {
		all[0].MappedTo = &sarifBaseOnly{sourceRoot}
	}
	return all
}

func (s sarifRun) result(f *finding.Finding) sarifResult {
	e := s.keys[f.Key]
	v := verdictOf(e)
	here := checkedOut(f, e)
	_, real := standIn(f)
	r := sarifResult{
		RuleID: sarifRules[v].ID, RuleIndex: int(v), Kind: "fail", Level: sarifLevel(v.severity()),
		Message:   s.message(v, f, here),
		Locations: []sarifLocation{{s.physical(f)}},
		// The key id tells two keys on one line apart.
		PartialFingerprints: map[string]string{"petraKey/v1": string(f.Key)},
		Properties: sarifProperties{
			Fingerprint: f.Fingerprint, Status: string(e.Status), Confidence: e.Confidence.String(),
			Location: string(f.Location), InWorkTree: here, Member: Clean(f.Member), Layers: f.Layers,
			Commit: f.Commit, Date: f.Date, Permalink: s.commitPage(f), Blob: f.Blob, Reachable: f.Reachable,
		},
	}
	if !here && len(f.Fingerprint) >= 16 {
		// For the checked-out tree the upload hashes the line itself. Elsewhere
		// it cannot, or would hash another line than the one meant.
		r.PartialFingerprints["primaryLocationLineHash"] = f.Fingerprint[:16] + ":1"
	}
	if !real {
		r.Properties.Path = Clean(f.Path)
	}
	if f.Member != "" {
		r.Properties.MemberLine = f.Line
	}
	if e.CreatedNoLaterThan != nil {
		r.Properties.Created = *e.CreatedNoLaterThan
	}
	return r
}

func (s sarifRun) message(v verdict, f *finding.Finding, here bool) sarifMessage {
	masked, at := Clean(f.Masked), s.place(f)
	if here || f.Commit == "" {
		return sarifMessage{
			v.subject() + " '" + sarifLiteral(masked) + "' was found in '" + sarifLiteral(at) + "'.",
			"default", []string{masked, at},
		}
	}
	commit, date := short(f.Commit), day(f.Date)
	return sarifMessage{
		v.subject() + " '" + sarifLiteral(masked) + "' was found in history, in '" + sarifLiteral(at) + "' since commit '" + commit + "' of '" + sarifLiteral(date) + "'.",
		"history", []string{masked, at, commit, date},
	}
}

// sarifLiteral keeps text in a message from being read as a placeholder (SARIF
// 3.11.5) or an embedded link (3.11.6).
func sarifLiteral(s string) string {
	s = strings.NewReplacer("{", "{{", "}", "}}").Replace(s)
	if strings.Contains(s, "](") {
		s = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(s)
	}
	return s
}

// nowhere is the region of results that have no line: GitHub wants one.
var nowhere = sarifRegion{StartLine: 1, StartColumn: 1, EndLine: 1, EndColumn: 2}

func (s sarifRun) physical(f *finding.Finding) sarifPhysical {
	p := sarifPhysical{Artifact: sarifArtifact{escapePath(s.file(f)), sourceRoot}, Region: &nowhere}
	switch f.Location {
	case finding.InFile, finding.InIndex, finding.InBlob, finding.InGitFile:
	default:
		return p
	}
	if f.Line <= 0 || f.Member != "" || f.Path == "" {
		return p
	}
	p.Region = &sarifRegion{
		StartLine: f.Line, StartColumn: max(f.Column, 1),
		EndLine: max(f.EndLine, f.Line), EndColumn: max(f.EndColumn, 1),
		Snippet: &sarifText{Text: Clean(f.Masked)},
	}
	if p.Region.EndLine == f.Line {
		p.Region.EndColumn = max(f.EndColumn, p.Region.StartColumn+1)
	}
	if sn := f.Snippet; sn != nil {
		last := sn.StartLine + strings.Count(strings.TrimSuffix(sn.Text, "\n"), "\n")
		if sn.StartLine <= f.Line && last >= p.Region.EndLine {
			p.Context = &sarifRegion{StartLine: sn.StartLine, EndLine: last, Snippet: &sarifText{Text: cleanLines(sn.Text)}}
		}
	}
	return p
}

// escapePath percent-encodes all but the unreserved characters of RFC 3986 and
// the slash. Bytes that are not UTF-8 become U+FFFD, since the upload decodes
// URIs by JavaScript's decodeURIComponent, which fails on anything else.
func escapePath(p string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(p, "\ufffd")) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func (s sarifRun) invocation(leftOut int) sarifInvocation {
	r := s.report
	i := sarifInvocation{
		Successful: r.Scan.Complete, ExitCode: s.options.ExitStatus,
		Description: exitWords(s.options.ExitStatus), Notifications: s.notifications(leftOut),
	}
	if start := instant(r.Scan.Started); !start.IsZero() {
		i.Start = start.UTC().Format(time.RFC3339)
		i.End = start.Add(time.Duration(r.Scan.ElapsedMS) * time.Millisecond).UTC().Format(time.RFC3339)
	}
	return i
}

func exitWords(status int) string {
	switch status {
	case 0:
		return "nothing found"
	case 1:
		return "found keys"
	case 2:
		return "incomplete, or wrong usage"
	case 3:
		return "found keys, and incomplete"
	}
	return "interrupted, status " + strconv.Itoa(status)
}

func (s sarifRun) notifications(leftOut int) []sarifNotification {
	all := []sarifNotification{}
	add := func(n int, level, text string, locations ...sarifLocation) {
		all = append(all, sarifNotification{
			sarifReference{sarifNotifications[n].ID, n}, level,
			sarifMessage{Text: sarifLiteral(text) + "."}, locations,
		})
	}
	r, c := s.report, &s.report.Scan.Coverage
	if leftOut > 0 {
		add(noteLeftOut, "warning", plural(leftOut, "result")+" left out to stay within GitHub's limits; the worst were kept")
	}
	at := func(target int, p string) []sarifLocation {
		if p == "" {
			return nil
		}
		return []sarifLocation{{sarifPhysical{Artifact: sarifArtifact{escapePath(s.joined(p, target)), sourceRoot}}}}
	}
	sentence := func(start, subject, reason string) string {
		if subject != "" {
			start += " '" + subject + "'"
		}
		return start + ": " + strings.TrimRight(Clean(reason), ".")
	}
	for _, e := range r.Scan.Errors {
		add(noteUnreadable, "error", sentence("Could not read", subjectOf(e.Path, "", e.Object), e.Reason), at(e.Target, e.Path)...)
	}
	for _, u := range c.Cut {
		add(noteCut, "error", sentence("Stopped at a limit in", subjectOf(u.Path, u.Member, u.Object), u.Reason), at(u.Target, u.Path)...)
	}
	for _, u := range c.Opaque {
		add(noteOpaque, "warning", sentence("Could not open", subjectOf(u.Path, u.Member, u.Object), u.Reason), at(u.Target, u.Path)...)
	}
	for _, a := range c.Absent {
		add(noteAbsent, "note", "Absent: "+absence(a))
	}
	for _, w := range r.Scan.Warnings {
		add(noteWarning, "warning", strings.TrimRight(Clean(w), "."))
	}
	for _, x := range r.Scan.Suppressed {
		add(noteSuppressed, "note", "Suppressed: "+strings.TrimRight(suppressedLine(x), "."))
	}
	if n := len(all) - s.limits.notifications; n > 0 {
		all = all[:s.limits.notifications]
		add(noteLeftOut, "warning", plural(n, "notification")+" left out")
	}
	return all
}

func sarifLevel(s severity) string {
	return [...]string{note: "note", warning: "warning", failure: "error"}[s]
}
