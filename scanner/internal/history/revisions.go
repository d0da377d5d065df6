package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// Limits say which commits a limited scan looks at: those reachable from the
// new side and not from the old one.
type Limits struct {
	// Ranges are A..B, A...B, B or ^A, as gitrevisions has them.
	Ranges []string
	// Since leaves out commits with an earlier committer date; one whose date
	// can't be read stays.
	Since time.Time
	// Refs are globs on full ref names; those that match are the new side.
	Refs []string
	// Base are globs on full ref names. Those that match are the old side of an
	// A..B whose A is all zeros or not in the store, as of a new branch that is
	// pushed. Without Base such a range is widened. With it, a tag counts only if
	// a range names it: others that point to the commits are not pushed.
	Base []string
}

// IsZero tells whether nothing is limited.
func (l Limits) IsZero() bool {
	return len(l.Ranges) == 0 && l.Since.IsZero() && len(l.Refs) == 0 && len(l.Base) == 0
}

// sides are the ends of a range, resolved to commits.
type sides struct {
	new, old    []gitobj.ID
	fresh, base []gitobj.ID    // as new; of these, what base reaches is left out, too
	direct      []gitobj.ID    // tags, trees and blobs that the new side names
	symmetric   [][2]gitobj.ID // of A...B: what both reach is left out, too
	widened     []string
}

// errShallow is wrapped by errors about history that a shallow clone lacks.
var errShallow = errors.New("this clone is shallow")

const fetchAll = "fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout"

// resolve finds the commits that the limits name.
func (h *repository) resolve(l Limits) (*sides, error) {
	s := &sides{}
	for _, r := range l.Ranges {
		for word := range strings.FieldsSeq(r) {
			if err := h.side(s, word, l.Base); err != nil {
				return nil, err
			}
		}
	}
	if len(s.fresh) > 0 {
		for _, ref := range h.refs {
			if !ref.ID.IsZero() && matchesAny(l.Base, ref.Name) {
				s.base = append(s.base, h.commitOf(ref.ID))
			}
		}
	}
	for _, glob := range l.Refs {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("bad glob %q for a ref", glob)
		}
		matched := false
		for _, ref := range h.refs {
			if doublestar.MatchUnvalidated(glob, ref.Name) && !ref.ID.IsZero() {
				matched = true
				h.refSide(s, ref, l)
			}
		}
		if !matched {
			return nil, fmt.Errorf("no ref matches %q (full names are matched, such as refs/heads/main)", glob)
		}
	}
	if len(s.new)+len(s.fresh) == 0 {
		if len(l.Ranges) > 0 && len(s.old) == 0 {
			return nil, fmt.Errorf("the range %q names no commit", strings.Join(l.Ranges, " "))
		}
		for _, ref := range h.refs {
			if !ref.ID.IsZero() {
				s.new = append(s.new, h.commitOf(ref.ID))
				h.dangler(ref)
			}
		}
	}
	return s, nil
}

// refSide takes a ref into what is searched. Where a date limits that, only the
// commits count that it leads to, and the tags that point to them.
func (h *repository) refSide(s *sides, ref repo.Ref, l Limits) {
	if h.dangler(ref) {
		return
	}
	named := len(s.direct)
	id, err := h.leadsTo(s, h.opts.Engine.NewWorker().Mask(ref.Name), ref.ID)
	if err != nil {
		h.result.Errors = append(h.result.Errors, finding.Error{Reason: err.Error()})
		s.direct = s.direct[:named]
		return
	}
	if !l.Since.IsZero() {
		s.direct = s.direct[:named]
	}
	s.new = append(s.new, id)
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		matched, err := doublestar.Match(glob, name)
		return matched && err == nil
	})
}

// side reads one word of a range. To Git the left side of "..B" is HEAD; here
// it must be written, since it is what a script makes of a variable that is not
// set, and nothing would be searched.
func (h *repository) side(s *sides, word string, base []string) error {
	if strings.HasPrefix(word, "..") {
		return fmt.Errorf("the range %q has nothing before the dots, and would leave out all that HEAD has: write HEAD%s if that is meant, or %s for everything up to there", word, word, cmp.Or(strings.TrimLeft(word, "."), "HEAD"))
	}
	if a, b, ok := strings.Cut(word, "..."); ok {
		x, err := h.newSide(s, a)
		if err != nil {
			return err
		}
		y, err := h.newSide(s, b)
		if err != nil {
			return err
		}
		s.new = append(s.new, x, y)
		s.symmetric = append(s.symmetric, [2]gitobj.ID{x, y})
		return nil
	}
	if a, b, ok := strings.Cut(word, ".."); ok {
		y, err := h.newSide(s, b)
		if err != nil {
			return err
		}
		if len(base) > 0 && h.lacks(a) {
			s.fresh = append(s.fresh, y)
			return nil
		}
		s.new = append(s.new, y)
		return h.oldSide(s, a)
	}
	if a, ok := strings.CutPrefix(word, "^"); ok {
		return h.oldSide(s, a)
	}
	x, err := h.newSide(s, word)
	if err != nil {
		return err
	}
	s.new = append(s.new, x)
	return nil
}

