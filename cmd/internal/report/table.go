package report

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/petrascan/petrascan/scanner/finding"
)

const (
	// On a terminal a place that would get fewer columns than this stands on a
	// line of its own.
	leastPlace = 34
	// Piped output pads places to this and lets longer ones push the rest of
	// their row aside: one very long path must not widen every row.
	padPlace = 60
)

// writeTable writes the report for people: each key with its story, then its
// places as rows of a table, and at the end what was read and what was not.
func writeTable(w io.Writer, r *finding.Report, o Options) error {
	t := &table{view: newView(r, o), out: w, o: o}
	all := stories(r)
	t.layOut(all)
	if t.err == nil && len(all) > 0 {
		t.header()
		for _, s := range all {
			t.heading(s.key)
			for range s.places {
				t.row()
			}
		}
		t.line("")
	}
	t.summary(r)
	return t.err
}

// A table lays all rows out first, as plain text, and puts colours and links in
// afterwards: escape sequences would disturb the layout. Its layout is kept as
// the rendered lines, one a row, the header first.
type table struct {
	*view
	out io.Writer
	o   Options

	rows []tableRow
	laid []byte // the lines not yet written
	next int    // the row that the next line shows
	err  error
}

type tableRow struct {
	cells  []string // as they are laid out
	place  string   // as it is shown
	layers string
	apart  bool   // place and layers have no cells but lines of their own
	link   string // of the place
	commit string // link of the commit
}

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (t *table) print(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.out, s)
	}
}

func (t *table) line(s string) { t.print(s + "\n") }

