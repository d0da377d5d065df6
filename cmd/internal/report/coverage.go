package report

import (
	"fmt"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// readLines says what was read and how fast, in sentences.
func readLines(r *finding.Report) []string {
	c := &r.Scan.Coverage
	var what []string
	if c.Files > 0 || c.Objects == (finding.Objects{}) {
		what = append(what, plural(c.Files, "file"))
	}
	kinds := objectKinds(&c.Objects)
	var present, read int64
	var parts []string
	for _, k := range kinds {
		present += k.Present
		read += k.Read
		if k.Present == 0 && k.Read == 0 {
			continue
		}
		if k.Read == k.Present {
			parts = append(parts, plural(k.Read, k.name))
		} else {
			parts = append(parts, count(k.Read)+" of "+plural(k.Present, k.name))
		}
	}
	if present > 0 || read > 0 {
		all := "all " + plural(present, "Git object")
		if present == 1 {
			all = "the 1 Git object"
		}
		if read != present {
			all = count(read) + " of " + plural(present, "Git object")
		}
		what = append(what, all+" ("+strings.Join(parts, ", ")+")")
	}
	s := "Read " + Enumerate(what, "and") + ", " + volume(c.Bytes)
	if ms := r.Scan.ElapsedMS; ms > 0 {
		s += ", in " + elapsed(ms) + " (" + volume(c.Bytes*1000/ms) + "/s)"
	}
	if c.Containers > 0 {
		s += "; opened " + plural(c.Containers, "container")
	}
	lines := []string{s + "."}
	if g := r.Scan.Range; g != nil {
		lines = append(lines, rangeLine(g))
	}
	return lines
}

func rangeLine(g *finding.Range) string {
	ids := func(list []string) string {
		const most = 3
		shown := make([]string, 0, most)
		for _, id := range list[:min(len(list), most)] {
			shown = append(shown, short(id))
		}
		if len(list) > most {
			shown = append(shown, count(len(list)-most)+" more")
		}
		return Enumerate(shown, "and")
	}
	s := "Looked at what is reachable from " + ids(g.New)
	if len(g.Old) > 0 {
		s += " and not from " + ids(g.Old)
	}
	if g.Widened != "" {
		s += "; widened: " + Clean(g.Widened)
	}
	return s + "."
}

type objectKind struct {
	name string
	finding.ObjectCount
}

func objectKinds(o *finding.Objects) []objectKind {
	return []objectKind{{"blob", o.Blob}, {"commit", o.Commit}, {"tag", o.Tag}, {"tree", o.Tree}}
}

// An unreadGroup is one kind of content that was not searched to its end.
type unreadGroup struct {
	title string // with the number of all
	lines []string
}

// unread names what was not read, by kind, at most `most` of each kind.
func unread(r *finding.Report, most int) []unreadGroup {
	c := &r.Scan.Coverage
	var groups []unreadGroup
	add := func(title string, n int, line func(int) string) {
		if n == 0 {
			return
		}
		g := unreadGroup{title: title + ":"}
		for i := range min(n, most) {
			g.lines = append(g.lines, line(i))
		}
		if n > most {
			g.lines = append(g.lines, fmt.Sprintf("… and %s more", count(n-most)))
		}
		groups = append(groups, g)
	}
	errs := r.Scan.Errors
	add("Could not read "+plural(len(errs), "item"), len(errs), func(i int) string {
		return because(subjectOf(errs[i].Path, "", errs[i].Object), errs[i].Reason)
	})
	part := func(list []finding.Unread) func(int) string {
		return func(i int) string {
			return because(subjectOf(list[i].Path, list[i].Member, list[i].Object), list[i].Reason)
		}
	}
	add("Stopped at a limit in "+plural(len(c.Cut), "item"), len(c.Cut), part(c.Cut))
	add("Could not open "+plural(len(c.Opaque), "container")+", searched raw", len(c.Opaque), part(c.Opaque))
	add("Not searched to the end, and accepted as known, "+plural(len(c.Accepted), "item"), len(c.Accepted), part(c.Accepted))
	var absent []string
	for _, a := range c.Absent {
		if a.Count > 0 {
			absent = append(absent, absence(a))
		}
	}
	if len(absent) > 0 {
		groups = append(groups, unreadGroup{title: "Absent: " + strings.Join(absent, "; ") + "."})
	}
	return groups
}

func because(subject, reason string) string {
	reason = Clean(reason)
	if subject == "" {
		return actionSafe(reason)
	}
	return actionSafe(subject + ": " + reason)
}

// absence says what content is not here by design.
func absence(a finding.Absent) string {
	switch a.What {
	case "shallow":
		return plural(a.Count, "object") + " below a shallow boundary"
	case "promised":
		return plural(a.Count, "object") + " of a partial clone, left at its remote"
	case "lfs":
		return plural(a.Count, "Git LFS payload")
	}
	return count(a.Count) + " " + Clean(a.What)
}

// An indented line of text.
type indented struct {
	depth int
	text  string
}

// suppressed says what was left out of the report and why; each entry when
// listing, else how many by what.
func suppressed(r *finding.Report, list bool) []indented {
	var lines []indented
	if entries := r.Scan.Suppressed; len(entries) > 0 {
		var n int64
		by := map[string]int64{}
		keys := map[finding.ID]bool{}
		for _, s := range entries {
			n += s.Count
			by[s.By] += s.Count
			keys[s.Key] = true
		}
		var parts []string
		for _, name := range []string{"baseline", "config", "inline", "exclude"} {
			if by[name] > 0 {
				parts = append(parts, count(by[name])+" by "+suppressor(name))
			}
		}
		text := "Suppressed: " + plural(n, "finding") + " of " + plural(len(keys), "key")
		if len(parts) > 0 {
			text += ", " + strings.Join(parts, ", ")
		}
		if list {
			lines = append(lines, indented{0, text + ":"})
			for _, s := range entries {
				lines = append(lines, indented{1, suppressedLine(s)})
			}
		} else {
			lines = append(lines, indented{0, text + " (--show-suppressed lists them)."})
		}
	}
	l := &r.Scan.Coverage.LeftOut
	if l.LowConfidence > 0 {
		lines = append(lines, indented{0, "Hidden: " + plural(l.LowConfidence, "doubtful candidate") + " (--min-confidence low shows them)."})
	}
	var out []string
	for _, x := range []struct {
		n    int64
		what string
	}{
		{l.Exclude, "excluded"}, {l.Gitignore, "ignored by Git"},
		{l.Symlink, "behind symbolic links"}, {l.OtherFilesystem, "on other file systems"}, {l.Special, "that are pipes, sockets or devices"},
	} {
		if x.n > 0 {
			out = append(out, count(x.n)+" "+x.what)
		}
	}
	if len(out) > 0 {
		lines = append(lines, indented{0, "Left out: " + strings.Join(out, ", ") + "."})
	}
	return lines
}

func suppressedLine(s finding.Suppressed) string {
	text := short(string(s.Key)) + "  " + plural(s.Count, "finding") + " by " + suppressor(s.By)
	if s.Reason != "" {
		text += ": " + Clean(s.Reason)
	}
	if s.Owner != "" {
		text += ", owner " + Clean(s.Owner)
	}
	if s.Expires != "" {
		text += ", expires " + Clean(s.Expires)
	}
	return text
}

func suppressor(by string) string {
	switch by {
	case "baseline":
		return "the baseline"
	case "config":
		return "configuration"
	case "inline":
		return "inline comments"
	case "exclude":
		return "excludes"
	}
	return Clean(by)
}
