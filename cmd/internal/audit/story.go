package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

// Lists that people read end here; the JSON report has all.
const mostListed = 12

// section tells one key's story.
func (a *account) section(n, of int) section {
	s := section{title: fmt.Sprintf("Key %d of %d: %s, %s", n, of, code(a.Masked), a.verdict())}
	add := func(name string, lines ...string) {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		if len(lines) > 0 {
			s.fields = append(s.fields, field{name, lines})
		}
	}
	add("Key id", code(string(a.ID)))
	if a.known != "" {
		add("You know it as", code(a.known))
	}
	add("Status", a.status()...)
	add("In the portal", a.entry()...)
	add("Timeline", a.timeline()...)
	add("Exposed", a.exposed()...)
	add("Still in", a.stillIn()...)
	add("Committed by", a.committers())
	add("Encoded as", a.encodings()...)
	s.steps = a.steps()
	return s
}

// verdict is the status in a headline.
func (a *account) verdict() string {
	switch a.urgency {
	case works:
		return "STILL WORKS"
	case rejected:
		return "rejected, not yet proven to be deleted"
	case closed:
		return "deleted"
	case incomplete:
		return "only a part of a key"
	}
	if a.Status == finding.Unknown {
		return "may work (no clear answer)"
	}
	return "may work (not checked)"
}

func (a *account) status() []string {
	when := ""
	if a.Checked != "" {
		when = " (checked on " + minute(a.Checked) + ")"
	}
	switch a.urgency {
	case works:
		return []string{"It works: whoever has it can use it" + when + "."}
	case closed:
		basis := ""
		if _, b, ok := strings.Cut(a.StatusReason, "proven: "); ok {
			basis = ": " + b
		}
		return []string{"Deleted" + when + ". That is proven" + basis + "."}
	case rejected:
		lines := []string{"The API rejects it, with 401" + when + ": it is deleted, invalid, or of another organisation."}
		if a.Extent == finding.Uncertain {
			return append(lines, "That proves little: where the key ends is uncertain, so what was sent may not be the whole key.")
		}
		return append(lines, "One rejection is no proof: something between here and the API may reject everything.")
	case incomplete:
		return []string{"Only a part of the key stands here, so the API can't be asked."}
	}
	if a.Status == finding.Unknown {
		return []string{"Treat it as working: the API gave no clear answer. It was: " + report.Clean(a.StatusReason) + "."}
	}
	return []string{"Treat it as working: the API was not asked yet."}
}

// entry says how to find the key in the portal's list, which shows creation
// dates.
func (a *account) entry() []string {
	if a.urgency == closed || a.urgency == incomplete {
		return nil
	}
	where := "app.petrasecurity.com → Settings → API Keys: "
	created := a.since()
	switch {
	case created.IsZero() && !a.historyRead():
		return []string{where + "only files were read, and the date of a file says nothing. `petrascan audit` of the whole repository may narrow the list down."}
	case created.IsZero():
		return []string{where + "no commit holds the key, so no date narrows the list down. Ask whoever put it there."}
	case created.After(a.now) && !a.now.IsZero():
		return []string{where + "the commit's date, " + day(created) + ", lies in the future and says nothing. The key was created no later than today, " + day(a.now) + "."}
	}
	lines := []string{fmt.Sprintf("%san entry created no later than %s (%s if the list's time zone is ahead of UTC).",
		where, day(created), day(created.AddDate(0, 0, 1)))}
	if m := a.FirstSeen; m != nil {
		if authored := instant(m.AuthorDate); !authored.IsZero() && day(authored) < day(created) {
			lines = append(lines, "A hint, no proof: the commit says it was written on "+day(authored)+" already. Author dates are easily wrong.")
		}
	}
	return lines
}

