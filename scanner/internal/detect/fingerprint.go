package detect

import (
	"crypto/sha256"
	"fmt"
)

// Fingerprint stands for everything that decides which matches an engine of
// this build finds in a content: the rules, the limits, how deep it looks. The
// least confidence is left out: it decides what is said of a match, not
// whether there is one.
func (e *Engine) Fingerprint() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%+v\n", e.opts.Rules.Hash(), e.opts.DecodeDepth, e.opts.Limits))
}

// OpensContainers tells whether the engine looks into containers at all.
func (e *Engine) OpensContainers() bool { return e.opts.Limits.Depth > 0 }
