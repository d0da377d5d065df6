package history

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A treeDiff compares trees with those that all parents have at the same path.
type treeDiff struct {
	*repository
	pairs  []pair // what no parent has
	errors []finding.Error
	trees  int64 // that were asked for
	read   int64
}

func (d *treeDiff) fail(e finding.Error) {
	if !slices.Contains(d.errors, e) {
		d.errors = append(d.errors, e)
	}
}

// tree notes what lies under the tree at dir, which is "" or ends in a slash, and
// under none of the parents' trees.
func (d *treeDiff) tree(dir string, id gitobj.ID, parents []gitobj.ID) {
	if slices.Contains(parents, id) || d.ctx.Err() != nil {
		return
	}
	if len(d.pairs) > maxPlaces || strings.Count(dir, "/") > maxDirs {
		d.fail(finding.Error{Object: id.String(), Reason: "trees that name each other over and over: not all were read"})
		return
	}
	entries, ok := d.entries(id)
	if !ok {
		return
	}
	others := d.byName(parents)
	for _, e := range entries {
		kind := e.kind()
		known, named := others.has(string(e.name), e.id, kind == modeTree)
		if known || kind == modeCommit {
			continue
		}
		path := dir + string(e.name)
		d.name(path, named)
		if kind == modeTree {
			subs, _ := others.trees(string(e.name))
			d.tree(path+"/", gitobj.MakeID(e.id), subs)
		} else {
			d.pairs = append(d.pairs, pair{location: finding.InBlob, path: path, id: gitobj.MakeID(e.id)})
		}
	}
}

// name notes a path whose last name may hold a key, unless it is known.
func (d *treeDiff) name(path string, known bool) {
	if !known && d.opts.Engine.Candidate([]byte(base(path))) {
		d.pairs = append(d.pairs, pair{location: finding.InFileName, path: path})
	}
}

func (d *treeDiff) entries(id gitobj.ID) ([]treeEntry, bool) {
	d.trees++
	_, data, err := d.store.Read(id)
	if err != nil {
		d.fail(d.unread(id, "tree", err))
		return nil, false
	}
	entries, rest := slices.Collect(treeEntries(data, len(id.Bytes()))), len(data)
	for _, e := range entries {
		rest -= len(e.mode) + len(e.name) + len(e.id) + 2
	}
	if rest > 0 {
		d.fail(finding.Error{Object: id.String(), Reason: fmt.Sprintf("damaged tree: its last %d bytes make no entry", rest)})
		return entries, true
	}
	d.read++
	return entries, true
}

// listings are the entries of some trees by their names.
type listings []map[string]treeEntry

func (d *treeDiff) byName(trees []gitobj.ID) listings {
	var l listings
	for _, id := range trees {
		entries, ok := d.entries(id)
		if !ok {
			continue
		}
		byName := make(map[string]treeEntry, len(entries))
		for _, e := range entries {
			byName[string(e.name)] = e
		}
		l = append(l, byName)
	}
	return l
}

// has tells whether a tree has the object with the raw id under that name, and
// whether one has the name at all.
func (l listings) has(name string, id []byte, isTree bool) (known, named bool) {
	for _, byName := range l {
		e, ok := byName[name]
		named = named || ok
		known = known || ok && bytes.Equal(e.id, id) && (e.kind() == modeTree) == isTree
	}
	return known, named
}

// trees returns the subtrees of that name, and whether anything has the name.
func (l listings) trees(name string) (subs []gitobj.ID, named bool) {
	for _, byName := range l {
		e, ok := byName[name]
		named = named || ok
		if ok && e.kind() == modeTree {
			subs = append(subs, gitobj.MakeID(e.id))
		}
	}
	return subs, named
}
