package gitobj

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/petrascan/petrascan/scanner/internal/inflate"
)

// A worker is one goroutine's part of a walk.
type worker struct {
	walk    *walk
	visitor Visitor
	trees   TreeVisitor // the visitor, if it is one
	news    news
	job     job
	z       inflate.Inflater
	spare   buffers
	object  Object
	opened  looseReader

	stack  []frame    // from a root to the object whose children are built
	live   int64      // bytes that the stack holds
	holds  bool       // whether walk.big is held
	delta  []byte     // the delta being applied
	made   patched    // the object being looked at
	glance *glance    // nil if there is no Trace
	bounds [][]uint32 // to be used again

	entry   int32    // whose links are followed
	looseID ID       // the same for a loose object
	linkID  [32]byte // room for the id that a link names
	queue   linkQueue

	bytes    int64
	notes    *notes // nil unless the pack's record is made
	problems []Problem
	missing  map[missingKey]*Missing

	objectsNow, bytesNow int64 // not yet told to Progress
}

// A job is the pack that a worker is at.
type job struct {
	forest *forest
	source *source
	pool   *pool
	view   view
}

// A frame is an object on the way down a tree.
type frame struct {
	entry  int32
	sign   sign     // of what is looked for
	buf    []byte   // its content; nil if that was dropped
	size   int      // bytes of its content
	bounds []uint32 // where its entries begin, if it is a tree and links are checked
	kids   []int32  // children not yet walked
}

// A sign is what was found in an object of what Match looks for.
type sign uint8

const (
	unseen  sign = iota // Trace found nothing
	traced              // Match found nothing
	matched             // Match found something, or the object was not searched
)

// search walks trees until none are left.
func (w *worker) search() {
	p := w.job.pool
	for roots := p.take(); roots != nil; roots = p.take() {
		for _, i := range roots {
			if w.walk.stop.Load() {
				break
			}
			w.root(i)
			w.descend()
		}
	}
	for f, ok := p.wait(); ok; f, ok = p.wait() {
		w.push(f)
		w.descend()
	}
	w.lookUpLinks()
}

// push adds a frame to the stack.
func (w *worker) push(f frame) {
	w.live += int64(cap(f.buf))
	w.stack = append(w.stack, f)
}

// drop lets go of what a frame on the stack holds.
func (w *worker) drop(f *frame) {
	w.live -= int64(cap(f.buf))
	w.recycle(f.buf, f.bounds)
	f.buf, f.bounds = nil, nil
}

// recycle takes back an object's content and bounds.
func (w *worker) recycle(buf []byte, bounds []uint32) {
	if buf != nil {
		w.spare.put(buf, w.walk.share/4)
	}
	if bounds != nil && len(w.bounds) < 64 {
		w.bounds = append(w.bounds, bounds)
	}
}

