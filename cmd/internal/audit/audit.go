package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

// Options are what an audit needs to know beside the report.
type Options struct {
	// Known are the keys that the reader knows of.
	Known []Known
	// Only names the variable with the one key that the report was cut down to;
	// empty if it was not.
	Only string
	// Args are the paths given on the command line, for commands to copy.
	Args []string
}

// A Known is a key that the reader knows of, by its id.
type Known struct {
	ID   finding.ID
	Name string // how the reader calls it; never empty
}

// A document is an audit before it is printed.
type document struct {
	title string
	lead  []string
	keys  []section
	after []section
}

// A section is one key's story, or a text at the end.
type section struct {
	title  string
	fields []field
	text   []string
	steps  []step
}

// A field is a name and what there is to say, a line each.
type field struct {
	name  string
	lines []string
}

// A step is something to do, with commands to copy.
type step struct {
	text     string
	commands []string
}

// An account is one key with its places, and what they come to.
type account struct {
	*finding.Exposure
	places  []*finding.Finding
	targets map[int]*finding.Target
	now     time.Time // when the report was made
	known   string    // the reader's name for it, or ""
	urgency urgency
	options Options
}

// An urgency orders keys, the worst first.
type urgency int

const (
	works      urgency = iota // the API accepts it
	current                   // in the code or files of now
	reachable                 // in history that a branch or the like leads to
	lost                      // in objects that nothing but a reflog leads to
	rejected                  // the API rejects it, which is not proven
	closed                    // proven to be deleted
	incomplete                // a part of a key: there is nothing to ask or delete
)

