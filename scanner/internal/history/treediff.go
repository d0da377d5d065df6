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
// It belongs to one goroutine.
type treeDiff struct {
	*repository
	pairs   []pair // what no parent has
	weight  int    // of pairs: one each, and more for long paths
	root    gitobj.ID
	errors  []finding.Error
	told    map[finding.Error]bool
	cut     []finding.Unread       // where a limit stopped it
	asked   map[gitobj.ID]bool     // trees that were looked at; whether they were read
	near    map[gitobj.ID]*listing // those that were looked at lately; nil for one that can't be read
	nearNow int                    // bytes of them
}

func newTreeDiff(h *repository) *treeDiff {
	return &treeDiff{repository: h, told: map[finding.Error]bool{}, asked: map[gitobj.ID]bool{}, near: map[gitobj.ID]*listing{}}
}

func (d *treeDiff) fail(e finding.Error) {
	if !d.told[e] {
		d.told[e] = true
		d.errors = append(d.errors, e)
	}
}

// maxFiles bounds the files that one comparison lists several times over. A few
// small trees that name each other ten times over make billions. Up to there
// every path is told; beyond, every tree is still looked at once.
const maxFiles = 1 << 18

// take returns the pairs that were found and begins a new comparison.
func (d *treeDiff) take() []pair {
	pairs := d.pairs
	d.pairs, d.weight = nil, 0
	return pairs
}

// count adds what d looked at to the result.
func (d *treeDiff) count() {
	r := d.result
	r.Errors = append(r.Errors, d.errors...)
	for _, cut := range d.cut {
		if !slices.Contains(r.Coverage.Cut, cut) {
			r.Coverage.Cut = append(r.Coverage.Cut, cut)
		}
	}
}

// tree notes what lies under the tree at dir, which is "" or ends in a slash, and
// under none of the parents' trees.
func (d *treeDiff) tree(dir string, id gitobj.ID, parents []gitobj.ID) {
	d.root = id
	d.below(dir, id, parents, map[string]bool{})
}

// below is tree; done are the comparisons that were made so far.
func (d *treeDiff) below(dir string, id gitobj.ID, parents []gitobj.ID, done map[string]bool) {
	if slices.Contains(parents, id) || d.ctx.Err() != nil {
		return
	}
	this := string(id.Bytes())
	for _, p := range parents {
		this += string(p.Bytes())
	}
	if d.weight > maxFiles && done[this] || strings.Count(dir, "/") > maxDirs {
		if len(d.cut) == 0 {
			d.cut = append(d.cut, finding.Unread{Object: d.root.String(), Reason: fmt.Sprintf("trees that name each other over and over make more than %d paths: not all are told", maxFiles)})
		}
		return
	}
	done[this] = true
	list := d.listing(id)
	if list == nil {
		return
	}
	others := d.listings(parents)
	from, to := others.differ(list)
	for i := from; i < to; i++ {
		e := list.entry(i)
		kind := e.kind()
		known, named := others.has(e.name, e.id, kind == modeTree)
		if known || kind == modeCommit {
			continue
		}
		path := dir + string(e.name)
		d.name(path, named)
		if kind == modeTree {
			subs, _ := others.trees(e.name)
			d.below(path+"/", gitobj.MakeID(e.id), subs, done)
		} else {
			d.add(pair{location: finding.InBlob, path: path, id: gitobj.MakeID(e.id)})
		}
	}
}

func (d *treeDiff) add(p pair) {
	d.pairs = append(d.pairs, p)
	d.weight += 1 + len(p.path)/64
}

// name notes a path whose last name may hold a key, unless it is known.
func (d *treeDiff) name(path string, known bool) {
	if !known && d.opts.Engine.Candidate([]byte(base(path))) {
		d.add(pair{location: finding.InFileName, path: path})
	}
}

// nearBytes bounds the trees that are kept in memory. A commit and its parents
// share most of theirs.
const nearBytes = 16 << 20

// listing returns the entries of a tree, nil if it can't be read.
func (d *treeDiff) listing(id gitobj.ID) *listing {
	if l, ok := d.near[id]; ok {
		return l
	}
	l := d.read(id)
	if d.nearNow > nearBytes {
		clear(d.near)
		d.nearNow = 0
	}
	d.near[id] = l
	d.nearNow += l.size()
	return l
}

