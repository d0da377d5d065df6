package gitobj

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sync/atomic"
)

// look searches the object in next, shows it if need be and follows its links.
// It is in w.made, too. base is the object it was built from, nil for a whole one; doubt, if any, is a
// reason not to count it as read. It returns the frame to be pushed, and false
// if it has no children.
func (w *worker) look(next frame, base *frame, doubt error) (frame, bool) {
	f, o := w.job.forest, &w.walk.o
	data := next.buf
	next.size = len(data)
	t := f.typ[next.entry]
	if o.Match != nil {
		next.sign = w.signOf(data, base)
	}
	telling := w.telling(t, next.sign == matched, data)
	if telling || o.Always.Has(t) {
		w.made.fill()
		w.object = Object{ID: f.id(next.entry), Type: t, Size: int64(len(data)), Data: data[:len(data):len(data)], Pack: f.pack.path}
		w.visitor.Visit(&w.object)
		if telling {
			w.noteShown(&w.object)
		}
	}
	if t == Tree && w.trees != nil || o.CheckLinks && t != Blob {
		err := w.links(t, &next, base)
		if doubt == nil {
			doubt = err
		}
	}
	w.finish(next.entry, len(data), doubt)
	if len(next.kids) == 0 {
		w.recycle(next.buf, next.bounds)
		return frame{}, false
	}
	return next, true
}

// finish counts entry i, whose object has size bytes.
func (w *worker) finish(i int32, size int, doubt error) {
	if doubt != nil {
		w.problem(i, doubt)
	} else {
		w.job.forest.done[i] = true
	}
	w.count(int64(size))
}

// signOf searches data, the object in w.made, built from base if that is not nil.
func (w *worker) signOf(data []byte, base *frame) sign {
	o := &w.walk.o
	var hit bool
	switch {
	case base == nil:
		if o.Trace != nil && !o.Trace(data) {
			return unseen
		}
		hit = o.Match(data)
	case base.sign == matched:
		hit = o.Match(data)
	default:
		if base.sign == unseen && !w.glance.object(&w.made) {
			return unseen
		}
		hit = changed(w.made.spans, len(data), o.Overlap, func(from, to int) bool { return o.Match(data[from:to]) })
	}
	if hit {
		return matched
	}
	return traced
}

// telling tells whether an object is to be shown for what it holds.
func (w *worker) telling(t Type, hit bool, data []byte) bool {
	o := &w.walk.o
	return o.Match == nil || hit || t == Blob && o.Whole != nil && o.Whole(data[:min(len(data), headBytes)], data[max(0, len(data)-tailBytes):])
}

// links notes what the object in next names and the store lacks.
func (w *worker) links(t Type, next, base *frame) (err error) {
	defer caught(&err, w.job.forest.pack.idxPath())
	w.entry = next.entry
	if t != Tree {
		return w.follow(t, next.buf)
	}
	var from []uint32
	if base != nil {
		from = base.bounds
	}
	var dst []uint32
	if n := len(w.bounds); n > 0 {
		dst, w.bounds = w.bounds[n-1][:0], w.bounds[:n-1]
	}
	w.news.begin()
	next.bounds, err = w.treeReader().bounds(dst, &w.made, from, len(next.kids) == 0)
	if w.trees != nil {
		w.tellTree(next, base)
	}
	return err
}

func (w *worker) treeReader() *treeReader {
	return &treeReader{hs: w.walk.store.format.Size(), fresh: w.treeLink, kept: w.news.keep}
}

// follow notes what a commit, tag or whole tree names.
func (w *worker) follow(t Type, data []byte) error {
	hs := w.walk.store.format.Size()
	switch t {
	case Commit:
		return commitLinks(data, w.linkID[:hs], w.link)
	case Tag:
		return tagLinks(data, w.linkID[:hs], w.link)
	case Tree:
		w.news.begin()
		_, err := w.treeReader().bounds(nil, &patched{buf: data, edge: everything}, nil, true)
		return err
	}
	return nil
}

