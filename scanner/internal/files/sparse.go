package files

import (
	"io"
	"math"
	"os"
)

// extents reads a file from its start without what it has holes for. Of each
// hole some zeros are given, so that what stands before and after it does not
// touch; columns behind a hole on the same line count those alone.
type extents struct {
	f      *os.File
	readAt func(*os.File, []byte, int64) (int, error)
	holes  bool // whether to look for holes
	reading
	furthest int64             // the largest next so far
	moved    func(bytes int64) // told how far furthest moved
}

// reading is how far the reading of extents has come.
type reading struct {
	next    int64 // where to read
	data    int64 // end of the data at next
	zeros   int   // still to be given for the hole before next
	skipped int64 // bytes of holes that were not given
}

// gap is how many zeros stand for a hole, which is never shorter.
const gap = 512

// rewind goes back to where reading was before.
func (e *extents) rewind(to reading) { e.reading = to }

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
	e.to(e.next + int64(n))
	if n > 0 {
		err = nil // it comes again
	}
	return n, err
}

// to moves next.
func (e *extents) to(next int64) {
	if e.next = next; next > e.furthest {
		e.moved(next - e.furthest)
		e.furthest = next
	}
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
	e.to(from)
	e.data = to
	if end && e.zeros == 0 {
		return io.EOF
	}
	return nil
}

// ReadAt reads the file as it is, holes included.
func (e *extents) ReadAt(p []byte, off int64) (int, error) { return e.f.ReadAt(p, off) }
