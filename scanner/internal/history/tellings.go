package history

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// report writes the story down as findings and keys.
func (s *story) report() {
	reach := s.reached()
	fromRefs := emptySet
	for _, r := range reach {
		if r.kind != byReflog && r.kind != byPseudo {
			fromRefs = s.sets.union(fromRefs, r.groups)
		}
	}
	notes := s.onlyNotes()
	inIndex, inHead := s.groupSet(s.index), s.groupSet(s.head)
	var bringers map[int32]int32
	if s.scope != nil {
		bringers = s.scope.bringers(s.attribution)
	}
	keys := map[finding.ID][]int32{}
	for n, g := range s.groups {
		if s.ended() {
			return
		}
		n := int32(n)
		keys[g.hit.Key.ID()] = append(keys[g.hit.Key.ID()], n)
		x := g.hit.Sighting()
		x.Location, x.Path = g.location, s.worker.Mask(g.path)
		staged := s.sets.has(inIndex, n)
		reachable := s.sets.has(fromRefs, n)
		x.Reachable = &reachable
		switch {
		case g.location == finding.InBlob && notes[n]:
			x.Location = finding.InNote
		case g.location == finding.InBlob && g.first == noCommit && staged && !reachable:
			x.Location, x.Reachable = finding.InIndex, nil
		}
		if g.location == finding.InBlob {
			x.Blob = s.pairs[g.versions[0].pair].id.String()
		}
		x.Versions = s.blobs(g)
		for _, v := range g.versions {
			x.Blobs = append(x.Blobs, s.pairs[v.pair].id.String())
		}
		x.First, x.Last = s.moment(g.first), s.moment(g.last)
		if tag, ok := s.tagged[s.pairs[g.versions[0].pair].id]; ok && x.First == nil {
			x.First, x.Last = tag.moment, tag.moment
		}
		if x.First != nil {
			x.Commit, x.Author, x.Date = x.First.Commit, x.First.Author, x.First.CommitDate
		}
		if !s.sets.has(inHead, n) {
			x.Removed = s.moment(g.removed)
		}
		if s.scope != nil {
			if m := s.moment(s.scope.bringer(g, bringers)); m != nil {
				x.Commit, x.Author, x.Date = m.Commit, m.Author, m.CommitDate
			}
		}
		s.result.Sightings = append(s.result.Sightings, x)
	}
	for _, groups := range keys {
		if s.ended() {
			return
		}
		s.result.Keys = append(s.result.Keys, s.exposure(groups, reach, inHead))
	}
	slices.SortFunc(s.result.Keys, func(a, b finding.Exposure) int { return cmp.Compare(a.ID, b.ID) })
}

// exposure sums the groups of one key up.
func (s *story) exposure(groups []int32, reach []reached, inHead setID) finding.Exposure {
	hit := s.groups[groups[0]].hit
	e := finding.Exposure{ID: hit.Key.ID(), Masked: hit.Key.Masked()}
	first, last, removed := int32(noCommit), int32(noCommit), int32(noCommit)
	oldest := int64(noDate)
	for _, n := range groups {
		g := s.groups[n]
		if g.first != noCommit && (first == noCommit || g.first < first) {
			first = g.first
		}
		last, removed = max(last, g.last), max(removed, g.removed)
		e.InHead = e.InHead || s.sets.has(inHead, n)
		for _, c := range g.entered {
			if s.ended() {
				break
			}
			e.Authors = append(e.Authors, s.moment(c).Author)
		}
		if when := s.oldest[n]; when != noDate && (oldest == noDate || when < oldest) {
			oldest = when
		}
	}
	e.FirstSeen, e.LastSeen = s.moment(first), s.moment(last)
	if !e.InHead {
		e.Removed = s.moment(removed)
	}
	for _, n := range groups {
		tag, ok := s.tagged[s.pairs[s.groups[n].versions[0].pair].id]
		if !ok || tag.moment == nil {
			continue
		}
		if e.FirstSeen == nil {
			e.FirstSeen, e.LastSeen = tag.moment, tag.moment
		}
		e.Authors = append(e.Authors, tag.moment.Author)
	}
	slices.Sort(e.Authors)
	e.Authors = slices.Compact(e.Authors)
	if oldest != noDate {
		date := time.Unix(oldest, 0).UTC().Format(time.RFC3339)
		e.CreatedNoLaterThan = &date
	}
	for _, r := range reach {
		if !slices.ContainsFunc(groups, func(n int32) bool { return s.sets.has(r.groups, n) }) {
			continue
		}
		switch r.kind {
		case byRef:
			e.ReachableFrom.Refs = append(e.ReachableFrom.Refs, r.name)
		case byWorktree, byPseudo:
			e.ReachableFrom.Worktrees = append(e.ReachableFrom.Worktrees, r.name)
		case byStash:
			e.ReachableFrom.Stash = append(e.ReachableFrom.Stash, r.name)
		case byReflog:
			e.ReachableFrom.Reflogs = append(e.ReachableFrom.Reflogs, r.name)
		}
	}
	return e
}

// A reached is what one name still keeps alive.
type reached struct {
	kind   reachKind
	name   string
	groups setID
}

type reachKind uint8

