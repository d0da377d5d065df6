package report

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Merge makes one report of several: runs over other repositories, or over
// parts of one. Targets that are told alike become one, and so do findings with
// one fingerprint in it. Of a key the newest verdict counts, the earliest
// sighting and the latest; what was read adds up, and the whole is complete if
// all parts are. The parts are not changed.
func Merge(reports ...*finding.Report) (*finding.Report, error) {
	if len(reports) == 0 {
		return nil, errors.New("merge: no report given")
	}
	m := merger{
		out:  &finding.Report{SchemaVersion: finding.SchemaVersion, Tool: reports[0].Tool},
		seen: make(map[placeID]int), keys: make(map[finding.ID]*finding.Exposure),
		absent: make(map[string]int64),
	}
	scan := &m.out.Scan
	scan.Command, scan.Complete = reports[0].Scan.Command, true
	scan.Range = reports[0].Scan.Range
	for _, r := range reports {
		m.add(r)
		if r.Tool.Rules != m.out.Tool.Rules {
			m.warn("merged from runs with different rules")
		}
		if r.Scan.Command != scan.Command {
			scan.Command = "merge"
		}
		if !reflect.DeepEqual(r.Scan.Range, scan.Range) {
			scan.Range = nil
			m.warn("merged from runs over different ranges of commits")
		}
	}
	m.finish()
	return m.out, nil
}

type placeID struct {
	target      int
	fingerprint string
}

type merger struct {
	out    *finding.Report
	seen   map[placeID]int // index of the finding in out
	keys   map[finding.ID]*finding.Exposure
	absent map[string]int64
}

func (m *merger) warn(text string) {
	if !slices.Contains(m.out.Scan.Warnings, text) {
		m.out.Scan.Warnings = append(m.out.Scan.Warnings, text)
	}
}

func (m *merger) add(r *finding.Report) {
	scan := &m.out.Scan
	ids := make(map[int]int)
	for _, t := range r.Scan.Targets {
		old := t.ID
		t.ID = slices.IndexFunc(scan.Targets, func(have finding.Target) bool {
			have.ID = t.ID
			return have == t
		})
		if t.ID < 0 {
			t.ID = len(scan.Targets)
			scan.Targets = append(scan.Targets, t)
		}
		ids[old] = t.ID
	}
	for _, f := range r.Findings {
		f.Target = ids[f.Target]
		id := placeID{f.Target, f.Fingerprint}
		if _, ok := m.seen[id]; ok {
			continue
		}
		m.seen[id] = len(m.out.Findings)
		m.out.Findings = append(m.out.Findings, f)
	}
	for i := range r.Keys {
		m.key(&r.Keys[i])
	}
	for _, e := range r.Scan.Errors {
		e.Target = ids[e.Target]
		scan.Errors = append(scan.Errors, e)
	}
	for _, w := range r.Scan.Warnings {
		m.warn(w)
	}
	scan.Suppressed = append(scan.Suppressed, r.Scan.Suppressed...)
	scan.Complete = scan.Complete && r.Scan.Complete
	scan.ElapsedMS += r.Scan.ElapsedMS
	if scan.Started == "" || older(instant(r.Scan.Started), instant(scan.Started)) < 0 {
		scan.Started = r.Scan.Started
	}
	m.coverage(&r.Scan.Coverage, ids)
}

func (m *merger) coverage(c *finding.Coverage, ids map[int]int) {
	sum := &m.out.Scan.Coverage
	sum.Files += c.Files
	sum.Bytes += c.Bytes
	sum.Containers += c.Containers
	for _, x := range []struct{ sum, part *finding.ObjectCount }{
		{&sum.Objects.Blob, &c.Objects.Blob}, {&sum.Objects.Commit, &c.Objects.Commit},
		{&sum.Objects.Tag, &c.Objects.Tag}, {&sum.Objects.Tree, &c.Objects.Tree},
	} {
		x.sum.Present += x.part.Present
		x.sum.Read += x.part.Read
	}
	for _, a := range c.Absent {
		m.absent[a.What] += a.Count
	}
	for _, x := range []struct{ sum, part *[]finding.Unread }{{&sum.Opaque, &c.Opaque}, {&sum.Cut, &c.Cut}, {&sum.Accepted, &c.Accepted}} {
		for _, u := range *x.part {
			u.Target = ids[u.Target]
			*x.sum = append(*x.sum, u)
		}
	}
	left, part := &sum.LeftOut, &c.LeftOut
	left.Exclude += part.Exclude
	left.Gitignore += part.Gitignore
	left.Symlink += part.Symlink
	left.OtherFilesystem += part.OtherFilesystem
	left.Special += part.Special
	left.LowConfidence += part.LowConfidence
}

func (m *merger) key(e *finding.Exposure) {
	have := m.keys[e.ID]
	if have == nil {
		k := *e
		m.keys[e.ID] = &k
		return
	}
	if newer(e, have) {
		have.Status, have.StatusReason, have.Checked, have.Proven = e.Status, e.StatusReason, e.Checked, e.Proven
	}
	if e.Confidence > have.Confidence {
		have.Confidence, have.Rule, have.Extent, have.Masked = e.Confidence, e.Rule, e.Extent, e.Masked
	}
	have.FirstSeen = earlier(have.FirstSeen, e.FirstSeen)
	have.LastSeen = later(have.LastSeen, e.LastSeen)
	have.InHead = have.InHead || e.InHead
	have.InWorktree = have.InWorktree || e.InWorktree
	have.Removed = later(have.Removed, e.Removed)
	if have.InHead {
		have.Removed = nil
	}
	have.Authors = union(have.Authors, e.Authors)
	reach, more := &have.ReachableFrom, &e.ReachableFrom
	reach.Refs = union(reach.Refs, more.Refs)
	reach.Worktrees = union(reach.Worktrees, more.Worktrees)
	reach.Reflogs = union(reach.Reflogs, more.Reflogs)
	reach.Stash = union(reach.Stash, more.Stash)
	if c := e.CreatedNoLaterThan; c != nil && (have.CreatedNoLaterThan == nil || older(instant(*c), instant(*have.CreatedNoLaterThan)) < 0) {
		have.CreatedNoLaterThan = c
	}
}

// newer reports whether a's verdict outweighs b's: one that was asked for over
// one that was not, then the later one.
func newer(a, b *finding.Exposure) bool {
	if a.Checked != "" && b.Checked != "" {
		return instant(a.Checked).After(instant(b.Checked))
	}
	return a.Checked != ""
}

func earlier(a, b *finding.Moment) *finding.Moment {
	if a == nil || b != nil && older(instant(b.CommitDate), instant(a.CommitDate)) < 0 {
		return b
	}
	return a
}

func later(a, b *finding.Moment) *finding.Moment {
	if a == nil || b != nil && instant(b.CommitDate).After(instant(a.CommitDate)) {
		return b
	}
	return a
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func (m *merger) finish() {
	out := m.out
	for _, what := range slices.Sorted(maps.Keys(m.absent)) {
		out.Scan.Coverage.Absent = append(out.Scan.Coverage.Absent, finding.Absent{What: what, Count: m.absent[what]})
	}
	for _, k := range m.keys {
		k.Occurrences = 0
	}
	for i := range out.Findings {
		if k := m.keys[out.Findings[i].Key]; k != nil {
			k.Occurrences++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.keys)) {
		out.Keys = append(out.Keys, *m.keys[id])
	}
	slices.SortStableFunc(out.Findings, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Member, b.Member),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
}
