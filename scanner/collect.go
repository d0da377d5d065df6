package scanner

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// see takes the findings of one target, and the list with them: there may be very
// many.
func (s *Scan) see(target int, list []finding.Sighting) {
	for i := range list {
		list[i].Target = target
	}
	if len(s.sightings) == 0 {
		s.sightings = list
		return
	}
	s.sightings = append(s.sightings, list...)
}

// fail takes something that could not be read.
func (s *Scan) fail(e finding.Error) {
	w := s.engine.NewWorker()
	e.Path, e.Reason = w.Mask(e.Path), w.Mask(e.Reason)
	s.result.Report.Scan.Errors = append(s.result.Report.Scan.Errors, e)
}

// cover adds one target's coverage.
func (s *Scan) cover(target int, c finding.Coverage) {
	sum := &s.result.Report.Scan.Coverage
	sum.Files += c.Files
	sum.Bytes += c.Bytes
	sum.Containers += c.Containers
	for _, n := range [...]struct{ to, from *finding.ObjectCount }{
		{&sum.Objects.Blob, &c.Objects.Blob},
		{&sum.Objects.Commit, &c.Objects.Commit},
		{&sum.Objects.Tag, &c.Objects.Tag},
		{&sum.Objects.Tree, &c.Objects.Tree},
	} {
		n.to.Present += n.from.Present
		n.to.Read += n.from.Read
	}
	for _, a := range c.Absent {
		if i := slices.IndexFunc(sum.Absent, func(b finding.Absent) bool { return a.What == b.What }); i >= 0 {
			sum.Absent[i].Count += a.Count
		} else {
			sum.Absent = append(sum.Absent, a)
		}
	}
	for _, u := range c.Opaque {
		u.Target = target
		sum.Opaque = append(sum.Opaque, u)
	}
	for _, u := range c.Cut {
		u.Target = target
		sum.Cut = append(sum.Cut, u)
	}
	l, m := &sum.LeftOut, c.LeftOut
	l.Exclude += m.Exclude
	l.Gitignore += m.Gitignore
	l.Symlink += m.Symlink
	l.OtherFilesystem += m.OtherFilesystem
	l.Special += m.Special
	l.LowConfidence += m.LowConfidence
}

// expose takes what one repository's commits say of a key, and joins it with
// what others said.
func (s *Scan) expose(e finding.Exposure) {
	known, ok := s.exposures[e.ID]
	if !ok {
		s.exposures[e.ID] = &e
		return
	}
	if known.FirstSeen == nil || e.FirstSeen != nil && e.FirstSeen.CommitDate < known.FirstSeen.CommitDate {
		known.FirstSeen = e.FirstSeen
	}
	if known.LastSeen == nil || e.LastSeen != nil && e.LastSeen.CommitDate > known.LastSeen.CommitDate {
		known.LastSeen = e.LastSeen
	}
	if known.Removed == nil || e.Removed != nil && e.Removed.CommitDate > known.Removed.CommitDate {
		known.Removed = e.Removed
	}
	known.Authors = append(known.Authors, e.Authors...)
	known.InHead = known.InHead || e.InHead
	r, o := &known.ReachableFrom, e.ReachableFrom
	r.Refs, r.Worktrees = append(r.Refs, o.Refs...), append(r.Worktrees, o.Worktrees...)
	r.Reflogs, r.Stash = append(r.Reflogs, o.Reflogs...), append(r.Stash, o.Stash...)
	if known.CreatedNoLaterThan == nil || e.CreatedNoLaterThan != nil && *e.CreatedNoLaterThan < *known.CreatedNoLaterThan {
		known.CreatedNoLaterThan = e.CreatedNoLaterThan
	}
}

