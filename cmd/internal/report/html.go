package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/petrascan/petrascan/scanner/finding"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// page is parsed when a page is wanted: every other start of the program would
// wait for it.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageSource))
})

// pagePolicy lets the page run its one script, use its one style sheet, and
// load nothing at all.
func pagePolicy() string {
	return "default-src 'none'; img-src data:; style-src " + sourceHash(pageStyle) + "; script-src " + sourceHash(pageScript) + "; base-uri 'none'; form-action 'none'"
}

// sourceHash is the hash source (CSP level 3, 2.3.1) of an inline element.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

type (
	pageTop struct {
		Policy, Total, Incomplete, About string
		Style                            template.CSS
		Timeline                         *timeline
		Some                             bool
		Statuses                         []pageStatus
	}
	pageStatus struct{ Value, Word string }
	pageKey    struct {
		ID, Masked, Status, StatusWord, Present string
		Facts                                   []pageFact
		Places                                  []pagePlace
		Peeled                                  bool
	}
	pageFact struct {
		Name, Text string
		Code       bool
	}
	pagePlace struct {
		Place, Where, Snippet, Commit, Page, Since, Until, Layers, Status string
		Dated                                                             bool
		X, Width                                                          int
	}
	pageBottom struct {
		Read   []string
		Unread []pageUnread
		Notes  []string
		Script template.JS
	}
	pageUnread struct {
		Title string
		Lines []string
	}
)

// writeHTML writes one page that needs nothing else: style, script and drawings
// are in it, and its policy forbids it the network. Without script it lacks the
// filter only.
func writeHTML(w io.Writer, r *finding.Report, o Options) error {
	v := newView(r, o)
	all := stories(r)
	axis := newAxis(r, all)
	top := pageTop{
		Policy: pagePolicy(), Total: total(r), Style: template.CSS(pageStyle), Some: len(all) > 0,
		About: "petrascan " + Clean(r.Tool.Version) + ", " + Clean(r.Scan.Command) + " of " + v.targetWords() + ", started " + Clean(r.Scan.Started) + ".",
	}
	if !r.Scan.Complete {
		top.Incomplete = incomplete(r)
	}
	if len(all) > 0 {
		top.Timeline = axis.draw(all)
	}
	for _, s := range []finding.Status{finding.Active, finding.Unknown, finding.Unverified, finding.Deleted} {
		top.Statuses = append(top.Statuses, pageStatus{string(s), statusWord(s)})
	}
	if err := page().ExecuteTemplate(w, "top", top); err != nil {
		return err
	}
	for _, s := range all {
		if err := page().ExecuteTemplate(w, "key", v.card(s, axis)); err != nil {
			return err
		}
	}
	bottom := pageBottom{Read: readLines(r), Script: template.JS(pageScript)}
	for _, g := range unread(r, 100) {
		bottom.Unread = append(bottom.Unread, pageUnread{g.title, g.lines})
	}
	for _, l := range suppressed(r, o.ShowSuppressed) {
		bottom.Notes = append(bottom.Notes, l.text)
	}
	for _, warning := range r.Scan.Warnings {
		bottom.Notes = append(bottom.Notes, "Warning: "+Clean(warning))
	}
	return page().ExecuteTemplate(w, "bottom", bottom)
}

// targetWords names what was scanned.
func (v *view) targetWords() string {
	var names []string
	for _, t := range v.report.Scan.Targets {
		name := t.Path
		if uri := remote(t.URL); uri != "" {
			name += " (" + uri + ")"
		}
		if t.Kind == finding.StdinTarget {
			name = "standard input"
		}
		if name = Clean(name); !slices.Contains(names, name) { // files and history of one directory
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return Enumerate(names, "and")
}

// keyAnchor is the fragment of a key's card.
func keyAnchor(id finding.ID) string { return short(string(id)) }

func (v *view) card(s story, axis *axis) pageKey {
	e := s.key
	k := pageKey{
		ID: keyAnchor(e.ID), Masked: Clean(e.Masked), Status: statusClass(e.Status), StatusWord: statusWord(e.Status), Present: "no",
	}
	if e.InHead || e.InWorktree {
		k.Present = "yes"
	}
	fact := func(name, text string) {
		if text != "" {
			k.Facts = append(k.Facts, pageFact{Name: name, Text: text})
		}
	}
	fact("Verdict", Clean(e.StatusReason))
	fact("Sure", traits(e))
	fact("Exposed", origin(e))
	fact("Now", plural(e.Occurrences, "place")+", "+exposed(e))
	authors := make([]string, len(e.Authors))
	for i, a := range e.Authors {
		authors[i] = Clean(a)
	}
	fact("Authors", strings.Join(authors, ", "))
	fact("To do", verdictOf(e).advice())
	k.Facts = append(k.Facts, pageFact{"Key id", Clean(string(e.ID)), true})
	for _, f := range s.places {
		p := pagePlace{
			Place: v.place(f), Where: where(f), Commit: short(f.Commit), Page: v.commitPage(f), Layers: layers(f), Status: k.Status,
		}
		if f.Snippet != nil {
			p.Snippet = cleanLines(f.Snippet.Text)
		}
		if f.Date != "" {
			p.Since = day(f.Date)
		}
		if f.Removed != nil {
			p.Until = day(f.Removed.CommitDate)
		}
		if start := since(f); !start.IsZero() {
			end := axis.end
			if f.Removed != nil {
				end = instant(f.Removed.CommitDate)
			}
			p.Dated, p.X = true, axis.at(start, 0, 98)
			p.Width = max(axis.at(end, 0, 100)-p.X, 2)
		}
		k.Peeled = k.Peeled || p.Layers != ""
		k.Places = append(k.Places, p)
	}
	return k
}

// statusClass is the status as the style sheet and the filter know it.
func statusClass(s finding.Status) string {
	switch s {
	case finding.Active, finding.Unknown, finding.Deleted:
		return string(s)
	}
	return string(finding.Unverified)
}
