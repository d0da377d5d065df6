package gitobj

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/inflate"
)

// ErrNotFound is in the chain of the error for an object that the store lacks.
var ErrNotFound = errors.New("object not found")

// Options say where a store is.
type Options struct {
	// Objects is the objects directory.
	Objects string
	// Alternates are further objects directories, as in
	// GIT_ALTERNATE_OBJECT_DIRECTORIES. What info/alternates names is found
	// without them.
	Alternates []string
	// Format is the hash function of the ids.
	Format Format

	unmapped bool // read files with ReadAt even where they can be mapped
}

// A Store is an object store: the packs and loose objects of one objects
// directory and its alternates. Its methods may be called concurrently, except
// Close.
type Store struct {
	ctx    context.Context // ends the making of an index
	format Format
	mapped bool
	dirs   []string
	bases  *baseCache
	spare  sync.Pool // of *inflate.Inflater

	mu       sync.RWMutex
	packs    []*pack
	listed   map[string]time.Time // modification time of each pack directory when listed
	problems []Problem
}

// Open opens a store. It fails if the objects directory can't be read; what is
// wrong with single packs or alternates is found in Problems. A pack without an
// index is indexed by whatever method first asks for it, which takes as long as
// the pack is large; once ctx ends, such a pack is taken for unreadable.
func Open(ctx context.Context, o Options) (*Store, error) {
	if _, err := os.ReadDir(o.Objects); err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	s := &Store{ctx: ctx, format: o.Format, mapped: !o.unmapped, bases: newBaseCache(), listed: make(map[string]time.Time)}
	s.spare.New = func() any { return new(inflate.Inflater) }
	s.dirs = directories(o, s.problem)
	s.refresh()
	return s, nil
}

// Close lets go of the store's files.
func (s *Store) Close() error {
	var errs []error
	for _, p := range s.packs {
		errs = append(errs, p.close())
	}
	s.packs = nil
	return errors.Join(errs...)
}

// Format returns the hash function of the store's ids.
func (s *Store) Format() Format { return s.format }

// Directories returns the objects directory and all its alternates.
func (s *Store) Directories() []string { return slices.Clone(s.dirs) }

// Packs returns the paths of the store's packs.
func (s *Store) Packs() []string {
	var paths []string
	for _, p := range s.list() {
		paths = append(paths, p.path)
	}
	return paths
}

// Promisor tells whether a pack of the store comes from a promisor remote, so
// that objects may be left with it (a partial clone).
func (s *Store) Promisor() bool {
	return slices.ContainsFunc(s.list(), func(p *pack) bool { return p.promisor })
}

// Problems returns what was found wrong with the store so far, sorted.
func (s *Store) Problems() []Problem {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return sortProblems(slices.Clone(s.problems))
}

func (s *Store) problem(p Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, p)
}

// list returns the packs known now.
func (s *Store) list() []*pack {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.packs
}

// refresh looks for packs that came after the last listing and tells whether
// there are any. Packs that went stay in the list: what is mapped can be read.
func (s *Store) refresh() bool {
	grown := false
	for _, dir := range s.dirs {
		info, err := os.Stat(filepath.Join(dir, "pack"))
		if err != nil {
			if !gone(err) {
				s.problem(Problem{Path: filepath.Join(dir, "pack"), Reason: err.Error()})
			}
			continue
		}
		s.mu.RLock()
		same := s.listed[dir].Equal(info.ModTime())
		s.mu.RUnlock()
		if same {
			continue
		}
		paths, err := listPacks(dir)
		if err != nil {
			s.problem(Problem{Path: filepath.Join(dir, "pack"), Reason: err.Error()})
			continue
		}
		s.mu.Lock()
		s.listed[dir] = info.ModTime()
		packs := slices.Clone(s.packs)
		for _, path := range paths {
			if !slices.ContainsFunc(packs, func(p *pack) bool { return p.path == path }) {
				packs = append(packs, newPack(path, s.format, s.mapped))
				grown = true
			}
		}
		s.packs = packs
		s.mu.Unlock()
	}
	return grown
}

