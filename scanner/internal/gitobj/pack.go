package gitobj

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// Entry types of deltas; those of whole objects are Types.
const (
	ofsDelta = 6
	refDelta = 7
)

const packHeader = 12 // bytes before the first entry

// A pack is a .pack file and its index.
type pack struct {
	path     string // of the .pack
	promisor bool   // objects that its objects name may be left with a promisor
	format   Format
	mapped   bool

	reindexing sync.Mutex // held while an index is made

	mu     sync.Mutex // guards what follows
	file   *file      // nil until open
	idx    *file      // what index reads, if it came from a file
	index  *index
	idxErr error // why the .idx is of no use
}

// newPack describes the pack at path and reads the outline of its index.
func newPack(path string, format Format, mapped bool) *pack {
	p := &pack{path: path, format: format, mapped: mapped}
	if _, err := os.Stat(strings.TrimSuffix(path, ".pack") + ".promisor"); err == nil {
		p.promisor = true
	}
	p.idxErr = p.readIndex()
	return p
}

func (p *pack) idxPath() string { return strings.TrimSuffix(p.path, ".pack") + ".idx" }

func (p *pack) readIndex() (err error) {
	f, err := openFile(p.idxPath(), p.mapped)
	if err != nil {
		return err
	}
	data, err := f.all()
	if err == nil {
		err = p.parse(f, data)
	}
	if err != nil {
		f.Close()
		return err
	}
	p.idx = f
	return nil
}

func (p *pack) parse(f *file, data []byte) (err error) {
	defer caught(&err, f.path)
	p.index, err = parseIndex(data, p.format)
	return err
}

// current returns the index that the pack has now, if any.
func (p *pack) current() *index {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.index
}

// dropIndex forgets an index that must not be trusted for the reason given, so
// that another is made.
func (p *pack) dropIndex(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index, p.idxErr = nil, why
}

// open makes the pack's content readable.
func (p *pack) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != nil {
		return nil
	}
	f, err := openFile(p.path, p.mapped)
	if err != nil {
		return err
	}
	if f.size < packHeader+int64(p.format.Size()) {
		f.Close()
		return errors.New("pack is cut short")
	}
	p.file = f
	return nil
}

// count returns the number of entries that the pack's header announces. The
// error tells a pack whose header is not one; with an index, its entries may be
// readable all the same.
func (p *pack) count() (int, error) {
	var head [packHeader]byte
	if _, err := p.file.ReadAt(head[:], 0); err != nil {
		return 0, err
	}
	if string(head[:4]) != "PACK" {
		return 0, errors.New("not a pack: its first bytes are not PACK")
	}
	if v := binary.BigEndian.Uint32(head[4:]); v != 2 && v != 3 {
		return 0, fmt.Errorf("pack version %d is unknown", v)
	}
	return int(binary.BigEndian.Uint32(head[8:])), nil
}

// end returns where the entries end and the trailer begins.
func (p *pack) end() int64 { return p.file.size - int64(p.format.Size()) }

func (p *pack) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	if p.file != nil {
		errs = append(errs, p.file.Close())
	}
	if p.idx != nil {
		errs = append(errs, p.idx.Close())
	}
	p.file, p.idx, p.index = nil, nil, nil
	return errors.Join(errs...)
}

// gone tells whether err says that a file is no longer there.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// A header is what stands before an entry's zlib stream.
type header struct {
	kind   uint8  // a Type, ofsDelta or refDelta
	size   uint64 // inflated bytes of the stream
	back   int64  // ofsDelta: how far before the entry the base's begins
	baseID []byte // refDelta: raw id of the base
	len    int    // bytes of the header
}

// maxHeader is the length of the longest header: sizes and distances of 64 bits
// take ten bytes each.
const maxHeader = 10 + 32

var errEntry = errors.New("pack entry's header is damaged")

