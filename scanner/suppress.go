package scanner

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/petrascan/petrascan/scanner/finding"
)

// An Allow is a key id whose findings are left out of the report.
type Allow struct {
	Key     finding.ID
	Reason  string
	Owner   string    // who answers for it; may be empty
	Expires time.Time // the last day, in UTC, on which it holds; zero: for good
	Origin  string    // where it is written, such as ".petrascan.toml:12", for warnings
	Shared  bool      // it is meant for many repositories: no warning where it is not used
}

// The suppressors, as reports name them.
const (
	byConfig   = "config"
	byBaseline = "baseline"
	byInline   = "inline"
	byExclude  = "exclude"
)

// A ledger is what one author accepted, and what of it was used.
type ledger struct {
	config, baseline map[finding.ID]*entry
	order            []*entry
}

type entry struct {
	Allow
	by      string
	used    bool
	expired bool
}

func newLedger(config, baseline []Allow, now time.Time) *ledger {
	l := &ledger{config: map[finding.ID]*entry{}, baseline: map[finding.ID]*entry{}}
	add := func(to map[finding.ID]*entry, by string, list []Allow) {
		for _, a := range list {
			e := &entry{Allow: a, by: by}
			e.expired = !a.Expires.IsZero() && now.UTC().Format(time.DateOnly) > a.Expires.UTC().Format(time.DateOnly)
			l.order = append(l.order, e)
			// Of two entries for one key the one that still holds counts.
			if have := to[a.Key]; have == nil || have.expired {
				to[a.Key] = e
			}
		}
	}
	add(l.config, byConfig, config)
	add(l.baseline, byBaseline, baseline)
	return l
}

// accepts returns the entry that suppresses the key; nil if none does.
func (l *ledger) accepts(key finding.ID) *entry {
	var by *entry
	for _, list := range [...]map[finding.ID]*entry{l.config, l.baseline} {
		e := list[key]
		if e == nil {
			continue
		}
		e.used = true
		if by == nil && !e.expired {
			by = e
		}
	}
	return by
}

// A withheld sighting is one that was suppressed, and by what.
type withheld struct {
	finding.Sighting
	by     finding.Suppressed // Count is not set
	origin string             // where by is written, if that is known
}

// suppress parts the sightings into those that are reported and those that are
// not.
func (s *Scan) suppress() {
	excluded := s.excluded()
	kept := s.sightings[:0] // never ahead of what is looked at
	for i := range s.sightings {
		x := &s.sightings[i]
		if _, known := s.result.Keys[x.Key]; !known {
			s.result.Keys[x.Key] = x.Secret
		}
		x.Secret = finding.Key{}
		by, origin, ok := s.suppressor(x, excluded[i])
		if !ok {
			kept = append(kept, *x)
			continue
		}
		by.Key = x.Key
		by.Reason, by.Owner = s.mask.Mask(by.Reason), s.mask.Mask(by.Owner)
		s.result.withheld = append(s.result.withheld, withheld{*x, by, origin})
	}
	clear(s.sightings[len(kept):])
	s.sightings = kept
	s.explainSuppressed()
	s.staleEntries()
}

// suppressor says what suppresses a sighting, and where that is written; glob is
// what excludes its path.
func (s *Scan) suppressor(x *finding.Sighting, glob string) (by finding.Suppressed, origin string, ok bool) {
	own := s.territoryOf(x)
	var found *entry
	if e := s.trusted.accepts(x.Key); e != nil {
		found = e
	}
	if own != nil {
		if e := own.ledger.accepts(x.Key); e != nil && found == nil {
			found = e
		}
	}
	switch {
	case found != nil:
		by = finding.Suppressed{By: found.by, Reason: found.Reason, Owner: found.Owner}
		if !found.Expires.IsZero() {
			by.Expires = found.Expires.UTC().Format(time.DateOnly)
		}
		return by, found.Origin, true
	case s.opts.Own != nil && s.opts.OwnFrom == "" && x.Inline != nil && inContent(x.Location):
		if *x.Inline == "" {
			s.warn("%s: petrascan:allow without a reason does nothing; write why the key may stay: petrascan:allow REASON", placeName(x))
			break
		}
		return finding.Suppressed{By: byInline, Reason: *x.Inline}, "", true
	case s.opts.Own != nil && s.opts.OwnFrom == "" && x.Meant != "" && inContent(x.Location):
		s.warn("%s: %q does nothing: did you mean petrascan:allow REASON?", placeName(x), x.Meant)
	case x.Inline != nil && inContent(x.Location):
		s.explain("suppressed: not %s at %s: inline comments are not believed in this scan", masked(x.Masked), placeName(x))
	}
	if glob != "" {
		return finding.Suppressed{By: byExclude, Reason: glob}, "", true
	}
	return by, "", false
}

