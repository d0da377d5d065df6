package layer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A Source is the content of a container: bytes that can be read anywhere, or
// a stream.
type Source struct {
	stream io.Reader
	at     io.ReaderAt
	size   int64
}

// SourceAt returns the size bytes of r as a Source, be it an *os.File or a
// *bytes.Reader.
func SourceAt(r io.ReaderAt, size int64) Source { return Source{at: r, size: size} }

// SourceStream returns r, read from the container's first byte on, as a
// Source. Unpack reads forward only and no more than it needs; what is left
// stays in r for the caller. A caller who wants to search the raw bytes in the
// same pass hands in an io.TeeReader and drains it afterwards.
func SourceStream(r io.Reader) Source { return Source{stream: r} }

// A Member is one piece of content within a container.
type Member struct {
	// Name is what the container calls it, as the container's bytes have it:
	// it may be empty, be no UTF-8, or hold "..".
	Name string
	// Reader gives the content. It is good until visit returns. At an early
	// end (damage, a limit) it returns a *Fault, after all bytes that could be
	// had; Unpack reports that fault itself, so visit may end as if the
	// content were whole, or hand the error back.
	Reader io.Reader
	// Size is the length in bytes that the container declares, -1 if it does
	// not say. It may be a lie.
	Size int64
}

// Unpack opens one level of the container in src: it calls visit for each
// member in order. Members that are containers themselves are the caller's to
// open, by another Unpack with the same b while visit runs, one level deeper.
//
// An error of visit ends the walk and is returned as it is, so does the
// context's. Otherwise the error is nil or a Faults: what could not be read,
// and why. Everything before and beside the damage has been visited.
func Unpack(ctx context.Context, f Format, src Source, b *Budget, visit func(Member) error) error {
	if b.spent {
		return nil
	}
	u := &unpacking{ctx: ctx, format: f, source: src, budget: b, visit: visit}
	if b.depth >= b.limits.Depth {
		u.fault(Cut, "", fmt.Sprintf("nested more than %d deep", b.limits.Depth))
		return u.result(nil)
	}
	b.depth++
	defer func() {
		if b.depth--; b.depth == 0 {
			b.modest() // whatever went wrong
		}
	}()
	defer u.releaseAfter(0)
	return u.result(u.open())
}

// unpacking is the state of one Unpack.
type unpacking struct {
	ctx    context.Context
	format Format
	source Source
	budget *Budget
	visit  func(Member) error

	sourceErr error // the first error of the source that is not io.EOF
	stopped   error // what visit or the context ended the walk with
	faults    Faults
	more      int // opaque faults beyond maxFaults
	held      []func()
}

// errStopped ends the walk; why is in the unpacking.
var errStopped = errors.New("layer: stopped")

func (u *unpacking) open() error {
	switch u.format {
	case Gzip:
		return u.openGzip()
	case Zlib:
		return u.openZlib()
	case Bzip2:
		return u.openBzip2()
	case XZ:
		return u.openXZ()
	case Zstd:
		return u.openZstd()
	case Zip:
		return u.openZip()
	case Tar:
		return u.openTar()
	case Ar:
		return u.openAr()
	case Cpio:
		return u.openCpio()
	case PDF:
		return u.openPDF()
	case PNG:
		return u.openPNG()
	case SQLite:
		return u.openSQLite()
	case GitPack:
		return u.openGitPack()
	case GitBundle:
		return u.openGitBundle()
	}
	return unsupported("this format is not opened")
}

// damage is a decoder's complaint about the content.
type damage struct{ reason string }

func (d damage) Error() string { return d.reason }

