package detect

import (
	"bytes"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// Options say what to look for and how deep.
type Options struct {
	Rules       *rules.Set
	Confidence  finding.Confidence // the least confidence that is reported
	DecodeDepth int                // how many encodings are peeled, one inside the other
	Limits      layer.Limits       // of containers; a Depth of 0 opens none
	Explain     bool               // have the rules say why; see [Worker.Explain] and [Outcome.Doubts]
}

// An Engine finds keys as its options say. It is safe for concurrent use.
type Engine struct {
	opts Options

	// Of a stream, chunk bytes are searched at a time, and with them margin bytes
	// on each side, which every candidate is sure to see beside it.
	chunk, margin int
}

// New returns an engine.
func New(o Options) *Engine { return &Engine{opts: o, chunk: 4 << 20, margin: 128 << 10} }

// A Hit is one key at one place of one piece of content.
type Hit struct {
	Key        finding.Key
	Rule       string
	Confidence finding.Confidence
	Extent     finding.Extent
	Member     string   // archive members from the outermost in, joined by "!"
	Layers     []string // encodings and containers, outermost first
	Line       int      // 1-based
	Column     int      // 1-based, in UTF-16 code units
	EndLine    int      // of the key's last character
	EndColumn  int      // after the key's last character
	Ordinal    int      // 0-based count of the same key in the same member and layers
	Snippet    *finding.Snippet
	Inline     *string // reason of the petrascan:allow comment beside the key, masked; nil without one
	Meant      string  // what stands there that perhaps was meant as such a comment; "" if nothing, or with Inline
}

// Sighting returns the hit as a finding that lacks only where the content lies.
func (h *Hit) Sighting() finding.Sighting {
	return finding.Sighting{
		Finding: finding.Finding{
			Key:       h.Key.ID(),
			Masked:    h.Key.Masked(),
			Rule:      h.Rule,
			Member:    h.Member,
			Line:      h.Line,
			Column:    h.Column,
			EndLine:   h.EndLine,
			EndColumn: h.EndColumn,
			Layers:    h.Layers,
			Ordinal:   h.Ordinal,
			Snippet:   h.Snippet,
		},
		Inline:     h.Inline,
		Meant:      h.Meant,
		Secret:     h.Key,
		Confidence: h.Confidence,
		Extent:     h.Extent,
	}
}

// A Gap is a part of the content that was not searched, or only in its raw form.
type Gap struct {
	Member string
	Reason string
}

// An Outcome is what one piece of content held. The caller owns it.
type Outcome struct {
	Hits       []Hit
	Low        int64   // candidates below the least confidence
	Bytes      int64   // bytes searched, members of containers included
	Containers int64   // containers opened
	Opaque     []Gap   // recognised, not opened; the raw bytes were searched
	Cut        []Gap   // a limit stopped us
	Doubts     []Doubt // of an engine that explains: candidates that are not reported
}

// A Worker searches one content after the other and keeps its buffers. It is
// not safe for concurrent use.
type Worker struct {
	engine  *Engine
	peelers []*layer.Peeler // one a depth, since a text lives until its peeler's next use
	hits    [][]literal.Hit
	buffers [][]byte // large ones
	smalls  [][]byte
	others  []*Worker // for what is searched in the midst of another search, at rest
	out     Outcome
}

// NewWorker returns a worker.
func (e *Engine) NewWorker() *Worker {
	w := &Worker{engine: e, hits: make([][]literal.Hit, e.opts.DecodeDepth+1)}
	for range e.opts.DecodeDepth {
		w.peelers = append(w.peelers, layer.NewPeeler(encodedLimit))
	}
	return w
}

// encodedLimit is how many bytes of an encoded run are decoded at a time.
const encodedLimit = 4 << 20

// Whole tells from the first [layer.SniffLen] and the last bytes of content, at
// most [layer.SniffTailLen], whether the content must be searched even if no
// literal stands in it, because it is a container, ends with one, or is a program
// that may carry one.
func (e *Engine) Whole(head, tail []byte) bool {
	if e.opts.Limits.Depth == 0 {
		return false
	}
	if _, ok := layer.Sniff(head); ok {
		return true
	}
	switch {
	case bytes.HasPrefix(head, []byte("MZ")), bytes.HasPrefix(head, []byte("\x7fELF")):
		return true
	case bytes.HasPrefix(head, []byte("#!")):
		if bytes.Contains(head, []byte("PK\x03\x04")) {
			return true
		}
	}
	_, ok := layer.SniffTail(tail)
	return ok
}

// Candidate tells whether b holds a literal, and so may hold a key.
func (e *Engine) Candidate(b []byte) bool { return literal.Contains(b) }

// Trace tells whether b holds any [literal.TraceLen] bytes in a row that a
// candidate can't do without.
func (e *Engine) Trace(b []byte) bool { return literal.Trace(b) }

// Overlap is how many bytes on each side of a stretch must be searched with it
// to find literals that span its edges.
func (e *Engine) Overlap() int { return literal.MaxLen - 1 }
