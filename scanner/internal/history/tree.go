package history

import (
	"bytes"
	"iter"
	"strconv"
	"strings"
)

// A treeEntry is one entry of a tree object. Its slices are parts of the tree.
type treeEntry struct {
	mode, name, id []byte
}

// treeEntries yields the entries of a tree: mode, space, name, NUL, raw id of
// idSize bytes. It stops where the data makes no entry.
func treeEntries(data []byte, idSize int) iter.Seq[treeEntry] {
	return func(yield func(treeEntry) bool) {
		for len(data) > 0 {
			space := bytes.IndexByte(data, ' ')
			if space < 0 {
				return
			}
			end := space + bytes.IndexByte(data[space:], 0)
			if end < space || len(data) < end+1+idSize {
				return
			}
			next := end + 1 + idSize
			if !yield(treeEntry{data[:space], data[space+1 : end], data[end+1 : next]}) {
				return
			}
			data = data[next:]
		}
	}
}

// kind returns the file type bits of the entry's mode; 0 if it has none.
func (e treeEntry) kind() uint32 {
	n, err := strconv.ParseUint(string(e.mode), 8, 32)
	if err != nil {
		return 0
	}
	return uint32(n) & modeKind
}

// The kinds of entries that are no blobs, as modes of trees and of the index have
// them (gitformat-index).
const (
	modeKind   = 0o170000
	modeCommit = 0o160000 // a submodule
	modeTree   = 0o040000
)

// prefixes yields the path and every directory above it, from the top down.
func prefixes(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range len(path) {
			if path[i] == '/' && !yield(path[:i]) {
				return
			}
		}
		yield(path)
	}
}

// base returns the last element of a slash path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
