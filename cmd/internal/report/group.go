package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A story is one key with the places it was found in, both as the report holds
// them.
type story struct {
	key    *finding.Exposure
	places []*finding.Finding
}

// stories returns the report by key, the oldest exposure first, keys that were
// never committed last. The places of a key are in the same order.
func stories(r *finding.Report) []story {
	of := exposures(r)
	all := make([]story, 0, len(of))
	at := make(map[finding.ID]int, len(of))
	for i := range r.Findings {
		f := &r.Findings[i]
		n, ok := at[f.Key]
		if !ok {
			n = len(all)
			at[f.Key] = n
			all = append(all, story{key: of[f.Key]})
		}
		all[n].places = append(all[n].places, f)
	}
	for i := range all {
		slices.SortStableFunc(all[i].places, func(a, b *finding.Finding) int {
			return Older(since(a), since(b))
		})
	}
	slices.SortStableFunc(all, func(a, b story) int {
		return cmp.Or(Older(begin(a.key), begin(b.key)), cmp.Compare(a.key.ID, b.key.ID))
	})
	return all
}

// exposures returns the report's keys by id. A finding whose key the report
// does not list, as a report cut by other tools may have it, gets one of its
// own.
func exposures(r *finding.Report) map[finding.ID]*finding.Exposure {
	of := make(map[finding.ID]*finding.Exposure, len(r.Keys))
	for i := range r.Keys {
		of[r.Keys[i].ID] = &r.Keys[i]
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if of[f.Key] == nil {
			of[f.Key] = &finding.Exposure{ID: f.Key, Masked: f.Masked, Rule: f.Rule, Status: finding.Unverified}
		}
	}
	return of
}

// worstFirst returns the findings in the order a reader with little room wants
// them: by verdict, what the checked-out tree holds before history, the oldest
// first.
func worstFirst(r *finding.Report, of map[finding.ID]*finding.Exposure) []*finding.Finding {
	all := make([]*finding.Finding, len(r.Findings))
	for i := range r.Findings {
		all[i] = &r.Findings[i]
	}
	type rank struct {
		verdict verdict
		past    bool
		since   time.Time
	}
	ranks := make(map[*finding.Finding]rank, len(all))
	for _, f := range all {
		ranks[f] = rank{verdictOf(of[f.Key]), !checkedOut(f, of[f.Key]), since(f)}
	}
	slices.SortStableFunc(all, func(a, b *finding.Finding) int {
		x, y := ranks[a], ranks[b]
		if c := cmp.Compare(x.verdict, y.verdict); c != 0 {
			return c
		}
		if x.past != y.past {
			if y.past {
				return -1
			}
			return 1
		}
		return Older(x.since, y.since)
	})
	return all
}

// checkedOut reports whether a finding's place is part of the tree that is
// checked out, as far as a report can tell: a file, or a blob that nothing
// removed from a branch whose HEAD still has the key.
func checkedOut(f *finding.Finding, e *finding.Exposure) bool {
	switch f.Location {
	case finding.InFile, finding.InIndex:
		return true
	case finding.InFileName:
		return f.Tracked != "" || f.Commit == ""
	case finding.InBlob:
		return f.Path != "" && f.Removed == nil && e.InHead && f.Reachable != nil && *f.Reachable
	}
	return false
}

// begin is when a key's exposure began; zero if it never was in a commit.
func begin(e *finding.Exposure) time.Time {
	if e.CreatedNoLaterThan != nil {
		return instant(*e.CreatedNoLaterThan)
	}
	if e.FirstSeen != nil {
		return instant(e.FirstSeen.CommitDate)
	}
	return time.Time{}
}

// since is when a place first held its key; zero if no commit tells.
func since(f *finding.Finding) time.Time {
	if f.Date != "" {
		return instant(f.Date)
	}
	if f.First != nil {
		return instant(f.First.CommitDate)
	}
	return time.Time{}
}

// Older compares two times, the zero time last.
func Older(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
