package detect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// unpack searches the members of a container, and the containers among them.
func (w *Worker) unpack(ctx context.Context, c *content, format layer.Format, src layer.Source) error {
	if format.Opaque() {
		w.gap(&w.out.Opaque, c, format.String()+" is not opened; its raw bytes were searched")
		return nil
	}
	w.out.Containers++
	err := layer.Unpack(ctx, format, src, c.budget, func(m layer.Member) error {
		inner := &content{member: nest(c.member, m.Name), layers: append(slices.Clip(c.layers), format.String()), budget: c.budget}
		return w.open(ctx, inner, m)
	})
	return w.note(c, err)
}

// unpackStream does the same for a container that can be read only once: what
// the unpacking reads passes by a second worker, which searches it as it is.
func (w *Worker) unpackStream(ctx context.Context, c *content, format layer.Format, r io.Reader) error {
	pr, pw := io.Pipe()
	raw := w.another()
	done := make(chan error, 1)
	go func() {
		err := raw.chunks(ctx, c.beside(), raw.buffer(), 0, pr)
		pr.CloseWithError(err)
		done <- err
	}()
	tee := io.TeeReader(r, pw)
	first := len(w.out.Hits)
	err := w.unpack(ctx, c, format, layer.SourceStream(tee))
	if _, drained := io.Copy(io.Discard, tee); err == nil {
		err = drained
	}
	pw.Close()
	if rawErr := <-done; err == nil {
		err = rawErr
	}
	members := slices.Clone(w.out.Hits[first:])
	w.out.Hits = append(w.out.Hits[:first], raw.out.Hits...)
	mid := len(w.out.Hits)
	w.out.Hits = append(w.out.Hits, members...)
	w.dropTold(first, mid)
	raw.out.Hits = nil
	w.out.add(&raw.out)
	w.others = append(w.others, raw)
	return err
}

// another returns a second worker. Who is done with it puts it back among the
// others.
func (w *Worker) another() *Worker {
	n := len(w.others) - 1
	if n < 0 {
		return w.engine.NewWorker()
	}
	other := w.others[n]
	w.others = w.others[:n]
	other.out = Outcome{}
	return other
}

// beside returns content with the same place as c, for another worker.
func (c *content) beside() *content {
	return &content{member: c.member, layers: c.layers, budget: layer.NewBudget(layer.Limits{})}
}

func nest(outer, name string) string {
	switch {
	case name == "":
		return outer
	case outer == "":
		return name
	}
	return outer + "!" + name
}

