// Package rules decides what is a key. It knows the grammar of Petra's API
// keys (where one begins and ends), how sure a match is, and the placeholders
// and identifiers that only look like keys.
package rules

import "github.com/petrascan/petrascan/scanner/finding"

// A Verdict is what the rules say of one candidate: a place where "petra_"
// stands in decoded text.
type Verdict struct {
	Rule       string             // id of the rule that decided
	Start, End int                // the match in the text, in bytes, prefix included
	Key        finding.Key        // the key; joined when the match spans a break
	Confidence finding.Confidence // None: no key at all
	Extent     finding.Extent
	Steps      []string // why, step by step, each masked; only when asked to explain
}

// A Context says of what kind the text around a candidate is.
type Context struct {
	Binary  bool // the text is cut out of binary content: extents are uncertain
	Explain bool // fill Verdict.Steps
}
