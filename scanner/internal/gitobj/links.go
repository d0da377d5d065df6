package gitobj

// A namedLink is an id that an entry of the pack at hand names.
type namedLink struct {
	id ID
	t  Type
	by int32 // the entry
}

// A linkQueue holds links until there are enough of them to be looked up
// together, see [index.findAll].
type linkQueue struct {
	links [linksAtOnce]namedLink
	n     int
}

// linksAtOnce is enough for the processor to wait for many places of the index at
// once, and little enough to stay in its nearest cache.
const linksAtOnce = 128

// link notes the object with the raw id given if the store lacks it, now or
// when more are to be looked up.
func (w *worker) link(raw []byte, t Type) {
	if w.job.forest == nil {
		if !w.walk.has(raw, nil) {
			w.miss(MakeID(raw), t, w.looseID, false)
		}
		return
	}
	q := &w.queue
	if q.n == len(q.links) {
		w.lookUpLinks()
	}
	l := &q.links[q.n]
	l.id.size = uint8(copy(l.id.hash[:], raw))
	l.t, l.by = t, w.entry
	q.n++
}

// lookUpLinks looks up the links that are queued.
func (w *worker) lookUpLinks() {
	links := w.queue.links[:w.queue.n]
	w.queue.n = 0
	if err := w.tryLinks(links); err != nil {
		for i, l := range links {
			if i == 0 || l.by != links[i-1].by {
				w.problem(l.by, err)
				w.job.forest.done[l.by] = false
			}
		}
	}
}

func (w *worker) tryLinks(links []namedLink) (err error) {
	f := w.job.forest
	defer caught(&err, f.pack.idxPath())
	f.index.findAll(links, func(l *namedLink) {
		by := f.id(l.by)
		if w.notes != nil {
			w.notes.link(l.id.Bytes(), l.t, by)
		}
		if !w.walk.has(l.id.Bytes(), f.index) {
			w.miss(l.id, l.t, by, f.pack.promisor)
		}
	})
	return nil
}

// miss notes that by names an object that the store lacks.
func (w *worker) miss(id ID, t Type, by ID, promised bool) {
	key := missingKey{id, t}
	if m := w.missing[key]; m != nil {
		m.merge(by, promised)
	} else {
		w.missing[key] = &Missing{ID: id, Type: t, By: by, Promised: promised}
	}
}
