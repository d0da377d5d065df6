package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// The runner of GitHub Actions shows ten annotations of each level a step.
const githubMost = 10

var githubLevels = [...]string{note: "notice", warning: "warning", failure: "error"}

// writeGitHub writes workflow commands (GitHub, "Workflow commands for GitHub
// Actions") that annotate the worst findings, at most ten of a level, and a
// line that counts them all. A run that is incomplete takes one of the errors.
func writeGitHub(w io.Writer, r *finding.Report, o Options) error {
	v := newView(r, o)
	var shown [len(githubLevels)]int
	hidden := 0
	var b strings.Builder
	if !r.Scan.Complete {
		shown[failure]++
		b.WriteString("::error title=petrascan is incomplete::" + githubData(actionSafe(incomplete(r))) + "\n")
	}
	for _, f := range worstFirst(r, v.keys) {
		e, verdict := v.keys[f.Key], v.verdict(f)
		level := verdict.severity()
		if shown[level] == githubMost {
			hidden++
			continue
		}
		shown[level]++
		b.WriteString("::" + githubLevels[level] + " ")
		if p := f.Path; checkedOut(f, e) && p != "" {
			b.WriteString("file=" + githubProperty(v.joined(p, f.Target)) + ",")
			if f.Line > 0 && f.Member == "" {
				b.WriteString("line=" + strconv.Itoa(f.Line) + ",endLine=" + strconv.Itoa(max(f.Line, f.EndLine)) + ",")
				if f.EndLine == f.Line && f.Column > 0 {
					b.WriteString("col=" + strconv.Itoa(f.Column) + ",endColumn=" + strconv.Itoa(max(f.EndColumn, f.Column+1)) + ",")
				}
			}
		}
		b.WriteString("title=" + githubProperty(verdict.subject()) + "::")
		text := Clean(f.Masked) + " (" + statusWord(e.Status) + ", " + traits(e) + ") in " + v.place(f)
		if f.Commit != "" {
			text += ", since commit " + short(f.Commit) + " of " + day(f.Date)
		}
		b.WriteString(githubData(actionSafe(text+". "+verdict.advice())) + "\n")
	}
	b.WriteString("petrascan: " + total(r))
	if hidden > 0 {
		fmt.Fprintf(&b, " %s not annotated: see the summary or another format.", plural(hidden, "place"))
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// incomplete says in one sentence how much was not read.
func incomplete(r *finding.Report) string {
	c := &r.Scan.Coverage
	var parts []string
	if n := len(r.Scan.Errors); n > 0 {
		parts = append(parts, plural(n, "item")+" could not be read")
	}
	if n := len(c.Cut); n > 0 {
		parts = append(parts, plural(n, "item")+" exceeded a limit")
	}
	if n := len(c.Opaque); n > 0 {
		parts = append(parts, plural(n, "container")+" could not be opened")
	}
	for _, a := range c.Absent {
		if a.Count > 0 {
			parts = append(parts, absence(a))
		}
	}
	if len(parts) == 0 {
		return "Incomplete: what was not read may hold keys."
	}
	return "Incomplete: " + Enumerate(parts, "and") + "; what was not read may hold keys."
}

// githubData escapes the message of a workflow command.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// githubProperty escapes a property of a workflow command. Controls are kept
// out as well: the runner knows no escape for them.
func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C", "##[", "#%23[").Replace(Clean(s))
}
