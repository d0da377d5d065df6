package gitobj

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sourcegraph/conc"
)

// WalkOptions say what Walk searches and how.
type WalkOptions struct {
	// Workers is the number of goroutines; 0 means one for each processor.
	Workers int
	// Types are the types searched; 0 means all. Others are only counted.
	Types TypeSet
	// Match tells whether b may hold what is looked for. It sees whole objects,
	// or what a delta changed with a margin of Overlap bytes on each side. If it
	// is nil, every object is visited. It is called by all workers at once.
	Match func(b []byte) bool
	// Always are types of which every object is visited, whatever Match says; but
	// for those in a pack that is recalled.
	Always TypeSet
	// Overlap is the length of the longest literal that Match looks for, less one.
	Overlap int
	// Trace tells whether b holds any of some short strings, of at most MaxTrace
	// bytes each, one of which stands in whatever Match is true for. It may be nil.
	// It spares most deltas the Overlap: what is built from a base without a trace
	// can have one only where something changed. It is called by all workers at
	// once.
	Trace func(b []byte) bool
	// Whole tells from the first 1024 and the last 22 bytes of a blob, or all if
	// there are fewer, that it must be visited whatever Match says. It may be nil.
	// It is called by all workers at once.
	Whole func(head, tail []byte) bool
	// Memory is how many bytes all workers together may hold of objects built from
	// deltas; 0 means 1.5 GiB. A single object may take three quarters of it with
	// its base and delta: by default two of half a gigabyte, Git's limit for files
	// that are stored as deltas. One that does not fit is a Problem. Objects of
	// usual size take a small part of it.
	Memory int64
	// Stream is the size in bytes above which a blob that is not stored as a delta
	// is handed out as a Reader; 0 means 32 MiB. Such blobs are always visited.
	Stream int64
	// Progress is told by each worker now and then how many objects and bytes it
	// has searched since it told last. It may be nil.
	Progress func(objects, bytes int64)
	// EntryIDs says that a TreeVisitor asks for nothing of entries but their ids:
	// Mode and Name of those in Gone are left out, which costs less.
	EntryIDs bool
	// CheckLinks asks for WalkResult.Missing.
	CheckLinks bool
	// Recall returns the record that an earlier walk made of a pack, nil if there
	// is none, and what of its Shown is to be shown again. The pack is then not
	// walked, unless it was written to or an object can't be read. If Recall is
	// nil, or not everything is asked for (Types, Match, CheckLinks), no record
	// is made either. It is called by one goroutine at a time.
	Recall func(PackKey) (r *PackRecord, again []Shown)
}

const (
	defaultMemory = 3 << 29
	defaultStream = 32 << 20
	headBytes     = 1024 // what Whole sees of a blob,
	tailBytes     = 22   // and of its end: a zip's record there, without a comment

	// MaxTrace is the length in bytes of the longest string that Trace may look for.
	MaxTrace = joint + 1
)

// An Object is one object that a Visitor is shown.
type Object struct {
	ID     ID
	Type   Type
	Size   int64     // bytes
	Data   []byte    // the content, valid until Visit returns and not to be written; nil if Reader is set
	Reader io.Reader // the content of a large blob, to be read before Visit returns
	Pack   string    // path of the pack; "" for a loose object
}

// A Visitor is shown objects by one worker, in no order. An object with several
// copies in the store may be shown several times.
type Visitor interface{ Visit(o *Object) }

// A WalkResult says what there was and what was searched. It is the same for
// any number of workers.
type WalkResult struct {
	// Present counts the distinct objects that packs and loose objects name, by
	// type; [0] counts those whose type could not be found out.
	Present [5]int64
	// Read counts those of them that were searched without error.
	Read [5]int64
	// Bytes is the number of bytes searched, after inflating and applying deltas.
	Bytes int64
	// Problems names everything that could not be read, sorted.
	Problems []Problem
	// Missing names what links point to and the store lacks, sorted by id.
	Missing []Missing
	// Recalled names the packs that were not walked, in no order.
	Recalled []PackKey
	// Records are of the packs that were walked without any fault, and of those
	// recalled whose stamp has changed, in no order.
	Records []*PackRecord
}