// inContent tells whether a location is text that people write comments in.
func inContent(l finding.Location) bool {
	switch l {
	case finding.InFile, finding.InBlob, finding.InIndex, finding.InStdin:
		return true
	}
	return false
}

func placeName(x *finding.Sighting) string {
	name := cmp.Or(x.Path, x.Blob, string(x.Location))
	if x.Member != "" {
		name += "!" + x.Member
	}
	if x.Line > 0 {
		name = fmt.Sprintf("%s:%d", name, x.Line)
	}
	return name
}

// excluded returns, for every sighting, the glob that excludes it; empty if
// none does. A blob is excluded if all paths it had are, never while it lies at
// another one, and never when no ref reaches it: no exclude was written for it.
func (s *Scan) excluded() []string {
	type blob struct {
		target int
		id     string
	}
	globs := make([]string, len(s.sightings))
	elsewhere := map[blob]bool{}
	for i := range s.sightings {
		x := &s.sightings[i]
		globs[i] = s.excludedBy(x)
		if globs[i] == "" && (x.Location == finding.InBlob || x.Location == finding.InIndex) {
			for _, id := range x.Blobs {
				elsewhere[blob{x.Target, id}] = true
			}
		}
	}
	for i := range s.sightings {
		x := &s.sightings[i]
		if globs[i] != "" && slices.ContainsFunc(x.Blobs, func(id string) bool { return elsewhere[blob{x.Target, id}] }) {
			s.explain("suppressed: not %s at %s, which %s excludes: the same content lies at a path that is not excluded", masked(x.Masked), placeName(x), globs[i])
			globs[i] = ""
		}
	}
	return globs
}

// excludedBy returns the glob that excludes the path of a sighting by itself.
func (s *Scan) excludedBy(x *finding.Sighting) string {
	if x.Path == "" || x.Reachable != nil && !*x.Reachable {
		return ""
	}
	switch x.Location {
	case finding.InFile, finding.InFileName, finding.InBlob, finding.InIndex:
	default:
		return ""
	}
	path := x.Path
	if _, git := s.repos[x.Target]; git {
		// Of files the walk has left out what is excluded everywhere.
		if glob, ok := s.globs.Match(path); ok {
			return glob
		}
	}
	t := s.territoryOf(x)
	if t == nil {
		return ""
	}
	if root, ok := s.roots[x.Target]; ok {
		rel, err := filepath.Rel(t.dir, filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			return ""
		}
		path = filepath.ToSlash(rel)
	}
	glob, _ := t.exclude.Match(path)
	return glob
}

// staleEntries warns of entries that have expired, and, where everything they
// can be about was searched, of those that no key needs any more.
func (s *Scan) staleEntries() {
	all := s.thorough()
	for _, t := range s.territories {
		s.stale(t.ledger, all && t.whole)
		s.explainLedger(t.ledger, all && t.whole)
		all = all && t.whole
	}
	s.stale(s.trusted, all && len(s.territories) > 0)
	s.explainLedger(s.trusted, all && len(s.territories) > 0)
}

// thorough tells whether nothing in the targets was left out or unread.
func (s *Scan) thorough() bool {
	r := &s.result.Report.Scan
	return !s.incomplete && len(r.Errors) == 0 && len(r.Coverage.Cut) == 0 &&
		len(s.opts.Exclude) == 0 && len(s.opts.Include) == 0 && s.opts.MinConfidence <= finding.Medium
}

func (s *Scan) stale(l *ledger, whole bool) {
	for _, e := range l.order {
		switch {
		case e.expired:
			s.warn("%s: the entry for key %s has expired on %s: %s", e.Origin, e.Key, e.Expires.UTC().Format(time.DateOnly),
				"delete the key in Petra and the entry here, or decide anew")
		case whole && !e.used && !e.Shared:
			s.warn("%s: no finding of key %s is left: remove the entry", e.Origin, e.Key)
		}
	}
}

// accept takes what the user knows of out of what was not searched to the end.
func (s *Scan) accept() {
	c := &s.result.Report.Scan.Coverage
	known := func(u finding.Unread) bool {
		return slices.ContainsFunc(s.opts.Accept, func(a string) bool {
			return a == u.Object || u.Path != "" && doublestar.MatchUnvalidated(a, u.Path)
		})
	}
	for _, list := range [...]*[]finding.Unread{&c.Opaque, &c.Cut} {
		*list = slices.DeleteFunc(*list, func(u finding.Unread) bool {
			if !known(u) {
				return false
			}
			c.Accepted = append(c.Accepted, u)
			return true
		})
	}
}

