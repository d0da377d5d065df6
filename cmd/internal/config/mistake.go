package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
)

// A Mistake is one thing that is wrong with a file.
type Mistake struct {
	File         string
	Line, Column int // 1-based; the column counts bytes
	Reason       string
}

func (m *Mistake) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Reason)
}

// Mistakes are all that is wrong with a file, in its order.
type Mistakes []*Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, x := range m {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// mistakes collects what is wrong with one file.
type mistakes struct {
	file string
	list Mistakes
}

func (m *mistakes) add(at position, format string, args ...any) {
	m.list = append(m.list, &Mistake{m.file, max(1, at.line), max(1, at.column), Masked(fmt.Sprintf(format, args...))})
}

// err joins the mistakes, in the order of the file; nil if there are none.
func (m *mistakes) err() error {
	slices.SortStableFunc(m.list, func(a, b *Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(m.list) == 0 {
		return nil
	}
	return m.list
}

// didYouMean suggests the name that a word was meant to be, if one is near.
func didYouMean(word string, names []string) string {
	if near := report.Nearest(word, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// Masked returns text with every key in it masked.
func Masked(text string) string {
	var b strings.Builder
	set := rules.Builtin()
	at := 0
	for {
		i := strings.Index(strings.ToLower(text[at:]), finding.Prefix)
		if i < 0 {
			b.WriteString(text[at:])
			return b.String()
		}
		v := set.Judge([]byte(text), at+i, rules.Context{})
		if v.Confidence == finding.None || v.End <= at+i {
			b.WriteString(text[at : at+i+len(finding.Prefix)])
			at += i + len(finding.Prefix)
			continue
		}
		b.WriteString(text[at:v.Start])
		b.WriteString(v.Key.Masked())
		at = v.End
	}
}
