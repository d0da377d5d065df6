package scanner

import (
	"context"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// An Explanation is one candidate in a text and what the rules say of it.
type Explanation struct {
	Verdict      rules.Verdict // its Steps say why, masked
	Line, Column int           // 1-based; column in UTF-16 code units
	Layers       []string      // encodings peeled, outermost first
}

// Explain lists every candidate in text, plain or behind encodings, with the
// steps that led to its verdict.
func Explain(ctx context.Context, o Options, text []byte) []Explanation {
	engine := detect.New(detect.Options{Rules: o.Rules, DecodeDepth: o.MaxDecodeDepth, Limits: layer.Limits{}, Explain: true})
	var list []Explanation
	for _, x := range engine.NewWorker().Explain(ctx, text) {
		list = append(list, Explanation(x))
	}
	return list
}
