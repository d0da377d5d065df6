package audit

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

// width is how wide text is: it is made to be pasted into mails and tickets.
const width = 88

// Text writes the audit of a report for people. The report is not changed.
func Text(w io.Writer, r *finding.Report, o Options) error {
	d := tell(r, o)
	b := bufio.NewWriter(w)
	p := &printer{b}
	p.text(d.title, 0)
	fmt.Fprintln(b, strings.Repeat("=", len(d.title)))
	for _, t := range d.lead {
		fmt.Fprintln(b)
		p.text(t, 0)
	}
	for _, s := range append(d.keys, d.after...) {
		p.section(s)
	}
	return b.Flush()
}

type printer struct{ *bufio.Writer }

func (p *printer) section(s section) {
	const name = 15
	title := plain(s.title)
	fmt.Fprintf(p, "\n\n%s\n%s\n", title, strings.Repeat("-", len([]rune(title))))
	for _, f := range s.fields {
		for i, line := range f.lines {
			label := ""
			if i == 0 {
				label = f.name
			}
			indent := 2
			if f.name != "" {
				indent += name
				fmt.Fprintf(p, "  %-*s", name, label)
			} else {
				fmt.Fprint(p, "  ")
			}
			p.hang(line, indent, indent+2)
		}
	}
	for i, t := range s.text {
		if i > 0 {
			fmt.Fprintln(p)
		}
		p.text(t, 2)
	}
	if len(s.steps) == 1 && s.steps[0].commands == nil {
		fmt.Fprint(p, "\n  What to do:    ")
		p.hang(s.steps[0].text, 17, 19)
		return
	}
	if len(s.steps) > 0 {
		fmt.Fprintln(p, "\n  What to do, in this order:")
	}
	for i, t := range s.steps {
		fmt.Fprintf(p, "  %2d. ", i+1)
		p.hang(t.text, 6, 6)
		for _, c := range t.commands {
			fmt.Fprintf(p, "        %s\n", disarmed(c))
		}
	}
}

// text writes a paragraph.
func (p *printer) text(s string, indent int) {
	fmt.Fprint(p, strings.Repeat(" ", indent))
	p.hang(s, indent, indent)
}

// hang writes text whose first line begins in column first, and the others in
// column rest. Words are not broken.
func (p *printer) hang(s string, first, rest int) {
	column := first
	for i, word := range strings.Fields(strings.ReplaceAll(plain(s), "  ", " \u00a0")) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > width:
			fmt.Fprint(p, "\n", strings.Repeat(" ", rest))
			column = rest
		default:
			fmt.Fprint(p, " ")
			column++
		}
		fmt.Fprint(p, disarmed(strings.ReplaceAll(word, "\u00a0", " ")))
		column += n
	}
	fmt.Fprintln(p)
}

// disarmed is a word without what the runner of GitHub Actions would take for a
// command when it prints the line: "::" where a line begins, "##[" anywhere.
func disarmed(word string) string {
	if strings.HasPrefix(word, "::") {
		word = `\x3a` + word[1:]
	}
	return strings.ReplaceAll(word, "##[", `#\x23[`)
}

// plain is text without its marks.
func plain(s string) string { return strings.NewReplacer(codeStart, "", codeEnd, "").Replace(s) }

// Markdown writes the audit of a report for a ticket.
func Markdown(w io.Writer, r *finding.Report, o Options) error {
	d := tell(r, o)
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n", marked(d.title))
	for _, t := range d.lead {
		fmt.Fprintf(b, "\n%s\n", marked(t))
	}
	for _, s := range append(d.keys, d.after...) {
		fmt.Fprintf(b, "\n## %s\n\n", marked(s.title))
		for _, f := range s.fields {
			label := ""
			if f.name != "" {
				label = "**" + f.name + "**: "
			}
			if len(f.lines) == 1 {
				fmt.Fprintf(b, "- %s%s\n", label, marked(f.lines[0]))
				continue
			}
			fmt.Fprintf(b, "- %s\n", strings.TrimSpace(label))
			for _, line := range f.lines {
				fmt.Fprintf(b, "  - %s\n", marked(line))
			}
		}
		for i, t := range s.text {
			if i > 0 {
				fmt.Fprintln(b)
			}
			fmt.Fprintln(b, marked(t))
		}
		if len(s.steps) == 1 && s.steps[0].commands == nil {
			fmt.Fprintf(b, "\nWhat to do: %s\n", marked(s.steps[0].text))
			continue
		}
		if len(s.steps) > 0 {
			fmt.Fprint(b, "\nWhat to do, in this order:\n\n")
		}
		for i, t := range s.steps {
			fmt.Fprintf(b, "%d. [ ] %s\n", i+1, marked(t.text))
			if len(t.commands) > 0 {
				fmt.Fprintf(b, "\n   ```sh\n   %s\n   ```\n", strings.Join(t.commands, "\n   "))
			}
		}
	}
	return b.Flush()
}

// marked is text with its marks as code spans. What is not marked is of this
// package, and holds no markup but what is meant.
func marked(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, codeStart)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		span, after, _ := strings.Cut(rest, codeEnd)
		b.WriteString(report.CodeSpan(span))
		s = after
	}
}
