package files

import (
	"context"
	"errors"
	"io"

	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

const (
	// window is how many bytes of a large file are looked at together: few enough
	// to stay in the processor's cache from the reading to the search.
	window = 256 << 10
	// seam is how many bytes of a window are looked at again with the next one: a
	// literal may span the two, and the boundary between them lies here.
	seam = 160
)

var errStopped = errors.New("the walk was stopped")

// large searches a file that is not held in memory. Of a container detection
// gets all. Other files are read window by window, and detection gets the parts
// in which a literal stands.
func (w *worker) large(ctx context.Context, f *file, info fileInfo) (detect.Outcome, error) {
	opened, err := f.stream("")
	*f = closed
	if err != nil {
		return detect.Outcome{}, err
	}
	defer opened.Close()
	r := &extents{f: opened, readAt: w.walk.readAt, holes: info.sparse, moved: w.within}
	w.room(seam + window)
	n, err := io.ReadFull(r, w.buf[:window])
	if w.walk.opts.Containers && w.container(w.buf[:n], w.tail(r, info.size)) {
		r.rewind(reading{})
		out, err := w.detect.Stream(ctx, r, info.size)
		out.Bytes += r.skipped
		return out, err
	}
	l := &long{worker: w, r: r, parts: w.walk.opts.Engine.Parts(w.buf[:n])}
	err = l.run(ctx, n, err)
	out := l.parts.Outcome()
	out.Bytes += l.r.furthest
	return out, err
}

// tail returns the last bytes of a file of the given size.
func (w *worker) tail(r *extents, size int64) []byte {
	tail := make([]byte, layer.SniffTailLen)
	n, err := r.ReadAt(tail, max(0, size-int64(len(tail))))
	if err != nil && err != io.EOF {
		return nil
	}
	return tail[:n]
}

// A long is a large file on the way through its windows.
type long struct {
	worker *worker
	r      *extents
	parts  *detect.Parts

	// Where the window at hand begins, and where a part would begin that has it
	// in its middle: between the two no literal stands, but for those that
	// searched parts hold.
	here, before spot
	told         int64 // parts up to here were searched

	// Lines are counted where a key makes them of interest.
	counted spot
	mark    detect.Mark // of counted
}

// A spot is a place in a file to which reading can come back. It is a boundary
// between characters, but for a few bytes that were read beyond it.
type spot struct {
	at    int64 // bytes given before it
	next  reading
	ahead [detect.Slack]byte
	n     int // of ahead
}

// save makes the reader's state that of a spot some bytes on, ahead of which it
// has read.
func (s *spot) save(r *extents, by int, ahead []byte) {
	s.at += int64(by)
	s.next = r.reading
	s.n = copy(s.ahead[:], ahead)
}

// back has the reader read from the spot on. What it has read ahead goes to buf.
func (s *spot) back(r *extents, buf []byte) (n int) {
	r.rewind(s.next)
	return copy(buf, s.ahead[:s.n])
}

// run reads the file to its end. Of the first window n bytes are in the buffer,
// and err is what ended its reading.
func (l *long) run(ctx context.Context, n int, err error) error {
	l.mark = detect.Start()
	buf := l.worker.buf[:seam+window]
	engine := l.worker.walk.opts.Engine
	for ahead := 0; ; {
		switch {
		case engine.Candidate(buf[:n]):
			if err = l.part(ctx); err == nil {
				n, ahead = l.here.back(l.r, buf), 0
			}
		case err == nil:
			// Between the spots lies all of the window but its seams.
			cut := detect.Boundary(buf, n)
			l.before = l.here
			l.here.save(l.r, cut-ahead, buf[cut:n])
			n = copy(buf, buf[n-seam:n])
			ahead = n - l.here.n
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return err
		case l.worker.walk.stopped.Load():
			return errStopped
		}
		var m int
		m, err = io.ReadFull(l.r, buf[n:n+window])
		n += m
	}
}

// part searches around the window at hand, and makes the spots those from which
// to go on behind that.
func (l *long) part(ctx context.Context) error {
	d := l.worker.walk.desks.take()
	defer l.worker.walk.desks.give(d)
	_, margin := l.worker.walk.opts.Engine.PartSize()
	buf := d.part
	n := l.before.back(l.r, buf)
	// Who goes on begins where this part sees no further, with a margin before.
	before, here := l.before, l.before
	edges := [...]struct {
		spot *spot
		read int
	}{{&before, len(buf) - 2*margin}, {&here, len(buf) - margin}}
	cuts := [len(edges)]int{}
	for i, e := range edges {
		m, err := io.ReadFull(l.r, buf[n:e.read])
		n += m
		if err != nil {
			l.search(ctx, d, buf[:n], n)
			return err
		}
		cuts[i] = detect.Boundary(buf, n)
		e.spot.save(l.r, cuts[i], buf[cuts[i]:n])
	}
	m, err := io.ReadFull(l.r, buf[n:])
	n += m
	if err != nil {
		l.search(ctx, d, buf[:n], n)
		return err
	}
	if l.search(ctx, d, buf, cuts[1]) {
		l.mark.Pass(buf[:cuts[0]])
		l.counted = before
	}
	l.before, l.here = before, here
	return ctx.Err()
}

// search has detection look at a part for what begins in part[:to] and was not
// told yet, and tells whether lines were counted for it, up to the part.
func (l *long) search(ctx context.Context, d *desk, part []byte, to int) (counted bool) {
	from := max(0, l.told-l.before.at)
	l.parts.Search(ctx, d.detect, part, int(from), to, func() detect.Mark {
		counted = true
		l.count()
		return l.mark
	})
	l.told = l.before.at + int64(to)
	return counted
}

// count counts the lines up to the part at hand. If the walk is stopped
// meanwhile, or the file can't be read any more, it is the lines until there: of
// a key that was found its place is the lesser part.
func (l *long) count() {
	r := *l.r
	r.moved = func(int64) {}
	buf := l.worker.buf[:window]
	n := l.counted.back(&r, buf)
	for left := l.before.at - l.counted.at; left > 0 && !l.worker.walk.stopped.Load(); {
		m, err := io.ReadFull(&r, buf[n:min(window, max(left, int64(n)))])
		if n += m; err != nil {
			return
		}
		cut := detect.Boundary(buf, n)
		if int64(n) == left {
			cut = n // a boundary too
		}
		l.mark.Pass(buf[:cut])
		left -= int64(cut)
		n = copy(buf, buf[cut:n])
	}
	l.counted = l.before
}
