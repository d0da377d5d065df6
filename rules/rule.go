// Package rules decides what is a key. It knows the grammar of Petra's API
// keys (where one begins and ends), how sure a match is, and the placeholders
// and identifiers that only look like keys.
//
// A candidate is a place where "petra_" stands in decoded text. Its body is the
// longest run of letters, digits, _ and - that follows, 8 to 256 characters
// long. How sure a verdict is depends on how many characters of the body are
// random, that is, neither words nor a name nor a placeholder's pattern
// (random.go), and on what stands around it (left.go, right.go).
package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/petrascan/petrascan/rules/internal/template"
	"github.com/petrascan/petrascan/scanner/finding"
)

// engine is the version of Judge; whatever changes a verdict raises it.
const engine = 2

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

// A Context says of what kind the text around a candidate is, and what the
// caller wants to know.
type Context struct {
	Binary  bool               // the text is cut out of binary content: extents are uncertain
	Cut     bool               // the content goes on after the text: a key at its very end is of uncertain extent
	Least   finding.Confidence // a verdict of less confidence needs no Key, which saves its allocation
	Explain bool               // fill Verdict.Steps
}

// A Rule says what a kind of key looks like.
//
// A rule of the configuration raises the confidence of a candidate whose whole
// body its pattern matches. It can neither lower one nor find what does not
// begin with petra_, so that no repository can hide a key behind a rule.
type Rule struct {
	ID          string             // small letters, digits and single dashes
	Title       string             // one line
	Description string             // a paragraph; may be empty
	Confidence  finding.Confidence // the most that a match gets; of an added rule, what it gets
	Body        string             // RE2 pattern of a whole body; empty in the built-in rules
	Match       []string           // examples that the rule must find, as templates
	NoMatch     []string           // examples that it must not find

	body *regexp.Regexp
}

// The ids of the built-in rules.
const (
	keyID     = "petra-api-key"
	splitID   = "petra-api-key-split"
	partialID = "petra-api-key-partial"
)

// A Set is the rules of a run. It is not changed once made, and may be shared.
type Set struct {
	rules []Rule
	added []Rule
}

// Builtin returns the built-in rules.
func Builtin() *Set { return &Set{rules: builtin} }

// Rules returns a copy of the rules, the built-in ones first.
func (s *Set) Rules() []Rule {
	return append(append([]Rule(nil), s.rules...), s.added...)
}

// Hash returns the hex SHA-256 of the rules and of the engine that applies
// them. Two sets of one hash give the same verdicts.
func (s *Set) Hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "engine %d\n%x\n", engine, sha256.Sum256([]byte(letterCosts+classCosts+seenFours)))
	for _, r := range s.Rules() {
		fmt.Fprintf(h, "%q %q %q %v %q\n", r.ID, r.Title, r.Description, r.Confidence, r.Body)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A Mistake is what is wrong with an added rule.
type Mistake struct {
	Index  int    // of the rule among the added ones, from 0
	Rule   string // its id; may be empty
	Field  string // the field's name as configuration files write it
	Reason string
}

func (m *Mistake) Error() string {
	name := m.Rule
	if name == "" {
		name = fmt.Sprintf("number %d", m.Index+1)
	}
	return fmt.Sprintf("rule %s: %s: %s", name, m.Field, m.Reason)
}

// idForm is what an id looks like.
var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// With returns the set and the extra rules. The error holds a [Mistake] for
// everything that is wrong with them; the set is nil then.
func (s *Set) With(extra ...Rule) (*Set, error) {
	all := &Set{rules: s.rules, added: append([]Rule(nil), s.added...)}
	var mistakes []error
	for i, r := range extra {
		wrong := func(field, format string, args ...any) {
			mistakes = append(mistakes, &Mistake{i, r.ID, field, fmt.Sprintf(format, args...)})
		}
		if !idForm.MatchString(r.ID) || len(r.ID) > 64 {
			wrong("id", "want small letters, digits and single dashes, at most 64")
		}
		for _, known := range all.Rules() {
			if known.ID == r.ID {
				wrong("id", "there is a rule of that id; choose another one")
			}
		}
		if strings.TrimSpace(r.Title) == "" || strings.ContainsAny(r.Title, "\r\n") {
			wrong("title", "want one line")
		}
		if r.Confidence != finding.Medium && r.Confidence != finding.High {
			wrong("confidence", "want medium or high: a rule can only raise confidence")
		}
		_, err := regexp.Compile(r.Body) // alone, so that the error tells of nothing else
		switch body, whole := regexp.Compile(`^(?:` + r.Body + `)$`); {
		case r.Body == "":
			wrong("body", "want a pattern of what follows petra_")
		case err != nil || whole != nil:
			wrong("body", "%v", cmp.Or(err, whole))
		case strings.Contains(r.Body, finding.Prefix):
			wrong("body", "is the pattern of what follows petra_; leave petra_ out")
		case body.MatchString("") || body.MatchString("secretKeyLoaderFactory"):
			wrong("body", "matches any name; say what the key's random part looks like")
		default:
			r.body = body
		}
		if len(r.Match) == 0 {
			wrong("match", "want at least one example, such as petra_{{body:seed:16:hex}}")
		}
		all.added = append(all.added, r)
		if r.body == nil {
			continue
		}
		for _, e := range r.Match {
			if ok, err := all.finds(r, e); err != nil {
				wrong("match", "%v", err)
			} else if !ok {
				wrong("match", "the rule does not find its example %q: %s", e, r.misses(e))
			}
		}
		for _, e := range r.NoMatch {
			if ok, err := all.finds(r, e); err != nil {
				wrong("no_match", "%v", err)
			} else if ok {
				wrong("no_match", "the rule finds its counterexample %q", e)
			}
		}
	}
	if mistakes != nil {
		return nil, errors.Join(mistakes...)
	}
	return all, nil
}

// finds reports whether a rule finds a key in an example: whether the rule's
// id is that of a verdict of at least medium confidence (low for the rule that
// finds nothing better), or an added rule's pattern matches what another rule
// finds as sure.
func (s *Set) finds(r Rule, example string) (bool, error) {
	expanded, err := template.Expand(example)
	if err != nil {
		return false, err
	}
	text := []byte(expanded)
	for at := range text {
		if !strings.HasPrefix(expanded[at:], finding.Prefix) {
			continue
		}
		v := s.Judge(text, at, Context{})
		if v.Rule == r.ID && v.Confidence >= min(r.Confidence, finding.Medium) {
			return true, nil
		}
		if v.Confidence > finding.None && r.body != nil && r.body.Match(text[at+len(prefix):v.End]) {
			return true, nil
		}
	}
	return false, nil
}

// misses says why the rule does not find an example.
func (r Rule) misses(example string) string {
	text, err := template.Expand(example)
	if err != nil {
		return err.Error()
	}
	_, body, ok := strings.Cut(text, finding.Prefix)
	switch n := bodyRun([]byte(body), maxBody); {
	case !ok:
		return "there is no petra_ in it"
	case n < leastBody:
		return fmt.Sprintf("%d characters follow petra_ there, and a key has at least %d", n, leastBody)
	default:
		return fmt.Sprintf("the pattern does not match the %d characters that follow petra_ there", n)
	}
}

// raise returns the added rule that gives a body the most confidence, if that
// is more than it has.
func (s *Set) raise(body []byte, has finding.Confidence) *Rule {
	var best *Rule
	for i := range s.added {
		if r := &s.added[i]; r.Confidence > has && r.body != nil && r.body.Match(body) {
			best, has = r, r.Confidence
		}
	}
	return best
}
