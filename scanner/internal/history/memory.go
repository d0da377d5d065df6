package history

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/cache"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A memory spares a scan the packs that an earlier one has read. The objects in
// which something was found it shows again; of those in which nothing was
// found it knows what was said.
type memory struct {
	cache    *cache.Cache // nil: nothing is remembered
	engine   *detect.Engine
	settings [sha256.Size]byte
	loaded   []*cache.Entry
}

func newMemory(o Options) *memory {
	m := &memory{cache: o.Cache, engine: o.Engine}
	if m.cache != nil {
		m.settings = o.Engine.Fingerprint()
	}
	return m
}

func (m *memory) key(k gitobj.PackKey) cache.Key {
	return cache.Key{Pack: k, Containers: m.engine.OpensContainers()}
}

// recall returns what a walk asks for the records of packs; nil without a cache.
func (m *memory) recall() func(gitobj.PackKey) (*gitobj.PackRecord, []gitobj.Shown) {
	if m.cache == nil {
		return nil
	}
	return func(k gitobj.PackKey) (*gitobj.PackRecord, []gitobj.Shown) {
		e := m.cache.Load(m.key(k))
		if e == nil {
			return nil, nil
		}
		m.loaded = append(m.loaded, e)
		if e.Settings != m.settings {
			return &e.Pack, e.Pack.Shown
		}
		var again []gitobj.Shown
		for _, s := range e.Pack.Shown {
			if _, settled := e.Settled[s.ID]; !settled {
				again = append(again, s)
			}
		}
		return &e.Pack, again
	}
}

// join adds to the haul what was said of objects that were not searched again,
// those in the packs given, which were not walked.
func (m *memory) join(found *haul, recalled []gitobj.PackKey) {
	m.loaded = slices.DeleteFunc(m.loaded, func(e *cache.Entry) bool { return !slices.Contains(recalled, e.Pack.Key) })
	for _, e := range m.loaded {
		if e.Settings != m.settings {
			continue
		}
		for id, out := range e.Settled {
			h := holder{id: id, outcome: detect.Outcome{Containers: out.Containers, Opaque: gaps(out.Opaque), Cut: gaps(out.Cut)}}
			if !dull(&h.outcome) {
				found.put(gitobj.Blob, h)
			}
		}
	}
}

// save keeps the records of packs that were read now, and those of which other
// settings have shown everything again.
func (m *memory) save(records []*gitobj.PackRecord, found *haul, searchers []*searcher) {
	if m.cache == nil {
		return
	}
	again := map[gitobj.ID]bool{}
	for _, s := range searchers {
		for id := range s.again {
			again[id] = true
		}
	}
	for _, e := range m.loaded {
		same := func(r *gitobj.PackRecord) bool { return r.Key == e.Pack.Key }
		if e.Settings != m.settings && !slices.ContainsFunc(records, same) {
			records = append(records, &e.Pack)
		}
	}
	for _, r := range records {
		e := &cache.Entry{Pack: *r, Settings: m.settings, Settled: map[gitobj.ID]cache.Outcome{}}
		for _, s := range r.Shown {
			if again[s.ID] {
				continue
			}
			if out, ok := m.settled(s.Type, found.objects[s.Type][s.ID]); ok {
				e.Settled[s.ID] = out
			}
		}
		_ = m.cache.Save(m.key(r.Key), e) // the next scan does without
	}
	if len(records) > 0 {
		_ = m.cache.Trim()
	}
}

// explainPacks tells which packs were read and which were remembered.
func (h *repository) explainPacks(w *gitobj.WalkResult, m *memory) {
	if h.opts.Explain == nil {
		return
	}
	if m.cache == nil {
		h.explain("cache: not used: every pack is read")
		return
	}
	slices.SortFunc(w.Recalled, func(a, b gitobj.PackKey) int { return a.Pack.Compare(b.Pack) })
	for _, k := range w.Recalled {
		why := "remembered, with other settings: what stood in it was searched again"
		for _, e := range m.loaded {
			if e.Pack.Key == k && e.Settings == m.settings {
				why = fmt.Sprintf("remembered, and not read (--no-cache reads it); searched again, since something stood in them: %d", len(e.Pack.Shown)-len(e.Settled))
			}
		}
		h.explain("cache: pack %s, %d objects: %s", k.Pack, k.Objects, why)
	}
	recalled := func(r *gitobj.PackRecord) bool { return slices.Contains(w.Recalled, r.Key) }
	slices.SortFunc(w.Records, func(a, b *gitobj.PackRecord) int { return a.Key.Pack.Compare(b.Key.Pack) })
	for _, r := range w.Records {
		if !recalled(r) {
			h.explain("cache: pack %s, %d objects: read, since this build of petrascan had not, or the pack was written to; now remembered", r.Key.Pack, r.Key.Objects)
		}
	}
	h.explain("cache: loose objects are always read")
}

// settled returns what is to be remembered of an object in which nothing was
// found, and false if it must be searched again: something was found, or what
// was said of it repeats text of its own in which a key may stand.
func (m *memory) settled(t gitobj.Type, h holder) (out cache.Outcome, ok bool) {
	if dull(&h.outcome) && dull(&h.header) {
		return out, true
	}
	if o := &h.outcome; t != gitobj.Blob || len(o.Hits) > 0 || o.Low > 0 {
		return out, false
	}
	out = cache.Outcome{Containers: h.outcome.Containers, Opaque: unread(h.outcome.Opaque), Cut: unread(h.outcome.Cut)}
	for _, list := range [...][]finding.Unread{out.Opaque, out.Cut} {
		for _, u := range list {
			if m.engine.Candidate([]byte(u.Member)) || m.engine.Candidate([]byte(u.Reason)) {
				return out, false
			}
		}
	}
	return out, true
}

func unread(gaps []detect.Gap) (list []finding.Unread) {
	for _, g := range gaps {
		list = append(list, finding.Unread{Member: g.Member, Reason: g.Reason})
	}
	return list
}

func gaps(list []finding.Unread) (gaps []detect.Gap) {
	for _, u := range list {
		gaps = append(gaps, detect.Gap{Member: u.Member, Reason: u.Reason})
	}
	return gaps
}
