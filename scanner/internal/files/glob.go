package files

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Globs choose paths by doublestar patterns on slash paths relative to the
// root. A pattern without a slash matches at the top only.
type Globs struct {
	exclude, include []string
}

// NewGlobs checks the patterns. Without include patterns every path is included.
func NewGlobs(exclude, include []string) (*Globs, error) {
	for _, p := range append(append([]string(nil), exclude...), include...) {
		if !doublestar.ValidatePattern(p) {
			return nil, fmt.Errorf("bad glob %q: see https://pkg.go.dev/github.com/bmatcuk/doublestar/v4#readme-patterns for the syntax", p)
		}
	}
	return &Globs{exclude: exclude, include: include}, nil
}

// Excluded tells whether the file at path is to be left out.
func (g *Globs) Excluded(path string) bool {
	if g == nil {
		return false
	}
	_, excluded := g.Match(path)
	return excluded
}

const notIncluded = "not included"

// Match tells whether the file at path is to be left out, and by which pattern;
// by "not included" if none of the include patterns has it.
func (g *Globs) Match(path string) (pattern string, excluded bool) {
	if g == nil {
		return "", false
	}
	for _, p := range g.exclude {
		if doublestar.MatchUnvalidated(p, path) {
			return p, true
		}
	}
	if len(g.include) > 0 && !matchAny(g.include, path) {
		return notIncluded, true
	}
	return "", false
}

// ExcludedTree tells whether everything below the directory at path is to be
// left out.
func (g *Globs) ExcludedTree(path string) bool {
	if g == nil {
		return false
	}
	for _, p := range g.exclude {
		if (p == "**" || strings.HasSuffix(p, "/**")) && doublestar.MatchUnvalidated(p, path) {
			return true
		}
	}
	return false
}

func matchAny(patterns []string, path string) bool {
	for _, p := range patterns {
		if doublestar.MatchUnvalidated(p, path) {
			return true
		}
	}
	return false
}
