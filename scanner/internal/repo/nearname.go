package repo

import (
	"math"
	"slices"
	"strings"
)

// nearNames returns up to three short names of refs that differ from name by at
// most a third of its letters, the nearest first.
func (r *Repo) nearNames(name string) []string {
	type near struct {
		name     string
		distance int
	}
	refs, _, err := r.refStore().all()
	if err != nil || name == "" {
		return nil
	}
	var found []near
	for _, ref := range refs {
		short := ref.Name
		for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			short = strings.TrimPrefix(short, prefix)
		}
		if d := distance(name, short); d <= max(1, len(name)/3) {
			found = append(found, near{short, d})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, n := range found {
		if !slices.Contains(names, n.name) && len(names) < 3 {
			names = append(names, n.name)
		}
	}
	return names
}

// distance is the number of bytes to insert, delete, replace or swap with their
// neighbour to make b of a (optimal string alignment). Names of very different
// length are not compared.
func distance(a, b string) int {
	if len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return math.MaxInt
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, prev, row = prev, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
