package detect

import (
	"context"

	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// Parts searches content that is too long to be held in memory, and of which
// the caller brings only the parts in which a literal stands. Its worker
// searches nothing else meanwhile.
type Parts struct {
	worker  *Worker
	content *content
	buf     []byte
}

// Parts begins the content that has the given head, of 16 bytes or more if
// there are as many.
func (w *Worker) Parts(head []byte) *Parts {
	w.out = Outcome{}
	return &Parts{worker: w, content: &content{budget: layer.NewBudget(w.engine.opts.Limits), wide: wideText(head)}}
}

// A Mark is a place in content: its lines and columns are counted up to there.
// It may be copied, to come back to it.
type Mark struct{ cursor cursor }

// Start is the mark before the first byte of any content.
func Start() Mark { return Mark{newCursor(utf8Text)} }

// Pass moves the mark over b, the bytes that follow it.
func (m *Mark) Pass(b []byte) {
	m.cursor.seek(b, len(b))
	m.cursor.next = 0
}

// Boundary returns an even offset in b, at most [Slack] bytes before i, at which
// no character of UTF-8 or UTF-16 is split. Marks are moved from one boundary to
// another.
func Boundary(b []byte, i int) int {
	return runeStart(b, max(0, min(i, len(b)-1))) // what follows b is not known
}

// Slack is how many bytes before an offset its boundary may lie.
const Slack = 9

// Buffer returns memory for one part, which is the same for all, and how many
// bytes at its beginning and at its end are there for the sake of those between
// alone, unless the content begins or ends there.
func (p *Parts) Buffer() (part []byte, margin int) {
	margin = p.worker.engine.margin
	if p.buf == nil {
		p.buf = p.worker.buffer(p.worker.engine.chunk + 2*margin)
	}
	return p.buf, margin
}

// Search searches the part b for keys that begin in b[from:to]. If there are
// any, at is called for the mark at which b begins.
func (p *Parts) Search(ctx context.Context, b []byte, from, to int, at func() Mark) {
	p.content.cursors = [3]*cursor{}
	p.content.start = func() cursor { return at().cursor }
	p.worker.piece(ctx, p.content, b, from, to)
}

// End ends the search and returns what the parts held. How many bytes the whole
// content has, the caller knows.
func (p *Parts) End() Outcome {
	if p.buf != nil {
		p.worker.release(p.buf)
		p.buf = nil
	}
	return p.worker.out
}