// damaged and unsupported make the errors that become opaque faults.
func damaged(format string, args ...any) error {
	return damage{"damaged: " + fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) error {
	return damage{fmt.Sprintf(format, args...)}
}

// cut is a decoder's word that a limit keeps it from going on.
type cut struct{ reason string }

func (c cut) Error() string { return c.reason }

// result turns the end of a walk into what Unpack returns.
func (u *unpacking) result(err error) error {
	if err == nil {
		err = u.sourceErr
	}
	if err != nil && err != errStopped {
		u.failure("", err)
	}
	if u.stopped != nil {
		return u.stopped
	}
	if u.more > 0 {
		u.faults = append(u.faults, &Fault{Kind: Opaque, Format: u.format, Reason: fmt.Sprintf("%d more members could not be opened", u.more)})
	}
	if len(u.faults) == 0 {
		return nil
	}
	return u.faults
}

// fault records a fault. Damage that ends a member ends its container, as a
// rule: that is said once, of the member.
func (u *unpacking) fault(kind FaultKind, member, reason string) *Fault {
	if n := len(u.faults); member == "" && n > 0 && u.faults[n-1].Reason == reason {
		return u.faults[n-1]
	}
	f := &Fault{Kind: kind, Format: u.format, Member: member, Reason: reason}
	if kind == Opaque && len(u.faults) >= maxFaults-1 {
		u.more++
		return f
	}
	u.faults = append(u.faults, f)
	return f
}

// failure records err, met in the named member, as the fault that it is. When
// the source failed, that comes first: all else follows from it. A source that
// is a member of another container hands down that container's own fault,
// which is not recorded twice.
func (u *unpacking) failure(member string, err error) *Fault {
	if u.sourceErr != nil {
		var outer *Fault
		if errors.As(u.sourceErr, &outer) {
			return outer
		}
		for _, f := range u.faults {
			if f.Kind == Unreadable {
				return f
			}
		}
		f := u.fault(Unreadable, member, u.sourceErr.Error())
		f.Err = u.sourceErr
		return f
	}
	var limit cut
	if errors.As(err, &limit) {
		return u.fault(Cut, member, limit.reason)
	}
	var d damage
	if errors.As(err, &d) {
		return u.fault(Opaque, member, d.reason)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return u.fault(Opaque, member, "damaged: truncated")
	}
	return u.fault(Opaque, member, "damaged: "+err.Error())
}

// hold sets n bytes of memory aside until the walk ends.
func (u *unpacking) hold(n int64) error {
	release, ok := u.budget.hold(n)
	if !ok {
		return cut{fmt.Sprintf("needs %d MiB of memory", (n+1<<20-1)>>20)}
	}
	u.held = append(u.held, release)
	return nil
}

// releaseAfter gives back what was held after the first n.
func (u *unpacking) releaseAfter(n int) {
	for _, release := range u.held[n:] {
		release()
	}
	u.held = u.held[:n]
}

// sourceReader reads a source and remembers why that failed.
type sourceReader struct {
	u *unpacking
	r io.Reader
}

func (s sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF && s.u.sourceErr == nil {
		s.u.sourceErr = err
	}
	return n, err
}

// sourceAt is the same for reading anywhere.
type sourceAt struct {
	u *unpacking
	r io.ReaderAt
}

func (s sourceAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && err != io.EOF && s.u.sourceErr == nil {
		s.u.sourceErr = err
	}
	return n, err
}

// reader returns the source as a stream from its first byte.
func (u *unpacking) reader() *bufio.Reader {
	r := u.source.stream
	if u.source.at != nil {
		r = io.NewSectionReader(u.source.at, 0, u.source.size)
	}
	return u.buffer(sourceReader{u, r})
}

var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, inputSize) }}

// buffer returns r with a buffer that is good until what was held is released.
func (u *unpacking) buffer(r io.Reader) *bufio.Reader {
	br := buffers.Get().(*bufio.Reader)
	br.Reset(r)
	u.held = append(u.held, func() {
		br.Reset(nil)
		buffers.Put(br)
	})
	return br
}

// random returns the source as bytes that can be read anywhere. A stream is
// read into memory for that; if it is longer than the memory there is, random
// answers false and the source is still whole, as a stream.
func (u *unpacking) random() (io.ReaderAt, int64, bool) {
	if u.source.at != nil {
		return sourceAt{u, u.source.at}, u.source.size, true
	}
	var pieces spool
	for size := int64(0); ; {
		release, ok := u.budget.hold(spoolPiece)
		if !ok || size >= maxWindow/2 {
			if ok {
				release()
			}
			u.source.stream = io.MultiReader(io.NewSectionReader(pieces, 0, size), u.source.stream)
			return nil, 0, false
		}
		u.held = append(u.held, release)
		piece := make([]byte, spoolPiece)
		n, err := io.ReadFull(sourceReader{u, u.source.stream}, piece)
		pieces = append(pieces, piece[:n])
		if size += int64(n); err != nil {
			return pieces, size, true
		}
	}
}