// newSide resolves what is searched. Tags that it goes through, and what is no
// commit in the end, are noted: no commit leads to them.
func (h *repository) newSide(s *sides, rev string) (gitobj.ID, error) {
	if rev == "" {
		rev = "HEAD"
	}
	id, err := h.ResolveRevision(rev, h.store)
	if err != nil {
		return gitobj.ID{}, err // which names the revision
	}
	return h.leadsTo(s, rev, id)
}

// leadsTo follows tags from what rev names, and notes them.
func (h *repository) leadsTo(s *sides, rev string, id gitobj.ID) (gitobj.ID, error) {
	for range maxTags {
		typ, _, err := h.store.Stat(id)
		switch {
		case err != nil && h.Shallow:
			return gitobj.ID{}, fmt.Errorf("revision %q: object %s is not here, and %w: %s", rev, id, errShallow, fetchAll)
		case err != nil:
			return gitobj.ID{}, fmt.Errorf("revision %q: the store has no object %s", rev, id)
		case typ == gitobj.Commit:
			return id, nil
		}
		s.direct = append(s.direct, id)
		if typ != gitobj.Tag {
			return id, nil
		}
		id = h.target(id)
	}
	return id, nil
}

// lacks tells whether rev is an id that stands for no object here: all zeros,
// or one that the store does not have.
func (h *repository) lacks(rev string) bool {
	id, err := gitobj.ParseID(rev)
	return err == nil && !h.store.Contains(id)
}

// oldSide resolves the side that is subtracted. One that the store does not
// have takes nothing away: more is read than was asked for, never less. In a
// shallow clone it may only be cut off, and then the user can mend it.
func (h *repository) oldSide(s *sides, rev string) error {
	if rev == "" {
		rev = "HEAD"
	}
	if strings.Trim(rev, "0") == "" && len(rev) >= 40 {
		s.widened = append(s.widened, "the old side is all zeros: everything that the new side reaches was read")
		return nil
	}
	id, err := h.ResolveRevision(rev, h.store)
	if err == nil {
		if id = h.commitOf(id); h.store.Contains(id) {
			s.old = append(s.old, id)
			return nil
		}
	}
	if _, isID := gitobj.ParseID(rev); err != nil && isID != nil {
		return err
	}
	if h.Shallow {
		return fmt.Errorf("revision %q is not here, and %w: %s", rev, errShallow, fetchAll)
	}
	s.widened = append(s.widened, "the old side "+rev+" is not in this repository: everything that the new side reaches was read")
	return nil
}

// commitOf follows tags to what they name.
func (h *repository) commitOf(id gitobj.ID) gitobj.ID {
	for range maxTags {
		next := h.target(id)
		if next.IsZero() {
			break
		}
		id = next
	}
	return id
}

// mark marks the commits of the graph that are in the range.
func (s *sides) mark(g *graph, since time.Time) []bool {
	in := g.reachable(s.new)
	out := g.reachable(s.old)
	if len(s.fresh) > 0 {
		known := g.reachable(s.base)
		for i, fresh := range g.reachable(s.fresh) {
			in[i] = in[i] || fresh && !known[i]
		}
	}
	for _, pair := range s.symmetric {
		a, b := g.reachable(pair[:1]), g.reachable(pair[1:])
		for i := range out {
			out[i] = out[i] || a[i] && b[i]
		}
	}
	for i := range in {
		in[i] = in[i] && !out[i] && (since.IsZero() || g.commits[i].when == noDate || g.commits[i].when >= since.Unix())
	}
	return in
}

func (s *sides) describe() *finding.Range {
	r := &finding.Range{New: []string{}, Old: []string{}, Widened: strings.Join(s.widened, "; ")}
	for _, id := range slices.Concat(s.new, s.fresh) {
		r.New = append(r.New, id.String())
	}
	for _, id := range slices.Concat(s.old, s.base) {
		r.Old = append(r.Old, id.String())
	}
	return r
}
