package detect

import (
	"context"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// An Explained is one candidate and what the rules say of it.
type Explained struct {
	Verdict      rules.Verdict // its Steps say why
	Line, Column int           // 1-based; column in UTF-16 code units
	Layers       []string      // encodings peeled, outermost first
}

// Explain lists every plain candidate in b and behind its encodings, those that
// are no keys included. The engine's options must ask to explain.
func (w *Worker) Explain(ctx context.Context, b []byte) []Explained {
	w.out = Outcome{}
	cur := newCursor(utf8Text)
	c := &content{budget: layer.NewBudget(layer.Limits{}), to: len(b)}
	c.cursors[utf8Text] = &cur
	var list []Explained
	for _, m := range sorted(w.search(ctx, &frame{bytes: b}, c, nil)) {
		at := c.cursor(m.layers).seek(b, m.start)
		list = append(list, Explained{m.verdict, at.line, at.column, m.layers})
	}
	return list
}
