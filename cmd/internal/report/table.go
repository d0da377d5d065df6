package report

import (
	"io"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// writeTable writes the report for people: each key with its story, then its
// places as rows of a table, and at the end what was read and what was not.
func writeTable(w io.Writer, r *finding.Report, o Options) error {
	t := &table{view: newView(r, o), out: w, o: o}
	t.stories(stories(r))
	t.summary(r)
	return t.err
}

// A table is the text around the rows. Its first error sticks.
type table struct {
	*view
	out io.Writer
	o   Options
	err error
}

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

// stories writes keys and their places.
func (t *table) stories(all []story) {
	if len(all) == 0 {
		return
	}
	rows := newRows(t.view, all)
	t.lines(rows.titles())
	for _, s := range all {
		t.heading(s.key)
		for range s.places {
			lines, err := rows.next()
			if t.err == nil {
				t.err = err
			}
			if t.err != nil {
				return
			}
			t.lines(lines)
		}
	}
	t.line("")
}

func (t *table) lines(lines []string) {
	for _, l := range lines {
		t.line(l)
	}
}

func (t *table) print(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.out, s)
	}
}

func (t *table) line(s string) { t.print(s + "\n") }

// text writes a paragraph, wrapped to the terminal, its first line indented by
// first columns and the others by rest.
func (t *table) text(color, s string, first, rest int) {
	s = actionSafe(s)
	columns, width := first, t.o.Width
	if width > 0 && strings.Contains(s, "::") {
		width -= len(`\x3a`) - len(":") // a line may come to begin with it
	}
	for _, l := range wrap(s, width, first, rest) {
		t.line(strings.Repeat(" ", columns) + t.paint(color, actionSafe(l)))
		columns = rest
	}
}

func (t *table) paint(color, s string) string {
	if !t.o.Color || color == "" || s == "" {
		return s
	}
	return color + s + reset
}

// heading writes a key's story.
func (t *table) heading(e *finding.Exposure) {
	t.line("")
	masked, _ := t.o.keyText(e.ID, e.Masked)
	status := statusWord(e.Status)
	color := map[finding.Status]string{finding.Active: red + bold, finding.Unknown: yellow, finding.Deleted: green}[e.Status]
	for i, l := range wrap(actionSafe(Clean(masked)+"  "+short(string(e.ID))+"  "+status+", "+traits(e)), t.o.Width, 0, 2) {
		l = actionSafe(l)
		if i > 0 {
			l = indent + l
		}
		if before, after, ok := strings.Cut(l, status); ok {
			l = before + t.paint(color, status) + after
			status = "\n" // once is enough
		}
		t.line(l)
	}
	if e.StatusReason != "" {
		t.text("", Clean(e.StatusReason), 2, 4)
	}
	t.text("", origin(e), 2, 4)
	t.text("", plural(e.Occurrences, "place")+", "+exposed(e), 2, 4)
}

// summary says what was found, read, not read, suppressed and hidden.
func (t *table) summary(r *finding.Report) {
	color := ""
	for i := range r.Keys {
		if r.Keys[i].Status == finding.Active {
			color = red + bold
		}
	}
	t.text(color, total(r), 0, 2)
	for _, l := range readLines(r) {
		t.text("", l, 0, 2)
	}
	for _, group := range unread(r, 10) {
		t.text("", group.title, 0, 2)
		for _, l := range group.lines {
			t.text("", l, 2, 4)
		}
	}
	for _, l := range suppressed(r, t.o.ShowSuppressed) {
		t.text("", l.text, 2*l.depth, 2*l.depth+2)
	}
	for _, warning := range r.Scan.Warnings {
		t.text("", "Warning: "+Clean(warning), 0, 2)
	}
	if !r.Scan.Complete {
		t.text(yellow, "Incomplete: what was not read may hold keys.", 0, 2)
	}
}

// actionSafe disarms what the runner of GitHub Actions would take for a
// command when it prints the line: "::" where a line begins, "##[" anywhere.
func actionSafe(s string) string {
	if strings.HasPrefix(strings.TrimLeft(s, " "), "::") {
		s = strings.Replace(s, ":", `\x3a`, 1)
	}
	return strings.ReplaceAll(s, "##[", `#\x23[`)
}
