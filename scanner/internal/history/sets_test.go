package history

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// Sets are compared with maps over random operations, in ranges that make all
// shapes: one leaf, neighbouring leaves, far ones.
func TestSets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int32{64, 70, 1000, 1 << 20, 1<<31 - 1} {
		s := newSets()
		type both struct {
			id  setID
			set map[int32]bool
		}
		list := []both{{emptySet, map[int32]bool{}}}
		for range 3000 {
			x, y := list[r.IntN(len(list))], list[r.IntN(len(list))]
			m := r.Int32N(limit)
			want := map[int32]bool{}
			var got setID
			switch r.IntN(4) {
			case 0:
				got = s.union(x.id, s.one(m))
				maps.Copy(want, x.set)
				want[m] = true
			case 1:
				got = s.union(x.id, y.id)
				maps.Copy(want, x.set)
				maps.Copy(want, y.set)
			case 2:
				got = s.minus(x.id, y.id)
				for k := range x.set {
					if !y.set[k] {
						want[k] = true
					}
				}
			case 3:
				got = s.common(x.id, y.id)
				for k := range x.set {
					if y.set[k] {
						want[k] = true
					}
				}
			}
			members := slices.Sorted(maps.Keys(want))
			if list := slices.Collect(s.all(got)); !slices.Equal(list, members) {
				t.Fatalf("members %v, want %v", list, members)
			}
			if again := s.of(members...); again != got {
				t.Fatalf("the set %v has two ids", members)
			}
			if s.has(got, m) != want[m] {
				t.Fatalf("has(%v, %d) is %v", members, m, !want[m])
			}
			done := map[setID]setID{}
			half := s.image(got, done, func(m int32) setID { return s.one(m / 2) })
			for _, k := range members {
				if !s.has(half, k/2) {
					t.Fatalf("%d is not in the image of %v", k/2, members)
				}
			}
			list = append(list, both{got, want})
			if len(list) > 60 {
				list = slices.Delete(list, 1, 20)
			}
		}
	}
}

// Ten thousand commits that each add a key must not need a set of five thousand
// members each.
func TestSetsShare(t *testing.T) {
	s := newSets()
	set, reach := emptySet, emptySet
	for m := range int32(10_000) {
		set = s.minus(s.union(set, s.one(m)), s.one(max(0, m-100)))
		reach = s.union(reach, set)
	}
	if len(s.nodes) > 500_000 {
		t.Errorf("%d nodes", len(s.nodes))
	}
}