// text writes a paragraph, wrapped to the terminal, its first line indented by
// first columns and the others by rest.
func (t *table) text(color, s string, first, rest int) {
	columns := first
	for _, l := range wrap(s, t.o.Width, first, rest) {
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

func (t *table) hyperlink(uri, s string) string {
	if !t.o.Links || uri == "" || s == "" {
		return s
	}
	return "\x1b]8;;" + uri + "\x1b\\" + s + "\x1b]8;;\x1b\\"
}

// layOut renders the rows of all keys as one table, so that columns line up
// from key to key.
func (t *table) layOut(all []story) {
	if len(all) == 0 {
		return
	}
	columns := t.columns(all)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	t.rows = append(t.rows, tableRow{cells: titles})
	for _, s := range all {
		for _, f := range s.places {
			row := tableRow{place: actionSafe(t.place(f)), layers: layers(f), cells: make([]string, len(columns))}
			for i, c := range columns {
				row.cells[i] = c.cell(f)
			}
			if t.o.Links {
				row.link = fileLink(f, t.targets[f.Target], t.o)
				row.commit = t.commitPage(f)
			}
			t.rows = append(t.rows, row)
		}
	}
	t.fit()

	var laid bytes.Buffer
	tab := tablewriter.NewTable(&laid,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithEastAsian(tw.Off), // widths must not hang on the locale
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
	)
	for i := range t.rows {
		cells := make([]any, len(t.rows[i].cells))
		for j, c := range t.rows[i].cells {
			cells[j] = c
		}
		if t.err = tab.Append(cells...); t.err != nil {
			return
		}
	}
	t.err = tab.Render()
	t.laid = laid.Bytes()
}

type column struct {
	title string
	cell  func(*finding.Finding) string
}

// The titles of columns that are treated apart.
const (
	placeTitle  = "PLACE"
	commitTitle = "COMMIT"
	untilTitle  = "UNTIL"
	layersTitle = "LAYERS"
)

// columns returns the columns that have something to tell.
func (t *table) columns(all []story) []column {
	var peeled, removed bool
	for _, s := range all {
		for _, f := range s.places {
			peeled = peeled || len(f.Layers) > 0
			removed = removed || f.Removed != nil
		}
	}
	var columns []column
	if t.o.Width == 0 {
		columns = append(columns, column{"KEY", func(f *finding.Finding) string { return short(string(f.Key)) }})
	}
	columns = append(columns,
		column{placeTitle, func(*finding.Finding) string { return "" }},
		column{"WHERE", where},
		column{commitTitle, func(f *finding.Finding) string { return cmp.Or(short(f.Commit), "-") }},
		column{"SINCE", func(f *finding.Finding) string { return cmp.Or(day(f.Date), "-") }})
	if removed {
		columns = append(columns, column{untilTitle, func(f *finding.Finding) string {
			if f.Removed == nil {
				return "-"
			}
			return day(f.Removed.CommitDate)
		}})
	}
	if peeled {
		columns = append(columns, column{layersTitle, func(f *finding.Finding) string {
			return cmp.Or(layers(f), "-")
		}})
	}
	return columns
}

// fit fills the column of places. On a terminal a place is shortened in its
// middle to the room that the other columns leave; where that is too little, it
// stands on a line of its own. Piped, nothing is shortened: long places are
// only kept out of the layout.
func (t *table) fit() {
	if t.o.Width == 0 {
		for i, row := range t.rows[1:] {
			t.setPlace(i+1, row.place, padPlace)
		}
		return
	}
	if t.room() < leastPlace {
		t.drop(untilTitle)
	}
	if room := t.room(); room >= leastPlace {
		for i, row := range t.rows[1:] {
			t.setPlace(i+1, middle(row.place, room), room)
		}
		return
	}
	t.drop(placeTitle)
	t.drop(layersTitle)
	for i := range t.rows[1:] {
		row := &t.rows[i+1]
		row.apart = true
		row.place = middle(row.place, t.o.Width-len(indent))
	}
}

// room is the number of columns of the terminal that are left for places.
func (t *table) room() int {
	room := t.o.Width - len(indent)
	for i := range t.rows[0].cells {
		widest := 0
		for _, row := range t.rows {
			widest = max(widest, columns(row.cells[i]))
		}
		if t.rows[0].cells[i] != placeTitle {
			room -= widest + len(gap)
		}
	}
	return room
}

// setPlace gives a row its place, and a stand-in to lay out if that takes more
// than room columns.
func (t *table) setPlace(i int, place string, room int) {
	row := &t.rows[i]
	row.place = place
	at := slices.Index(t.rows[0].cells, placeTitle)
	if columns(place) > room {
		place = strings.Repeat("_", room)
	}
	row.cells[at] = place
}

// drop takes a column out.
func (t *table) drop(title string) {
	at := slices.Index(t.rows[0].cells, title)
	if at < 0 {
		return
	}
	for i := range t.rows {
		t.rows[i].cells = slices.Delete(t.rows[i].cells, at, at+1)
	}
}

const (
	indent = "  "
	gap    = "  "
)

// header writes the titles of the columns.
func (t *table) header() {
	first := indent
	if len(t.rows) > 1 && t.rows[1].apart {
		t.line(indent + placeTitle)
		first += indent
	}
	t.line(first + strings.TrimRight(t.nextLine(), " "))
	t.next++
}

func (t *table) nextLine() string {
	line, rest, _ := bytes.Cut(t.laid, []byte("\n"))
	t.laid = rest
	return string(line)
}

// row writes the next row.
func (t *table) row() {
	row, titles := t.rows[t.next], t.rows[0].cells
	t.next++
	var b strings.Builder
	b.WriteString(indent)
	if row.apart {
		t.line(indent + t.hyperlink(row.link, row.place))
		b.WriteString(indent)
	}
	line := strings.TrimRight(t.nextLine(), " ")
	for i, cell := range row.cells {
		// The laid out line holds the cells in this order, padded with spaces.
		before, after, found := strings.Cut(line, cell)
		if !found || cell == "" {
			continue
		}
		line = after
		b.WriteString(before)
		switch titles[i] {
		case placeTitle:
			b.WriteString(t.hyperlink(row.link, row.place))
		case commitTitle:
			b.WriteString(t.hyperlink(row.commit, cell))
		default:
			b.WriteString(cell)
		}
	}
	b.WriteString(line)
	t.line(b.String())
	if row.apart && row.layers != "" {
		t.text("", "in "+row.layers, 4, 6)
	}
}

// heading writes a key's story.
func (t *table) heading(e *finding.Exposure) {
	t.line("")
	masked, _ := t.o.keyText(e.ID, e.Masked)
	status := statusWord(e.Status)
	color := map[finding.Status]string{finding.Active: red + bold, finding.Unknown: yellow, finding.Deleted: green}[e.Status]
	for i, l := range wrap(clean(masked)+"  "+short(string(e.ID))+"  "+status+", "+traits(e), t.o.Width, 0, 2) {
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
		t.text("", clean(e.StatusReason), 2, 4)
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
		t.text("", "Warning: "+clean(warning), 0, 2)
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
