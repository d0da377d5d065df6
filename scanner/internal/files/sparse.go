package files

import (
	"context"
	"errors"
	"io"
	"math"
	"os"

	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// window is how many bytes of a large file are looked at together: few enough
// to stay in the processor's cache from the reading to the search.
const window = 256 << 10

// large searches a file that is not held in memory. It is first read up to the
// first literal in it; only a file that has one, or is a container, goes to
// detection, from the start.
func (w *worker) large(ctx context.Context, f *file, info fileInfo) (detect.Outcome, error) {
	opened, err := f.stream("")
	if err != nil {
		*f = closed
		return detect.Outcome{}, err
	}
	*f = closed
	defer opened.Close()
	r := &extents{f: opened, readAt: w.walk.readAt, holes: info.sparse}
	found, err := w.look(r, info.size)
	if !found || err != nil {
		return detect.Outcome{Bytes: r.next}, err
	}
	r = &extents{f: opened, readAt: w.walk.readAt, holes: info.sparse}
	out, err := w.detect.Stream(ctx, r, info.size)
	out.Bytes += r.skipped
	return out, err
}

var errStopped = errors.New("the walk was stopped")

// look reads r until it finds something that detection must see.
func (w *worker) look(r *extents, size int64) (found bool, err error) {
	w.room(window)
	buf := w.buf[:window]
	overlap := w.walk.opts.Engine.Overlap()
	for fill, first := 0, true; ; first = false {
		n, err := io.ReadFull(r, buf[fill:])
		fill += n
		if first && w.walk.opts.Containers && w.container(buf[:fill], w.tail(r, size)) {
			return true, nil
		}
		if w.walk.opts.Engine.Candidate(buf[:fill]) {
			return true, nil
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return false, nil
		case err != nil:
			return false, err
		case w.walk.stopped.Load():
			return false, errStopped
		}
		fill = copy(buf, buf[fill-min(fill, overlap):fill])
	}
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

// extents reads a file from its start without what it has holes for. Of each
// hole some zeros are given, so that what stands before and after it does not
// touch; columns behind a hole on the same line count those alone.
type extents struct {
	f       *os.File
	readAt  func(*os.File, []byte, int64) (int, error)
	holes   bool  // whether to look for holes
	next    int64 // where to read
	data    int64 // end of the data at next
	zeros   int   // still to be given for the hole before next
	skipped int64 // bytes of holes that were not given
}

// gap is how many zeros stand for a hole, which is never shorter.
const gap = 512

// Read gives what follows.
func (e *extents) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if e.next >= e.data && e.zeros == 0 {
		if err := e.find(); err != nil {
			return 0, err
		}
	}
	if e.zeros > 0 {
		n := min(e.zeros, len(p))
		clear(p[:n])
		e.zeros -= n
		return n, nil
	}
	n, err := e.readAt(e.f, p[:min(int64(len(p)), e.data-e.next)], e.next)
	e.next += int64(n)
	if n > 0 {
		err = nil // it comes again
	}
	return n, err
}

// find sets data, and zeros if there is a hole at next.
func (e *extents) find() error {
	if !e.holes {
		e.data = math.MaxInt64
		return nil
	}
	from, to, err := nextData(e.f, e.next)
	if err != nil || from == e.next && to <= from {
		e.data, e.holes = math.MaxInt64, false // not told: read it all
		return nil
	}
	end := from < 0
	if end {
		info, err := e.f.Stat()
		if err != nil {
			return err
		}
		from, to = max(info.Size(), e.next), info.Size()
	}
	if hole := from - e.next; hole > 0 {
		e.zeros = int(min(hole, gap))
		e.skipped += hole - int64(e.zeros)
	}
	e.next, e.data = from, to
	if end && e.zeros == 0 {
		return io.EOF
	}
	return nil
}

// ReadAt reads the file as it is, holes included.
func (e *extents) ReadAt(p []byte, off int64) (int, error) { return e.f.ReadAt(p, off) }