// open searches one member: in memory if it fits into a buffer, else as a stream.
func (w *Worker) open(ctx context.Context, c *content, m layer.Member) error {
	if m.Name != "" {
		c.member = w.Mask(c.member)
	}
	buf := w.small()
	n, err := io.ReadFull(m.Reader, buf)
	if err == nil {
		large := w.buffer()
		copy(large, buf)
		w.release(buf)
		buf = large
		var more int
		more, err = io.ReadFull(m.Reader, buf[n:])
		n += more
	}
	if err == nil {
		format, ok := w.sniff(buf[:layer.SniffLen], nil)
		if !ok {
			return ignoreFault(w.once(ctx, c, buf, n, m.Reader))
		}
		err := w.unpackStream(ctx, c, format, io.MultiReader(bytes.NewReader(buf), m.Reader))
		w.release(buf)
		return ignoreFault(err)
	}
	if inner := w.bytes(ctx, c, buf[:n]); inner != nil {
		return inner
	}
	w.release(buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return ignoreFault(err)
}

// ignoreFault returns nil for what Unpack reports by itself.
func ignoreFault(err error) error {
	var fault *layer.Fault
	if errors.As(err, &fault) {
		return nil
	}
	return err
}

// note puts the faults of a container into the outcome. What remains is an
// error of the content itself, or of the context.
func (w *Worker) note(c *content, err error) error {
	var faults layer.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var unreadable error
	for _, f := range faults {
		at := &content{member: nest(c.member, w.Mask(f.Member))}
		reason := w.Mask(f.Format.String() + ": " + f.Reason)
		switch f.Kind {
		case layer.Opaque:
			w.gap(&w.out.Opaque, at, reason)
		case layer.Cut:
			w.gap(&w.out.Cut, at, reason)
		default:
			unreadable = errors.New(w.Mask(f.Error())) // it quotes the member's name
		}
	}
	return unreadable
}

// runSlack is how near to the end of a piece a run may end that goes on behind
// it: a break between two lines of it may stand there, in UTF-16.
const runSlack = 1 << 10

// runProof is how many bytes must come out of a run before what ends it counts
// as damage: a few letters like those that compressed data begins with are met
// by chance.
const runProof = 64

// compressed opens the container that an encoded run holds. What is found in it
// is reported where the run begins.
func (w *Worker) compressed(ctx context.Context, f *frame, c *content) {
	start := f.source(f.text.From)
	if start < c.from || start >= c.to {
		return
	}
	if w.engine.opts.Limits.Depth == 0 {
		return
	}
	data := f.bytes[f.text.From:f.text.To]
	if f.text.Cut && len(data) == 0 {
		w.gap(&w.out.Cut, c, "compressed data begins too often within one run of "+f.text.Layer)
		return
	}
	format, ok := layer.Sniff(data)
	if !ok {
		return
	}
	root := f
	for root.outer != nil {
		root = root.outer
	}
	stop := f.source(f.text.To)
	cut := f.text.Cut || c.to < len(root.bytes) && stop > len(root.bytes)-runSlack
	if cut && c.least > 0 && start >= c.least && !slices.ContainsFunc(c.runs, func(r run) bool { return r.from >= start }) {
		c.to = runeStart(root.bytes, start) // the next piece sees more of it
		return
	}
	// A worker of its own, since this one is in the midst of the text around
	// the run.
	sub := w.another()
	inner := &content{member: c.member, layers: slices.Concat(c.layers, f.layers), budget: c.budget}
	_ = sub.unpack(ctx, inner, format, layer.SourceAt(bytes.NewReader(data), int64(len(data)))) // the source is memory
	sub.out.Opaque = slices.DeleteFunc(sub.out.Opaque, func(g Gap) bool {
		if !strings.Contains(g.Reason, ": damaged") {
			return false
		}
		// That a run of letters began like compressed data and was none is no gap.
		none := sub.out.Bytes < runProof
		if cut && !none {
			sub.gap(&sub.out.Cut, inner, format.String()+" in "+f.text.Layer+": only the first part was decoded")
		}
		return cut || none
	})
	if len(sub.out.Hits)+len(sub.out.Doubts) > 0 {
		keys := map[finding.ID]bool{}
		for _, h := range sub.out.Hits {
			keys[h.Key.ID()] = true
		}
		c.runs = append(c.runs, run{start, stop, keys})
		cur := c.ahead(f.layers, start)
		at := cur.seek(root.bytes, start)
		last := *cur
		end := last.seek(root.bytes, stop)
		inline, meant := sub.comments(root.bytes, start, trimEnd(root.bytes, start, stop), c.wide)
		for i := range sub.out.Hits {
			h := &sub.out.Hits[i]
			if inline != nil || meant != "" {
				h.Inline, h.Meant = inline, meant
			}
			h.Line, h.Column, h.EndLine, h.EndColumn, h.Snippet = at.line, at.column, end.line, end.column, nil
		}
		for i := range sub.out.Doubts {
			sub.out.Doubts[i].Line, sub.out.Doubts[i].Column = at.line, at.column
		}
	}
	w.out.add(&sub.out)
	w.others = append(w.others, sub)
}

func (o *Outcome) add(p *Outcome) {
	o.Hits = append(o.Hits, p.Hits...)
	o.Low += p.Low
	for _, d := range p.Doubts {
		o.doubt(d)
	}
	o.Bytes += p.Bytes
	o.Containers += p.Containers
	for _, g := range p.Opaque {
		addGap(&o.Opaque, g)
	}
	for _, g := range p.Cut {
		addGap(&o.Cut, g)
	}
}
