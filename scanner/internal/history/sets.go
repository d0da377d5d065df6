package history

import (
	"slices"
)

// A setID names an interned set of small numbers. Commits that hold the same
// keys share one set, so that comparing two commits compares two numbers, and
// a history of a million commits costs as many sets as there were changes.
type setID int32

// emptySet is the set without members.
const emptySet setID = 0

// sets interns sorted sets and remembers the unions it made. It belongs to one
// goroutine.
type sets struct {
	members [][]int32
	byHash  map[uint64][]setID
	unions  map[[2]setID]setID
}

func newSets() *sets {
	s := &sets{byHash: map[uint64][]setID{}, unions: map[[2]setID]setID{}}
	s.intern(nil)
	return s
}

// intern returns the set with the given members, which must be sorted and
// distinct. It keeps no reference to them.
func (s *sets) intern(members []int32) setID {
	hash := uint64(14695981039346656037)
	for _, m := range members {
		hash = (hash ^ uint64(m)) * 1099511628211
	}
	for _, id := range s.byHash[hash] {
		if slices.Equal(s.members[id], members) {
			return id
		}
	}
	id := setID(len(s.members))
	s.members = append(s.members, slices.Clone(members))
	s.byHash[hash] = append(s.byHash[hash], id)
	return id
}

// of returns the set's members, sorted. The caller must not change them.
func (s *sets) of(id setID) []int32 { return s.members[id] }

// union returns the set of what is in a, in b or in both.
func (s *sets) union(a, b setID) setID {
	if a == b || b == emptySet {
		return a
	}
	if a == emptySet {
		return b
	}
	key := [2]setID{min(a, b), max(a, b)}
	if id, ok := s.unions[key]; ok {
		return id
	}
	both := slices.Concat(s.of(a), s.of(b))
	slices.Sort(both)
	id := s.intern(slices.Compact(both))
	s.unions[key] = id
	return id
}

// minus returns the members of a that are not in b.
func (s *sets) minus(a, b setID) []int32 {
	if a == b {
		return nil
	}
	var rest []int32
	other := s.of(b)
	for _, m := range s.of(a) {
		if _, in := slices.BinarySearch(other, m); !in {
			rest = append(rest, m)
		}
	}
	return rest
}

// has tells whether m is in the set.
func (s *sets) has(id setID, m int32) bool {
	_, ok := slices.BinarySearch(s.of(id), m)
	return ok
}
