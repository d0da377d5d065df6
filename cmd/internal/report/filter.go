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
