package gitobj

import (
	"errors"
	"sync/atomic"
)

// recall takes what an earlier walk wrote down about p instead of walking it,
// and shows again what the record says was shown. It is false if p must be
// walked.
func (w *walk) recall(p *pack, key PackKey, stamp Stamp) bool {
	r, again := w.o.Recall(key)
	if r == nil || len(r.Types) != (key.Objects+3)/4 {
		return false
	}
	x := p.current()
	restamped := r.Stamp != stamp
	if restamped && !p.intact(x, w.stop.Load) {
		return false
	}
	if !w.showAgain(p, x, again) {
		return false
	}
	src := &source{path: p.path, pack: p, index: x, record: r}
	w.sources = append(w.sources, src)
	wk := w.workers[0]
	wk.bytes += r.Bytes
	if report := w.o.Progress; report != nil {
		report(int64(key.Objects), r.Bytes)
	}
	for _, l := range r.Links {
		if !w.has(l.ID.Bytes(), nil) {
			wk.miss(l.ID, l.Type, l.By, p.promisor)
		}
	}
	if restamped {
		now := *r
		now.Stamp = stamp
		w.records = append(w.records, &now)
	}
	return true
}

// showAgain reads objects of p and shows them to the visitors. It is false if
// one can't be read.
func (w *walk) showAgain(p *pack, x *index, list []Shown) bool {
	if len(list) == 0 {
		return true
	}
	var next atomic.Int64
	var failed atomic.Bool
	w.run(func(wk *worker) {
		for i := next.Add(1) - 1; i < int64(len(list)) && !failed.Load() && !w.stop.Load(); i = next.Add(1) - 1 {
			if wk.showPacked(p, x, list[i]) != nil {
				failed.Store(true)
			}
		}
	})
	return !failed.Load()
}

var errRecord = errors.New("the record does not fit the pack")

// showPacked reads one object of p and shows it.
func (w *worker) showPacked(p *pack, x *index, s Shown) (err error) {
	defer caught(&err, p.path)
	i, ok := x.find(s.ID.Bytes())
	if !ok {
		return errRecord
	}
	if !s.Streamed {
		t, data, err := w.walk.store.readPacked(p, x.offset(i), 0)
		if err != nil {
			return err
		}
		if t != s.Type {
			return errRecord
		}
		w.object = Object{ID: s.ID, Type: t, Size: int64(len(data)), Data: data, Pack: p.path}
		w.visitor.Visit(&w.object)
		return nil
	}
	h, err := p.headerAt(&view{file: p.file}, x.offset(i))
	if err != nil {
		return err
	}
	if Type(h.kind) != s.Type {
		return errRecord
	}
	r, err := p.stream(x.offset(i)+int64(h.len), int64(h.size))
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = w.passOn(r, Object{ID: s.ID, Type: s.Type, Size: int64(h.size), Pack: p.path})
	return err
}