// accounts returns the report's keys, the worst first and of those the oldest.
func accounts(r *finding.Report, o Options) []*account {
	targets := map[int]*finding.Target{}
	for i := range r.Scan.Targets {
		targets[r.Scan.Targets[i].ID] = &r.Scan.Targets[i]
	}
	names := map[finding.ID]string{}
	for _, k := range o.Known {
		names[k.ID] = k.Name
	}
	of := map[finding.ID]*account{}
	var all []*account
	for i := range r.Keys {
		e := &r.Keys[i]
		a := &account{Exposure: e, targets: targets, now: instant(r.Scan.Started), known: names[e.ID], options: o}
		of[e.ID] = a
		all = append(all, a)
	}
	for i := range r.Findings {
		if a := of[r.Findings[i].Key]; a != nil {
			a.places = append(a.places, &r.Findings[i])
		}
	}
	for _, a := range all {
		a.urgency = a.judge()
		slices.SortStableFunc(a.places, func(x, y *finding.Finding) int {
			return report.Older(begin(x), begin(y))
		})
	}
	slices.SortStableFunc(all, func(a, b *account) int {
		return cmp.Or(cmp.Compare(a.urgency, b.urgency), report.Older(a.since(), b.since()), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (a *account) judge() urgency {
	switch {
	case a.Status == finding.Active:
		return works
	case a.Status == finding.Deleted && a.Proven:
		return closed
	case a.Status == finding.Deleted:
		return rejected
	case a.Rule == report.PartialRule:
		return incomplete
	case a.here():
		return current
	case a.held():
		return reachable
	}
	return lost
}

// here tells whether the key is in HEAD, the index or a file.
func (a *account) here() bool {
	return a.InHead || a.InWorktree || slices.ContainsFunc(a.places, func(f *finding.Finding) bool {
		switch f.Location {
		case finding.InFile, finding.InIndex, finding.InStdin, finding.InGitFile, finding.InRefName:
			return true
		case finding.InFileName:
			return f.Commit == ""
		}
		return false
	})
}

// held tells whether a branch or the like leads to the key.
func (a *account) held() bool {
	from := &a.ReachableFrom
	return len(from.Refs)+len(from.Worktrees)+len(from.Stash) > 0 || slices.ContainsFunc(a.places, func(f *finding.Finding) bool {
		return f.Reachable != nil && *f.Reachable
	})
}

// since is when the key was first exposed as far as commits tell.
func (a *account) since() time.Time {
	if a.CreatedNoLaterThan != nil {
		return instant(*a.CreatedNoLaterThan)
	}
	if a.FirstSeen != nil {
		return instant(a.FirstSeen.CommitDate)
	}
	return time.Time{}
}

func begin(f *finding.Finding) time.Time {
	if f.First != nil {
		return instant(f.First.CommitDate)
	}
	return instant(f.Date)
}

// tell makes the audit of a report.
func tell(r *finding.Report, o Options) *document {
	all := accounts(r, o)
	d := &document{title: "Petra API key audit", lead: lead(r, all, o)}
	for i, a := range all {
		d.keys = append(d.keys, a.section(i+1, len(all)))
	}
	if len(o.Known) > 0 {
		d.after = append(d.after, knownKeys(r, all, o.Known))
	}
	if slices.ContainsFunc(all, func(a *account) bool { return a.urgency < closed }) {
		d.after = append(d.after, goodToKnow(all))
	}
	d.after = append(d.after, proof(r, all))
	return d
}

// searched names the places that were searched, each once: a repository and the
// files in it are one.
func searched(r *finding.Report) string {
	var paths []string
	urls := map[string]string{}
	for _, t := range r.Scan.Targets {
		name := t.Path
		if t.Kind == finding.StdinTarget {
			name = "standard input"
		}
		if !slices.Contains(paths, name) {
			paths = append(paths, name)
		}
		if t.URL != "" {
			urls[name] = t.URL
		}
	}
	var names []string
	for _, path := range paths {
		name := code(path)
		if path == "." {
			name = "this directory"
		}
		if url := urls[path]; url != "" {
			name += " (" + code(url) + ")"
		}
		names = append(names, name)
	}
	return few(names, 3)
}

// lead is what to know first.
func lead(r *finding.Report, all []*account, o Options) []string {
	places, on := searched(r), minute(r.Scan.Started)
	if len(all) == 0 {
		subject := "No Petra API key was"
		if o.Only != "" {
			subject = "The key in " + code(o.Only) + " was not"
		}
		text := subject + " found in " + places + ", searched on " + on + "."
		if !r.Scan.Complete {
			text = subject + " found in what could be read of " + places + " on " + on + ". Not everything could be read."
		}
		return []string{text}
	}
	subject := plural(len(all), "key") + " found"
	if o.Only != "" {
		subject = "The key in " + code(o.Only) + " was found"
	}
	paragraphs := []string{fmt.Sprintf("%s in %s on %s%s. Keys are shown with their middle left out; all times are UTC.",
		subject, places, on, either(len(all), "", ", the worst first"))}
	n := count(all)
	doubtful := n[current] + n[reachable] + n[lost]
	var summary []string
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{n[works], "key works right now", "keys work right now"},
		{doubtful, "key may work", "keys may work"},
		{n[rejected], "key was rejected, which is no proof yet", "keys were rejected, which is no proof yet"},
		{n[closed], "key is deleted for good", "keys are deleted for good"},
		{n[incomplete], "key was found in part only", "keys were found in part only"},
	} {
		if x.n > 0 {
			summary = append(summary, pluralVerb(x.n, x.one, x.many))
		}
	}
	do := " Begin with key 1."
	if !slices.ContainsFunc(all, func(a *account) bool { return a.Status != finding.Unverified && a.Status != "" }) {
		do += " The API was not asked: `petrascan audit --verify` does that."
	}
	if len(all) == 1 {
		do = strings.TrimPrefix(do, " Begin with key 1.")
	}
	if n[closed] == len(all) {
		summary, do = []string{either(len(all), "The key is deleted", "Every key is deleted") + ", and that is proven"}, " Nothing is urgent."
	}
	paragraphs = append(paragraphs, strings.Join(summary, ", ")+"."+do)
	if !r.Scan.Complete {
		paragraphs = append(paragraphs, "Not everything could be read: there may be more keys. The list of what is missing is in the report (`petrascan scan`).")
	}
	return paragraphs
}

func count(all []*account) map[urgency]int {
	n := map[urgency]int{}
	for _, a := range all {
		n[a.urgency]++
	}
	return n
}

// proof says what is proven and what is not.
func proof(r *finding.Report, all []*account) section {
	s := section{title: "What is proven"}
	n := count(all)
	if len(all) == 0 {
		return section{title: "What was read", text: []string{covered(r)}}
	}
	last, bases := "", []string{}
	for _, a := range all {
		if a.urgency == closed {
			last = max(last, a.Checked)
			if _, basis, ok := strings.Cut(a.StatusReason, "proven: "); ok && !slices.Contains(bases, basis) {
				bases = append(bases, basis)
			}
		}
	}
	if n[closed]+n[incomplete] == len(all) && n[closed] > 0 {
		s.text = append(s.text, fmt.Sprintf("Every key found is deleted: the API rejected the last of them on %s. Deleting can't be undone, so this stays true.", minute(last)))
		for _, b := range bases {
			s.text = append(s.text, "It rests on this: "+b+".")
		}
	} else if n[incomplete] < len(all) {
		var missing []string
		add := func(n int, one, many string) {
			if n > 0 {
				missing = append(missing, pluralVerb(n, one, many))
			}
		}
		add(n[works], "key works", "keys work")
		unchecked, unclear := 0, 0
		for _, a := range all {
			if a.urgency > works && a.urgency < rejected {
				if a.Status == finding.Unknown {
					unclear++
				} else {
					unchecked++
				}
			}
		}
		add(unclear, "key got no clear answer", "keys got no clear answer")
		add(unchecked, "key was not checked", "keys were not checked")
		add(n[rejected], "key was rejected, which is not proof enough", "keys were rejected, which is not proof enough")
		s.text = append(s.text, "Not yet proven: that every key found is deleted. "+sentence(list(missing))+".")
		if n[closed] > 0 {
			s.text = append(s.text, pluralVerb(n[closed], "key is", "keys are")+" proven to be deleted.")
		}
	}
	if n[incomplete] > 0 {
		s.text = append(s.text, fmt.Sprintf("%s only in part: look for the rest of it by hand.", pluralVerb(n[incomplete], "key was found", "keys were found")))
	}
	s.text = append(s.text, covered(r))
	return s
}

// covered says what was read.
func covered(r *finding.Report) string {
	c := &r.Scan.Coverage
	o := &c.Objects
	objects := o.Blob.Read + o.Commit.Read + o.Tag.Read + o.Tree.Read
	var read []string
	if c.Files > 0 {
		read = append(read, plural(int(c.Files), "file"))
	}
	if objects > 0 {
		read = append(read, plural(int(objects), "Git object"))
	}
	text := "Nothing was read."
	if len(read) > 0 {
		text = "Read: " + list(read) + ", history and unreachable objects among them."
		if objects == 0 {
			text = "Read: " + list(read) + "; no Git history."
		}
	}
	var not []string
	for _, a := range c.Absent {
		not = append(not, fmt.Sprintf("%d absent (%s)", a.Count, report.Clean(a.What)))
	}
	if n := len(c.Opaque); n > 0 {
		not = append(not, plural(n, "container")+" that could not be opened")
	}
	if n := len(c.Cut); n > 0 {
		not = append(not, fmt.Sprintf("%d cut short by a limit", n))
	}
	if n := len(r.Scan.Errors); n > 0 {
		not = append(not, plural(n, "error"))
	}
	if len(not) > 0 {
		text += " Not read: " + list(not) + ". What was not read may hold keys."
	}
	return text
}

// knownKeys says of each key that the reader knows whether it leaked.
func knownKeys(r *finding.Report, all []*account, known []Known) section {
	s := section{title: "The keys you know"}
	at := map[finding.ID]int{}
	for i, a := range all {
		at[a.ID] = i + 1
	}
	for _, k := range known {
		verdict := "never leaked, as far as was read"
		if n := at[k.ID]; n > 0 {
			verdict = fmt.Sprintf("leaked, it is key %d", n)
		} else if !r.Scan.Complete {
			verdict = "not found, but not everything could be read"
		}
		s.fields = append(s.fields, field{"", []string{code(k.Name) + " (id " + code(short(string(k.ID))) + "): " + verdict}})
	}
	return s
}

// KnownLines says of each key that the reader knows whether it is in the
// report, a line each, for formats that have no room for it.
func KnownLines(r *finding.Report, o Options) []string {
	var lines []string
	for _, f := range knownKeys(r, accounts(r, o), o.Known).fields {
		lines = append(lines, plain(f.lines[0]))
	}
	return lines
}
