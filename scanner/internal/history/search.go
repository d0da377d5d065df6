package history

import (
	"context"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A holder is one object or one name in a tree in which something was found, or
// which could not be searched to its depth.
type holder struct {
	id      gitobj.ID // zero for a name
	outcome detect.Outcome
	header  detect.Outcome // of a commit or tag: what its headers hold
}

// A searcher is one worker's share of the walk over a store.
type searcher struct {
	ctx     context.Context
	detect  *detect.Worker
	engine  *detect.Engine
	holders map[gitobj.Type][]holder
	names   map[string]detect.Outcome // of tree entries
	commits []commit                  // those that were shown
	notes   treeNotes                 // on those that were told
	errors  []finding.Error
	again   map[gitobj.ID]bool // what the next scan must search again, beside holders
}

func newSearcher(ctx context.Context, engine *detect.Engine) *searcher {
	return &searcher{
		ctx:     ctx,
		detect:  engine.NewWorker(),
		engine:  engine,
		holders: map[gitobj.Type][]holder{},
		names:   map[string]detect.Outcome{},
		again:   map[gitobj.ID]bool{},
	}
}

// Visit searches one object that the walk has chosen.
func (s *searcher) Visit(o *gitobj.Object) {
	switch o.Type {
	case gitobj.Tree:
		if !s.tree(o.Data, len(o.ID.Bytes())) {
			s.again[o.ID] = true
		}
	case gitobj.Commit, gitobj.Tag:
		if o.Data == nil {
			s.keep(o, holder{id: o.ID, outcome: s.stream(o)})
			return
		}
		if o.Type == gitobj.Commit {
			if c, err := parseCommit(o.ID, o.Data); err == nil {
				c.loose = o.Pack == ""
				s.commits = append(s.commits, c)
			}
		}
		if !s.engine.Candidate(o.Data) {
			return
		}
		start := messageStart(o.Data)
		s.keep(o, holder{id: o.ID, header: s.bytes(o.ID, o.Data[:start]), outcome: s.bytes(o.ID, o.Data[start:])})
	case gitobj.Blob:
		if o.Data == nil {
			s.keep(o, holder{id: o.ID, outcome: s.stream(o)})
			return
		}
		s.keep(o, holder{id: o.ID, outcome: s.bytes(o.ID, o.Data)})
	}
}

// Tree keeps what attribution may ask of a tree.
func (s *searcher) Tree(t *gitobj.TreeNews) { s.notes.note(t) }

func (s *searcher) keep(o *gitobj.Object, h holder) {
	if !dull(&h.outcome) || !dull(&h.header) || len(h.outcome.Doubts)+len(h.header.Doubts) > 0 {
		s.holders[o.Type] = append(s.holders[o.Type], h)
	}
}

// dull tells whether there is nothing to say of an outcome.
func dull(o *detect.Outcome) bool {
	return len(o.Hits) == 0 && len(o.Opaque) == 0 && len(o.Cut) == 0 && o.Low == 0 && o.Containers == 0
}

func (s *searcher) bytes(id gitobj.ID, b []byte) detect.Outcome {
	out, err := s.detect.Bytes(s.ctx, b)
	s.note(id, err)
	return out
}

func (s *searcher) stream(o *gitobj.Object) detect.Outcome {
	out, err := s.detect.Stream(s.ctx, o.Reader, o.Size)
	s.note(o.ID, err)
	return out
}

func (s *searcher) note(id gitobj.ID, err error) {
	if err != nil {
		s.again[id] = true
	}
	if err != nil && s.ctx.Err() == nil {
		s.errors = append(s.errors, finding.Error{Object: id.String(), Reason: err.Error()})
	}
}

// tree searches the names in a tree object, and tells whether there is nothing
// to say of any.
func (s *searcher) tree(data []byte, idSize int) (quiet bool) {
	quiet = true
	for e := range treeEntries(data, idSize) {
		quiet = s.name(e.name) && quiet
	}
	return quiet
}

// name searches the name of a file or directory, and tells whether there is
// nothing to say of it.
func (s *searcher) name(name []byte) (quiet bool) {
	if !s.engine.Candidate(name) {
		return true
	}
	out, done := s.names[string(name)]
	if !done {
		out = s.bytes(gitobj.ID{}, name)
		s.names[string(name)] = out
	}
	// A name that could not be searched has the zero id.
	return dull(&out) && !s.again[gitobj.ID{}]
}

// path searches the names in a path.
func (s *searcher) path(path string) {
	if s.engine.Candidate([]byte(path)) {
		for name := range strings.SplitSeq(path, "/") {
			s.name([]byte(name))
		}
	}
}

// nameSighting is a key in a name: it has no line.
func nameSighting(hit detect.Hit, path string) finding.Sighting {
	x := hit.Sighting()
	x.Location, x.Path = finding.InFileName, path
	x.Line, x.Column, x.EndLine, x.EndColumn, x.Snippet = 0, 0, 0, 0, nil
	return x
}