const (
	byRef reachKind = iota
	byWorktree
	byPseudo // ORIG_HEAD and its like, which keep nothing from gc
	byStash
	byReflog
)

// reached lists the names that reach a key: refs, HEADs that are on no branch
// and the other names that a work tree has for itself, stash entries, and of
// each reflog the newest entry that reaches a key which its ref does not. Names
// are masked.
func (s *story) reached() []reached {
	var list []reached
	byName := map[string]setID{}
	add := func(kind reachKind, name string, groups setID) {
		if groups != emptySet {
			list = append(list, reached{kind, s.worker.Mask(name), groups})
		}
	}
	for _, ref := range s.refs {
		groups := s.sets.union(s.direct[ref.Name], s.reachOf(ref.ID))
		byName[ref.Name] = groups
		switch {
		case isHead(ref.Name) && ref.Target != "": // its branch is a ref of its own
		case isHead(ref.Name):
			add(byWorktree, ref.Name, groups)
		case !keeps(ref.Name):
			add(byPseudo, ref.Name, groups)
		case ref.Name == "refs/stash": // its log says which entry
			if !slices.ContainsFunc(s.reflogs(), func(l repo.Log) bool { return l.Ref == ref.Name && len(l.Entries) > 0 }) {
				add(byStash, "stash@{0}", groups)
			}
		default:
			add(byRef, ref.Name, groups)
		}
	}
	byKey := map[finding.ID]setID{}
	for n, g := range s.groups {
		id := g.hit.Key.ID()
		byKey[id] = s.sets.union(byKey[id], s.sets.one(int32(n)))
	}
	ofKeys := map[setID]setID{}
	sameKey := func(n int32) setID { return byKey[s.groups[n].hit.Key.ID()] }
	for _, log := range s.reflogs() {
		kept := byName[log.Ref]
		for i := len(log.Entries) - 1; i >= 0; i-- {
			if s.ended() {
				return nil
			}
			at := strconv.Itoa(len(log.Entries) - 1 - i)
			groups := s.reachOf(log.Entries[i].New)
			if log.Ref == "refs/stash" {
				add(byStash, "stash@{"+at+"}", groups)
				continue
			}
			if i == 0 {
				groups = s.sets.union(groups, s.reachOf(log.Entries[i].Old))
			}
			if more := s.sets.minus(groups, s.sets.image(kept, ofKeys, sameKey)); more != emptySet {
				add(byReflog, log.Ref+"@{"+at+"}", more)
				kept = s.sets.union(kept, groups)
			}
		}
	}
	return list
}

// reachOf returns the groups that the commit, or the commit behind the tag,
// reaches.
func (s *story) reachOf(id gitobj.ID) setID {
	for range maxTags {
		if id.IsZero() {
			break
		}
		if at, ok := s.graph.index[id]; ok {
			return s.reach[at]
		}
		id = s.target(id)
	}
	return emptySet
}

// onlyNotes tells of every group whether notes alone hold it.
func (s *story) onlyNotes() []bool {
	only := make([]bool, len(s.groups))
	var notes, rest []gitobj.ID
	for _, ref := range s.refs {
		if strings.HasPrefix(ref.Name, "refs/notes/") {
			notes = append(notes, ref.ID)
		} else {
			rest = append(rest, ref.ID)
		}
	}
	if len(notes) == 0 {
		return only
	}
	inNotes, elsewhere := s.graph.reachable(notes), s.graph.reachable(rest)
	inNote, held := emptySet, emptySet
	for i, set := range s.held {
		if s.ended() {
			return only
		}
		if groups := s.groupSet(set); inNotes[i] && !elsewhere[i] {
			inNote = s.sets.union(inNote, groups)
		} else {
			held = s.sets.union(held, groups)
		}
	}
	for g := range s.sets.all(s.sets.minus(inNote, held)) {
		only[g] = true
	}
	return only
}

// moment describes a commit of the graph; nil for none.
func (s *story) moment(at int32) *finding.Moment {
	if at == noCommit {
		return nil
	}
	if m, ok := s.moments[at]; ok {
		return m
	}
	id := s.graph.commits[at].id
	m := &finding.Moment{Commit: id.String()}
	if _, data, err := s.store.Read(id); err == nil {
		m = moment(id, data)
		m.Author, m.Email = s.worker.Mask(m.Author), s.worker.Mask(m.Email)
	}
	s.moments[at] = m
	return m
}

// refNames searches the names of the refs.
func (h *repository) refNames() {
	worker := h.opts.Engine.NewWorker()
	for _, ref := range h.refs {
		if !h.opts.Engine.Candidate([]byte(ref.Name)) {
			continue
		}
		out, err := worker.Bytes(h.ctx, []byte(ref.Name))
		if err != nil {
			h.result.Errors = append(h.result.Errors, finding.Error{Path: worker.Mask(ref.Name), Reason: err.Error()})
		}
		h.result.Coverage.LeftOut.LowConfidence += out.Low
		h.doubts(worker.Mask(ref.Name), "", &out)
		for _, hit := range out.Hits {
			x := hit.Sighting()
			x.Location, x.Path = finding.InRefName, worker.Mask(ref.Name)
			if !ref.ID.IsZero() {
				x.Commit = ref.ID.String()
			}
			h.result.Sightings = append(h.result.Sightings, x)
		}
	}
}
