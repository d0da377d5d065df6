package history

import (
	"iter"
	"math/bits"
)

// A setID names a set of small numbers. Sets with the same members have the same
// id, so that comparing what two commits hold compares two numbers.
type setID int32

// emptySet is the set without members.
const emptySet setID = 0

// sets keeps sets as tries whose equal parts are stored once (Okasaki and Gill,
// Fast Mergeable Integer Maps, 1998, with 64 members to a leaf, and every node
// interned). A set that differs from another in a few members costs a few nodes,
// and so does finding out in which: a history of n commits that each add a key
// needs memory in proportion to n log n, not to n². It belongs to one goroutine.
type sets struct {
	nodes []setNode
	ids   map[setNode]setID
	done  map[operation]setID
}

// A setNode is a leaf, with up to 64 members from prefix*64 on; or, where fork is
// not 0, a branch whose leaves' prefixes agree above the bit fork, which is 0 in
// all of low and 1 in all of high.
type setNode struct {
	prefix, fork uint32
	low, high    setID
	members      uint64
}

// An operation on two sets, remembered with its result.
type operation struct {
	kind byte
	a, b setID
}

func newSets() *sets {
	return &sets{nodes: make([]setNode, 1), ids: map[setNode]setID{{}: emptySet}, done: map[operation]setID{}}
}

func (s *sets) node(n setNode) setID {
	id, ok := s.ids[n]
	if !ok {
		id = setID(len(s.nodes))
		s.nodes = append(s.nodes, n)
		s.ids[n] = id
	}
	return id
}

func (s *sets) leaf(prefix uint32, members uint64) setID {
	if members == 0 {
		return emptySet
	}
	return s.node(setNode{prefix: prefix, members: members})
}

// branch makes a branch as n, with other sides.
func (s *sets) branch(n setNode, low, high setID) setID {
	switch {
	case low == emptySet:
		return high
	case high == emptySet:
		return low
	}
	return s.node(setNode{prefix: n.prefix, fork: n.fork, low: low, high: high})
}

// join makes a branch over two sets with different prefixes.
func (s *sets) join(a, b setID) setID {
	p, q := s.nodes[a].prefix, s.nodes[b].prefix
	fork := uint32(1) << (bits.Len32(p^q) - 1)
	if q&fork == 0 {
		a, b = b, a
	}
	return s.node(setNode{prefix: p &^ (fork<<1 - 1), fork: fork, low: a, high: b})
}

// one returns the set with the one member m, which is not negative.
func (s *sets) one(m int32) setID { return s.leaf(uint32(m)>>6, 1<<(uint32(m)&63)) }

// of returns the set with the given members.
func (s *sets) of(members ...int32) setID {
	set := emptySet
	for _, m := range members {
		set = s.union(set, s.one(m))
	}
	return set
}

// covers tells whether leaves with the prefix p may lie under the branch n.
func (n setNode) covers(p uint32) bool { return p&^(n.fork<<1-1) == n.prefix }

// The operations.
const (
	union byte = iota
	minus
)

// remember keeps the results of operations, but not more than a million.
func (s *sets) remember(op operation, result setID) setID {
	if len(s.done) >= 1<<20 {
		clear(s.done)
	}
	s.done[op] = result
	return result
}

// union returns the set of what is in a, in b or in both.
func (s *sets) union(a, b setID) setID {
	if a > b {
		a, b = b, a
	}
	if a == b || a == emptySet {
		return b
	}
	x, y := s.nodes[a], s.nodes[b]
	if x.fork == 0 && y.fork == 0 && x.prefix == y.prefix {
		return s.leaf(x.prefix, x.members|y.members)
	}
	op := operation{union, a, b}
	if done, ok := s.done[op]; ok {
		return done
	}
	if x.fork < y.fork {
		a, b, x, y = b, a, y, x
	}
	switch {
	case x.fork == 0 || !x.covers(y.prefix):
		return s.remember(op, s.join(a, b))
	case x.fork == y.fork:
		return s.remember(op, s.branch(x, s.union(x.low, y.low), s.union(x.high, y.high)))
	case y.prefix&x.fork == 0:
		return s.remember(op, s.branch(x, s.union(x.low, b), x.high))
	}
	return s.remember(op, s.branch(x, x.low, s.union(x.high, b)))
}

// minus returns the set of what is in a and not in b.
func (s *sets) minus(a, b setID) setID {
	if a == b || a == emptySet {
		return emptySet
	}
	if b == emptySet {
		return a
	}
	x, y := s.nodes[a], s.nodes[b]
	if x.fork == 0 && y.fork == 0 {
		if x.prefix != y.prefix {
			return a
		}
		return s.leaf(x.prefix, x.members&^y.members)
	}
	op := operation{minus, a, b}
	if done, ok := s.done[op]; ok {
		return done
	}
	switch {
	case x.fork == y.fork && x.prefix == y.prefix:
		return s.remember(op, s.branch(x, s.minus(x.low, y.low), s.minus(x.high, y.high)))
	case x.fork > y.fork && x.covers(y.prefix) && y.prefix&x.fork == 0:
		return s.remember(op, s.branch(x, s.minus(x.low, b), x.high))
	case x.fork > y.fork && x.covers(y.prefix):
		return s.remember(op, s.branch(x, x.low, s.minus(x.high, b)))
	case y.fork > x.fork && y.covers(x.prefix) && x.prefix&y.fork == 0:
		return s.remember(op, s.minus(a, y.low))
	case y.fork > x.fork && y.covers(x.prefix):
		return s.remember(op, s.minus(a, y.high))
	}
	return a
}

// common returns the set of what is in both.
func (s *sets) common(a, b setID) setID { return s.minus(a, s.minus(a, b)) }

// has tells whether m is in the set.
func (s *sets) has(id setID, m int32) bool {
	p := uint32(m) >> 6
	n := s.nodes[id]
	for n.fork != 0 {
		if p&n.fork == 0 {
			n = s.nodes[n.low]
		} else {
			n = s.nodes[n.high]
		}
	}
	return n.prefix == p && n.members>>(uint32(m)&63)&1 != 0
}

// all yields the members of the set in order.
func (s *sets) all(id setID) iter.Seq[int32] {
	return func(yield func(int32) bool) { s.walk(id, yield) }
}

func (s *sets) walk(id setID, yield func(int32) bool) bool {
	n := s.nodes[id]
	if n.fork != 0 {
		return s.walk(n.low, yield) && s.walk(n.high, yield)
	}
	for m := n.members; m != 0; m &= m - 1 {
		if !yield(int32(n.prefix<<6) + int32(bits.TrailingZeros64(m))) {
			return false
		}
	}
	return true
}

// image returns the union of f(m) over all members m. Done remembers it for
// parts of sets; it belongs to one f.
func (s *sets) image(id setID, done map[setID]setID, f func(int32) setID) setID {
	if id == emptySet {
		return emptySet
	}
	if result, ok := done[id]; ok {
		return result
	}
	result := emptySet
	if n := s.nodes[id]; n.fork != 0 {
		result = s.union(s.image(n.low, done, f), s.image(n.high, done, f))
	} else {
		for m := range s.all(id) {
			result = s.union(result, f(m))
		}
	}
	done[id] = result
	return result
}