// Suppressed returns the keys that the report is silent about, since all of
// their findings are suppressed, sorted by id. Their status is worth knowing:
// see [Result.Restore].
func (r *Result) Suppressed() []finding.Exposure {
	reported := map[finding.ID]bool{}
	for i := range r.Report.Keys {
		reported[r.Report.Keys[i].ID] = true
	}
	var silent []finding.Exposure
	at := map[finding.ID]int{}
	for i := range r.withheld {
		if x := &r.withheld[i].Sighting; !reported[x.Key] {
			silent = r.expose(silent, at, &x.Finding, x.Confidence, x.Extent)
		}
	}
	slices.SortFunc(silent, compareKeys)
	return silent
}

// Restore puts the suppressed findings of keys back into the report, since the
// keys turned out to be active: nobody meant to accept that. What the report
// says of other keys, and the status that it gives to any, stays. A warning
// names what had suppressed each.
func (r *Result) Restore(keys ...finding.ID) {
	active := map[finding.ID]bool{}
	for _, key := range keys {
		active[key] = true
	}
	var again []finding.Sighting
	back := map[finding.ID][]string{}
	r.withheld = slices.DeleteFunc(r.withheld, func(w withheld) bool {
		if !active[w.Key] {
			return false
		}
		again = append(again, w.Sighting)
		back[w.Key] = append(back[w.Key], w.by.By)
		return true
	})
	if len(back) == 0 {
		return
	}
	scan := &r.Report.Scan
	for key, by := range back {
		slices.Sort(by)
		scan.Warnings = append(scan.Warnings, fmt.Sprintf("key %s is active, and reported in spite of being suppressed (%s)", key, strings.Join(slices.Compact(by), ", ")))
	}
	slices.Sort(scan.Warnings)
	r.add(again)
	scan.Suppressed = r.suppressed()
}

// add puts sightings into the report, as findings and as what is known of their
// keys. There may be very many: the sightings are let go of before the keys are
// made, so that not all three stand in memory together.
func (r *Result) add(list []finding.Sighting) {
	type mark struct {
		confidence finding.Confidence
		extent     finding.Extent
	}
	report := r.Report
	first := len(report.Findings)
	report.Findings = slices.Grow(report.Findings, len(list))
	marks := make([]mark, len(list))
	for i := range list {
		x := &list[i]
		x.SetFingerprint()
		report.Findings = append(report.Findings, x.Finding)
		marks[i] = mark{x.Confidence, x.Extent}
	}
	distinct := min(len(r.Keys), len(report.Keys)+len(marks))
	report.Keys = slices.Grow(report.Keys, max(0, distinct-len(report.Keys)))
	at := make(map[finding.ID]int, distinct)
	for i := range report.Keys {
		at[report.Keys[i].ID] = i
	}
	for i, m := range marks {
		report.Keys = r.expose(report.Keys, at, &report.Findings[first+i], m.confidence, m.extent)
	}
	slices.SortFunc(report.Findings, compareFindings)
	slices.SortFunc(report.Keys, compareKeys)
}

func compareKeys(a, b finding.Exposure) int { return cmp.Compare(a.ID, b.ID) }

// expose adds one finding to what is known of its key; at says where in keys
// each stands.
func (r *Result) expose(keys []finding.Exposure, at map[finding.ID]int, x *finding.Finding, c finding.Confidence, extent finding.Extent) []finding.Exposure {
	i, ok := at[x.Key]
	if !ok {
		i = len(keys)
		at[x.Key] = i
		e := finding.Exposure{ID: x.Key, Masked: x.Masked}
		if told := r.exposures[x.Key]; told != nil {
			e = *told
		}
		e.Status = finding.Unverified
		keys = append(keys, e)
	}
	e := &keys[i]
	e.Occurrences++
	if c > e.Confidence || c == e.Confidence && (e.Rule == "" || x.Rule < e.Rule) {
		e.Confidence, e.Rule = c, x.Rule
	}
	if e.Extent == "" || extent == finding.Exact {
		e.Extent = extent
	}
	e.InWorktree = e.InWorktree || x.Tracked != "" || x.Location == finding.InFile
	return keys
}

// suppressed counts what is withheld, by key and by what withholds it.
func (r *Result) suppressed() []finding.Suppressed {
	counts := map[finding.Suppressed]int64{}
	for i := range r.withheld {
		counts[r.withheld[i].by]++
	}
	var list []finding.Suppressed
	for by, n := range counts {
		by.Count = n
		list = append(list, by)
	}
	slices.SortFunc(list, func(a, b finding.Suppressed) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.By, b.By), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Expires, b.Expires))
	})
	return list
}
