package rules

import (
	"bytes"
	"fmt"

	"github.com/petrascan/petrascan/scanner/finding"
)

// The bounds of confidence.
const (
	leastBody  = 8  // characters of a body, random or not
	keyRandom  = 8  // random ones after Bearer or in a value named key, token or secret
	someRandom = 12 // random ones for medium
	manyRandom = 20 // random ones for high
)

// How much evidence it takes to call so many characters random, in eighths of a
// bit, beyond what toBegin asks for. It takes more if they are capitals with few
// digits: so system headers abbreviate.
const (
	someEvidence      = 20 * bit
	someCapitals      = 48 * bit
	lessForEachMore   = 3 * bit / 2 // random character beyond someRandom
	manyCapitals      = 8 * bit
	lessForEachDigit  = 12 * bit    // among capitals
	lessForEachNumber = 3 * bit / 2 // digit among others
)

var prefix = []byte(finding.Prefix)

// Judge says whether a key stands at text[at], where "petra_" does. The text is
// decoded already, but for escapes to the left of the candidate. Judge reads at
// most some hundred bytes to either side and keeps no part of text.
func (s *Set) Judge(text []byte, at int, c Context) Verdict {
	v := Verdict{Start: at, End: at, Extent: finding.Exact}
	if at < 0 || at > len(text) || !bytes.HasPrefix(text[at:], prefix) {
		v.explain(c, "petra_ does not stand here")
		return v
	}
	start := at + len(prefix)
	end := start + bodyRun(text[start:], maxBody)
	framed := frame(text, at, end)
	end -= framed
	v.End = end
	body := text[start:end]

	var sk sketch
	random := 0
	if len(body) >= leastBody {
		sk.draw(body, toBegin)
		random = sk.random(0, len(body))
	}
	if c.Explain {
		v.explain(c, "%s", described(len(body), random))
	}

	if broken := s.judgeBroken(&v, text, start, end, random, c); broken {
		return s.finish(v, text, at, c)
	}
	if random < manyRandom {
		if to := masked(text, start, end); to > 0 {
			v.explain(c, "marks hide a part of the key: low")
			v.Rule, v.Confidence, v.Extent = partialID, finding.Low, finding.Uncertain
			v.End = to
			v.Key = c.key(v.Confidence, text[at:to])
			return v
		}
	}
	if len(body) < leastBody {
		if isTemplate(text[end:]) {
			v.explain(c, "a template stands in place of the body")
		}
		v.explain(c, "a body has at least %d characters: no key", leastBody)
		v.Rule, v.Key, v.Extent = "", finding.Key{}, ""
		return v
	}

	v.Rule = keyID
	v.Confidence = s.confidence(&v, &sk, body, random, text, at, end, c)
	if v.Confidence == finding.Low && hasBlank(body) {
		v.explain(c, "xxxx stands for a part of the key")
		v.Rule = partialID
	}
	v.Key = finding.Key{}
	switch {
	case c.Binary:
		v.explain(c, "binary content: the end is uncertain")
		v.Extent = finding.Uncertain
	case framed > 0:
		v.explain(c, "the marks that stand on both sides may belong to the key: the end is uncertain")
		v.Extent = finding.Uncertain
	case end < len(text) && isBody(text[end]):
		v.explain(c, "longer than %d characters, or another petra_ follows at once: the end is uncertain", maxBody)
		v.Extent = finding.Uncertain
	case end == len(text) && c.Cut:
		v.explain(c, "the text is cut here: the end is uncertain")
		v.Extent = finding.Uncertain
	case v.Confidence > finding.Low:
		if v.Extent = extentBefore(text[end:]); v.Extent == finding.Uncertain {
			v.explain(c, "what follows may belong to the key: the end is uncertain")
		}
	}
	return s.finish(v, text, at, c)
}

