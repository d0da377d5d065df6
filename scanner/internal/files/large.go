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
	l := &long{worker: w, r: r, parts: w.detect.Parts(w.buf[:n])}
	err = l.run(ctx, n, err)
	out := l.parts.End()
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
}

// A spot is a place in a file to which reading can come back. It is a boundary
// between characters, but for a few bytes that were read beyond it.
type spot struct {
	at    int64 // bytes given before it
	mark  detect.Mark
	next  reading
	ahead [detect.Slack]byte
	n     int // of ahead
}

// run reads the file to its end. Of the first window n bytes are in the buffer,
// and err is what ended its reading.
func (l *long) run(ctx context.Context, n int, err error) error {
	start := spot{mark: detect.Start()}
	l.here, l.before = start, start
	buf := l.worker.buf[:seam+window]
	engine := l.worker.walk.opts.Engine
	for counted := 0; ; {
		switch {
		case engine.Candidate(buf[:n]):
			if err = l.part(ctx); err == nil {
				n, counted = copy(buf, l.here.ahead[:l.here.n]), 0
			}
		case err == nil:
			// Between the spots lie all of the window but its seams.
			cut := detect.Boundary(buf, n)
			next := l.here
			next.at += int64(cut - counted)
			next.mark.Pass(buf[counted:cut])
			next.save(l.r, buf[cut:n])
			l.before, l.here = l.here, next
			n = copy(buf, buf[n-seam:n])
			counted = n - next.n
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

// save makes the reader's state that of the spot, ahead of which it has read.
func (s *spot) save(r *extents, ahead []byte) {
	s.next = r.reading
	s.n = copy(s.ahead[:], ahead)
}

// part searches around the window at hand, and goes on behind that.
func (l *long) part(ctx context.Context) error {
	buf, margin := l.parts.Buffer()
	l.r.rewind(l.before.next)
	n := copy(buf, l.before.ahead[:l.before.n])
	// The next window begins a margin before what this part can see, and the
	// next part two.
	next := [...]spot{l.before, l.before}
	counted := 0
	for i := range next {
		m, err := io.ReadFull(l.r, buf[n:len(buf)-(2-i)*margin])
		n += m
		if err != nil {
			return l.search(ctx, buf[:n], n, err)
		}
		cut := detect.Boundary(buf, n)
		s := &next[i]
		if i > 0 {
			*s = next[i-1]
		}
		s.at += int64(cut - counted)
		s.mark.Pass(buf[counted:cut])
		s.save(l.r, buf[cut:n])
		counted = cut
	}
	m, err := io.ReadFull(l.r, buf[n:])
	n += m
	if err != nil {
		return l.search(ctx, buf[:n], n, err)
	}
	err = l.search(ctx, buf, counted, ctx.Err())
	l.before, l.here = next[0], next[1]
	l.r.rewind(l.here.next)
	return err
}

// search has detection look at a part for what begins in part[:to] and was not
// told yet, and returns err.
func (l *long) search(ctx context.Context, part []byte, to int, err error) error {
	from := max(0, l.told-l.before.at)
	l.parts.Search(ctx, l.before.mark, part, int(from), to)
	l.told = l.before.at + int64(to)
	return err
}