func (d *treeDiff) read(id gitobj.ID) *listing {
	_, data, err := d.store.Read(id)
	if err != nil {
		d.asked[id] = false
		d.fail(d.unread(id, "tree", err))
		return nil
	}
	l := newListing(data, len(id.Bytes()))
	rest := len(data) - l.end()
	if rest > 0 {
		d.fail(finding.Error{Object: id.String(), Reason: fmt.Sprintf("damaged tree: its last %d bytes make no entry", rest)})
	}
	d.asked[id] = rest == 0
	return l
}

func (d *treeDiff) listings(trees []gitobj.ID) listings {
	var l listings
	for _, id := range trees {
		if list := d.listing(id); list != nil {
			l = append(l, compared{listing: list, to: list.len()})
		}
	}
	return l
}

// A listing is a tree with the places of its entries.
type listing struct {
	data   []byte
	bounds []uint32 // where each entry begins, and where the last one ends
	idSize int
}

func newListing(data []byte, idSize int) *listing {
	l := &listing{data: data, bounds: make([]uint32, 1, 2+len(data)/(idSize+16)), idSize: idSize}
	for e := range treeEntries(data, idSize) {
		l.bounds = append(l.bounds, l.bounds[len(l.bounds)-1]+uint32(len(e.mode)+len(e.name)+len(e.id)+2))
	}
	return l
}

func (l *listing) len() int { return len(l.bounds) - 1 }

func (l *listing) end() int { return int(l.bounds[len(l.bounds)-1]) }

// size is about how many bytes of memory the listing takes.
func (l *listing) size() int {
	if l == nil {
		return 0
	}
	return len(l.data) + 4*cap(l.bounds) + 100
}

func (l *listing) raw(i int) []byte { return l.data[l.bounds[i]:l.bounds[i+1]] }

func (l *listing) entry(i int) treeEntry {
	raw := l.raw(i)
	space := bytes.IndexByte(raw, ' ')
	end := len(raw) - l.idSize - 1
	return treeEntry{raw[:space], raw[space+1 : end], raw[end+1:]}
}

// listings are trees that another one is compared with.
type listings []compared

// A compared is a tree that another one is compared with. The other has the same
// entries before and behind those in [from, to).
type compared struct {
	*listing
	from, to int
	next     int            // of those: behind the one that was found last
	byName   map[string]int // of those; nil until it is worth while
}

// differ returns the entries of l that may be in none of the trees.
func (c listings) differ(l *listing) (from, to int) {
	to = l.len()
	for i := range c {
		o := &c[i]
		same := 0
		for same < min(l.len(), o.len()) && bytes.Equal(l.raw(same), o.raw(same)) {
			same++
		}
		end := 0
		for end < min(l.len(), o.len())-same && bytes.Equal(l.raw(l.len()-1-end), o.raw(o.len()-1-end)) {
			end++
		}
		o.from, o.to, o.next = same, o.len()-end, same
		from, to = max(from, same), min(to, l.len()-end)
	}
	return from, to
}

// fewEntries is how many entries are looked through as fast as in a map.
const fewEntries = 12

// find returns the entry of that name among those in which the trees differ.
// It is fastest when asked for names in the order of the tree.
func (o *compared) find(name []byte) (treeEntry, bool) {
	if o.next < o.to {
		if e := o.entry(o.next); bytes.Equal(e.name, name) {
			o.next++
			return e, true
		}
	}
	if o.to-o.from > fewEntries {
		if o.byName == nil {
			o.byName = make(map[string]int, o.to-o.from)
			for i := o.from; i < o.to; i++ {
				o.byName[string(o.entry(i).name)] = i
			}
		}
		i, ok := o.byName[string(name)]
		if !ok {
			return treeEntry{}, false
		}
		o.next = i + 1
		return o.entry(i), true
	}
	for i := o.from; i < o.to; i++ {
		if e := o.entry(i); bytes.Equal(e.name, name) {
			return e, true
		}
	}
	return treeEntry{}, false
}

// has tells whether a tree has the object with the raw id under that name, and
// whether one has the name at all.
func (c listings) has(name []byte, id []byte, isTree bool) (known, named bool) {
	for i := range c {
		e, ok := c[i].find(name)
		named = named || ok
		known = known || ok && bytes.Equal(e.id, id) && (e.kind() == modeTree) == isTree
	}
	return known, named
}

// trees returns the subtrees of that name, and whether anything has the name.
func (c listings) trees(name []byte) (subs []gitobj.ID, named bool) {
	for i := range c {
		e, ok := c[i].find(name)
		named = named || ok
		if ok && e.kind() == modeTree {
			subs = append(subs, gitobj.MakeID(e.id))
		}
	}
	return subs, named
}