// Missing is an object that the store lacks although an object in it names it.
type Missing struct {
	ID       ID
	Type     Type // what the link says it is
	By       ID   // the lowest id among the objects found to name it
	Promised bool // whether an object in a promisor pack names it
}

// A walk is one call of Walk.
type walk struct {
	store    *Store
	o        WalkOptions
	stop     atomic.Bool
	big      sync.Mutex // held by the worker that has more than its share of memory
	share    int64      // bytes that each worker may hold without that
	most     int64      // bytes that the holder of big may hold
	empty    ID         // the empty tree
	workers  []*worker
	sources  []*source
	numbered int64       // entries of the packs so far
	loose    map[ID]bool // for links
	indexes  []*index    // for links
	records  []*PackRecord

	mu       sync.Mutex
	problems []Problem
}

// Walk searches all objects of the store, every pack on its own, and shows
// those that match to the visitors, of which newVisitor makes one for each
// worker. What can't be read is named in the result; the error is that of ctx
// when it ended first, and the result then holds what was done until then.
func (s *Store) Walk(ctx context.Context, o WalkOptions, newVisitor func() Visitor) (*WalkResult, error) {
	o.Workers = cmp.Or(max(o.Workers, 0), runtime.GOMAXPROCS(0))
	o.Types = cmp.Or(o.Types, AllTypes)
	o.Memory = cmp.Or(o.Memory, defaultMemory)
	o.Stream = cmp.Or(o.Stream, defaultStream)
	if o.Types != AllTypes || o.Match == nil || !o.CheckLinks {
		o.Recall = nil
	}
	w := &walk{store: s, o: o, empty: s.format.emptyTree()}
	w.share = o.Memory / 4 / int64(o.Workers)
	w.most = o.Memory / 4 * 3
	for range o.Workers {
		wk := &worker{walk: w, visitor: newVisitor(), missing: make(map[missingKey]*Missing)}
		wk.trees, _ = wk.visitor.(TreeVisitor)
		if o.Trace != nil {
			wk.glance = newGlance(o.Trace)
		}
		w.workers = append(w.workers, wk)
	}
	release := context.AfterFunc(ctx, func() { w.stop.Store(true) })
	defer release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))

	// Loose objects are listed before packs: a gc packs them first and prunes
	// them then. What goes away meanwhile is found by listing once more.
	looseAt := w.listLoose()
	s.refresh()
	packs := s.list()
	w.prepareLinks(packs, looseAt)
	for _, p := range packs {
		w.pack(ctx, p)
	}
	w.walkLoose(looseAt)
	if s.refresh() || slices.ContainsFunc(w.sources, func(s *source) bool { return s.vanished }) {
		again := w.listLoose()
		s.refresh()
		more := s.list()[len(packs):]
		w.prepareLinks(s.list(), again)
		for _, p := range more {
			w.pack(ctx, p)
		}
		for i, src := range again {
			src.without(looseAt[i])
		}
		w.walkLoose(again)
	}
	// Indexes that were found damaged have been made anew since.
	w.prepareLinks(s.list(), nil)
	return w.result(), ctx.Err()
}

func (w *walk) problem(p Problem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, p)
}

// prepareLinks makes it cheap to ask whether the store has an object.
func (w *walk) prepareLinks(packs []*pack, loose []*source) {
	if !w.o.CheckLinks {
		return
	}
	if w.loose == nil {
		w.loose = make(map[ID]bool)
	}
	for _, src := range loose {
		for _, id := range src.loose {
			w.loose[id] = true
		}
	}
	w.indexes = nil
	for _, p := range packs {
		if x, err := w.store.indexOf(p); err == nil {
			w.indexes = append(w.indexes, x)
		}
	}
}

// manyLinks is how many lookups pay for finer fan-outs.
const manyLinks = 1 << 13

// expectLinks makes lookups fast where about n of them are to come.
func (w *walk) expectLinks(n int) {
	if n < manyLinks {
		return
	}
	for _, x := range w.indexes {
		func() {
			var err error
			defer caught(&err, "index")
			x.finer()
		}()
	}
}

