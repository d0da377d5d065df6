package gitobj

import (
	"cmp"
	"slices"
)

// A TreeVisitor is a Visitor that is told of every tree how it differs from the
// tree that it is stored as a delta of. Most trees share all entries but one
// with another, so who asks a question about all trees need not read them whole.
// Trees are told whatever Match says, if they are among the types searched.
type TreeVisitor interface {
	Visitor
	// Tree is told of one tree. It must not keep what t points to.
	Tree(t *TreeNews)
}

// TreeNews is a tree seen from its delta base.
type TreeNews struct {
	ID ID
	// Number is that of the tree in this walk; a copy of it in another pack has
	// another. It is -1 for a loose tree, which is nobody's base.
	Number int64
	// Base is the number of the tree that has all entries but Fresh, and Gone
	// beside them; -1 if Fresh is the whole tree.
	Base int64
	// Fresh are the entries that the base lacks. One that the delta wrote anew
	// may be in Gone too, and counts as being there.
	Fresh []TreeEntry
	// Gone are entries of the base that are not taken over.
	Gone []TreeEntry
}

// A TreeEntry is one entry of a tree.
type TreeEntry struct {
	Mode uint32
	Name []byte
	ID   []byte // raw
}

// IsTree tells whether the entry names a tree.
func (e TreeEntry) IsTree() bool { return e.Mode&modeType == modeTree }

func (e treeEntry) public() TreeEntry { return TreeEntry{Mode: e.mode, Name: e.name, ID: e.id} }

// news is what is being gathered for a TreeVisitor.
type news struct {
	tree TreeNews
	kept [][2]int // runs of the base's entries
}

func (n *news) begin() {
	n.tree.Fresh, n.tree.Gone, n.kept = n.tree.Fresh[:0], n.tree.Gone[:0], n.kept[:0]
}

func (n *news) keep(from, to int) { n.kept = append(n.kept, [2]int{from, to}) }

// tellTree tells the visitor of the tree in next, built from base.
func (w *worker) tellTree(next, base *frame) {
	f, t := w.job.forest, &w.news.tree
	t.ID, t.Number, t.Base = f.id(next.entry), f.number+int64(next.entry), -1
	if base != nil && base.entry >= 0 && len(base.bounds) > 0 {
		t.Base = f.number + int64(base.entry)
		w.gone(base)
	}
	w.trees.Tree(t)
}

func (w *worker) tellLooseTree(id ID) {
	t := &w.news.tree
	t.ID, t.Number, t.Base = id, -1, -1
	w.trees.Tree(t)
}

// gone gathers the entries of base that are in no run that was kept.
func (w *worker) gone(base *frame) {
	kept := w.news.kept
	byStart := func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) }
	if !slices.IsSortedFunc(kept, byStart) {
		slices.SortFunc(kept, byStart)
	}
	next, hs := 0, w.walk.store.format.Size()
	until := func(end int) {
		for ; next < end; next++ {
			if w.walk.o.EntryIDs {
				behind := base.bounds[next+1]
				w.news.tree.Gone = append(w.news.tree.Gone, TreeEntry{ID: base.buf[behind-uint32(hs) : behind]})
				continue
			}
			if e, err := parseTreeEntry(base.buf[base.bounds[next]:], hs); err == nil {
				w.news.tree.Gone = append(w.news.tree.Gone, e.public())
			}
		}
	}
	for _, run := range kept {
		until(run[0])
		next = max(next, run[1])
	}
	until(len(base.bounds) - 1)
}
