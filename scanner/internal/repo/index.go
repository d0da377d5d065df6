package repo

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// An Index is what the next commit would record.
type Index struct {
	Version int
	Entries []Entry // sorted by path, then stage

	// Trees are the trees that the entries below a directory make, as far as Git
	// noted them: by path, which is "" for the top or ends in a slash. A commit
	// takes them over as they are. There are none in a split index.
	Trees map[string]gitobj.ID
}

// An Entry is one path of the index. In a sparse index it may be a whole
// directory outside the sparse checkout: then Mode is 040000, Path ends in a
// slash and ID is a tree.
type Entry struct {
	Path  string // slash-separated, relative to the top
	Mode  uint32 // as in trees: 0100644, 0100755, 0120000, 0160000, 040000
	ID    gitobj.ID
	Stage uint8 // 0, or 1 to 3 in a conflict: base, ours, theirs

	IntentToAdd  bool // git add -N: ID is the empty blob
	SkipWorktree bool // not in the work tree, by sparse checkout
	AssumeValid  bool // git update-index --assume-unchanged
}

// ErrChecksum says that an index was read to its end but its bytes are not those
// that were written.
var ErrChecksum = errors.New("checksum does not match")

// IndexPath returns the path of the index: in the git directory, or where
// GIT_INDEX_FILE points in a repository from [FromEnv].
func (r *Repo) IndexPath() string { return r.indexFile }

// Index reads the index. One that does not exist is empty. With [ErrChecksum] the
// Index is returned as it was read; with any other error it is nil.
func (r *Repo) Index() (*Index, error) {
	data, err := readFile(r.indexFile)
	if absent(err) {
		return &Index{}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := parseIndex(data, r.Format)
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", r.indexFile, err)
	}
	idx := &Index{Version: f.version, Entries: f.entries, Trees: f.trees}
	sumErr := f.verify(data)
	if f.link != nil && !f.link.base.IsZero() {
		idx.Trees = nil
		base, baseErr, err := r.sharedIndex(f.link.base)
		if err == nil {
			idx.Entries, err = f.link.apply(base.entries, f.entries)
		}
		if err != nil {
			return nil, fmt.Errorf("index %s: %w", r.indexFile, err)
		}
		sumErr = errors.Join(sumErr, baseErr)
	}
	if sumErr != nil {
		return idx, fmt.Errorf("index %s: %w", r.indexFile, sumErr)
	}
	return idx, nil
}

// sharedIndex reads the file that a split index refers to; sumErr is
// [ErrChecksum] or nil.
func (r *Repo) sharedIndex(checksum gitobj.ID) (f *indexFile, sumErr, err error) {
	path := filepath.Join(r.GitDir, "sharedindex."+checksum.String())
	data, err := readFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("shared index: %w", err)
	}
	f, err = parseIndex(data, r.Format)
	switch {
	case err != nil:
	case f.link != nil && !f.link.base.IsZero():
		err = errors.New("is split itself")
	case f.checksum != checksum:
		err = errors.New("is another one than the index was split from")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("shared index %s: %w", path, err)
	}
	if err := f.verify(data); err != nil {
		sumErr = fmt.Errorf("shared index %s: %w", path, err)
	}
	return f, sumErr, nil
}

// An indexFile is one file in the format of gitformat-index.
type indexFile struct {
	version  int
	entries  []Entry
	link     *splitLink
	trees    map[string]gitobj.ID
	format   gitobj.Format
	checksum gitobj.ID // the trailer; all zero with index.skipHash
}

// A splitLink is the extension "link": how a split index differs from the shared
// one.
type splitLink struct {
	base    gitobj.ID
	bitmaps []byte // deleted, then replaced
}

var errIndexEnd = errors.New("ends in the middle")

// maxExpansion is how many times as long as the file that holds them
// prefix-compressed names may be in sum. Real ones stay below ten; hostile ones
// grow with the square of the file's length.
const maxExpansion = 64

var errExpansion = fmt.Errorf("names expand to more than %d times the file", maxExpansion)

// parseIndex reads an index without looking at its checksum.
func parseIndex(data []byte, format gitobj.Format) (*indexFile, error) {
	size := format.Size()
	if len(data) < 12+size {
		return nil, errIndexEnd
	}
	if string(data[:4]) != "DIRC" {
		return nil, errors.New("not an index: it does not begin with DIRC")
	}
	f := &indexFile{
		version:  int(binary.BigEndian.Uint32(data[4:])),
		format:   format,
		checksum: gitobj.MakeID(data[len(data)-size:]),
	}
	if f.version < 2 || f.version > 4 {
		return nil, fmt.Errorf("version %d is not supported (2 to 4 are)", f.version)
	}
	body := data[:len(data)-size]
	count := binary.BigEndian.Uint32(body[8:])
	end, err := f.parseEntries(body, count)
	if err != nil {
		return nil, err
	}
	return f, f.parseExtensions(body[end:])
}

// verify compares the trailer with the hash of what is before it. Git leaves the
// trailer zero with index.skipHash.
func (f *indexFile) verify(data []byte) error {
	if f.checksum.IsZero() {
		return nil
	}
	body := data[:len(data)-f.format.Size()]
	var sum gitobj.ID
	if f.format == gitobj.SHA256 {
		h := sha256.Sum256(body)
		sum = gitobj.MakeID(h[:])
	} else {
		h := sha1.Sum(body)
		sum = gitobj.MakeID(h[:])
	}
	if sum != f.checksum {
		return ErrChecksum
	}
	return nil
}