func (w *worker) treeLink(e treeEntry) {
	if w.trees != nil {
		w.news.tree.Fresh = append(w.news.tree.Fresh, e.public())
	}
	if t, ok := e.link(); ok && w.walk.o.CheckLinks {
		w.link(e.id, t)
	}
}

// noteShown writes down that the object was shown.
func (w *worker) noteShown(o *Object) {
	if w.notes != nil {
		w.notes.shown = append(w.notes.shown, Shown{ID: o.ID, Type: o.Type, Streamed: o.Reader != nil})
	}
}

// count adds one object of n bytes to what was searched.
func (w *worker) count(n int64) {
	w.bytes += n
	w.objectsNow++
	w.bytesNow += n
	if w.objectsNow == 512 {
		w.report()
		// With a worker on every processor, whoever is to end the walk would wait
		// for a time slice at each step from the signal to w.walk.stop.
		runtime.Gosched()
	}
}

// report tells Progress what it does not know yet.
func (w *worker) report() {
	if w.walk.o.Progress != nil && w.objectsNow > 0 {
		w.walk.o.Progress(w.objectsNow, w.bytesNow)
	}
	w.objectsNow, w.bytesNow = 0, 0
}

// replace goes on below entry i, which can't be read, with another copy of the
// object if the store has one.
func (w *worker) replace(i int32) (frame, bool) {
	f := w.job.forest
	kids := f.children(i)
	if len(kids) == 0 {
		return frame{}, false
	}
	_, data, err := w.walk.store.read(f.id(i), f.pack, 0)
	if err != nil {
		w.lose(kids, f.id(i))
		return frame{}, false
	}
	return frame{entry: i, sign: matched, buf: data, size: len(data), kids: kids}, true
}

// restore builds again what was dropped of a frame.
func (w *worker) restore(top *frame) error {
	if err := w.reserve(int64(top.size)); err != nil {
		return err
	}
	_, data, err := w.walk.store.read(w.job.forest.id(top.entry), nil, 0)
	if err != nil {
		return err
	}
	top.buf = data
	w.live += int64(cap(data))
	return nil
}

// streamRoot shows the large blob i.
func (w *worker) streamRoot(i int32, h header) error {
	f := w.job.forest
	var doubt error
	if f.crc != nil {
		sum := crc32.NewIEEE()
		if _, err := io.Copy(sum, io.NewSectionReader(f.pack.file, f.off[i], f.end(i)-f.off[i])); err != nil {
			return err
		}
		if sum.Sum32() != f.crc[i] {
			doubt = errCRC
		}
	}
	r, err := f.pack.stream(f.off[i]+int64(h.len), int64(h.size))
	if err != nil {
		return err
	}
	defer r.Close()
	err = w.showStream(r, Object{ID: f.id(i), Type: Blob, Size: int64(h.size), Pack: f.pack.path})
	if err != nil {
		return err
	}
	if doubt != nil {
		return doubt
	}
	f.done[i] = true
	return nil
}

var errStopped = errors.New("the walk was ended")

// checked passes a stream on and remembers how it failed.
type checked struct {
	r    io.Reader
	stop *atomic.Bool
	n    int64
	err  error
}

func (c *checked) Read(p []byte) (int, error) {
	if c.err == nil && c.stop.Load() {
		c.err = errStopped
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.err = err
	return n, err
}

// showStream shows the object o with the content that r yields, and reads to its
// end what the visitor left.
func (w *worker) showStream(r io.Reader, o Object) error {
	n, err := w.passOn(r, o)
	w.count(n)
	return err
}

// passOn is showStream without the counting: it returns how many bytes there were.
func (w *worker) passOn(r io.Reader, o Object) (int64, error) {
	c := &checked{r: r, stop: &w.walk.stop}
	o.Reader = c
	w.object = o
	w.visitor.Visit(&w.object)
	w.noteShown(&w.object)
	io.Copy(io.Discard, c)
	if c.err != nil && c.err != io.EOF {
		return c.n, fmt.Errorf("after %d of %d bytes: %w", c.n, o.Size, c.err)
	}
	return c.n, nil
}
