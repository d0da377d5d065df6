package audit

import (
	"slices"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

// steps are what to do about a key, in order.
func (a *account) steps() []step {
	var steps []step
	add := func(text string, commands ...string) { steps = append(steps, step{text, commands}) }
	again := a.again("--verify --control-key-env PETRA_NEW_KEY")
	switch a.urgency {
	case closed:
		if a.here() {
			add("Nothing is urgent: a deleted key opens nothing. Take it out of the files when convenient, so that nobody has to ask again.")
		} else {
			add("Nothing. What Git still keeps of it opens nothing.")
		}
		return steps
	case incomplete:
		add("Look whether the rest of the key stands nearby. If it does, or if you are not sure, treat it as leaked: an Admin deletes it in the portal.")
		return steps
	case rejected:
		if a.Extent == finding.Uncertain {
			add("Look at "+a.uses()+" and find out where the key ends. Then ask about exactly that text: run this, paste the key, press Enter and Ctrl-D.",
				"petrascan verify --control-key-env PETRA_NEW_KEY")
			break
		}
		add("Prove it: put any key of your organisation that works into a variable, and run this. With a key that is accepted beside it the rejection counts; without one, a second rejection a day later does. The first line waits for you to paste that key, and does not show it.",
			"read -rs PETRA_NEW_KEY && export PETRA_NEW_KEY", again)
	default:
		if a.Status != finding.Active {
			ask := "Ask the API whether it works."
			if a.Status == finding.Unknown {
				ask = "Ask the API again."
			}
			add(ask+" If the key is rejected, skip to step 5. Do not wait for an answer to do the rest.", a.again("--verify"))
		}
		add("Admin: create a new key in the portal. Its value is shown once: put it where you keep secrets, not into the repository.")
		deploy := "Put the new key wherever the old one is used, and restart what uses it."
		if uses := a.uses(); uses != "" {
			deploy += " Look at " + uses + "."
		}
		add(deploy)
		del := "Admin: delete the old key in the portal"
		if created := a.since(); !created.IsZero() && !created.After(a.now) {
			del += " (created no later than " + day(created) + ")"
		}
		add(del + ". This works at once and can't be undone; whatever still uses the old key gets 401 from then on. If somebody is misusing it, do this first.")
		add("Prove that it is gone, with the new key as the one that works. The first line waits for you to paste the new key, and does not show it.", "read -rs PETRA_NEW_KEY && export PETRA_NEW_KEY", again)
	}
	if files := a.filesNow(); files != "" {
		text := "Take the key out of " + files + "."
		if a.InHead || a.tracked() {
			text = "Take the key out of " + files + ", and commit that."
		}
		add(text)
	}
	steps = append(steps, a.cleaning()...)
	return steps
}

// uses names the files that may tell what uses the key.
func (a *account) uses() string {
	var names []string
	for _, f := range a.places {
		if f.Path == "" || f.Location != finding.InFile && f.Location != finding.InBlob && f.Location != finding.InIndex {
			continue
		}
		bare := *f
		bare.Line, bare.Column, bare.Member = 0, 0, ""
		if name := code(report.Place(&bare, a.targets[f.Target])); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return few(names, 4)
}

// filesNow names the files to clean.
func (a *account) filesNow() string {
	var names []string
	for _, f := range a.places {
		now := f.Location == finding.InFile || f.Location == finding.InIndex || f.Location == finding.InGitFile ||
			f.Location == finding.InBlob && (f.Tracked != "" || a.InHead && f.Removed == nil && f.Reachable != nil && *f.Reachable)
		if name := code(report.Place(f, a.targets[f.Target])); now && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return few(names, mostListed)
}

// cleaning is how to get the key out of Git's objects, once it is deleted.
func (a *account) cleaning() []step {
	var steps []step
	git := a.git()
	refs := a.ReachableFrom.Refs
	if stash := slices.Clone(a.ReachableFrom.Stash); len(refs) == 0 && len(stash) > 0 {
		slices.Reverse(stash) // dropping one renumbers those above it
		var drop []string
		for _, s := range stash {
			drop = append(drop, git+" stash drop "+quote(s))
		}
		steps = append(steps, step{"Drop what is stashed, if nothing else in it is needed.", drop})
	}
	switch {
	case len(refs) > 0:
		text := "Only if you want to: take it out of history (see \"Good to know\")."
		if slices.ContainsFunc(refs, func(r string) bool {
			return strings.HasPrefix(r, "refs/pull/") || strings.HasPrefix(r, "refs/merge-requests/")
		}) {
			text += " Pull requests keep their commits: only the forge's support can drop those."
		}
		steps = append(steps, step{text, nil})
	case a.FirstSeen != nil || a.unreachable():
		steps = append(steps, step{
			"Drop the unreachable objects. This forgets all reflogs of unreachable commits in this copy, and with them the way back to dropped work.",
			[]string{git + " reflog expire --expire-unreachable=now --all", git + " gc --prune=now"},
		})
	}
	return steps
}

func (a *account) tracked() bool {
	return slices.ContainsFunc(a.places, func(f *finding.Finding) bool {
		return f.Tracked == finding.IsTracked || f.Location == finding.InIndex
	})
}

func (a *account) unreachable() bool {
	return slices.ContainsFunc(a.places, func(f *finding.Finding) bool { return f.Reachable != nil && !*f.Reachable })
}

// git is how to call git for the repository that holds the key.
func (a *account) git() string {
	for _, f := range a.places {
		if t := a.targets[f.Target]; t != nil && t.Kind == finding.GitTarget && t.Path != "." && t.Path != t.URL {
			return "git -C " + quote(t.Path)
		}
	}
	return "git"
}

// again is how to call this audit again.
func (a *account) again(flags string) string {
	words := []string{"petrascan audit"}
	for _, arg := range a.options.Args {
		words = append(words, quote(arg))
	}
	return strings.Join(append(words, flags), " ")
}

// quote makes a word safe to copy into a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	s = report.Clean(s)
	if s != "" && !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// goodToKnow is what holds for every key.
func goodToKnow(all []*account) section {
	s := section{title: "Good to know"}
	s.text = append(s.text,
		"Only an Admin of the organisation can create and delete keys; a Full Member sees the list. If you are no Admin, give this page to one: it holds no key.",
		"The portal does not show the values of keys, only descriptions and creation dates. If more than one entry is old enough, ask those who committed the key which it is, before you delete the wrong one. Where nobody knows, the newest entry that is old enough is the likeliest: keys tend to be committed soon after they are made.",
		"Deleting the key in the portal is what ends the exposure. Taking it out of the code, or out of history, does not: copies, caches and clones stay.")
	if slices.ContainsFunc(all, func(a *account) bool { return len(a.ReachableFrom.Refs) > 0 && a.urgency < closed }) {
		text := "Taking keys out of history is optional once they are deleted. It changes the ids of commits, so everybody has to clone anew. `git filter-repo --replace-text FILE` does it, in a fresh mirror clone, where FILE, which lies outside of the repository, has a key a line; then push with force, and have the forge drop its caches. Stashes and reflogs of this copy keep the old commits."
		if slices.ContainsFunc(all, func(a *account) bool {
			return slices.ContainsFunc(a.places, func(f *finding.Finding) bool { return len(f.Layers) > 0 && f.Commit != "" })
		}) {
			text += " It does not see keys that are encoded: for those, `git filter-repo --invert-paths --path PATH` drops the whole file from history."
		}
		s.text = append(s.text, text)
	}
	return s
}