// timeline is what happened when.
func (a *account) timeline() []string {
	type event struct {
		at   time.Time
		text string
	}
	var events []event
	add := func(at time.Time, text string) {
		if !at.IsZero() {
			events = append(events, event{at, text})
		}
	}
	if created := a.since(); a.FirstSeen != nil && day(created) < day(instant(a.FirstSeen.CommitDate)) {
		add(created, "oldest commit with the key, since rewritten or not first in history")
	}
	for i, f := range a.places {
		if i == mostListed {
			events = append(events, event{a.now, fmt.Sprintf("and %s more", plural(len(a.places)-mostListed, "place"))})
			break
		}
		if f.First == nil {
			continue
		}
		from := instant(f.First.CommitDate)
		text := "committed in " + code(short(f.First.Commit)) + " by " + code(f.First.Author) + ": " + a.where(f)
		switch {
		case f.Removed != nil:
			to := instant(f.Removed.CommitDate)
			add(from, text)
			add(to, "removed in "+code(short(f.Removed.Commit))+" by "+code(f.Removed.Author)+" after "+days(from, to)+": "+a.where(f))
		case f.Reachable != nil && !*f.Reachable:
			add(from, text+" (no branch or tag leads to it now)")
		default:
			add(from, text+" ("+days(from, a.now)+", still there)")
		}
	}
	if a.Checked != "" {
		word := map[finding.Status]string{finding.Active: "the API accepted the key", finding.Deleted: "the API rejected the key"}[a.Status]
		if word != "" {
			add(instant(a.Checked), word)
		}
	}
	slices.SortStableFunc(events, func(x, y event) int { return x.at.Compare(y.at) })
	var lines []string
	for _, e := range events {
		if line := day(e.at) + "  " + e.text; !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// where names a place.
func (a *account) where(f *finding.Finding) string {
	s := code(report.Place(f, a.targets[f.Target]))
	if f.Versions > 1 {
		s += fmt.Sprintf(" (%d versions of it)", f.Versions)
	}
	return s
}

// exposed says how long who could read the key.
func (a *account) exposed() []string {
	since := a.since()
	var lines []string
	if !since.IsZero() && !since.After(a.now) {
		switch checked := instant(a.Checked); {
		case a.Status == finding.Deleted && !checked.IsZero():
			lines = append(lines, fmt.Sprintf("At most %s: from %s until %s, when it was seen to be rejected. It may have been deleted earlier.", days(since, checked), day(since), day(checked)))
		case a.urgency != incomplete:
			lines = append(lines, fmt.Sprintf("%s so far: since %s, until it is deleted in the portal. Removing it from the code did not and does not end this.", days(since, a.now), day(since)))
		}
	}
	pushed := slices.ContainsFunc(a.ReachableFrom.Refs, func(r string) bool {
		return strings.HasPrefix(r, "refs/remotes/") || strings.HasPrefix(r, "refs/pull/") || strings.HasPrefix(r, "refs/merge-requests/")
	})
	inGit := a.FirstSeen != nil || a.held()
	switch {
	case pushed:
		lines = append(lines, "It was pushed: everyone who can read the remote repository, and everyone who ever cloned it, may have it.")
	case inGit && a.hasRemote():
		lines = append(lines, "No remote branch is known to hold it. Whether it was ever pushed, this copy can't tell.")
	case inGit:
		lines = append(lines, "Everyone who can read this repository, or has a copy of it, may have it.")
	case a.unreachable():
		lines = append(lines, "It was never committed, but Git keeps it: whoever has a copy of this Git directory may have it.")
	case !a.historyRead():
		lines = append(lines, "Only files were read: whether it was ever committed is not known. Whoever can read the file, or a backup of it, may have it.")
	default:
		lines = append(lines, "It was never committed: whoever can read the file, or a backup of it, may have it.")
	}
	return lines
}

// historyRead tells whether the history of a repository was searched.
func (a *account) historyRead() bool {
	for _, t := range a.targets {
		if t.Kind == finding.GitTarget {
			return true
		}
	}
	return false
}

func (a *account) hasRemote() bool {
	return slices.ContainsFunc(a.places, func(f *finding.Finding) bool {
		t := a.targets[f.Target]
		return t != nil && t.URL != ""
	})
}

// stillIn lists where the key is now.
func (a *account) stillIn() []string {
	var lines []string
	add := func(one, many string, names []string) {
		if len(names) > 0 {
			lines = append(lines, either(len(names), one, many)+" "+few(codes(names), mostListed))
		}
	}
	if a.InHead {
		lines = append(lines, "HEAD, the commit that is checked out")
	}
	var branches, remotes, tags, pulls, notes, others []string
	for _, ref := range a.ReachableFrom.Refs {
		for _, k := range []struct {
			prefix string
			list   *[]string
		}{
			{"refs/heads/", &branches}, {"refs/remotes/", &remotes}, {"refs/tags/", &tags},
			{"refs/pull/", &pulls}, {"refs/merge-requests/", &pulls}, {"refs/notes/", &notes}, {"", &others},
		} {
			if name, ok := strings.CutPrefix(ref, k.prefix); ok {
				if k.list == &pulls || k.list == &notes {
					name = ref
				}
				*k.list = append(*k.list, name)
				break
			}
		}
	}
	add("branch", "branches", branches)
	add("remote branch", "remote branches", remotes)
	add("tag", "tags", tags)
	add("pull request", "pull requests", pulls)
	add("notes", "notes", notes)
	add("ref", "refs", others)
	var heads, left []string
	for _, name := range a.ReachableFrom.Worktrees {
		if name == "HEAD" || strings.HasSuffix(name, "/HEAD") {
			heads = append(heads, name)
		} else {
			left = append(left, name)
		}
	}
	add("work tree on no branch:", "work trees on no branch:", heads)
	add("what Git remembers in", "what Git remembers in", left)
	add("stash", "stash", a.ReachableFrom.Stash)
	add("reflog", "reflog", a.ReachableFrom.Reflogs)
	var files, orphans []string
	for _, f := range a.places {
		place := report.Place(f, a.targets[f.Target])
		switch f.Location {
		case finding.InFile, finding.InGitFile, finding.InStdin, finding.InRefName, finding.InReflog:
			files = append(files, place+state(f))
		case finding.InIndex:
			files = append(files, place+" (staged)")
		case finding.InFileName:
			if f.Commit == "" || f.Tracked != "" {
				files = append(files, place+" (the name itself)")
			}
		case finding.InBlob:
			if f.Tracked != "" {
				files = append(files, place+state(f))
			}
		}
		if f.Reachable != nil && !*f.Reachable && f.Location != finding.InIndex {
			orphans = append(orphans, place)
		}
	}
	if len(files) > 0 {
		lines = append(lines, "on disk "+few(codes(files), mostListed))
	}
	if len(orphans) > 0 {
		lines = append(lines, "objects that no branch, tag or stash leads to, until Git drops them: "+few(codes(orphans), mostListed))
	}
	return lines
}

// state is how Git sees a file.
func state(f *finding.Finding) string {
	if f.Tracked == "" {
		return ""
	}
	return " (" + string(f.Tracked) + ")"
}

// committers names who brought the key in.
func (a *account) committers() string {
	mail := map[string]string{}
	note := func(m *finding.Moment) {
		if m != nil && m.Email != "" {
			mail[m.Author] = m.Email
		}
	}
	note(a.FirstSeen)
	for _, f := range a.places {
		note(f.First)
	}
	var names []string
	for _, author := range a.Authors {
		if m := mail[author]; m != "" {
			author += " <" + m + ">"
		}
		names = append(names, code(author))
	}
	return few(names, mostListed)
}

// encodings lists what the key was hidden in.
func (a *account) encodings() []string {
	var lines []string
	for _, f := range a.places {
		if len(f.Layers) == 0 {
			continue
		}
		line := strings.Join(codes(f.Layers), " of ") + ": " + code(report.Place(f, a.targets[f.Target]))
		if len(lines) == mostListed {
			return append(lines, "and more")
		}
		lines = append(lines, line)
	}
	return lines
}
