package repo

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// Objects is the part of an object store that revision names need.
type Objects interface {
	// Read returns an object's type and content.
	Read(id gitobj.ID) (gitobj.Type, []byte, error)
	// Resolve returns the objects whose ids begin with the hex digits.
	Resolve(hexPrefix string) ([]gitobj.ID, error)
}

// A RevisionError says why a revision can't be told.
type RevisionError struct {
	Rev    string   // as it was asked for
	Reason string   // what is wrong with it
	Near   []string // names of refs that it may have meant
	Cut    bool     // history ends at a shallow boundary before the revision is reached
	Err    error    // what could not be read; nil when the name itself is wrong
}

// Error returns the reason, and what may have been meant.
func (e *RevisionError) Error() string {
	s := fmt.Sprintf("revision %q: %s", e.Rev, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	if e.Cut {
		s += "; history is cut off there, `git fetch --unshallow` (fetch-depth: 0 in CI) brings the rest"
	}
	return s
}

// Unwrap returns Err.
func (e *RevisionError) Unwrap() error { return e.Err }

// ResolveRevision returns the object that rev names (gitrevisions): an id, whole
// or abbreviated; a ref by its full or short name; the output of git describe; @;
// @{-N}, REF@{N} and REF@{upstream}; any of them followed by ^N, ~N and ^{TYPE}.
// Ranges, dates, searches for messages and paths in revisions are not revisions
// here. Parents are those written in the commit, as the shallow boundary allows;
// replace refs and grafts do not count. The error is a [RevisionError].
func (r *Repo) ResolveRevision(rev string, o Objects) (gitobj.ID, error) {
	v := revision{repo: r, objects: o}
	id, err := v.resolve(rev, anyObject)
	if err == nil {
		return id, nil
	}
	var e *RevisionError
	if !errors.As(err, &e) {
		e = &RevisionError{Reason: "can't be read", Err: err}
	}
	e.Rev = rev
	if e.Reason == unknownRevision {
		e.Near = r.nearNames(e.base())
	}
	return gitobj.ID{}, e
}

const unknownRevision = "unknown: neither a ref nor an object has that name"

// base returns the name in front of ^, ~ and @{.
func (e *RevisionError) base() string {
	if i := strings.IndexAny(e.Rev, "^~"); i >= 0 {
		return e.Rev[:i]
	}
	name, _, _ := strings.Cut(e.Rev, "@{")
	return name
}

func refuse(format string, args ...any) error {
	return &RevisionError{Reason: fmt.Sprintf(format, args...)}
}

// A want says which of several objects an abbreviated id means.
type want uint8

const (
	anyObject want = iota
	committish
	treeish
)

type revision struct {
	repo    *Repo
	objects Objects
	shallow map[gitobj.ID]bool // filled on first use
}

// resolve reads suffixes from the end, as Git does.
func (v *revision) resolve(name string, w want) (gitobj.ID, error) {
	if base, mark, n, ok := cutSteps(name); ok {
		if n > math.MaxInt32 {
			return gitobj.ID{}, refuse("the number after %c is too large", mark)
		}
		id, err := v.resolve(base, committish)
		if err != nil {
			return id, err
		}
		if mark == '~' {
			return v.ancestor(id, n)
		}
		return v.parent(id, n)
	}
	if base, kind, ok := cutPeel(name); ok {
		return v.peelTo(base, kind, w)
	}
	id, err := v.basic(name)
	if !errors.Is(err, errNoName) {
		return id, err
	}
	if abbrev, ok := describedID(name); ok {
		if id, err := v.abbreviated(abbrev, committish); err == nil {
			return id, nil
		}
	}
	return v.abbreviated(name, w)
}

// cutSteps cuts a trailing ^, ^N, ~ or ~N off.
func cutSteps(name string) (base string, mark byte, n int, ok bool) {
	i := len(name)
	for i > 0 && isDigit(name[i-1]) {
		i--
	}
	if i == 0 || name[i-1] != '^' && name[i-1] != '~' {
		return "", 0, 0, false
	}
	n = 1
	if i < len(name) {
		var err error
		if n, err = strconv.Atoi(name[i:]); err != nil {
			n = math.MaxInt
		}
	}
	return name[:i-1], name[i-1], n, true
}

// cutPeel cuts a trailing ^{TYPE} off.
func cutPeel(name string) (base, kind string, ok bool) {
	if !strings.HasSuffix(name, "}") {
		return "", "", false
	}
	i := strings.LastIndex(name, "^{")
	if i < 0 {
		return "", "", false
	}
	return name[:i], name[i+2 : len(name)-1], true
}

// describedID returns the abbreviated id at the end of a name as git describe
// writes it: v1.2-3-gabcdef.
func describedID(name string) (string, bool) {
	i := strings.LastIndex(name, "-g")
	if i < 0 || !isHex(name[i+2:]) {
		return "", false
	}
	return name[i+2:], true
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return s != ""
}

// minAbbrev is the least number of digits that Git takes for an abbreviated id.
const minAbbrev = 4

func (v *revision) abbreviated(hex string, w want) (gitobj.ID, error) {
	size := 2 * v.repo.Format.Size()
	if len(hex) < minAbbrev || len(hex) > size || !isHex(hex) {
		if strings.Contains(hex, ":") {
			return gitobj.ID{}, refuse("names a file in a revision, or searches for one; a commit is needed")
		}
		return gitobj.ID{}, refuse(unknownRevision)
	}
	ids, err := v.objects.Resolve(strings.ToLower(hex))
	if err != nil {
		return gitobj.ID{}, err
	}
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b gitobj.ID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	ids = slices.Compact(ids)
	if len(ids) > 1 && w != anyObject {
		ids = slices.DeleteFunc(ids, func(id gitobj.ID) bool { return !v.is(id, w) })
	}
	switch len(ids) {
	case 0:
		return gitobj.ID{}, refuse(unknownRevision)
	case 1:
		return ids[0], nil
	}
	var names []string
	for _, id := range ids[:min(len(ids), 5)] {
		names = append(names, id.String())
	}
	return gitobj.ID{}, refuse("ambiguous: %d objects begin with it, %s among them", len(ids), strings.Join(names, ", "))
}

func (v *revision) is(id gitobj.ID, w want) bool {
	_, kind, _, err := v.peel(id, func(t gitobj.Type) bool { return t != gitobj.Tag })
	return err == nil && (kind == gitobj.Commit || kind == gitobj.Tree && w == treeish)
}

// errNoName says that a name is no id and no ref.
var errNoName = errors.New("no such name")

// basic resolves a whole id, a ref, or a ref with a suffix in @{}.
func (v *revision) basic(name string) (gitobj.ID, error) {
	if len(name) == 2*v.repo.Format.Size() && isHex(name) {
		return gitobj.ParseID(name)
	}
	if base, at, ok := cutAt(name); ok && !isNumber(at, "-") {
		if isUpstream(at) {
			name, err := v.repo.upstream(base)
			if err != nil {
				return gitobj.ID{}, err
			}
			return v.ref(name)
		}
		return v.logged(base, at)
	}
	return v.ref(name)
}

// cutAt cuts a trailing @{...} off.
func cutAt(name string) (base, at string, ok bool) {
	if !strings.HasSuffix(name, "}") {
		return "", "", false
	}
	i := strings.LastIndex(name, "@{")
	if i < 0 {
		return "", "", false
	}
	return name[:i], name[i+2 : len(name)-1], true
}

func isNumber(s, sign string) bool {
	digits, ok := strings.CutPrefix(s, sign)
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func isUpstream(at string) bool {
	return strings.EqualFold(at, "u") || strings.EqualFold(at, "upstream")
}

// ref resolves the short or full name of a ref, @, or @{-N}.
func (v *revision) ref(short string) (gitobj.ID, error) {
	if short == "@" {
		short = "HEAD"
	}
	if base, at, ok := cutAt(short); ok && base == "" && isNumber(at, "-") {
		prior, err := v.repo.priorCheckout(at[1:])
		if err != nil {
			return gitobj.ID{}, err
		}
		if len(prior) == 2*v.repo.Format.Size() && isHex(prior) {
			return gitobj.ParseID(prior)
		}
		short = "refs/heads/" + prior
	}
	ref, err := v.repo.expand(short)
	if err != nil {
		return gitobj.ID{}, err
	}
	return ref.ID, nil
}

// logged resolves REF@{N}: where REF was N changes ago.
func (v *revision) logged(short, at string) (gitobj.ID, error) {
	n, err := strconv.Atoi(at)
	if err != nil || !isNumber(at, "") {
		return gitobj.ID{}, refuse("@{%s} is not supported: a number, -N or upstream is", at)
	}
	log, current, err := v.repo.findLog(short)
	if err != nil {
		return gitobj.ID{}, err
	}
	count := len(log.Entries)
	switch {
	case n == 0 && count == 0:
		return current, nil
	case n == 0:
		return log.Entries[count-1].New, nil
	case n <= count && !log.Entries[count-n].Old.IsZero():
		return log.Entries[count-n].Old, nil
	}
	return gitobj.ID{}, refuse("the reflog of %s has only %d entries", log.Ref, count)
}

// parent returns the nth parent of a commit, the commit itself for 0.
func (v *revision) parent(id gitobj.ID, n int) (gitobj.ID, error) {
	id, data, err := v.commit(id)
	if err != nil || n == 0 {
		return id, err
	}
	parents, cut, err := v.parents(id, data)
	if err != nil {
		return gitobj.ID{}, err
	}
	if n > len(parents) {
		return gitobj.ID{}, &RevisionError{Reason: fmt.Sprintf("commit %s has %d parents", id, len(parents)), Cut: cut}
	}
	return parents[n-1], nil
}

// ancestor follows first parents n times.
func (v *revision) ancestor(id gitobj.ID, n int) (gitobj.ID, error) {
	id, _, err := v.commit(id)
	for ; err == nil && n > 0; n-- {
		id, err = v.parent(id, 1)
	}
	return id, err
}

func (v *revision) commit(id gitobj.ID) (gitobj.ID, []byte, error) {
	id, kind, data, err := v.peel(id, func(t gitobj.Type) bool { return t != gitobj.Tag })
	if err == nil && kind != gitobj.Commit {
		err = refuse("%s is a %s, not a commit", id, kind)
	}
	return id, data, err
}

func (v *revision) parents(id gitobj.ID, data []byte) (parents []gitobj.ID, cut bool, err error) {
	if v.shallow == nil {
		v.shallow = map[gitobj.ID]bool{}
		ids, err := v.repo.ShallowIDs()
		if err != nil {
			return nil, false, err
		}
		for _, id := range ids {
			v.shallow[id] = true
		}
	}
	if v.shallow[id] {
		return nil, true, nil
	}
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	for {
		hex, ok := bytes.CutPrefix(rest, []byte("parent "))
		if !ok {
			return parents, false, nil
		}
		hex, rest, _ = bytes.Cut(hex, []byte("\n"))
		parent, err := v.repo.parseID(string(hex))
		if err != nil {
			return nil, false, fmt.Errorf("commit %s: %w", id, err)
		}
		parents = append(parents, parent)
	}
}

// peelTo resolves BASE^{KIND}.
func (v *revision) peelTo(base, kind string, w want) (gitobj.ID, error) {
	var stop func(t gitobj.Type) bool
	switch kind {
	case "":
		stop = func(t gitobj.Type) bool { return t != gitobj.Tag }
	case "object":
		stop = func(gitobj.Type) bool { return true }
	case "commit":
		w = committish
		stop = func(t gitobj.Type) bool { return t == gitobj.Commit }
	case "tree":
		w = treeish
		stop = func(t gitobj.Type) bool { return t == gitobj.Tree }
	case "blob":
		stop = func(t gitobj.Type) bool { return t == gitobj.Blob }
	case "tag":
		stop = func(t gitobj.Type) bool { return t == gitobj.Tag }
	default:
		return gitobj.ID{}, refuse("^{%s} is not supported: commit, tree, blob, tag and object are", kind)
	}
	id, err := v.resolve(base, w)
	if err != nil {
		return id, err
	}
	id, _, _, err = v.peel(id, stop)
	return id, err
}

// maxPeel ends a chain of tags that a damaged store could make endless.
const maxPeel = 1000

// peel follows tags to what they tag, and commits to their trees, until stop
// accepts the type.
func (v *revision) peel(id gitobj.ID, stop func(gitobj.Type) bool) (gitobj.ID, gitobj.Type, []byte, error) {
	for range maxPeel {
		kind, data, err := v.objects.Read(id)
		if err != nil {
			return gitobj.ID{}, 0, nil, fmt.Errorf("object %s: %w", id, err)
		}
		if stop(kind) {
			return id, kind, data, nil
		}
		field := map[gitobj.Type]string{gitobj.Tag: "object ", gitobj.Commit: "tree "}[kind]
		if field == "" {
			return gitobj.ID{}, 0, nil, refuse("%s is a %s, which leads no further", id, kind)
		}
		line, _, _ := bytes.Cut(data, []byte("\n"))
		next, err := v.repo.parseID(strings.TrimPrefix(string(line), field))
		if err != nil {
			return gitobj.ID{}, 0, nil, fmt.Errorf("%s %s: %w", kind, id, err)
		}
		id = next
	}
	return gitobj.ID{}, 0, nil, refuse("tags lead to each other more than %d times", maxPeel)
}