// spoolPiece is how much of a stream is held in one piece.
const spoolPiece = 1 << 20

// A spool is a stream that is held in memory, all pieces but the last
// spoolPiece long.
type spool [][]byte

func (s spool) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		i := int(at / spoolPiece)
		if i >= len(s) || at%spoolPiece >= int64(len(s[i])) {
			return n, io.EOF
		}
		n += copy(p[n:], s[i][at%spoolPiece:])
	}
	return n, nil
}

// opened counts one member; errStopped says that there may be no more.
func (u *unpacking) opened() error {
	if err := u.ctx.Err(); err != nil {
		u.stopped = err
		return errStopped
	}
	b := u.budget
	if b.spent {
		return errStopped
	}
	if b.members <= 0 {
		b.spent = true
		u.fault(Cut, "", fmt.Sprintf("more than %d members", b.limits.Members))
		return errStopped
	}
	b.members--
	return nil
}

// member visits one member whose content is r, and reads what visit left of it.
// Every byte counts as expanded, but for as many as *free allows; free may be
// nil.
func (u *unpacking) member(name string, size int64, r io.Reader, free *int64) error {
	if err := u.opened(); err != nil {
		return err
	}
	if free == nil {
		free = new(int64)
	}
	m := &meter{u: u, member: name, r: r, free: free}
	err := u.visit(Member{Name: name, Reader: m, Size: size})
	if own := (*Fault)(nil); errors.As(err, &own) && own == m.fault {
		err = nil
	}
	if err == nil && u.stopped == nil {
		// The decoder finds the member's end, and its damage, only by reading;
		// the meter has recorded whatever Copy fails with.
		_, _ = io.Copy(io.Discard, m)
	}
	if u.stopped == nil {
		u.stopped = err
	}
	if u.stopped != nil || u.budget.spent {
		return errStopped
	}
	return nil
}

// A meter is the reader of one member: it draws on the budget, and makes a
// fault of what goes wrong.
type meter struct {
	u      *unpacking
	member string
	r      io.Reader
	free   *int64
	fault  *Fault
	ended  bool
}

func (m *meter) Read(p []byte) (int, error) {
	if m.fault != nil {
		return 0, m.fault
	}
	if m.ended {
		return 0, io.EOF
	}
	if err := m.u.ctx.Err(); err != nil {
		m.u.stopped = err
		return 0, err
	}
	b := m.u.budget
	left := b.bytes + *m.free
	if b.spent {
		left = 0
	}
	if left == 0 {
		return 0, m.atLimit()
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := m.r.Read(p)
	paid := max(int64(n)-*m.free, 0)
	*m.free -= int64(n) - paid
	b.bytes -= paid
	if err == io.EOF {
		m.ended = true
	} else if err != nil {
		m.fault = m.u.failure(m.member, err)
		err = m.fault
	}
	return n, err
}

// atLimit tells a content that ends exactly at the limit from one that is cut.
func (m *meter) atLimit() error {
	var probe [1]byte
	for !m.u.budget.spent {
		n, err := m.r.Read(probe[:])
		if n > 0 {
			m.u.budget.spent = true
			m.fault = m.u.fault(Cut, m.member, fmt.Sprintf("more than %s expanded", byteCount(m.u.budget.limits.Bytes)))
			return m.fault
		}
		if err == io.EOF {
			m.ended = true
			return io.EOF
		}
		if err != nil {
			m.fault = m.u.failure(m.member, err)
			return m.fault
		}
	}
	m.fault = &Fault{Kind: Cut, Format: m.u.format, Member: m.member, Reason: "a limit was hit within it"}
	return m.fault
}

func byteCount(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n >= 1024 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return fmt.Sprintf("%d %s", n, units[i])
}

// unlimited is what a member may have for nothing that is passed on as it
// stands, and only once.
const unlimited = int64(1) << 62

// A credit reads from the source and adds what it read to free: the members of
// formats that do not compress cost nothing but what they make up, such as the
// holes of a sparse file.
type credit struct {
	r    io.Reader
	free int64
	read int64
}

func (c *credit) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.free += int64(n)
	c.read += int64(n)
	return n, err
}

// skip discards n bytes of r; io.ErrUnexpectedEOF says that there were fewer.
func skip(r io.Reader, n int64) error {
	if _, err := io.CopyN(io.Discard, r, n); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}
