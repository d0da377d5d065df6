package layer

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
)

// A pack (gitformat-pack): "PACK", version, number of entries; the entries,
// each a type, a size and deflated data, either an object or a delta against a
// base that is named by its offset or its id; a checksum. A pack that lies in
// a tree has no index beside it that could be trusted, so the entries are
// inflated twice: to find where each ends, and then every object behind its
// base, so that each is rebuilt once. Objects too large to be a base are visited
// the first time.
const (
	gitOffsetDelta = 6
	gitRefDelta    = 7

	gitPackHeader = 12
)

var gitTypes = [8]string{1: "commit", 2: "tree", 3: "blob", 4: "tag"}

// gitHeld is the largest object that is held in memory: one that is larger is
// passed on as a stream and can be no base.
const gitHeld = 24 << 20

// openGitBundle opens a Git bundle (gitformat-bundle): lines of text up to an
// empty one, then a pack.
func (u *unpacking) openGitBundle() error {
	at, size, ok := u.random()
	if !ok {
		return cut{"too long to be held in memory"}
	}
	p := u.newGitPack(at, size)
	br := bufio.NewReader(io.NewSectionReader(at, 0, size))
	for {
		line, err := br.ReadSlice('\n')
		p.start += int64(len(line))
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return damagedOr(err, "")
		}
		switch string(line) {
		case "@object-format=sha256\n":
			p.newHash = sha256.New
		case "\n":
			return p.open()
		}
	}
}

// openGitPack opens a pack. Nothing in it tells SHA-256 from SHA-1, which is
// taken for granted.
func (u *unpacking) openGitPack() error {
	at, size, ok := u.random()
	if !ok {
		return cut{"too long to be held in memory"}
	}
	p := u.newGitPack(at, size)
	return p.open()
}

func (u *unpacking) newGitPack(at io.ReaderAt, size int64) *gitPack {
	return &gitPack{
		u: u, at: at, end: size, newHash: sha1.New,
		zr:   &zlibReader{inflater: u.inflate(nil)},
		data: u.buffer(nil),
	}
}

type gitPack struct {
	u          *unpacking
	at         io.ReaderAt
	start, end int64 // of the pack within at
	newHash    func() hash.Hash

	entries  []gitEntry
	byOffset []int            // delta entries by the offset of their base
	byID     map[string][]int // delta entries by the id of their base
	zr       *zlibReader      // for every entry
	data     *bufio.Reader    // for the data of every entry
}

// A gitEntry is where an entry stands and what it is.
type gitEntry struct {
	offset, data int64 // of its header and of its deflated data
	size         int64 // inflated
	base         int64 // offset of the base of an offset delta
	id           string
	kind         byte
	done         bool
}

func (p *gitPack) open() error {
	broken := p.index()
	if broken == errStopped {
		return broken
	}
	for i := range p.entries {
		if e := &p.entries[i]; e.kind < gitOffsetDelta && !e.done {
			if err := p.object(i); err != nil {
				return err
			}
		}
	}
	if err := p.orphans(); err != nil {
		return err
	}
	return broken
}

// index finds the entries, up to the first that is damaged. The large ones that
// are no deltas it visits.
func (p *gitPack) index() error {
	src := &credit{r: io.NewSectionReader(p.at, p.start, p.end-p.start)}
	br := p.u.buffer(src)
	here := func() int64 { return p.start + src.read - int64(br.Buffered()) }
	var h [gitPackHeader]byte
	if _, err := io.ReadFull(br, h[:]); err != nil {
		return err
	}
	if !has(h[:], 0, "PACK\x00\x00\x00") || h[7] != 2 && h[7] != 3 {
		return damaged("no pack")
	}
	p.byID = map[string][]int{}
	defer func() {
		slices.SortStableFunc(p.byOffset, func(a, b int) int { return cmp.Compare(p.entries[a].base, p.entries[b].base) })
	}()
	inflated := int64(0)
	for range binary.BigEndian.Uint32(h[8:]) {
		if err := p.u.ctx.Err(); err != nil {
			p.u.stopped = err
			return errStopped
		}
		if len(p.entries) > p.u.budget.members {
			return nil // visiting them will say that it is too many
		}
		e := gitEntry{offset: here()}
		if err := e.parse(br, p.newHash().Size()); err != nil {
			return err
		}
		e.data = here()
		if e.size > p.u.budget.bytes-inflated {
			// Where the next one begins would come out too late.
			return cut{fmt.Sprintf("more than %s expanded", byteCount(p.u.budget.limits.Bytes))}
		}
		if err := p.zr.reset(br); err != nil {
			return err
		}
		if e.kind < gitOffsetDelta && e.size > gitHeld {
			if err := p.large(&e); err != nil {
				return err
			}
			if p.zr.err != io.EOF {
				return nil // the member's fault says why
			}
		} else {
			n, err := io.Copy(io.Discard, io.LimitReader(p.zr.inflater, e.size+1))
			if err != nil {
				return err
			}
			if n != e.size {
				return errGitSize
			}
			inflated += n
			// The checksum is for when the content is looked at.
			if err := skip(br, 4); err != nil {
				return err
			}
		}
		i := len(p.entries)
		p.entries = append(p.entries, e)
		switch e.kind {
		case gitOffsetDelta:
			p.byOffset = append(p.byOffset, i)
		case gitRefDelta:
			p.byID[e.id] = append(p.byID[e.id], i)
		}
	}
	return nil
}

