package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Criteria say which findings of a report are wanted. A zero member wants all.
type Criteria struct {
	Statuses      []finding.Status
	MinConfidence finding.Confidence
	Locations     []finding.Location
	Paths         []string // doublestar globs on slash paths as the report has them
	Keys          []string // beginnings of key ids
	Present       bool     // only keys that HEAD or the work tree still hold
}

// Filter returns a report with the findings that meet all criteria and the keys
// they are of. What was read is told unchanged, and a warning says that the
// report is filtered, so that an empty one is not taken for a clean scan. The
// result shares memory with r.
func Filter(r *finding.Report, c Criteria) (*finding.Report, error) {
	for _, glob := range c.Paths {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("bad glob %q: see the patterns of doublestar", glob)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	of := exposures(r)
	var kept []finding.Finding
	for i := range r.Findings {
		if c.want(&r.Findings[i], of[r.Findings[i].Key]) {
			kept = append(kept, r.Findings[i])
		}
	}
	part := with(r, kept)
	if left := len(r.Findings) - len(kept); left > 0 {
		part.Scan.Warnings = append(part.Scan.Warnings, fmt.Sprintf("filtered: %s of %s left out", count(left), plural(len(r.Findings), "finding")))
	}
	return part, nil
}

// check returns an error for what no report has: nothing would be left of any, as
// if nothing had been found.
func (c *Criteria) check() error {
	statuses := []string{string(finding.Active), string(finding.Deleted), string(finding.Unknown), string(finding.Unverified)}
	for _, s := range c.Statuses {
		if err := oneOf("status", string(s), statuses); err != nil {
			return err
		}
	}
	var locations []string
	for _, l := range []finding.Location{
		finding.InFile, finding.InFileName, finding.InStdin, finding.InIndex, finding.InBlob, finding.InCommitMessage, finding.InCommitHeader,
		finding.InTagMessage, finding.InTagHeader, finding.InNote, finding.InRefName, finding.InReflog, finding.InGitFile,
	} {
		locations = append(locations, string(l))
	}
	for _, l := range c.Locations {
		if err := oneOf("location", string(l), locations); err != nil {
			return err
		}
	}
	for _, id := range c.Keys {
		if id == "" || len(id) > 64 || strings.Trim(strings.ToLower(id), "0123456789abcdef") != "" {
			return fmt.Errorf("%q does not begin a key id: want hexadecimal digits, 64 at most", id)
		}
	}
	return nil
}

// oneOf returns an error unless the value is one of the names.
func oneOf(what, value string, names []string) error {
	if slices.Contains(names, value) {
		return nil
	}
	hint := ""
	if near := Nearest(value, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("unknown %s %q (want %s)%s", what, value, Enumerate(names, "or"), hint)
}

func (c *Criteria) want(f *finding.Finding, e *finding.Exposure) bool {
	matches := func(glob string) bool { return f.Path != "" && doublestar.MatchUnvalidated(glob, f.Path) }
	begins := func(id string) bool { return id != "" && strings.HasPrefix(string(e.ID), strings.ToLower(id)) }
	switch {
	case len(c.Statuses) > 0 && !slices.Contains(c.Statuses, e.Status),
		e.Confidence < c.MinConfidence,
		len(c.Locations) > 0 && !slices.Contains(c.Locations, f.Location),
		len(c.Paths) > 0 && !slices.ContainsFunc(c.Paths, matches),
		len(c.Keys) > 0 && !slices.ContainsFunc(c.Keys, begins),
		c.Present && !e.InHead && !e.InWorktree:
		return false
	}
	return true
}
