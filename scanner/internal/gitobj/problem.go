package gitobj

import (
	"cmp"
	"slices"
)

// A Problem names something that could not be read or is not as it should be.
type Problem struct {
	Path   string // the file or directory
	ID     ID     // the object in it; zero if it is not one
	Reason string // what is wrong with it
}

// String returns the problem in one line.
func (p Problem) String() string {
	if p.ID.IsZero() {
		return p.Path + ": " + p.Reason
	}
	return p.Path + ": object " + p.ID.String() + ": " + p.Reason
}

// sortProblems sorts by path, id and reason and drops repetitions.
func sortProblems(list []Problem) []Problem {
	slices.SortFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), a.ID.Compare(b.ID), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(list)
}