// descend walks what is below the frames on the stack.
func (w *worker) descend() {
	defer w.releaseBig()
	for len(w.stack) > 0 {
		if w.walk.stop.Load() {
			for i := range w.stack {
				w.drop(&w.stack[i])
			}
			w.stack = w.stack[:0]
			break
		}
		if w.job.pool.hungry() {
			w.giveAway()
		}
		top := &w.stack[len(w.stack)-1]
		if len(top.kids) == 0 {
			w.drop(top)
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		if top.buf == nil {
			if err := w.restore(top); err != nil {
				w.lose(top.kids, w.job.forest.id(top.entry))
				top.kids = nil
				continue
			}
		}
		kid := top.kids[0]
		top.kids = top.kids[1:]
		next, ok := w.child(kid, top)
		if len(top.kids) == 0 {
			w.drop(top)
			w.stack = w.stack[:len(w.stack)-1]
		}
		if ok {
			w.push(next)
		}
		if w.holds && w.live <= w.walk.share {
			w.releaseBig()
		}
	}
}

// worthGiving is the number of entries for which handing over pays.
const worthGiving = 16

// giveAway hands a part of the stack to a worker that waits: the shallowest
// object with enough below, whole; or, where that is the one whose children are
// being built, a copy of it with the heaviest child.
func (w *worker) giveAway() {
	f := w.job.forest
	for i := range w.stack {
		s := &w.stack[i]
		if len(s.kids) == 0 || f.below[s.kids[len(s.kids)-1]] < worthGiving {
			continue
		}
		if i < len(w.stack)-1 {
			gift := *s
			w.live -= int64(cap(s.buf))
			s.buf, s.bounds, s.kids = nil, nil, nil
			w.job.pool.give(gift)
			return
		}
		if len(s.kids) == 1 || s.buf == nil {
			return
		}
		gift := *s
		if int64(len(s.buf)) > w.walk.share {
			gift.buf = nil
		} else {
			gift.buf = append(w.spare.get(len(s.buf))[:0], s.buf...)
		}
		gift.bounds = append([]uint32(nil), s.bounds...)
		last := len(s.kids) - 1
		gift.kids, s.kids = s.kids[last:], s.kids[:last]
		w.job.pool.give(gift)
		return
	}
}

// reserve makes room for n more bytes beside those of the last frame: frames
// that are not needed now are dropped, oldest first, and a worker that needs more
// than its share waits until no other does.
func (w *worker) reserve(n int64) error {
	if w.live+n <= w.walk.share {
		return nil
	}
	for i := 0; i < len(w.stack)-1; i++ {
		w.drop(&w.stack[i])
		if w.live+n <= w.walk.share {
			return nil
		}
	}
	if w.live+n > w.walk.most {
		return fmt.Errorf("%d bytes of memory are needed to build the object, %d are allowed", w.live+n, w.walk.most)
	}
	if !w.holds {
		w.walk.big.Lock()
		w.holds = true
	}
	return nil
}

func (w *worker) releaseBig() {
	if w.holds {
		w.holds = false
		w.walk.big.Unlock()
	}
}

// problem names entry i.
func (w *worker) problem(i int32, err error) {
	w.problems = append(w.problems, Problem{Path: w.job.source.path, ID: w.job.forest.id(i), Reason: err.Error()})
}

// lose names all entries given and what is below them, whose base is the object id.
func (w *worker) lose(entries []int32, base ID) {
	f := w.job.forest
	type lost struct {
		entries []int32
		base    ID
	}
	stack := []lost{{entries, base}}
	for len(stack) > 0 {
		l := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, i := range l.entries {
			w.problem(i, fmt.Errorf("its delta base %s could not be read", l.base))
			if kids := f.children(i); len(kids) > 0 {
				stack = append(stack, lost{kids, f.id(i)})
			}
		}
	}
}

// A rawEntry is an entry as it is in the pack.
type rawEntry struct {
	header
	total int    // bytes of the entry
	bytes []byte // those, and a few of what follows: inflating is fastest where some do
	sound bool   // whether it has the CRC-32 that the index names
}

// behind is how many bytes follow a rawEntry. No pack has fewer behind its last:
// there is its trailer.
const behind = 16

// raw reads entry i and its header. Its bytes are valid until the next call.
func (w *worker) raw(i int32) (e rawEntry, err error) {
	f := w.job.forest
	if i > 0 && f.off[i-1] == f.off[i] {
		return e, errTwice
	}
	size := f.end(i) - f.off[i]
	e.total = int(size)
	if e.bytes, err = w.job.view.bytes(f.off[i], size+behind); err != nil {
		return e, err
	}
	entry := e.bytes[:size]
	if e.header, err = parseHeader(entry, f.pack.format.Size()); err != nil {
		return e, err
	}
	if !plausible(e.size, size) {
		return e, fmt.Errorf("pack entry announces %d bytes, more than its %d can hold", e.size, size)
	}
	e.sound = f.crc != nil && crc32.ChecksumIEEE(entry) == f.crc[i]
	return e, nil
}

// errTwice is what is wrong with all but one of the objects that an index places at
// the same entry: it was searched once.
var errTwice = errors.New("the index names its entry for another object, too")

var errCRC = errors.New("its bytes in the pack do not have the CRC-32 that the index names")

// inflate inflates the stream of an entry into dst. An error is fatal only if
// dst is of no use: doubt says that it may not be what was stored.
func (w *worker) inflate(dst []byte, e *rawEntry) (doubt, err error) {
	n, err := w.z.Zlib(dst, e.bytes[e.len:], !e.sound)
	if err != nil {
		return nil, err
	}
	if e.len+n > e.total {
		return nil, inflate.ErrTruncated
	}
	if !e.sound && w.job.forest.crc != nil {
		return errCRC, nil
	}
	if e.len+n != e.total {
		return fmt.Errorf("%d bytes follow its entry that belong to no object", e.total-e.len-n), nil
	}
	return nil, nil
}

// root reads a root and pushes it if it has children.
func (w *worker) root(i int32) {
	f := w.job.forest
	kids := f.children(i)
	if f.base[i] == outside {
		w.rootOutside(i)
		return
	}
	buf, streamed, doubt, err := w.readRoot(i, len(kids) == 0)
	if err != nil {
		w.problem(i, err)
		if next, ok := w.replace(i); ok {
			w.push(next)
		}
		return
	}
	if streamed {
		return
	}
	w.made = patched{buf: buf, spans: w.made.spans[:0], edge: everything}
	if next, ok := w.look(frame{entry: i, buf: buf, kids: kids}, nil, doubt); ok {
		w.push(next)
	}
}

func (w *worker) readRoot(i int32, leaf bool) (buf []byte, streamed bool, doubt, err error) {
	defer caught(&err, w.job.forest.pack.path)
	f := w.job.forest
	if f.typ[i] == Blob && leaf && (i == 0 || f.off[i-1] != f.off[i]) {
		h, err := f.pack.headerAt(&w.job.view, f.off[i])
		if err != nil {
			return nil, false, nil, err
		}
		if h.size > uint64(w.walk.o.Stream) && plausible(h.size, f.end(i)-f.off[i]) {
			return nil, true, nil, w.streamRoot(i, h)
		}
	}
	e, err := w.raw(i)
	if err != nil {
		return nil, false, nil, err
	}
	size := e.size
	if err := w.reserve(int64(size)); err != nil {
		return nil, false, nil, err
	}
	buf = w.spare.get(int(size))
	doubt, err = w.inflate(buf, &e)
	return buf, false, doubt, err
}

// rootOutside reads a delta whose base is not in the pack.
func (w *worker) rootOutside(i int32) {
	base, err := w.outsideBase(i)
	if err != nil {
		w.problem(i, err)
		if next, ok := w.replace(i); ok {
			w.push(next)
		}
		return
	}
	w.push(frame{entry: -1, buf: base, sign: matched})
	next, ok := w.child(i, &w.stack[0])
	w.live -= int64(cap(base))
	w.stack = w.stack[:0]
	if ok {
		w.push(next)
	}
}

func (w *worker) outsideBase(i int32) (base []byte, err error) {
	defer caught(&err, w.job.forest.pack.path)
	f := w.job.forest
	h, err := f.pack.headerAt(&w.job.view, f.off[i])
	if err != nil {
		return nil, err
	}
	_, base, err = w.walk.store.read(MakeID(h.baseID), f.pack, 0)
	if err != nil {
		return nil, fmt.Errorf("delta base: %w", err)
	}
	return base, nil
}

// child builds the delta i from its base, searches it and returns its frame; it
// is false if nothing is to be walked below.
func (w *worker) child(i int32, base *frame) (next frame, ok bool) {
	size, doubt, err := w.build(i, base)
	if err != nil {
		w.problem(i, err)
		return w.replace(i)
	}
	if w.made.buf == nil {
		w.finish(i, size, doubt)
		return frame{}, false
	}
	next = frame{entry: i, buf: w.made.buf, kids: w.job.forest.children(i)}
	return w.look(next, base, doubt)
}

// build inflates the delta i and applies it to base, which makes the size bytes
// of w.made.buf. That is nil if the delta shows that nothing is to be done with
// them.
func (w *worker) build(i int32, base *frame) (size int, doubt, err error) {
	defer caught(&err, w.job.forest.pack.path)
	e, err := w.raw(i)
	if err != nil {
		return 0, nil, err
	}
	length := e.size
	if length > uint64(w.walk.share)/4 {
		if err := w.reserve(int64(length)); err != nil {
			return 0, nil, err
		}
		defer func() { w.delta = nil }()
	}
	if uint64(cap(w.delta)) < length {
		w.delta = make([]byte, length+length/4)
	}
	w.delta = w.delta[:length]
	doubt, err = w.inflate(w.delta, &e)
	if err != nil {
		return 0, nil, err
	}
	size, ops, err := deltaFor(base.buf, w.delta, uint64(w.walk.most))
	if err != nil {
		return 0, nil, err
	}
	made, o := &w.made, &w.walk.o
	made.buf, made.base, made.edge, made.head = nil, base.buf, everything, 0
	if t := w.job.forest.typ[i]; w.onlySearched(i) {
		switch {
		case base.sign == unseen && t == Blob:
			traced, err := w.glance.delta(base.buf, ops, size)
			if err != nil {
				return 0, nil, err
			}
			if !traced && (o.Whole == nil || !o.Whole(w.glance.ends(size))) {
				return size, doubt, nil
			}
		case base.sign != matched:
			made.edge = edgeFor(max(o.Overlap, joint))
			if t == Blob && o.Whole != nil {
				made.head = headBytes
			}
		}
	}
	if err := w.reserve(int64(size)); err != nil {
		return 0, nil, err
	}
	made.buf = w.spare.get(size)
	if err := made.apply(ops); err != nil {
		w.recycle(made.buf, nil)
		return 0, nil, err
	}
	return size, doubt, nil
}

// onlySearched tells whether the object of entry i is not needed but to be
// searched.
func (w *worker) onlySearched(i int32) bool {
	f, o := w.job.forest, &w.walk.o
	t := f.typ[i]
	return (t == Blob || t == Tree) && len(f.children(i)) == 0 && o.Match != nil && !o.Always.Has(t)
}
