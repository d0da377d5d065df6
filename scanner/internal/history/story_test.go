package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// What the story says of every key in random repositories is compared with what
// plain git commands say.
func TestStoryLikeGit(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := randomRepository(t, rand.New(rand.NewPCG(seed, 7)), 26)
			got := describe(g.scan())
			want := newOracle(g).describe()
			compareLines(t, got, want)
		})
	}
}

func compareLines(t testing.TB, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not expected: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing:      %s", line)
		}
	}
}

// describe writes a result in lines that hold no key.
func describe(r *Result) []string {
	var lines []string
	for _, x := range r.Sightings {
		reachable := "-"
		if x.Reachable != nil {
			reachable = fmt.Sprint(*x.Reachable)
		}
		lines = append(lines, fmt.Sprintf("finding %s %s %q versions=%d blob=%s first=%s last=%s removed=%s reachable=%s",
			seedOf(x.Key), x.Location, x.Path, x.Versions, short(x.Blob), commitOf(x.First), commitOf(x.Last), commitOf(x.Removed), reachable))
	}
	for _, e := range r.Keys {
		created := "-"
		if e.CreatedNoLaterThan != nil {
			created = *e.CreatedNoLaterThan
		}
		f := e.ReachableFrom
		lines = append(lines, fmt.Sprintf("key %s in_head=%v created=%s first=%s last=%s removed=%s authors=%s refs=%v work=%v stash=%v logs=%v",
			seedOf(e.ID), e.InHead, created, commitOf(e.FirstSeen), commitOf(e.LastSeen), commitOf(e.Removed), strings.Join(e.Authors, ","),
			f.Refs, f.Worktrees, f.Stash, f.Reflogs))
	}
	for _, e := range r.Errors {
		lines = append(lines, "error "+e.Path+" "+e.Object+" "+e.Reason)
	}
	return lines
}

func seedOf(id finding.ID) string {
	for i, key := range slices.Concat(fileKeys, messageKeys) {
		if finding.NewKey(key).ID() == id {
			return fmt.Sprint("#", i)
		}
	}
	return string(id)
}

func short(id string) string { return id[:min(len(id), 8)] }

func commitOf(m *finding.Moment) string {
	if m == nil {
		return "-"
	}
	return short(m.Commit)
}

func idOf(c *told) string {
	if c == nil {
		return "-"
	}
	return short(c.id)
}

// describe writes what git says in the same lines.
func (o *oracle) describe() []string {
	var lines []string
	paths := map[string]bool{}
	for _, c := range o.order {
		for path := range c.files {
			paths[path] = true
		}
	}
	for at := range o.index {
		paths[at[0]] = true
	}
	var kept []string
	for name, tip := range o.refs {
		if !strings.HasPrefix(name, "refs/notes/") {
			kept = append(kept, tip)
		}
	}
	for name, tip := range o.heads {
		if isHead(name) {
			kept = append(kept, tip)
		}
	}
	inRefs := o.ancestors(kept...)
	inNotes := map[string]bool{}
	if tip, ok := o.refs["refs/notes/commits"]; ok {
		inNotes = o.ancestors(tip)
	}
	for _, key := range slices.Concat(fileKeys, messageKeys) {
		inHead, any := false, false
		var firsts, lasts, removals []*told
		oldest := int64(-1)
		authors := map[string]bool{}
		add := func(l *life) {
			any = true
			if l.first != nil {
				firsts, lasts = append(firsts, l.first), append(lasts, l.last)
				if oldest < 0 || *l.oldest < oldest {
					oldest = *l.oldest
				}
			}
			if l.removed != nil {
				removals = append(removals, l.removed)
			}
			for _, c := range l.entered {
				authors[c.author] = true
			}
		}
		for path := range paths {
			l := o.life(func(c *told) []string { return o.at(c, path, key) })
			for at := range o.index {
				if at[0] == path && strings.Contains(o.blobs[at[1]], key) {
					l.versions[at[1]] = true
				}
			}
			if len(l.versions) == 0 {
				continue
			}
			add(l)
			location, reachable := finding.InBlob, "false"
			onlyNotes := true
			for _, c := range o.order {
				if len(o.at(c, path, key)) > 0 {
					if inRefs[c.id] || inNotes[c.id] {
						reachable = "true"
					}
					onlyNotes = onlyNotes && inNotes[c.id] && !inRefs[c.id]
				}
			}
			held := len(o.at(o.commits[o.head], path, key)) > 0
			removed := l.removed
			if held {
				inHead, removed = true, nil
			}
			switch {
			case l.first == nil:
				location, reachable = finding.InIndex, "-"
			case onlyNotes:
				location = finding.InNote
			}
			lines = append(lines, fmt.Sprintf("finding %s %s %q versions=%d blob=%s first=%s last=%s removed=%s reachable=%s",
				seedOf(finding.NewKey(key).ID()), location, path, len(l.versions), short(o.newest(path, l.versions)), idOf(l.first), idOf(l.last), idOf(removed), reachable))
		}
		message := &life{versions: map[string]bool{}}
		reachable := false
		for _, c := range o.order {
			if strings.Contains(c.message, key) {
				message.versions[c.id] = true
				message.entered = append(message.entered, c)
				message.last = c
				if message.first == nil {
					message.first = c
				}
				if message.oldest == nil || c.date < *message.oldest {
					message.oldest = &c.date
				}
				reachable = reachable || inRefs[c.id] || inNotes[c.id]
			}
		}
		if message.first != nil {
			add(message)
			lines = append(lines, fmt.Sprintf("finding %s %s %q versions=%d blob= first=%s last=%s removed=- reachable=%v",
				seedOf(finding.NewKey(key).ID()), finding.InCommitMessage, "", len(message.versions), idOf(message.first), idOf(message.last), reachable))
		}
		if key == fileKeys[1] { // the blob without a name
			any = true
			for id, content := range o.blobs {
				if strings.HasPrefix(content, "unnamed") {
					lines = append(lines, fmt.Sprintf("finding #1 blob %q versions=1 blob=%s first=- last=- removed=- reachable=false", "", short(id)))
				}
			}
		}
		if !any {
			continue
		}
		byPlace := func(a, b *told) int { return a.place - b.place }
		var first, last, removed *told
		if len(firsts) > 0 {
			first, last = slices.MinFunc(firsts, byPlace), slices.MaxFunc(lasts, byPlace)
		}
		if len(removals) > 0 && !inHead {
			removed = slices.MaxFunc(removals, byPlace)
		}
		created := "-"
		if oldest >= 0 {
			created = time.Unix(oldest, 0).UTC().Format(time.RFC3339)
		}
		var names []string
		for name := range authors {
			names = append(names, name)
		}
		slices.Sort(names)
		refs, work, stash, logs := o.reach(func(c *told) bool {
			if strings.Contains(c.message, key) {
				return true
			}
			for path := range c.files {
				if len(o.at(c, path, key)) > 0 {
					return true
				}
			}
			return false
		})
		lines = append(lines, fmt.Sprintf("key %s in_head=%v created=%s first=%s last=%s removed=%s authors=%s refs=%v work=%v stash=%v logs=%v",
			seedOf(finding.NewKey(key).ID()), inHead, created, idOf(first), idOf(last), idOf(removed), strings.Join(names, ","), refs, work, stash, logs))
	}
	return lines
}
