package detect

import (
	"context"

	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// Parts are searched of content that is too long to be held in memory: those
// around the literals in it.
type Parts struct {
	content *content
	out     Outcome
}

// Parts begins the content that has the given head, of 16 bytes or more if
// there are as many.
func (e *Engine) Parts(head []byte) *Parts {
	return &Parts{content: &content{budget: layer.NewBudget(e.opts.Limits), wide: wideText(head)}}
}

// PartSize returns how long a part is in bytes, and how many of them at its
// beginning and at its end are there for the sake of those between alone, unless
// the content begins or ends there.
func (e *Engine) PartSize() (length, margin int) { return e.chunk + 2*e.margin, e.margin }

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

// Search has the worker search the part b for keys that begin in b[from:to]. If
// there are any, at is called for the mark at which b begins.
func (p *Parts) Search(ctx context.Context, w *Worker, b []byte, from, to int, at func() Mark) {
	p.content.cursors, p.content.runs = [3]*cursor{}, nil
	p.content.start = func() cursor { return at().cursor }
	w.out = p.out
	w.piece(ctx, p.content, b, from, to)
	p.out = w.out
}

// Outcome returns what the parts held. How many bytes the whole content has, the
// caller knows.
func (p *Parts) Outcome() Outcome { return p.out }