// has tells whether the store has the object with the raw id given.
func (w *walk) has(id []byte, first *index) bool {
	if first != nil {
		if _, ok := first.find(id); ok {
			return true
		}
	}
	for _, x := range w.indexes {
		if x == first {
			continue
		}
		if _, ok := x.find(id); ok {
			return true
		}
	}
	return w.loose[MakeID(id)] || bytes.Equal(id, w.empty.Bytes())
}

// pack searches one pack, or recalls what was found when it was searched.
func (w *walk) pack(ctx context.Context, p *pack) {
	key, stamp, sound := w.keyOf(p)
	if sound && w.recall(p, key, stamp) {
		return
	}
	faults, searched := w.faults(), w.searched()
	src := w.search(p, sound)
	// stop follows ctx with a delay, and a walk that was told to end makes no
	// record, however far it came.
	if sound && src != nil && w.faults() == faults && ctx.Err() == nil && p.unchanged(stamp) {
		if r := w.record(src, key, stamp, w.searched()-searched); r != nil {
			w.records = append(w.records, r)
		}
	}
	for _, wk := range w.workers {
		wk.notes = nil
	}
}

// keyOf returns the key of p if records are wanted and the pack looks sound.
func (w *walk) keyOf(p *pack) (key PackKey, stamp Stamp, ok bool) {
	if w.o.Recall == nil || w.stop.Load() {
		return key, stamp, false
	}
	x := p.current()
	if x == nil || p.open() != nil {
		return key, stamp, false
	}
	return p.key(x)
}

// faults counts the problems so far.
func (w *walk) faults() int {
	n := len(w.problems)
	for _, wk := range w.workers {
		n += len(wk.problems)
	}
	return n
}

// searched counts the bytes searched so far.
func (w *walk) searched() int64 {
	var n int64
	for _, wk := range w.workers {
		n += wk.bytes
	}
	return n
}

// search walks one pack and has the workers make notes if they are wanted. What
// it returns is nil if the pack was not walked to its end.
func (w *walk) search(p *pack, noted bool) *source {
	src := w.openPack(p)
	if src == nil {
		return nil
	}
	w.sources = append(w.sources, src)
	if src.vanished || src.unusable || w.stop.Load() {
		return nil
	}
	w.expectLinks(src.len())
	f, err := newForest(w.store, p, src.index, w.o.Workers, &w.stop)
	if w.stop.Load() {
		return nil
	}
	if err != nil {
		w.problem(Problem{Path: p.path, Reason: err.Error()})
		return nil
	}
	for _, b := range f.broken {
		w.problem(Problem{Path: p.path, ID: f.id(b.entry), Reason: b.err.Error()})
	}
	// The walk goes by offset, the index by id: what is known of an entry is
	// carried over all at once.
	defer func() {
		for i, t := range f.typ {
			src.state[f.pos[i]] = uint8(t)
			if f.done[i] {
				src.state[f.pos[i]] |= read
			}
		}
	}()
	f.number = w.numbered
	w.numbered += int64(len(f.off))
	var roots []int32
	for i, b := range f.base {
		if b == unusable {
			w.workers[0].job = job{forest: f, source: src}
			w.workers[0].lose(f.children(int32(i)), f.id(int32(i)))
		} else if b < 0 && w.o.Types.Has(f.typ[i]) {
			roots = append(roots, int32(i))
		}
		// What such a pack holds depends on another.
		noted = noted && b != outside
	}
	if noted {
		for _, wk := range w.workers {
			wk.notes = &notes{links: make(map[missingKey]ID)}
		}
	}
	pool := newPool(f, largeFirst(f, roots), w.o.Workers)
	w.run(func(wk *worker) {
		wk.job = job{forest: f, source: src, pool: pool, view: view{file: p.file}}
		wk.search()
	})
	if !noted {
		return nil
	}
	return src
}

// largeEntry is the size in bytes of an entry that may keep a worker busy for long:
// an archive that is opened, or a blob that is streamed.
const largeEntry = 1 << 20

