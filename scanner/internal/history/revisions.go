package history

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
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
}

// IsZero tells whether nothing is limited.
func (l Limits) IsZero() bool { return len(l.Ranges) == 0 && l.Since.IsZero() && len(l.Refs) == 0 }

// sides are the ends of a range, resolved to commits.
type sides struct {
	new, old  []gitobj.ID
	symmetric [][2]gitobj.ID // of A...B: what both reach is left out, too
	widened   []string
}

// errShallow is wrapped by errors about history that a shallow clone lacks.
var errShallow = errors.New("this clone is shallow")

const fetchAll = "fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout"

// resolve finds the commits that the limits name.
func (h *repository) resolve(l Limits) (*sides, error) {
	s := &sides{}
	for _, r := range l.Ranges {
		for word := range strings.FieldsSeq(r) {
			if err := h.side(s, word); err != nil {
				return nil, err
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
				s.new = append(s.new, h.commitOf(ref.ID))
			}
		}
		if !matched {
			return nil, fmt.Errorf("no ref matches %q (full names are matched, such as refs/heads/main)", glob)
		}
	}
	if len(s.new) == 0 {
		if len(l.Ranges) > 0 && len(s.old) == 0 {
			return nil, fmt.Errorf("the range %q names no commit", strings.Join(l.Ranges, " "))
		}
		for _, ref := range h.refs {
			if !ref.ID.IsZero() {
				s.new = append(s.new, h.commitOf(ref.ID))
			}
		}
	}
	return s, nil
}

// side reads one word of a range.
func (h *repository) side(s *sides, word string) error {
	if a, b, ok := strings.Cut(word, "..."); ok {
		x, err := h.newSide(a)
		if err != nil {
			return err
		}
		y, err := h.newSide(b)
		if err != nil {
			return err
		}
		s.new = append(s.new, x, y)
		s.symmetric = append(s.symmetric, [2]gitobj.ID{x, y})
		return nil
	}
	if a, b, ok := strings.Cut(word, ".."); ok {
		y, err := h.newSide(b)
		if err != nil {
			return err
		}
		s.new = append(s.new, y)
		return h.oldSide(s, a)
	}
	if a, ok := strings.CutPrefix(word, "^"); ok {
		return h.oldSide(s, a)
	}
	x, err := h.newSide(word)
	if err != nil {
		return err
	}
	s.new = append(s.new, x)
	return nil
}

func (h *repository) newSide(rev string) (gitobj.ID, error) {
	if rev == "" {
		rev = "HEAD"
	}
	id, err := h.ResolveRevision(rev, h.store)
	if err != nil {
		return gitobj.ID{}, fmt.Errorf("revision %q: %w", rev, err)
	}
	commit := h.commitOf(id)
	if !h.store.Contains(commit) {
		return gitobj.ID{}, fmt.Errorf("revision %q: the store has no object %s", rev, commit)
	}
	return commit, nil
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
		return fmt.Errorf("revision %q: %w", rev, err)
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

// select marks the commits of the graph that are in the range.
func (s *sides) mark(g *graph, since time.Time) []bool {
	in := g.reachable(s.new)
	out := g.reachable(s.old)
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
	for _, id := range s.new {
		r.New = append(r.New, id.String())
	}
	for _, id := range s.old {
		r.Old = append(r.Old, id.String())
	}
	return r
}
