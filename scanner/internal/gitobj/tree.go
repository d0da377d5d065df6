package gitobj

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
)

// A treeEntry is one entry of a tree: mode SP name NUL id (gitformat-tree: the
// content of a tree object).
type treeEntry struct {
	mode uint32
	name []byte
	id   []byte
	len  int // bytes of the whole entry
}

var errTree = errors.New("tree entry is damaged")

// parseTreeEntry reads the entry at the start of b.
func parseTreeEntry(b []byte, hs int) (e treeEntry, err error) {
	i := 0
	for ; i < len(b) && b[i] != ' '; i++ {
		if b[i] < '0' || b[i] > '7' || i == 7 {
			return e, errTree
		}
		e.mode = e.mode<<3 | uint32(b[i]-'0')
	}
	if i == 0 || i == len(b) {
		return e, errTree
	}
	i++
	n := bytes.IndexByte(b[i:], 0)
	if n <= 0 || len(b)-i-n-1 < hs {
		return e, errTree
	}
	e.name = b[i : i+n]
	e.id = b[i+n+1 : i+n+1+hs]
	e.len = i + n + 1 + hs
	return e, nil
}

// File type bits of a mode.
const (
	modeType    = 0o170000
	modeTree    = 0o040000
	modeGitlink = 0o160000
)

// link returns the type of the object that the entry names; it is false for
// gitlinks, which name commits of other repositories.
func (e treeEntry) link() (Type, bool) {
	switch e.mode & modeType {
	case modeTree:
		return Tree, true
	case modeGitlink:
		return 0, false
	}
	return Blob, true
}

// treeBounds appends to dst where the entries of a tree begin, and its end, and
// calls fresh for each entry that its base does not have as a whole, and kept
// for each run of the base's entries that it has, by their places in the base's
// bounds. Of the base are given its bounds, and what was copied from it; both are
// empty for a tree that is no delta. Most of a tree is its base's, so its bounds
// are copied too: what follows a place where an entry begins reads the same in
// both.
func treeBounds(dst []uint32, tree []byte, base []uint32, spans []span, hs int, fresh func(treeEntry), kept func(from, to int)) ([]uint32, error) {
	dst = append(dst, 0)
	at := 0
	for at < len(tree) {
		for len(spans) > 0 && spans[0].dst+spans[0].n <= at {
			spans = spans[1:]
		}
		if len(spans) > 0 && spans[0].dst <= at {
			s := spans[0]
			shift := s.dst - s.src
			if k, ok := slices.BinarySearch(base, uint32(at-shift)); ok {
				have, from := len(dst), k
				for k++; k < len(base) && int(base[k]) <= s.src+s.n; k++ {
					dst = append(dst, uint32(int(base[k])+shift))
				}
				if len(dst) > have {
					kept(from, from+len(dst)-have)
					at = int(dst[len(dst)-1])
					continue
				}
			}
		}
		e, err := parseTreeEntry(tree[at:], hs)
		if err != nil {
			return dst, err
		}
		fresh(e)
		at += e.len
		dst = append(dst, uint32(at))
	}
	return dst, nil
}

// commitLinks calls f for the tree and the parents that a commit names. id is
// room for a raw id.
func commitLinks(commit, id []byte, f func(id []byte, t Type)) error {
	rest, ok := headerID(id, commit, "tree ")
	if !ok {
		return errors.New("commit does not begin with a tree")
	}
	for t := Tree; ok; t = Commit {
		f(id, t)
		rest, ok = headerID(id, rest, "parent ")
	}
	return nil
}

// tagLinks calls f for the object that a tag names. id is room for a raw id.
func tagLinks(tag, id []byte, f func(id []byte, t Type)) error {
	rest, ok := headerID(id, tag, "object ")
	if !ok {
		return errors.New("tag does not begin with an object")
	}
	line, _, _ := bytes.Cut(rest, []byte{'\n'})
	name, ok := bytes.CutPrefix(line, []byte("type "))
	if !ok {
		return errors.New("tag does not say its object's type")
	}
	t, ok := parseType(name)
	if !ok {
		return errors.New("tag names an object of unknown type")
	}
	f(id, t)
	return nil
}

// headerID reads the line "key id" at the start of b into id, and returns what
// follows it.
func headerID(id, b []byte, key string) (rest []byte, ok bool) {
	end := len(key) + 2*len(id)
	if len(b) <= end || string(b[:len(key)]) != key || b[end] != '\n' {
		return b, false
	}
	if _, err := hex.Decode(id, b[len(key):end]); err != nil {
		return b, false
	}
	return b[end+1:], true
}