// confidence weighs a body of at least leastBody characters and what stands
// around it, but for the left neighbour.
func (s *Set) confidence(v *Verdict, sk *sketch, body []byte, random int, text []byte, at, end int, c Context) finding.Confidence {
	if random < keyRandom && len(body) < manyRandom && hasDigit(body) && keyed(text, at, end) {
		// Where a key is expected, less says that a short body is one.
		sk.draw(body, toBegin/2)
		random = sk.random(0, len(body))
	}
	if random < keyRandom {
		v.explain(c, "fewer than %d random characters: low", keyRandom)
		return finding.Low
	}
	if isPlaceholder(body) {
		v.explain(c, "a word in it says that it is a placeholder: low")
		return finding.Low
	}
	if sk.spelt(body) {
		v.explain(c, "it reads as words with digits for letters: low")
		return finding.Low
	}
	some := int32(someEvidence - max(0, random-someRandom)*lessForEachMore)
	many := int32(0)
	only, digits := sk.capitals(body)
	some -= int32(digits) * lessForEachNumber
	if only {
		some = max(some, someCapitals-int32(digits)*lessForEachDigit)
		many = max(many, manyCapitals-int32(digits)*lessForEachDigit)
	}
	if random >= manyRandom && sk.evidence >= many {
		v.explain(c, "%d or more random characters: high", manyRandom)
		return finding.High
	}
	if keyed(text, at, end) {
		v.explain(c, "%d or more random characters, and it is what a key, token or secret is set to: medium", keyRandom)
		return finding.Medium
	}
	switch {
	case random < someRandom:
		v.explain(c, "fewer than %d random characters: low", someRandom)
		return finding.Low
	case sk.evidence < some:
		v.explain(c, "it may be an abbreviation: low")
		return finding.Low
	case isBuiltFile(text[end:]):
		v.explain(c, "the name of a file that a build tool made: low")
		return finding.Low
	case isPodName(body):
		v.explain(c, "a name that Kubernetes made: low")
		return finding.Low
	}
	v.explain(c, "%d or more random characters: medium", someRandom)
	return finding.Medium
}

// described says how a body of n characters reads.
func described(n, random int) string {
	switch {
	case n < leastBody:
		return fmt.Sprintf("the body is %d characters long", n)
	case random == 0:
		return fmt.Sprintf("the body is %d characters long and reads as words, a name or a pattern", n)
	case random == n:
		return fmt.Sprintf("the body is %d characters long, and all of them look drawn at random", n)
	}
	return fmt.Sprintf("the body is %d characters long; %d of them look drawn at random, the others read as words, a name or a pattern", n, random)
}

// judgeBroken fills v if the key goes on after an interruption, and reports
// whether it does.
func (s *Set) judgeBroken(v *Verdict, text []byte, start, end, random int, c Context) bool {
	if end >= len(text) || end-start == maxBody {
		return false
	}
	switch text[end] {
	case '"', '\'', '`', '\\', '\r', '\n', '%', '{', '<', '&', 0x1b, 0xc2, 0xe2, 0xef:
	default:
		return false
	}
	var buf [maxBody]byte
	body, last := join(buf[:0], text, start, end, random)
	if len(body) < leastBody {
		return false
	}
	var sk sketch
	sk.draw(body, toBegin)
	n := sk.random(0, len(body))
	probe := Verdict{}
	confidence := s.confidence(&probe, &sk, body, n, text, v.Start, last, Context{})
	if confidence < finding.Medium {
		return false
	}
	if c.Explain {
		v.explain(c, "it goes on after an interruption; joined, %s: medium", described(len(body), n))
	}
	v.Rule, v.Confidence, v.End = splitID, finding.Medium, last
	v.Extent = finding.Exact
	if c.Binary || last == len(text) && c.Cut || extentBefore(text[last:]) == finding.Uncertain {
		v.Extent = finding.Uncertain
	}
	if finding.Medium >= c.Least {
		v.Key = finding.NewKey(finding.Prefix + string(body))
	}
	return true
}

// finish lowers a verdict for its left neighbour, lets the added rules raise
// it, and fills in the key.
func (s *Set) finish(v Verdict, text []byte, at int, c Context) Verdict {
	if v.Confidence > finding.Low {
		switch neighbour(text, at) {
		case leftLetter:
			if !c.Binary && inNoise(text, at) {
				v.Confidence = finding.Low
				v.explain(c, "it stands in the midst of a longer random string: low")
				break
			}
			v.Confidence--
			v.explain(c, "a letter or digit stands right before it: one step lower")
		case leftName:
			v.Confidence--
			v.explain(c, "a name goes on into it: one step lower")
		case leftMangled:
			v.Confidence = finding.Low
			v.explain(c, "it is a part of a name that a compiler mangled: low")
		}
	}
	if v.Rule == keyID {
		if r := s.raise(text[at+len(prefix):v.End], v.Confidence); r != nil {
			v.explain(c, "rule %s takes such a body for a key: %v", r.ID, r.Confidence)
			v.Rule, v.Confidence = r.ID, r.Confidence
		}
	}
	if v.Rule != splitID {
		v.Key = c.key(v.Confidence, text[at:v.End])
	}
	return v
}

// key returns the key with the given text, or the zero key if nobody asks for
// keys of so little confidence.
func (c Context) key(confidence finding.Confidence, text []byte) finding.Key {
	if confidence < c.Least {
		return finding.Key{}
	}
	return finding.NewKey(string(text))
}

func (v *Verdict) explain(c Context, format string, args ...any) {
	if c.Explain {
		v.Steps = append(v.Steps, fmt.Sprintf(format, args...))
	}
}