// Finish closes the scan and returns its result. Findings that someone accepted
// are counted in it and left out of it; see [Result.Restore].
func (s *Scan) Finish() *Result {
	s.joinWorkTrees()
	s.mask = s.engine.NewWorker()
	s.suppress()
	s.accept()
	for _, e := range s.exposures {
		for _, list := range [...]*[]string{&e.Authors, &e.ReachableFrom.Refs, &e.ReachableFrom.Worktrees, &e.ReachableFrom.Reflogs, &e.ReachableFrom.Stash} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		if e.InHead {
			e.Removed = nil
		}
	}
	s.explainDoubts()
	s.escapePaths()
	s.result.exposures = s.exposures
	sightings := s.sightings
	s.sightings = nil
	s.result.add(sightings)
	s.result.Report.Scan.Suppressed = s.result.suppressed()
	scan := &s.result.Report.Scan
	c := &scan.Coverage
	for _, list := range [...][]finding.Unread{c.Opaque, c.Cut, c.Accepted} {
		sortUnread(list)
	}
	slices.SortFunc(c.Absent, func(a, b finding.Absent) int { return cmp.Compare(a.What, b.What) })
	slices.SortFunc(scan.Errors, func(a, b finding.Error) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
	})
	scan.Errors = slices.Compact(scan.Errors)
	slices.Sort(scan.Warnings)
	scan.Warnings = slices.Compact(scan.Warnings)
	scan.ElapsedMS = s.opts.Now().Sub(s.started).Milliseconds()
	scan.Complete = !s.incomplete && len(scan.Errors) == 0 && len(c.Cut) == 0 &&
		(!s.opts.RequireComplete || len(c.Opaque) == 0 && len(c.Absent) == 0)
	return s.result
}

func compareFindings(a, b finding.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Location, b.Location),
		cmp.Compare(a.Member, b.Member), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Key, b.Key), cmp.Compare(a.Ordinal, b.Ordinal), slices.Compare(a.Layers, b.Layers),
		cmp.Compare(a.Blob, b.Blob), cmp.Compare(a.Commit, b.Commit),
	)
}

func sortUnread(list []finding.Unread) {
	slices.SortFunc(list, func(a, b finding.Unread) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Member, b.Member), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
	})
}

// A place is where a finding lies in a repository, whatever version it is of.
type place struct {
	target       int
	path, member string
	key          finding.ID
	layers       string
	ordinal      int
}

func placeOf(x *finding.Sighting) place {
	return place{x.Target, x.Path, x.Member, x.Key, strings.Join(x.Layers, ","), x.Ordinal}
}

// joinWorkTrees makes one finding of a file in a work tree and the versions of
// it that the index and history hold: the file is the newest of them.
func (s *Scan) joinWorkTrees() {
	versions := map[place]*finding.Sighting{}
	for i := range s.sightings {
		if x := &s.sightings[i]; x.Location == finding.InBlob || x.Location == finding.InIndex {
			versions[placeOf(x)] = x
		}
	}
	trees := &workTrees{getenv: s.opts.Getenv, mask: s.engine.NewWorker().Mask, byDir: map[string]*workTree{}}
	for i := range s.sightings {
		x := &s.sightings[i]
		root, ok := s.roots[x.Target]
		if !ok || x.Location != finding.InFile {
			continue
		}
		tree, path, ok := trees.find(filepath.Join(root, filepath.FromSlash(x.Path)))
		if !ok {
			continue
		}
		x.Tracked = tree.status(path)
		target, ok := s.targetOf(tree.repo)
		if !ok {
			continue
		}
		at := placeOf(x)
		at.target, at.path = target, path
		if v := versions[at]; v != nil {
			v.Line, v.Column, v.EndLine, v.EndColumn, v.Snippet, v.Tracked = x.Line, x.Column, x.EndLine, x.EndColumn, x.Snippet, x.Tracked
			v.Inline, v.Meant = x.Inline, x.Meant
			x.Location = "" // told by v
		}
	}
	s.sightings = slices.DeleteFunc(s.sightings, func(x finding.Sighting) bool { return x.Location == "" })
}

// targetOf finds the target whose work tree is r's.
func (s *Scan) targetOf(r *repo.Repo) (target int, ok bool) {
	for id, other := range s.repos {
		if other.WorkTree == r.WorkTree && (!ok || id < target) {
			target, ok = id, true
		}
	}
	return target, ok
}
