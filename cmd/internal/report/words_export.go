package report

import "github.com/petrascan/petrascan/scanner/finding"

// Clean makes text from outside safe to show on one line of a terminal: what
// would move the cursor, start a new line, reorder the text or not be seen at
// all is shown as an escape.
func Clean(s string) string { return clean(s) }

// Nearest returns the name that word was most likely meant to be, or "" if none
// is near.
func Nearest(word string, names []string) string { return nearest(word, names) }

// Place is where a finding is, for people: path, archive member, line and
// column, or what stands in for a path. T is the finding's target, or nil. The
// text is safe to show, see [Clean].
func Place(f *finding.Finding, t *finding.Target) string { return place(f, t) }

// CodeSpan returns text that is safe to show, see [Clean], as code in Markdown.
func CodeSpan(s string) string { return codeSpan(s) }
