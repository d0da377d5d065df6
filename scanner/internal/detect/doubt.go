package detect

import (
	"slices"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A Doubt is a candidate that is not reported, and why. Candidates of one
// content that look alike, for the same reasons, are one.
type Doubt struct {
	Masked       string // the candidate; "petra_…" of one that is no key at all
	Steps        []string
	Confidence   finding.Confidence
	Member       string // of the first
	Line, Column int    // of the first
	Layers       []string
	Count        int64
}

// mostDoubts is how many kinds of doubt are told of one content. Candidates of
// further kinds are counted in Low alone.
const mostDoubts = 50

// doubt notes a candidate that is not reported, for an engine that explains.
func (w *Worker) doubt(c *content, b []byte, m match) {
	if !w.engine.opts.Explain {
		return
	}
	at := c.cursor(m.layers).seek(b, m.start)
	masked := finding.Prefix + "…"
	if m.verdict.Confidence > finding.None {
		masked = m.verdict.Key.Masked()
	}
	w.out.doubt(Doubt{
		Masked: masked, Steps: m.verdict.Steps, Confidence: m.verdict.Confidence, Member: c.member,
		Line: at.line, Column: at.column, Layers: slices.Concat(c.layers, m.layers), Count: 1,
	})
}

func (o *Outcome) doubt(d Doubt) {
	for i := range o.Doubts {
		if have := &o.Doubts[i]; have.Masked == d.Masked && slices.Equal(have.Steps, d.Steps) {
			have.Count += d.Count
			return
		}
	}
	if len(o.Doubts) < mostDoubts {
		o.Doubts = append(o.Doubts, d)
	}
}
