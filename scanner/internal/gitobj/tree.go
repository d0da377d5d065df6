package gitobj

import (
	"bytes"
	"encoding/hex"
	"errors"
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

// A treeReader goes through trees with the help of the trees they are deltas of.
// Most of a tree is its base's: what follows a place where an entry begins reads
// the same in both.
type treeReader struct {
	hs    int
	fresh func(treeEntry)    // called for each entry that the base does not have as a whole
	kept  func(from, to int) // called for each run of the base's entries that the tree has, by their places in its bounds
}

// bounds appends to dst where the entries of a tree begin, and its end. base are
// the bounds of its base; there are none for a tree that is no delta. With
// leaf, nobody is going to ask for the bounds of this one, and what is appended is
// of no use.
func (r *treeReader) bounds(dst []uint32, tree *patched, base []uint32, leaf bool) ([]uint32, error) {
	dst = append(dst, 0)
	at, spans := 0, tree.spans
	for at < len(tree.buf) {
		for len(spans) > 0 && spans[0].dst+spans[0].n <= at {
			spans = spans[1:]
		}
		if len(base) > 0 && len(spans) > 0 && spans[0].dst <= at {
			s := spans[0]
			shift := s.dst - s.src
			if from := lastUpTo(base, uint32(at-shift)); base[from] == uint32(at-shift) {
				next := from + 1
				to := from + lastUpTo(base[from:], uint32(s.src+s.n)) + 1
				if to > next {
					r.kept(from, to-1)
					if !leaf {
						dst = appendShifted(dst, base[next:to], shift)
					}
					at = int(base[to-1]) + shift
					continue
				}
			}
		}
		e, err := parseTreeEntry(tree.buf[at:tree.there(spans, at)], r.hs)
		if err != nil {
			if tree.edge != everything {
				// It may be that of an entry that is not all there.
				tree.fill()
				continue
			}
			return dst, err
		}
		r.fresh(e)
		at += e.len
		if !leaf {
			dst = append(dst, uint32(at))
		}
	}
	return dst, nil
}

// lastUpTo returns the place of the greatest of the bounds, which begin with one
// no greater than at, that is not greater than at. It is a binary search that
// takes the same way whatever the bounds are, but for its last step: the processor
// need not guess.
func lastUpTo(bounds []uint32, at uint32) int {
	i := 0
	for n := len(bounds); n > 1; {
		half := n / 2
		j := i
		if bounds[i+half] <= at {
			j = i + half
		}
		i = j
		n -= half
	}
	return i
}

// appendShifted appends bounds that lie shift bytes farther on.
func appendShifted(dst, bounds []uint32, shift int) []uint32 {
	old := len(dst)
	dst = append(dst, bounds...)
	if shift != 0 { // an entry that changed keeps its length, unless its name or mode changed, too
		for i := range dst[old:] {
			dst[old+i] += uint32(shift)
		}
	}
	return dst
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
