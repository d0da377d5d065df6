package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// GitHub refuses a step summary above one mebibyte. What is needed after the
// findings has its room set aside.
const (
	markdownMost = 1 << 20
	markdownTail = 64 << 10
)

// writeMarkdown writes the report as GitHub Flavored Markdown, cut below one
// mebibyte with a count of what is missing. All text from the repository stands
// in code spans: nothing in it is markup, a link or a mention.
func writeMarkdown(w io.Writer, r *finding.Report, o Options) error {
	v := newView(r, o)
	var b strings.Builder
	b.WriteString("# petrascan\n\n" + markdownText(total(r)) + "\n")
	if !r.Scan.Complete {
		b.WriteString("\n**" + markdownText(incomplete(r)) + "**\n")
	}
	all := stories(r)
	var cutKeys, cutPlaces int
	for i, s := range all {
		var part strings.Builder
		left := markdownMost - markdownTail - b.Len()
		missing := v.markdownStory(&part, s, left)
		if part.Len() > left {
			for _, rest := range all[i:] {
				cutKeys++
				cutPlaces += len(rest.places)
			}
			break
		}
		cutPlaces += missing
		b.WriteString(part.String())
	}
	if cutPlaces > 0 {
		fmt.Fprintf(&b, "\n**Cut here: %s more", plural(cutPlaces, "place"))
		if cutKeys > 0 {
			fmt.Fprintf(&b, ", %s without a line", plural(cutKeys, "key"))
		}
		b.WriteString(". The JSON report has them all.**\n")
	}
	b.WriteString("\n## What was read\n\n")
	for _, l := range readLines(r) {
		b.WriteString("- " + markdownText(l) + "\n")
	}
	// The tail keeps to its room because every line is cut.
	for _, g := range unread(r, 10) {
		b.WriteString("- " + markdownText(g.title) + "\n")
		for _, l := range g.lines {
			b.WriteString("  - " + CodeSpan(cutText(l)) + "\n")
		}
	}
	for i, l := range suppressed(r, o.ShowSuppressed) {
		if i == 50 {
			b.WriteString("- …\n")
			break
		}
		b.WriteString(strings.Repeat("  ", l.depth) + "- " + markdownText(cutText(l.text)) + "\n")
	}
	for i, warning := range r.Scan.Warnings {
		if i == 10 {
			fmt.Fprintf(&b, "- … and %s\n", plural(len(r.Scan.Warnings)-i, "more warning"))
			break
		}
		b.WriteString("- Warning: " + CodeSpan(cutText(Clean(warning))) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownStory writes a key and its places, and returns how many of these it
// left out to stay below most bytes.
func (v *view) markdownStory(b *strings.Builder, s story, most int) (missing int) {
	e := s.key
	b.WriteString("\n## " + CodeSpan(Clean(e.Masked)) + " " + statusMark(e.Status) + "\n\n")
	fmt.Fprintf(b, "- %s, %s, key id %s\n", markdownText(statusWord(e.Status)), traits(e), CodeSpan(short(string(e.ID))))
	if e.StatusReason != "" {
		b.WriteString("- " + markdownText(cutText(Clean(e.StatusReason))) + "\n")
	}
	b.WriteString("- " + markdownText(cutText(origin(e))) + "\n")
	b.WriteString("- " + markdownText(cutText(plural(e.Occurrences, "place")+", "+exposed(e))) + "\n")
	b.WriteString("\n| place | where | commit | since | until | layers |\n|---|---|---|---|---|---|\n")
	for i, f := range s.places {
		if b.Len() > most-4096 {
			return len(s.places) - i
		}
		commit := "-"
		if f.Commit != "" {
			commit = CodeSpan(short(f.Commit))
			if page := v.commitPage(f); page != "" {
				commit = "[" + commit + "](" + page + ")"
			}
		}
		until := "-"
		if f.Removed != nil {
			until = markdownText(day(f.Removed.CommitDate))
		}
		since, peeled := "-", "-"
		if f.Date != "" {
			since = markdownText(day(f.Date))
		}
		if len(f.Layers) > 0 {
			peeled = CodeSpan(layers(f))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", CodeSpan(cutText(v.place(f))), markdownText(where(f)), commit, since, until, peeled)
	}
	return 0
}

func statusMark(s finding.Status) string {
	switch s {
	case finding.Active:
		return "🔴"
	case finding.Deleted:
		return "🟢"
	}
	return "🟡"
}

// cutText keeps one hostile name from filling the whole page.
func cutText(s string) string { return middle(s, 500) }

// CodeSpan returns text that is safe to show, see [Clean], as code in Markdown. A backquote span does where nothing in
// the text could end it or a table's cell; else it takes HTML with all
// punctuation as references.
func CodeSpan(s string) string {
	if s == "" {
		return ""
	}
	if !strings.ContainsAny(s, "`|\\") && strings.TrimSpace(s) == s {
		return "`" + s + "`"
	}
	return "<code>" + markdownText(s) + "</code>"
}

// markdownText returns clean text without any meaning in Markdown or HTML: all
// punctuation that could have one becomes a character reference, which is never
// markup (CommonMark 2.5).
func markdownText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 0x80, wordByte(c), strings.IndexByte(` ,;()/%'"`, c) >= 0:
			b.WriteByte(c)
		case c == '-' && i > 0 && i+1 < len(s) && wordByte(s[i-1]) && wordByte(s[i+1]):
			b.WriteByte(c)
		case (c == '-' || c == '.' || c == ':' || c == '+') && i > 0 && (i+1 == len(s) || s[i+1] == ' ' || '0' <= s[i+1] && s[i+1] <= '9'):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "&#%d;", c)
		}
	}
	return b.String()
}

func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