// parse reads an entry's header.
func (e *gitEntry) parse(br *bufio.Reader, idLen int) error {
	b, err := br.ReadByte()
	if err != nil {
		return damagedOr(err, "")
	}
	e.kind, e.size = b>>4&7, int64(b&15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = br.ReadByte(); err != nil {
			return damagedOr(err, "")
		}
		if shift > 56 {
			return damaged("an object's size")
		}
		e.size |= int64(b&0x7f) << shift
	}
	switch e.kind {
	case 1, 2, 3, 4:
	case gitOffsetDelta:
		distance := int64(-1)
		for more := true; more; {
			if b, err = br.ReadByte(); err != nil {
				return damagedOr(err, "")
			}
			distance = (distance+1)<<7 | int64(b&0x7f)
			if more = b&0x80 != 0; distance > e.offset {
				return damaged("a delta's base is outside the pack")
			}
		}
		e.base = e.offset - distance
	case gitRefDelta:
		id := make([]byte, idLen)
		if _, err := io.ReadFull(br, id); err != nil {
			return err
		}
		e.id = string(id)
	default:
		return damaged("an object of type %d", e.kind)
	}
	return nil
}

var errGitSize = damaged("an object is not as long as it says")

// large visits an object whose data is next in p.zr: as a stream.
func (p *gitPack) large(e *gitEntry) error {
	e.done = true
	if err := p.u.member(e.name(), e.size, p.zr, nil); err != nil {
		return err
	}
	if p.zr.err == io.EOF && p.zr.n != e.size {
		return errGitSize
	}
	return nil
}

func (e *gitEntry) name() string { return fmt.Sprintf("%s at offset %d", gitTypes[e.kind], e.offset) }

// decode has p.zr inflate an entry from its beginning.
func (p *gitPack) decode(e *gitEntry) error {
	p.data.Reset(io.NewSectionReader(p.at, e.data, p.end-e.data))
	return p.zr.reset(p.data)
}

// content inflates the whole of an entry.
func (p *gitPack) content(e *gitEntry) ([]byte, error) {
	if err := p.decode(e); err != nil {
		return nil, err
	}
	data := make([]byte, e.size)
	if err := readAll(p.zr, data); err != nil {
		return nil, err
	}
	switch n, err := p.zr.Read(make([]byte, 1)); {
	case n > 0:
		return nil, errGitSize
	case err != io.EOF:
		return nil, err
	}
	return data, nil
}

// object visits an entry that is no delta, and the deltas that build on it.
func (p *gitPack) object(i int) error {
	e := &p.entries[i]
	e.done = true
	release, ok := p.u.budget.hold(e.size)
	if !ok { // others hold too much
		if err := p.decode(e); err != nil {
			return err
		}
		return p.large(e)
	}
	data, err := p.content(e)
	if err != nil {
		release()
		return err
	}
	return p.visit(gitTypes[e.kind], e.offset, data, release)
}