const (
	statSize = 40 // ten numbers of stat(2) at the head of an entry; the mode is the seventh

	flagAssumeValid  = 1 << 15
	flagExtended     = 1 << 14
	flagSkipWorktree = 1 << 14 // in the extended flags
	flagIntentToAdd  = 1 << 13 // in the extended flags
)

// parseEntries reads count entries and returns where they end.
func (f *indexFile) parseEntries(body []byte, count uint32) (int, error) {
	size := f.format.Size()
	if uint64(count) > uint64(len(body)/(statSize+size+2)) {
		return 0, fmt.Errorf("%d entries can't be in %d bytes", count, len(body))
	}
	f.entries = make([]Entry, count)
	var path []byte
	budget := maxExpansion * len(body)
	pos := 12
	for i := range f.entries {
		e := &f.entries[i]
		start := pos
		if pos+statSize+size+4 > len(body) {
			return 0, errIndexEnd
		}
		e.Mode = binary.BigEndian.Uint32(body[pos+24:])
		pos += statSize
		e.ID = gitobj.MakeID(body[pos : pos+size])
		pos += size
		flags := binary.BigEndian.Uint16(body[pos:])
		pos += 2
		e.AssumeValid = flags&flagAssumeValid != 0
		e.Stage = uint8(flags >> 12 & 3)
		if flags&flagExtended != 0 {
			extended := binary.BigEndian.Uint16(body[pos:])
			pos += 2
			e.SkipWorktree = extended&flagSkipWorktree != 0
			e.IntentToAdd = extended&flagIntentToAdd != 0
		}
		if f.version == 4 {
			strip, n := offsetVarint(body[pos:])
			if n == 0 || strip > uint64(len(path)) {
				return 0, fmt.Errorf("entry %d: path strips more than there is", i)
			}
			pos += n
			path = path[:len(path)-int(strip)]
		} else {
			path = path[:0]
		}
		length := bytes.IndexByte(body[pos:], 0)
		if length < 0 {
			return 0, errIndexEnd
		}
		path = append(path, body[pos:pos+length]...)
		if budget -= len(path); budget < 0 {
			return 0, fmt.Errorf("entry %d: %w", i, errExpansion)
		}
		e.Path = string(path)
		pos += length + 1
		if f.version < 4 {
			pos = start + (pos-1-start+8)&^7
			if pos > len(body) {
				return 0, errIndexEnd
			}
		}
	}
	return pos, nil
}

// parseExtensions reads what follows the entries. Extensions whose names begin
// with a capital letter only make Git faster; of the others all must be known.
func (f *indexFile) parseExtensions(data []byte) error {
	for len(data) > 0 {
		if len(data) < 8 {
			return errIndexEnd
		}
		name := string(data[:4])
		size := binary.BigEndian.Uint32(data[4:])
		if uint64(size) > uint64(len(data)-8) {
			return fmt.Errorf("extension %q: %w", name, errIndexEnd)
		}
		content := data[8 : 8+size]
		data = data[8+size:]
		switch {
		case name == "link":
			if len(content) < f.format.Size() {
				return fmt.Errorf("extension %q: %w", name, errIndexEnd)
			}
			f.link = &splitLink{
				base:    gitobj.MakeID(content[:f.format.Size()]),
				bitmaps: content[f.format.Size():],
			}
		case name == "TREE": // a damaged one is as good as none
			f.trees, _ = parseCacheTree(content, f.format.Size())
		case name == "sdir": // there may be entries of directories
		case name[0] >= 'A' && name[0] <= 'Z':
		default:
			return fmt.Errorf("extension %q is not supported", name)
		}
	}
	return nil
}

// apply returns the entries of base as the link changes them by those of the
// split index: the first ones replace, the rest are added.
func (l *splitLink) apply(base, own []Entry) ([]Entry, error) {
	deleted := make([]bool, len(base))
	merged := slices.Clone(base)
	bitmaps := l.bitmaps
	if len(bitmaps) > 0 {
		n, err := parseEWAH(bitmaps, len(base), func(i int) { deleted[i] = true })
		if err != nil {
			return nil, err
		}
		replaced := 0
		_, err = parseEWAH(bitmaps[n:], len(base), func(i int) {
			if replaced < len(own) {
				path := merged[i].Path
				merged[i] = own[replaced]
				merged[i].Path = path
			}
			replaced++
		})
		if err != nil {
			return nil, err
		}
		if replaced > len(own) {
			return nil, errors.New("split index replaces more entries than it has")
		}
		own = own[replaced:]
	}
	kept := merged[:0]
	for i, e := range merged {
		if !deleted[i] {
			kept = append(kept, e)
		}
	}
	kept = append(kept, own...)
	slices.SortStableFunc(kept, compareEntries)
	// An added entry takes the place of one with the same path and stage.
	unique := kept[:0]
	for i, e := range kept {
		if i+1 == len(kept) || compareEntries(e, kept[i+1]) != 0 {
			unique = append(unique, e)
		}
	}
	return unique, nil
}

func compareEntries(a, b Entry) int {
	if c := strings.Compare(a.Path, b.Path); c != 0 {
		return c
	}
	return int(a.Stage) - int(b.Stage)
}
