package gitobj

import (
	"slices"
	"sync/atomic"
)

// listLoose returns the loose objects of each directory.
func (w *walk) listLoose() []*source {
	var sources []*source
	for _, dir := range w.store.dirs {
		src := &source{path: dir}
		err := listLoose(dir, w.store.format, func(id ID) { src.loose = append(src.loose, id) })
		if err != nil {
			w.problem(Problem{Path: dir, Reason: err.Error()})
		}
		src.state = make([]uint8, len(src.loose))
		sources = append(sources, src)
	}
	return sources
}

// walkLoose searches loose objects.
func (w *walk) walkLoose(sources []*source) {
	for _, src := range sources {
		w.expectLinks(len(src.loose))
	}
	for _, src := range sources {
		if len(src.loose) == 0 {
			continue
		}
		w.sources = append(w.sources, src)
		var next atomic.Int64
		w.run(func(wk *worker) {
			wk.job = job{source: src}
			for i := next.Add(1) - 1; i < int64(len(src.loose)) && !w.stop.Load(); i = next.Add(1) - 1 {
				wk.loose(int(i))
			}
		})
		src.vanished = slices.ContainsFunc(src.state, func(s uint8) bool { return s&lost != 0 })
	}
}

// loose searches the i-th loose object of the source.
func (w *worker) loose(i int) {
	src := w.job.source
	id := src.loose[i]
	path := loosePath(src.path, id)
	l := &w.opened
	err := l.open(path)
	if err == nil {
		src.state[i] = uint8(l.t)
		if w.walk.o.Types.Has(l.t) {
			if err = w.lookLoose(id, l); err == nil {
				src.state[i] |= read
			}
		}
		l.Close()
	}
	switch {
	case gone(err):
		src.state[i] |= lost
	case err != nil:
		w.problems = append(w.problems, Problem{Path: path, ID: id, Reason: err.Error()})
	}
}

func (w *worker) lookLoose(id ID, l *looseReader) error {
	o := &w.walk.o
	if l.t == Blob && l.size > o.Stream {
		return w.showStream(l, Object{ID: id, Type: l.t, Size: l.size})
	}
	if err := w.reserve(l.size); err != nil {
		return err
	}
	defer w.releaseBig()
	data := w.spare.get(int(l.size))
	defer w.recycle(data, nil)
	if err := l.all(data); err != nil {
		return err
	}
	hit := o.Match != nil && o.Match(data)
	if w.telling(l.t, hit, data) || o.Always.Has(l.t) {
		w.object = Object{ID: id, Type: l.t, Size: l.size, Data: data[:len(data):len(data)]}
		w.visitor.Visit(&w.object)
	}
	w.count(l.size)
	if !o.CheckLinks && (l.t != Tree || w.trees == nil) {
		return nil
	}
	w.looseID = id
	err := w.follow(l.t, data)
	if l.t == Tree && w.trees != nil {
		w.tellLooseTree(id)
	}
	return err
}
