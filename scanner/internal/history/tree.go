package history

import (
	"bytes"
	"iter"
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

// isTreeMode tells whether an entry's mode says tree; old writers padded it.
func isTreeMode(mode []byte) bool {
	return string(mode) == "40000" || string(mode) == "040000"
}

// isCommitMode tells whether an entry's mode says that it names a commit of
// another repository, a submodule.
func isCommitMode(mode []byte) bool { return string(mode) == "160000" }
