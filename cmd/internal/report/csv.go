package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

type csvColumn struct {
	title string
	cell  func(f *finding.Finding, e *finding.Exposure, o Options) string
}

var csvColumns = []csvColumn{
	{"key", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return string(f.Key) }},
	{"masked", func(f *finding.Finding, _ *finding.Exposure, o Options) string {
		text, _ := o.keyText(f.Key, f.Masked)
		return text
	}},
	{"status", func(_ *finding.Finding, e *finding.Exposure, _ Options) string { return string(e.Status) }},
	{"confidence", func(_ *finding.Finding, e *finding.Exposure, _ Options) string { return e.Confidence.String() }},
	{"rule", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Rule }},
	{"target", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return strconv.Itoa(f.Target) }},
	{"location", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return string(f.Location) }},
	{"path", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Path }},
	{"member", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Member }},
	{"line", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return number(f.Line) }},
	{"column", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return number(f.Column) }},
	{"end_line", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return number(f.EndLine) }},
	{"end_column", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return number(f.EndColumn) }},
	{"layers", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return strings.Join(f.Layers, ">") }},
	{"tracked", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return string(f.Tracked) }},
	{"commit", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Commit }},
	{"author", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Author }},
	{"date", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Date }},
	{"removed", func(f *finding.Finding, _ *finding.Exposure, _ Options) string {
		if f.Removed == nil {
			return ""
		}
		return f.Removed.CommitDate
	}},
	{"blob", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Blob }},
	{"reachable", func(f *finding.Finding, _ *finding.Exposure, _ Options) string {
		if f.Reachable == nil {
			return ""
		}
		return strconv.FormatBool(*f.Reachable)
	}},
	{"versions", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return number(f.Versions) }},
	{"in_head", func(_ *finding.Finding, e *finding.Exposure, _ Options) string { return strconv.FormatBool(e.InHead) }},
	{"in_worktree", func(_ *finding.Finding, e *finding.Exposure, _ Options) string {
		return strconv.FormatBool(e.InWorktree)
	}},
	{"created_no_later_than", func(_ *finding.Finding, e *finding.Exposure, _ Options) string {
		if e.CreatedNoLaterThan == nil {
			return ""
		}
		return *e.CreatedNoLaterThan
	}},
	{"fingerprint", func(f *finding.Finding, _ *finding.Exposure, _ Options) string { return f.Fingerprint }},
}

// writeCSV writes a header and one record a finding (RFC 4180, with line feeds
// only).
func writeCSV(w io.Writer, r *finding.Report, o Options) error {
	out := csv.NewWriter(w)
	record := make([]string, len(csvColumns))
	for i, c := range csvColumns {
		record[i] = c.title
	}
	if err := out.Write(record); err != nil {
		return err
	}
	of := exposures(r)
	for i := range r.Findings {
		f := &r.Findings[i]
		for j, c := range csvColumns {
			record[j] = csvCell(c.cell(f, of[f.Key], o))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// csvCell keeps a spreadsheet from taking text for a formula (OWASP, "CSV
// Injection"): an apostrophe goes before what would begin one, full-width forms
// included, also behind spaces. Tabs and line ends are escaped by Clean.
func csvCell(s string) string {
	s = Clean(s)
	if strings.ContainsAny(firstRune(strings.TrimLeft(s, " \u00a0")), "=+-@＝＋－＠|%") {
		return "'" + s
	}
	return s
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}