// parseHeader reads the header at the start of b.
func parseHeader(b []byte, hs int) (h header, err error) {
	if len(b) == 0 {
		return h, errEntry
	}
	c := b[0]
	h.kind = c >> 4 & 7
	h.size = uint64(c & 15)
	i := 1
	for shift := uint(4); c&0x80 != 0; shift += 7 {
		if i == len(b) || shift > 60 {
			return h, errEntry
		}
		c = b[i]
		i++
		h.size |= uint64(c&0x7f) << shift
	}
	switch h.kind {
	case uint8(Commit), uint8(Tree), uint8(Blob), uint8(Tag):
	case ofsDelta:
		if i == len(b) {
			return h, errEntry
		}
		c = b[i]
		i++
		back := uint64(c & 0x7f)
		for c&0x80 != 0 {
			if i == len(b) || back >= 1<<55 {
				return h, errEntry
			}
			c = b[i]
			i++
			back = (back+1)<<7 | uint64(c&0x7f)
		}
		h.back = int64(back)
		if h.back == 0 {
			return h, errors.New("delta names itself as its base")
		}
	case refDelta:
		if len(b)-i < hs {
			return h, errEntry
		}
		h.baseID = b[i : i+hs]
		i += hs
	default:
		return h, fmt.Errorf("pack entry has the unknown type %d", h.kind)
	}
	h.len = i
	return h, nil
}

// headerAt reads the header of the entry at off.
func (p *pack) headerAt(v *view, off int64) (header, error) {
	n := p.end() - off
	if off < packHeader || n <= 0 {
		return header{}, fmt.Errorf("index names byte %d, which is outside the pack", off)
	}
	b, err := v.bytes(off, min(n, maxHeader))
	if err != nil {
		return header{}, err
	}
	return parseHeader(b, p.format.Size())
}

// stream returns a reader of the zlib stream at off, of size inflated bytes. It
// fails where the stream holds more or less.
func (p *pack) stream(off int64, size int64) (io.ReadCloser, error) {
	return newExact(&deflated{r: io.NewSectionReader(p.file, off, p.end()-off)}, size)
}

// deflated reads ahead in pieces and gives bytes one by one, as inflaters like it.
type deflated struct {
	r        io.Reader
	buf      [32 << 10]byte
	at, have int
	total    int64 // bytes read from r
}

// reset makes d read from r.
func (d *deflated) reset(r io.Reader) { d.r, d.at, d.have, d.total = r, 0, 0, 0 }

// used returns how many bytes were taken.
func (d *deflated) used() int64 { return d.total - int64(d.have-d.at) }

func (d *deflated) fill() error {
	n, err := d.r.Read(d.buf[:])
	d.at, d.have = 0, n
	d.total += int64(n)
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (d *deflated) ReadByte() (byte, error) {
	if d.at == d.have {
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	d.at++
	return d.buf[d.at-1], nil
}

func (d *deflated) Read(p []byte) (int, error) {
	if d.at == d.have {
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.buf[d.at:d.have])
	d.at += n
	return n, nil
}

// exact reads a zlib stream that must hold exactly left more bytes.
type exact struct {
	z    io.ReadCloser
	left int64
}

// newExact returns a reader of the stream in src, of size inflated bytes.
func newExact(src *deflated, size int64) (*exact, error) {
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, fmt.Errorf("zlib: %w", err)
	}
	return &exact{z: z, left: size}, nil
}

func (e *exact) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := e.z.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, errors.New("the zlib stream holds more bytes than announced")
	case err == io.EOF && e.left > 0:
		return n, fmt.Errorf("zlib: %w", io.ErrUnexpectedEOF)
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("zlib: %w", err)
	}
	return n, err
}

func (e *exact) Close() error { return e.z.Close() }

// listPacks returns the paths of the packs in an objects directory, and of
// packs that only an index is left of.
func listPacks(objects string) ([]string, error) {
	dir := filepath.Join(objects, "pack")
	entries, err := os.ReadDir(dir)
	if err != nil && !gone(err) {
		return nil, err
	}
	var paths []string
	have := make(map[string]bool)
	for _, e := range entries {
		stem, isPack := strings.CutSuffix(e.Name(), ".pack")
		if !isPack {
			var isIdx bool
			if stem, isIdx = strings.CutSuffix(e.Name(), ".idx"); !isIdx {
				continue
			}
		}
		if strings.HasPrefix(stem, "tmp_") || strings.HasPrefix(stem, ".tmp-") || have[stem] {
			continue
		}
		have[stem] = true
		paths = append(paths, filepath.Join(dir, stem+".pack"))
	}
	return paths, nil
}