// indexOf returns the index of p; one without is indexed now.
func (s *Store) indexOf(p *pack) (*index, error) {
	if x := p.current(); x != nil {
		return x, nil
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	return s.reindex(p)
}

// locate returns a pack other than not that has id, and its place there.
func (s *Store) locate(id ID, not *pack) (p *pack, x *index, i int) {
	for _, p := range s.list() {
		if p == not {
			continue
		}
		x, err := s.indexOf(p)
		if err != nil {
			continue
		}
		if i, ok := x.find(id.Bytes()); ok {
			return p, x, i
		}
	}
	return nil, nil, 0
}

// looseAt returns the path of the loose object id, "" if there is none.
func (s *Store) looseAt(id ID) string {
	for _, dir := range s.dirs {
		path := loosePath(dir, id)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Contains tells whether the store has the object id. Whether it can be read is
// another matter.
func (s *Store) Contains(id ID) bool {
	if int(id.size) != s.format.Size() {
		return false
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	ok := s.contains(id)
	if !ok && s.refresh() {
		ok = s.contains(id)
	}
	return ok
}

func (s *Store) contains(id ID) (ok bool) {
	var err error
	defer caught(&err, "")
	p, _, _ := s.locate(id, nil)
	return p != nil || s.looseAt(id) != ""
}

// emptyTree returns the id of the tree without entries, which Git knows even
// where no store holds it.
func (f Format) emptyTree() ID { return f.Sum(Tree, nil) }

// Stat returns the type of the object id and its size in bytes. The error is
// [ErrNotFound] if the store lacks it.
func (s *Store) Stat(id ID) (t Type, size int64, err error) {
	t, size, err = s.stat(id, nil, 0)
	if errors.Is(err, ErrNotFound) && id == s.format.emptyTree() {
		return Tree, 0, nil
	}
	return t, size, err
}

// Read returns the type and content of the object id. The caller owns the
// bytes. The error is [ErrNotFound] if the store lacks the object.
func (s *Store) Read(id ID) (t Type, data []byte, err error) {
	t, data, err = s.read(id, nil, 0)
	if errors.Is(err, ErrNotFound) && id == s.format.emptyTree() {
		return Tree, []byte{}, nil
	}
	return t, data, err
}

func (s *Store) read(id ID, not *pack, hops int) (t Type, data []byte, err error) {
	err = s.find(id, not, func(p *pack, x *index, i int) error {
		t, data, err = s.readPacked(p, x.offset(i), hops)
		return err
	}, func(path string) error {
		t, data, err = readLoose(path)
		return err
	})
	return t, data, err
}

func readLoose(path string) (Type, []byte, error) {
	l, err := openLoose(path)
	if err != nil {
		return 0, nil, err
	}
	defer l.Close()
	data := make([]byte, l.size)
	return l.t, data, l.all(data)
}

// Reader returns the type and size in bytes of the object id and a reader of
// its content, which the caller closes. Objects that are not stored as deltas
// are not held in memory as a whole. The error is [ErrNotFound] if the store
// lacks the object.
func (s *Store) Reader(id ID) (t Type, size int64, r io.ReadCloser, err error) {
	err = s.find(id, nil, func(p *pack, x *index, i int) error {
		off := x.offset(i)
		h, err := p.headerAt(&view{file: p.file}, off)
		if err != nil {
			return err
		}
		if h.kind == ofsDelta || h.kind == refDelta {
			var data []byte
			t, data, err = s.readPacked(p, off, 0)
			size, r = int64(len(data)), io.NopCloser(bytes.NewReader(data))
			return err
		}
		t, size = Type(h.kind), int64(h.size)
		r, err = p.stream(off+int64(h.len), size)
		return err
	}, func(path string) error {
		l, err := openLoose(path)
		if err != nil {
			return err
		}
		t, size, r = l.t, l.size, l
		return nil
	})
	return t, size, r, err
}

// find calls one of its functions for each place of id, but for the pack not,
// until one succeeds.
func (s *Store) find(id ID, not *pack, packed func(*pack, *index, int) error, loose func(path string) error) (err error) {
	if int(id.size) != s.format.Size() {
		return fmt.Errorf("%w: %s is not an id of this store's format", ErrNotFound, id)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	failed := s.tryAll(id, not, packed, loose)
	if failed != nil && s.refresh() {
		failed = s.tryAll(id, not, packed, loose)
	}
	return failed
}

// tryAll is one pass of find over what is listed.
func (s *Store) tryAll(id ID, not *pack, packed func(*pack, *index, int) error, loose func(path string) error) error {
	var failed error
	fail := func(path string, err error) {
		if failed == nil && !gone(err) {
			failed = fmt.Errorf("object %s in %s: %w", id, path, err)
		}
	}
	for _, p := range s.list() {
		if p == not || not != nil && p.current() == nil {
			// A base outside its pack is looked for only where an index
			// already is: making one may be what asks for the base.
			continue
		}
		found, err := s.tryPack(p, id, packed)
		if found && err == nil {
			return nil
		}
		if found {
			fail(p.path, err)
		}
	}
	for _, dir := range s.dirs {
		path := loosePath(dir, id)
		err := loose(path)
		if err == nil {
			return nil
		}
		fail(path, err)
	}
	if failed == nil {
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return failed
}

func (s *Store) tryPack(p *pack, id ID, packed func(*pack, *index, int) error) (found bool, err error) {
	defer caught(&err, p.path)
	x, err := s.indexOf(p)
	if err != nil {
		return false, err
	}
	i, ok := x.find(id.Bytes())
	if !ok {
		return false, nil
	}
	if err := p.open(); err != nil {
		return true, err
	}
	return true, packed(p, x, i)
}

// maxHops bounds the REF_DELTA bases outside their pack that one object may
// need in a row; packs that Git keeps need none.
const maxHops = 64

var errHops = errors.New("delta bases go in circles between packs")

// baseOf returns where in p the base of the delta at off is; or, if its base is
// not in p, its id.
func (s *Store) baseOf(p *pack, off int64, h header) (int64, ID, error) {
	if h.kind == ofsDelta {
		if h.back > off-packHeader {
			return 0, ID{}, errors.New("delta base is outside the pack")
		}
		return off - h.back, ID{}, nil
	}
	x, err := s.indexOf(p)
	if err != nil {
		return 0, ID{}, err
	}
	if i, ok := x.find(h.baseID); ok {
		return x.offset(i), ID{}, nil
	}
	return 0, MakeID(h.baseID), nil
}

// statPacked returns the type and size of the object whose entry is at off.
func (s *Store) statPacked(p *pack, off int64, hops int) (Type, int64, error) {
	v := &view{file: p.file}
	size := int64(-1)
	for steps := int64(0); ; steps++ {
		h, err := p.headerAt(v, off)
		if err != nil {
			return 0, 0, err
		}
		if size < 0 {
			size = int64(h.size)
			if h.kind == ofsDelta || h.kind == refDelta {
				if size, err = p.resultSize(off, h); err != nil {
					return 0, 0, err
				}
			}
		}
		if h.kind != ofsDelta && h.kind != refDelta {
			return Type(h.kind), size, nil
		}
		base, id, err := s.baseOf(p, off, h)
		if err != nil {
			return 0, 0, err
		}
		if !id.IsZero() {
			if hops == maxHops {
				return 0, 0, errHops
			}
			t, _, err := s.stat(id, p, hops+1)
			return t, size, err
		}
		if steps > p.file.size/minEntry {
			return 0, 0, errCycle
		}
		off = base
	}
}

// stat returns the type and size of the object id, wherever else than in not it is.
func (s *Store) stat(id ID, not *pack, hops int) (t Type, size int64, err error) {
	err = s.find(id, not, func(p *pack, x *index, i int) error {
		t, size, err = s.statPacked(p, x.offset(i), hops)
		return err
	}, func(path string) error {
		t, size, err = statLoose(path)
		return err
	})
	return t, size, err
}

func statLoose(path string) (Type, int64, error) {
	l, err := openLoose(path)
	if err != nil {
		return 0, 0, err
	}
	return l.t, l.size, l.Close()
}

// minEntry is less than the bytes of any pack entry; a chain with more entries
// than the pack has room for goes in circles.
const minEntry = 8

var errCycle = errors.New("delta bases go in circles")

// resultSize returns the size that the delta at off announces for its result.
func (p *pack) resultSize(off int64, h header) (int64, error) {
	r, err := p.stream(off+int64(h.len), int64(h.size))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var head [2 * binary.MaxVarintLen64]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0, err
	}
	_, size, _, err := deltaHeader(head[:n])
	if err == nil && int64(size) < 0 {
		err = errDelta
	}
	return int64(size), err
}

// maxRebuilt bounds what Read builds from deltas: a few bytes of copy
// instructions can stand for any amount.
const maxRebuilt = 2 << 30

// readPacked returns the object whose entry is at off.
func (s *Store) readPacked(p *pack, off int64, hops int) (Type, []byte, error) {
	z := s.spare.Get().(*inflate.Inflater)
	defer s.spare.Put(z)
	v := &view{file: p.file}
	type link struct {
		off int64
		h   header
	}
	var chain []link
	var t Type
	var data []byte
	owned := true // whether nobody else holds data
	for data == nil {
		var ok bool
		if t, data, ok = s.bases.get(p, off); ok {
			owned = false
			break
		}
		h, err := p.headerAt(v, off)
		if err != nil {
			return 0, nil, err
		}
		if h.kind != ofsDelta && h.kind != refDelta {
			t = Type(h.kind)
			if data, err = p.inflate(z, v, off, h); err != nil {
				return 0, nil, err
			}
			if len(chain) > 0 {
				s.bases.put(p, off, t, data)
				owned = false
			}
			break
		}
		if int64(len(chain)) > p.file.size/minEntry {
			return 0, nil, errCycle
		}
		chain = append(chain, link{off, h})
		base, id, err := s.baseOf(p, off, h)
		if err != nil {
			return 0, nil, err
		}
		if !id.IsZero() {
			if hops == maxHops {
				return 0, nil, errHops
			}
			if t, data, err = s.read(id, p, hops+1); err != nil {
				return 0, nil, fmt.Errorf("delta base: %w", err)
			}
			break
		}
		off = base
	}
	for i := len(chain) - 1; i >= 0; i-- {
		l := chain[i]
		delta, err := p.inflate(z, v, l.off, l.h)
		if err != nil {
			return 0, nil, err
		}
		data, err = rebuild(data, delta, maxRebuilt)
		if err != nil {
			return 0, nil, err
		}
		owned = true
		if i > 0 {
			s.bases.put(p, l.off, t, data)
			owned = false
		}
	}
	if !owned {
		data = bytes.Clone(data)
	}
	if data == nil {
		data = []byte{}
	}
	return t, data, nil
}

// inflate returns the inflated content of the entry at off.
func (p *pack) inflate(z *inflate.Inflater, v *view, off int64, h header) ([]byte, error) {
	at := off + int64(h.len)
	// The stream's length is not known; no stream of size bytes is longer.
	limit := p.end() - at
	if bound := h.size + h.size/512 + 1024; uint64(limit) > bound {
		limit = int64(bound)
	}
	if limit < 0 || !plausible(h.size, limit) {
		return nil, fmt.Errorf("pack entry announces %d bytes, more than the pack can hold", h.size)
	}
	src, err := v.bytes(at, limit)
	if err != nil {
		return nil, err
	}
	dst := make([]byte, h.size)
	_, err = z.Zlib(dst, src, true)
	return dst, err
}

// rebuild applies delta to base; the result may have up to limit bytes.
func rebuild(base, delta []byte, limit uint64) ([]byte, error) {
	size, ops, err := deltaFor(base, delta, limit)
	if err != nil {
		return nil, err
	}
	dst := make([]byte, size)
	p := patched{buf: dst, base: base, edge: everything}
	return dst, p.apply(ops)
}

// deltaFor reads the header of a delta for base and proves that the result has
// the size announced, and at most limit bytes, before memory is got for it.
func deltaFor(base, delta []byte, limit uint64) (size int, ops []byte, err error) {
	want, result, ops, err := deltaHeader(delta)
	if err != nil {
		return 0, nil, err
	}
	if want != uint64(len(base)) {
		return 0, nil, fmt.Errorf("delta is for a base of %d bytes, its base has %d", want, len(base))
	}
	if result > uint64(len(base)+len(delta)) {
		makes, err := deltaYields(ops)
		if err != nil {
			return 0, nil, err
		}
		if makes != result {
			return 0, nil, fmt.Errorf("delta makes %d bytes of the %d it announces", makes, result)
		}
	}
	if result > limit {
		return 0, nil, fmt.Errorf("delta makes %d bytes; the memory allowed holds %d", result, limit)
	}
	return int(result), ops, nil
}

// Resolve returns the ids of all objects that begin with the hex digits given,
// sorted; at least four digits are asked for.
func (s *Store) Resolve(hexPrefix string) (ids []ID, err error) {
	if len(hexPrefix) < 4 || len(hexPrefix) > 2*s.format.Size() {
		return nil, fmt.Errorf("%q is not 4 to %d hex digits of an object id", hexPrefix, 2*s.format.Size())
	}
	digits := string(bytes.ToLower([]byte(hexPrefix)))
	if _, ok := prefixBytes(digits, s.format.Size()); !ok {
		return nil, fmt.Errorf("%q is not 4 to %d hex digits of an object id", hexPrefix, 2*s.format.Size())
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, p := range s.list() {
		func() {
			var err error
			defer caught(&err, p.path)
			if x, err := s.indexOf(p); err == nil {
				x.prefix(digits, func(i int) { ids = append(ids, x.id(i)) })
			}
		}()
	}
	for _, dir := range s.dirs {
		files, err := os.ReadDir(filepath.Join(dir, digits[:2]))
		if err != nil {
			continue
		}
		for _, f := range files {
			if id, err := ParseID(digits[:2] + f.Name()); err == nil && int(id.size) == s.format.Size() && hasHexPrefix(id.Bytes(), digits) {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, ID.Compare)
	return slices.Compact(ids), nil
}

// prefixBytes returns the lowest id of hs bytes that begins with the digits.
func prefixBytes(digits string, hs int) ([]byte, bool) {
	if len(digits) > 2*hs {
		return nil, false
	}
	padded := []byte(digits)
	for len(padded) < 2*hs {
		padded = append(padded, '0')
	}
	raw, err := hex.DecodeString(string(padded))
	return raw, err == nil
}

// hasHexPrefix tells whether raw in hex begins with the lower-case digits.
func hasHexPrefix(raw []byte, digits string) bool {
	for i := range len(digits) {
		nibble := raw[i/2] >> 4
		if i%2 == 1 {
			nibble = raw[i/2] & 15
		}
		if "0123456789abcdef"[nibble] != digits[i] {
			return false
		}
	}
	return true
}
