package inflate

import (
	"bufio"
	"io"
)

const (
	// historySize is how far back a match may reach (RFC 1951 section 2).
	historySize = 32 << 10
	// longestMatch is how far one symbol may go beyond a limit (section 3.2.5).
	longestMatch = 258
	// headSize is more bytes than the head of any block takes (section 3.2.7): 14
	// bits, 19 lengths of 3 bits and 320 codes of up to 14 with their extra bits.
	headSize = 1 << 10

	windowSize = historySize + 96<<10
)

// A Reader inflates bare streams (RFC 1951) of any length, in a window that is
// small enough to stay in a cache. It holds about 160 KiB, and may be used any
// number of times, each time after a [Reader.Reset]. It is not for concurrent
// use.
type Reader struct {
	z      Inflater
	s      stream
	window [windowSize + longestMatch]byte
	given  int // the bytes of window up to here were read

	br     *bufio.Reader
	tables *tables // of the block at hand; nil if it is stored or not begun
	stored int     // bytes of the block at hand, if it is stored, that are to come
	last   bool    // the block at hand is the last one
	begun  bool    // a block is at hand
	err    error   // what comes after the bytes in the window
}

// Reset makes r read the stream whose first byte is br's next one. br needs a
// buffer of a kilobyte or more; when the stream has ended, br's next byte is the
// one behind it. r keeps br until it is reset again, which br may be nil for.
func (r *Reader) Reset(br *bufio.Reader) {
	r.br, r.err = br, nil
	r.tables, r.stored, r.last, r.begun = nil, 0, false, false
	r.given = 0
	r.s = stream{dst: r.window[:], limit: windowSize}
}

// Read gives the next bytes of the stream. At its end the error is io.EOF, where
// the input ends before it io.ErrUnexpectedEOF, where it makes no sense a
// [*CorruptError], whose offset counts from somewhere within the input; else it
// is the input's own. All bytes before that have been given.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.given == r.s.out {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
		if r.given == r.s.out {
			return 0, r.err
		}
	}
	n := copy(p, r.window[r.given:r.s.out])
	r.given += n
	return n, nil
}

// fill inflates until the window is full or the stream at its end, and leaves why
// it ended in r.err.
func (r *Reader) fill() {
	if r.s.out > historySize {
		copy(r.window[:], r.window[r.s.out-historySize:r.s.out])
		r.s.out = historySize
	}
	r.given = r.s.out
	for r.err == nil && !r.full() {
		r.step()
	}
}

func (r *Reader) full() bool { return r.s.out > windowSize-fastOutput }

// step decodes what is in the buffer of the input.
func (r *Reader) step() {
	src, inputErr := r.br.Peek(max(r.br.Buffered(), headSize))
	r.s.src, r.s.in = src, 0
	err := r.decode(len(src) < headSize)
	r.s.keepBits()
	_, _ = r.br.Discard(r.s.in) // they are in the buffer
	r.s.src = nil
	if err == ErrTruncated {
		err = inputErr
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	r.err = err
}

// decode decodes the head of a block, or some of a block: all that there is if
// atEnd is true, as no more input will come.
func (r *Reader) decode(atEnd bool) error {
	if !r.begun {
		if r.last {
			r.s.giveBack()
			return io.EOF
		}
		return r.begin()
	}
	if r.tables == nil {
		return r.copyStored()
	}
	why := r.s.fast(r.tables)
	if why == slackGone && atEnd && !r.full() {
		why = r.s.careful(r.tables)
	}
	switch why {
	case slackGone:
		return nil
	case blockEnd:
		r.begun = false
		return nil
	}
	return r.s.failure(why)
}

// begin reads the head of a block.
func (r *Reader) begin() error {
	s := &r.s
	s.refill()
	if s.nbits < 3 {
		return ErrTruncated
	}
	header := s.bitbuf & 7
	s.take(3)
	r.last, r.begun, r.tables = header&1 != 0, true, nil
	switch header >> 1 {
	case 0:
		size, err := s.storedSize()
		r.stored = size
		return err
	case 1:
		r.tables = &fixed
	case 2:
		if err := r.z.readTables(s); err != nil {
			return err
		}
		r.tables = &r.z.dynamic
	default:
		return s.corrupt("reserved block type")
	}
	return nil
}

func (r *Reader) copyStored() error {
	s := &r.s
	n := copy(s.dst[s.out:windowSize], s.src[:min(r.stored, len(s.src))])
	s.in += n
	s.out += n
	r.stored -= n
	switch {
	case r.stored == 0:
		r.begun = false
	case n == 0:
		return ErrTruncated
	}
	return nil
}