// largeFirst puts large roots before the others: unlike a tree of deltas, a single
// object can't be shared out, and one that comes last leaves all workers but
// one without work.
func largeFirst(f *forest, roots []int32) []int32 {
	sorted := make([]int32, 0, len(roots))
	for _, large := range [...]bool{true, false} {
		for _, i := range roots {
			if (f.end(i)-f.off[i] >= largeEntry) == large {
				sorted = append(sorted, i)
			}
		}
	}
	return sorted
}

// run calls f for all workers at once.
func (w *walk) run(f func(*worker)) {
	var group conc.WaitGroup
	for _, wk := range w.workers {
		group.Go(func() {
			debug.SetPanicOnFault(true)
			defer wk.report()
			f(wk)
		})
	}
	group.Wait()
}

// openPack makes p and its index fit to be walked. It is nil if nothing at all
// is known of it.
func (w *walk) openPack(p *pack) (src *source) {
	complain := func(path string, err error) { w.problem(Problem{Path: path, Reason: err.Error()}) }
	x := p.current()
	if err := p.open(); err != nil {
		if !gone(err) {
			complain(p.path, err)
		}
		if x == nil {
			return nil
		}
		src = newPackSource(p, x)
		src.vanished = gone(err)
		src.unusable = !src.vanished
		return src
	}
	if x != nil {
		if err := w.checkIndex(p, x); err != nil && !w.stop.Load() {
			p.dropIndex(err)
		}
	}
	// That there is no index at all is no fault: the pack says the same.
	if p.idxErr != nil && !gone(p.idxErr) {
		complain(p.idxPath(), p.idxErr)
	}
	x, err := w.store.indexOf(p)
	if err != nil {
		if w.store.ctx.Err() == nil {
			complain(p.path, err)
		}
		return nil
	}
	return newPackSource(p, x)
}

// checkIndex returns what is wrong with the index of p as a whole, so that it
// must not be trusted. What is wrong with the pack is noted.
func (w *walk) checkIndex(p *pack, x *index) (err error) {
	defer caught(&err, p.idxPath())
	if x.made {
		return nil
	}
	if err := x.check(p.format, w.stop.Load); err != nil {
		return err
	}
	trailer := make([]byte, p.format.Size())
	if _, err := p.file.ReadAt(trailer, p.end()); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(trailer, x.packTrailer()) {
		w.problem(Problem{Path: p.path, Reason: "pack does not end with the checksum that its index names: it is cut short, longer than it was, or another"})
	}
	n, err := p.count()
	if err != nil {
		w.problem(Problem{Path: p.path, Reason: err.Error()})
		return nil
	}
	if n < x.n {
		w.problem(Problem{Path: p.path, Reason: fmt.Sprintf("pack announces %d objects, its index names %d", n, x.n)})
	}
	if n > x.n {
		return fmt.Errorf("index names %d of the pack's %d objects", x.n, n)
	}
	return nil
}

// result adds up what the workers have.
func (w *walk) result() *WalkResult {
	r := &WalkResult{}
	if err := w.tally(r); err != nil {
		w.problem(Problem{Path: w.store.dirs[0], Reason: err.Error()})
	}
	missing := make(map[missingKey]*Missing)
	for _, wk := range w.workers {
		r.Bytes += wk.bytes
		for k, m := range wk.missing {
			if old := missing[k]; old == nil {
				missing[k] = m
			} else {
				old.merge(m.By, m.Promised)
			}
		}
		w.problems = append(w.problems, wk.problems...)
	}
	for _, m := range missing {
		if !w.has(m.ID.Bytes(), nil) {
			r.Missing = append(r.Missing, *m)
		}
	}
	slices.SortFunc(r.Missing, Missing.compare)
	r.Records = w.records
	for _, s := range w.sources {
		if s.record != nil {
			r.Recalled = append(r.Recalled, s.record.Key)
		}
	}
	r.Problems = sortProblems(append(w.problems, w.store.Problems()...))
	return r
}

type missingKey struct {
	id ID
	t  Type
}

func (m Missing) compare(o Missing) int {
	return cmp.Or(m.ID.Compare(o.ID), cmp.Compare(m.Type, o.Type))
}

func (m *Missing) merge(by ID, promised bool) {
	if by.Compare(m.By) < 0 {
		m.By = by
	}
	m.Promised = m.Promised || promised
}
