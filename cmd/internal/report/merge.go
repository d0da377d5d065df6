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
// all parts are. Of runs over the same targets and commits, with the same HEAD,
// what was read is the larger number, as the one adds nothing to the other; where
// runs share some targets only, a warning says that they count for each. The parts
// are not changed.
func Merge(reports ...*finding.Report) (*finding.Report, error) {
	if len(reports) == 0 {
		return nil, errors.New("merge: no report given")
	}
	m := merger{
		out:  &finding.Report{SchemaVersion: finding.SchemaVersion, Tool: reports[0].Tool},
		seen: make(map[placeID]int), keys: make(map[finding.ID]*finding.Exposure),
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
	out   *finding.Report
	seen  map[placeID]int // index of the finding in out
	keys  map[finding.ID]*finding.Exposure
	parts []*part
}

// A part is what one of the merged runs looked at, and others that looked at the
// same.
type part struct {
	targets    []finding.Target // with their ids in the whole, sorted
	limits     *finding.Range
	coverage   finding.Coverage
	suppressed []finding.Suppressed
}

// part returns the part that looked at the same, or a new one: what comes through
// a pipe alone is never the same. What was looked at in another part, and with other
// things, is warned of.
func (m *merger) part(targets []finding.Target, limits *finding.Range) *part {
	slices.SortFunc(targets, func(a, b finding.Target) int { return cmp.Compare(a.ID, b.ID) })
	named := slices.ContainsFunc(targets, func(t finding.Target) bool { return t.Kind != finding.StdinTarget })
	for _, p := range m.parts {
		if named && slices.Equal(targets, p.targets) && reflect.DeepEqual(limits, p.limits) {
			return p
		}
	}
	for _, t := range targets {
		for _, p := range m.parts {
			if t.Kind != finding.StdinTarget && limits == nil && p.limits == nil && slices.ContainsFunc(p.targets, func(o finding.Target) bool { return samePlace(t, o) }) {
				m.warn("several runs read " + targetName(t) + ": what was read of it counts for each")
			}
		}
	}
	m.parts = append(m.parts, &part{targets: targets, limits: limits})
	return m.parts[len(m.parts)-1]
}

// samePlace tells whether two targets are one place, perhaps at different times.
func samePlace(a, b finding.Target) bool {
	return a.Kind == b.Kind && a.Path == b.Path && a.URL == b.URL && (a.URL != "" || a.Kind == finding.FilesTarget || a.Head == b.Head)
}

func targetName(t finding.Target) string {
	if uri := remote(t.URL); uri != "" {
		return uri
	}
	return t.Path
}

func (m *merger) warn(text string) {
	if !slices.Contains(m.out.Scan.Warnings, text) {
		m.out.Scan.Warnings = append(m.out.Scan.Warnings, text)
	}
}

func (m *merger) add(r *finding.Report) {
	scan := &m.out.Scan
	ids := make(map[int]int)
	var targets []finding.Target
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
		targets = append(targets, t)
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
	p := m.part(targets, r.Scan.Range)
	merge(&p.coverage, &r.Scan.Coverage, func(a, b int64) int64 { return max(a, b) })
	p.suppressed = suppressedBy(p.suppressed, r.Scan.Suppressed, func(a, b int64) int64 { return max(a, b) })
	sum := &m.out.Scan.Coverage
	for _, x := range []struct{ sum, part *[]finding.Unread }{
		{&sum.Opaque, &r.Scan.Coverage.Opaque}, {&sum.Cut, &r.Scan.Coverage.Cut}, {&sum.Accepted, &r.Scan.Coverage.Accepted},
	} {
		for _, u := range *x.part {
			u.Target = ids[u.Target]
			*x.sum = append(*x.sum, u)
		}
	}
	scan.Complete = scan.Complete && r.Scan.Complete
	scan.ElapsedMS += r.Scan.ElapsedMS
	if scan.Started == "" || Older(instant(r.Scan.Started), instant(scan.Started)) < 0 {
		scan.Started = r.Scan.Started
	}
}

// suppressedBy joins two lists, and the counts of entries that are alike by both.
func suppressedBy(list, more []finding.Suppressed, both func(a, b int64) int64) []finding.Suppressed {
	for _, s := range more {
		i := slices.IndexFunc(list, func(have finding.Suppressed) bool {
			have.Count = s.Count
			return have == s
		})
		if i < 0 {
			list = append(list, s)
		} else {
			list[i].Count = both(list[i].Count, s.Count)
		}
	}
	return list
}

// merge joins the numbers of two coverages, each pair by both.
func merge(to, from *finding.Coverage, both func(a, b int64) int64) {
	join := func(to *int64, n int64) { *to = both(*to, n) }
	join(&to.Files, from.Files)
	join(&to.Bytes, from.Bytes)
	join(&to.Containers, from.Containers)
	for _, x := range []struct{ to, from *finding.ObjectCount }{
		{&to.Objects.Blob, &from.Objects.Blob}, {&to.Objects.Commit, &from.Objects.Commit},
		{&to.Objects.Tag, &from.Objects.Tag}, {&to.Objects.Tree, &from.Objects.Tree},
	} {
		join(&x.to.Present, x.from.Present)
		join(&x.to.Read, x.from.Read)
	}
	for _, a := range from.Absent {
		i := slices.IndexFunc(to.Absent, func(have finding.Absent) bool { return have.What == a.What })
		if i < 0 {
			to.Absent = append(to.Absent, a)
		} else {
			join(&to.Absent[i].Count, a.Count)
		}
	}
	left, part := &to.LeftOut, &from.LeftOut
	join(&left.Exclude, part.Exclude)
	join(&left.Gitignore, part.Gitignore)
	join(&left.Symlink, part.Symlink)
	join(&left.OtherFilesystem, part.OtherFilesystem)
	join(&left.Special, part.Special)
	join(&left.LowConfidence, part.LowConfidence)
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
	if c := e.CreatedNoLaterThan; c != nil && (have.CreatedNoLaterThan == nil || Older(instant(*c), instant(*have.CreatedNoLaterThan)) < 0) {
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
	if a == nil || b != nil && Older(instant(b.CommitDate), instant(a.CommitDate)) < 0 {
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
	scan := &out.Scan
	for _, p := range m.parts {
		sum := func(a, b int64) int64 { return a + b }
		merge(&scan.Coverage, &p.coverage, sum)
		scan.Suppressed = suppressedBy(scan.Suppressed, p.suppressed, sum)
	}
	c := &scan.Coverage
	slices.SortFunc(c.Absent, func(a, b finding.Absent) int { return cmp.Compare(a.What, b.What) })
	for _, list := range []*[]finding.Unread{&c.Opaque, &c.Cut, &c.Accepted} {
		slices.SortFunc(*list, func(a, b finding.Unread) int {
			return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Member, b.Member), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
		})
		*list = slices.Compact(*list)
	}
	slices.SortFunc(scan.Errors, func(a, b finding.Error) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
	})
	scan.Errors = slices.Compact(scan.Errors)
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
