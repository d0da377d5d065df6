package report

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/petrascan/petrascan/scanner/finding"
)

const (
	indent = "  "
	gap    = "  "
	// On a terminal a place that would get fewer columns than this stands on a
	// line of its own.
	leastPlace = 34
	// Places are padded to this at most. Longer ones push the rest of their row
	// aside: one very long path must not widen every row.
	padPlace = 60
	// So many rows are laid out at a time.
	batch = 500
)

// Rows are the places of a report as lines of one table, whose columns line up
// from key to key. They are laid out as plain text, and links are put in
// afterwards: escape sequences would disturb the layout.
type rows struct {
	*view
	width   int
	columns []column
	widths  []int // of the columns, in columns of the terminal
	most    int   // columns that a place may take; 0: any number
	apart   bool  // places and layers stand on lines of their own
	places  []*finding.Finding
	laid    [][]string // lines of the rows to come
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

func newRows(v *view, all []story) *rows {
	t := &rows{view: v, width: v.options.Width}
	var peeled, removed bool
	for _, s := range all {
		t.places = append(t.places, s.places...)
		for _, f := range s.places {
			peeled = peeled || len(f.Layers) > 0
			removed = removed || f.Removed != nil
		}
	}
	add := func(title string, cell func(*finding.Finding) string) {
		t.columns = append(t.columns, column{title, func(f *finding.Finding) string { return actionSafe(cell(f)) }})
	}
	if t.width == 0 {
		add("KEY", func(f *finding.Finding) string { return short(string(f.Key)) })
	}
	add(placeTitle, v.place)
	add("WHERE", where)
	add(commitTitle, func(f *finding.Finding) string { return cmp.Or(short(f.Commit), "-") })
	add("SINCE", func(f *finding.Finding) string { return cmp.Or(day(f.Date), "-") })
	if removed {
		add(untilTitle, func(f *finding.Finding) string {
			if f.Removed == nil {
				return "-"
			}
			return day(f.Removed.CommitDate)
		})
	}
	if peeled {
		add(layersTitle, func(f *finding.Finding) string { return cmp.Or(layers(f), "-") })
	}
	for _, c := range t.columns {
		widest := columns(c.title)
		for _, f := range t.places {
			widest = max(widest, columns(c.cell(f)))
		}
		t.widths = append(t.widths, widest)
	}
	t.fit()
	return t
}

// fit gives the column of places its width. On a terminal places may take what
// the other columns leave; where this is too little, their column goes. Piped,
// nothing is shortened.
func (t *rows) fit() {
	if t.width > 0 {
		room := t.room()
		all, widths := slices.Clone(t.columns), slices.Clone(t.widths)
		if room < leastPlace {
			t.drop(untilTitle)
			room = t.room()
		}
		if room < leastPlace {
			t.columns, t.widths = all, widths
			t.drop(placeTitle)
			t.drop(layersTitle)
			t.apart = true
			if t.room() < len(indent)-len(gap) {
				t.drop(untilTitle)
			}
			return
		}
		t.most = room
	}
	at := t.index(placeTitle)
	t.widths[at] = min(t.widths[at], padPlace)
	if t.most > 0 {
		t.widths[at] = min(t.widths[at], t.most)
	}
}

// room is what the other columns leave of the terminal to places.
func (t *rows) room() int {
	room := t.width - len(indent)
	for i, c := range t.columns {
		if c.title != placeTitle {
			room -= t.widths[i] + len(gap)
		}
	}
	return room
}

func (t *rows) index(title string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.title == title })
}

func (t *rows) drop(title string) {
	if at := t.index(title); at >= 0 {
		t.columns = slices.Delete(t.columns, at, at+1)
		t.widths = slices.Delete(t.widths, at, at+1)
	}
}

// titles returns the lines that head the table.
func (t *rows) titles() []string {
	var b strings.Builder
	b.WriteString(indent)
	for i, c := range t.columns {
		b.WriteString(c.title)
		if i < len(t.columns)-1 {
			b.WriteString(strings.Repeat(" ", t.widths[i]-len(c.title)) + gap)
		}
	}
	if t.apart {
		return []string{indent + placeTitle, indent + b.String()}
	}
	return []string{b.String()}
}

// next returns the lines of the next place.
func (t *rows) next() ([]string, error) {
	if len(t.laid) == 0 {
		n := min(batch, len(t.places))
		if err := t.layOut(t.places[:n]); err != nil {
			return nil, err
		}
		t.places = t.places[n:]
	}
	lines := t.laid[0]
	t.laid = t.laid[1:]
	return lines, nil
}

// layOut renders a batch of places. A row in front that fills every column
// makes all batches equally wide.
func (t *rows) layOut(places []*finding.Finding) error {
	var out bytes.Buffer
	tab := tablewriter.NewTable(&out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithEastAsian(tw.Off), // widths must not hang on the locale
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithPadding(tw.Padding{Right: gap, Overwrite: true}),
	)
	cells := make([][]string, 1+len(places))
	for i := range cells {
		row := make([]any, len(t.columns))
		cells[i] = make([]string, len(t.columns))
		for j, c := range t.columns {
			full := strings.Repeat("_", t.widths[j])
			cells[i][j] = full
			if i > 0 {
				cells[i][j] = c.cell(places[i-1])
			}
			row[j] = cells[i][j]
			if columns(cells[i][j]) > t.widths[j] {
				// A place too long for its column takes the room it needs once
				// the rest is laid out.
				row[j] = full
				if t.most > 0 {
					cells[i][j] = middle(cells[i][j], t.most)
				}
			}
		}
		if err := tab.Append(row...); err != nil {
			return err
		}
	}
	if err := tab.Render(); err != nil {
		return err
	}
	laid := strings.Split(out.String(), "\n")[1:]
	for i, f := range places {
		t.laid = append(t.laid, t.lines(f, cells[i+1], laid[i]))
	}
	return nil
}

// lines returns the lines of one place, given its cells and the line that they
// were laid out as.
func (t *rows) lines(f *finding.Finding, cells []string, laid string) []string {
	var lines []string
	var b strings.Builder
	b.WriteString(indent)
	if t.apart {
		name := middle(actionSafe(t.place(f)), t.width-len(indent))
		lines = append(lines, indent+t.link(t.fileLink(f), name))
		b.WriteString(indent)
	}
	for i, cell := range cells {
		// The line holds the cells in this order, padded with spaces, or what
		// stands in for one.
		title := t.columns[i].title
		before, after, found := strings.Cut(laid, cell)
		if !found && title == placeTitle {
			before, after, found = strings.Cut(laid, strings.Repeat("_", t.widths[i]))
		}
		if !found || cell == "" {
			continue
		}
		b.WriteString(before)
		laid = after
		switch title {
		case placeTitle:
			cell = t.link(t.fileLink(f), cell)
		case commitTitle:
			cell = t.link(t.commitPage(f), cell)
		}
		b.WriteString(cell)
	}
	lines = append(lines, strings.TrimRight(b.String(), " "))
	if t.apart && len(f.Layers) > 0 {
		for _, l := range wrap(actionSafe("in "+layers(f)), t.width, 4, 4) {
			lines = append(lines, indent+indent+l)
		}
	}
	return lines
}

// link makes text an OSC 8 hyperlink where links are wanted.
func (t *rows) link(uri, text string) string {
	if !t.options.Links || uri == "" {
		return text
	}
	return "\x1b]8;;" + uri + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}
