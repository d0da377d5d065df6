package detect

import (
	"bytes"
	"context"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// A frame is a text on the way inwards: the content itself, or what an
// encoding in the frame around it hid.
type frame struct {
	outer  *frame     // nil for the content itself
	text   layer.Text // how bytes came from outer's; unset without outer
	bytes  []byte
	layers []string // encodings peeled so far, outermost first
}

// source returns the offset in the content of the byte that made f.bytes[i].
func (f *frame) source(i int) int {
	for ; f.outer != nil; f = f.outer {
		i = f.text.Offset(i)
	}
	return i
}

// A match is a candidate that the rules take for a key, whatever the confidence.
type match struct {
	start, end       int // of the key, in the content
	hideFrom, hideTo int // what a snippet must not show of the content
	verdict          rules.Verdict
	id               finding.ID // of the key; "" below the least confidence
	layers           []string
}

// search appends the matches in the frame and in the encodings within it.
// Containers that an encoding hides are opened on the way: their hits go
// straight to the outcome, at the place of the encoded run.
func (w *Worker) search(ctx context.Context, f *frame, c *content, found []match) []match {
	depth := len(f.layers)
	hits := literal.All(w.hits[depth][:0], f.bytes)
	w.hits[depth] = hits
	if len(hits) == 0 {
		return found // as most contents
	}
	if depth < len(w.peelers) {
		w.peelers[depth].Reset(f.bytes)
	}
	for _, hit := range hits {
		if f.outer != nil && (hit.Pos < f.text.From || hit.Pos >= f.text.To) {
			continue // not from behind the encoding: the outer frame has it
		}
		inner, ok := w.peel(f, c, hit)
		switch {
		case ok && hit.Kind == literal.Compressed:
			w.compressed(ctx, inner, c)
		case ok:
			found = w.search(ctx, inner, c, found)
		case hit.Kind == literal.Plain:
			if m := w.judge(f, hit.Pos); m.verdict.Confidence > finding.None || w.engine.opts.Explain {
				found = append(found, m)
			}
		}
	}
	return found
}

// peel takes off the encoding that the hit shows, if it shows one and does not
// lie too deep. A plain prefix shows one where its key goes on in escapes.
func (w *Worker) peel(f *frame, c *content, hit literal.Hit) (*frame, bool) {
	depth := len(f.layers)
	if depth >= len(w.peelers) {
		if hit.Kind != literal.Plain && depth > 0 {
			w.gap(&w.out.Cut, c, "encodings nested deeper than the limit")
		}
		return nil, false
	}
	text, ok := w.peelers[depth].Peel(hit)
	if !ok {
		return nil, false
	}
	layers := append(f.layers[:depth:depth], text.Layer)
	return &frame{outer: f, text: text, bytes: text.Bytes, layers: layers}, true
}

// judge asks the rules about the candidate at f.bytes[at:].
func (w *Worker) judge(f *frame, at int) match {
	ctx := rules.Context{Binary: binary(f.bytes, at), Explain: w.engine.opts.Explain, Least: w.engine.opts.Confidence}
	if ctx.Explain {
		ctx.Least = finding.None // a doubt is shown, masked
	}
	v := w.engine.opts.Rules.Judge(f.bytes, at, ctx)
	if f.outer != nil && v.End > f.text.End() {
		v = w.engine.opts.Rules.Judge(f.bytes[:f.text.End()], at, ctx)
	}
	if v.Extent == finding.Exact && wrapped(f.bytes[v.End:]) {
		v.Extent = finding.Uncertain
	}
	m := match{verdict: v, layers: f.layers}
	if v.Confidence == finding.None {
		m.start, m.end = f.source(at), f.source(at)
		return m
	}
	if v.Confidence >= w.engine.opts.Confidence {
		m.id = v.Key.ID()
	}
	m.start, m.end = f.source(v.Start), f.source(v.End)
	m.hideFrom, m.hideTo = m.start, m.end
	for o := f; o.outer != nil; o = o.outer {
		m.hideFrom, m.hideTo = o.source(o.text.From), o.source(o.text.To)
	}
	return m
}

// binary tells whether the text around b[at] looks like a program or other
// data: a key cut out of it may end where the next string begins.
func binary(b []byte, at int) bool {
	const around = 512
	return bytes.IndexByte(b[max(0, at-around):min(len(b), at+around)], 0) >= 0
}