// visit visits an object that is held, and then those that build on it, depth
// first. The object is released before the last of them is followed, so a
// plain chain holds two objects at a time, however long it is.
func (p *gitPack) visit(kind string, offset int64, data []byte, release func()) error {
	for {
		h := p.newHash()
		fmt.Fprintf(h, "%s %d\x00", kind, len(data))
		h.Write(data)
		id := string(h.Sum(nil))
		name := kind + " " + hex.EncodeToString([]byte(id))
		if err := p.u.member(name, int64(len(data)), bytes.NewReader(data), nil); err != nil {
			release()
			return err
		}
		children := p.children(offset, id)
		for n, child := range children {
			last := n == len(children)-1
			e := &p.entries[child]
			e.done = true
			built, free, err := p.build(e, data)
			if err != nil {
				p.u.failure(fmt.Sprintf("delta at offset %d", e.offset), err)
				if p.u.sourceErr != nil {
					release()
					return p.u.sourceErr
				}
				if last {
					release()
					return nil
				}
				continue
			}
			if last {
				release()
				offset, data, release = e.offset, built, free
				break
			}
			if err := p.visit(kind, e.offset, built, free); err != nil {
				release()
				return err
			}
		}
		if len(children) == 0 {
			release()
			return nil
		}
	}
}

// children returns the entries whose base is the object, in the order of the
// pack. None is returned twice, so nothing goes in circles.
func (p *gitPack) children(offset int64, id string) []int {
	at, _ := slices.BinarySearchFunc(p.byOffset, offset, func(i int, offset int64) int { return cmp.Compare(p.entries[i].base, offset) })
	var found []int
	for ; at < len(p.byOffset) && p.entries[p.byOffset[at]].base == offset; at++ {
		found = append(found, p.byOffset[at])
	}
	found = append(found, p.byID[id]...)
	delete(p.byID, id)
	slices.Sort(found)
	return slices.DeleteFunc(found, func(i int) bool { return p.entries[i].done })
}

// build applies the delta of an entry to its base and holds the memory of the
// result.
func (p *gitPack) build(e *gitEntry, base []byte) ([]byte, func(), error) {
	if e.size > gitHeld {
		return nil, nil, cut{fmt.Sprintf("a delta of %d bytes", e.size)}
	}
	delta, err := p.content(e)
	if err != nil {
		return nil, nil, err
	}
	baseLen, delta, ok := deltaSize(delta)
	size, delta, ok2 := deltaSize(delta)
	if !ok || !ok2 || baseLen != int64(len(base)) {
		return nil, nil, damaged("a delta does not fit its base")
	}
	release, ok := p.u.budget.hold(size)
	if !ok || size > gitHeld {
		if ok {
			release()
		}
		return nil, nil, cut{fmt.Sprintf("an object of %d bytes is a delta", size)}
	}
	built, err := applyDelta(base, delta, size)
	if err != nil {
		release()
		return nil, nil, err
	}
	return built, release, nil
}

// deltaSize reads one of the two sizes that begin a delta.
func deltaSize(b []byte) (int64, []byte, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > 1<<40 {
		return 0, nil, false
	}
	return int64(v), b[n:], true
}

// applyDelta carries out the instructions of a delta: copies out of the base
// and insertions.
func applyDelta(base, delta []byte, size int64) ([]byte, error) {
	wrong := damaged("a delta is malformed")
	out := make([]byte, 0, size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		switch {
		case op == 0:
			return nil, wrong
		case op < 0x80:
			if int(op) > len(delta) {
				return nil, wrong
			}
			piece, delta = delta[:op], delta[op:]
		default:
			var v [7]byte // four bytes of offset, three of length
			for i := range v {
				if op>>i&1 == 0 {
					continue
				}
				if len(delta) == 0 {
					return nil, wrong
				}
				v[i], delta = delta[0], delta[1:]
			}
			from := int64(binary.LittleEndian.Uint32(v[:]))
			n := int64(v[4]) | int64(v[5])<<8 | int64(v[6])<<16
			if n == 0 {
				n = 1 << 16
			}
			if from+n > int64(len(base)) {
				return nil, wrong
			}
			piece = base[from:][:n]
		}
		if int64(len(out)+len(piece)) > size {
			return nil, wrong
		}
		out = append(out, piece...)
	}
	if int64(len(out)) != size {
		return nil, wrong
	}
	return out, nil
}

// orphans visits the deltas whose base is not in the pack, as they are: what
// they insert can be searched, if not what they make.
func (p *gitPack) orphans() error {
	count := 0
	for i := range p.entries {
		e := &p.entries[i]
		if e.done {
			continue
		}
		count++
		if err := p.decode(e); err != nil {
			return err
		}
		if err := p.u.member(fmt.Sprintf("delta at offset %d", e.offset), e.size, p.zr, nil); err != nil {
			return err
		}
	}
	if count > 0 {
		p.u.fault(Unreadable, "", fmt.Sprintf("%d objects are deltas of objects that could not be had", count))
	}
	return nil
}
