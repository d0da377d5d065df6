package history

import "context"

// A ladder is what the visitors noted of all trees, put together: every tree
// with its delta base and the steps in which they differ. Its methods leave off
// when ctx ends.
type ladder struct {
	trees []treeNode // base is the place of the base in this list, or -1
	edges []treeEdge
	steps []step
	above [][]int32 // by tree: those that have it for base
}

func newLadder(ctx context.Context, visitors []*treeVisitor) *ladder {
	l := &ladder{}
	number := map[step]int32{}
	place := map[int64]int32{}
	for _, v := range visitors {
		renumbered := make([]int32, len(v.steps))
		for i, s := range v.steps {
			n, ok := number[s]
			if !ok {
				n = int32(len(l.steps))
				l.steps = append(l.steps, s)
				number[s] = n
			}
			renumbered[i] = n
		}
		first := int32(len(l.edges))
		for _, e := range v.edges {
			l.edges = append(l.edges, treeEdge{renumbered[e.step], e.gone})
		}
		for _, t := range v.trees {
			if ctx.Err() != nil {
				return &ladder{}
			}
			t.edges += first
			if t.number >= 0 {
				place[t.number] = int32(len(l.trees))
			}
			l.trees = append(l.trees, t)
		}
	}
	l.above = make([][]int32, len(l.trees))
	for i := range l.trees {
		t := &l.trees[i]
		base, ok := place[t.base]
		if t.base < 0 || !ok {
			t.base = -1
			continue
		}
		t.base = int64(base)
		l.above[base] = append(l.above[base], int32(i))
	}
	return l
}

// own returns the steps in which tree i differs from its base.
func (l *ladder) own(i int32) []treeEdge {
	end := int32(len(l.edges))
	if int(i)+1 < len(l.trees) {
		end = l.trees[i+1].edges
	}
	return l.edges[l.trees[i].edges:end]
}

// climb marks the trees that may lead to a wanted object: those that have a step
// to one or to a marked tree, and all deltas on them, whether or not they still
// have it.
func (l *ladder) climb(ctx context.Context) []bool {
	holders := make([][]int32, len(l.steps)) // by step: the trees in which it is new
	for i := range l.trees {
		if ctx.Err() != nil {
			break
		}
		for _, e := range l.own(int32(i)) {
			if !e.gone {
				holders[e.step] = append(holders[e.step], int32(i))
			}
		}
	}
	to := map[treeKey][]int32{} // steps that lead to a tree
	var open []int32            // steps to be looked at
	for n, s := range l.steps {
		if s.kind == toTree {
			to[s.sub] = append(to[s.sub], int32(n))
		} else {
			open = append(open, int32(n))
		}
	}
	marked := make([]bool, len(l.trees))
	var stack []int32
	for len(open) > 0 {
		stack = append(stack, holders[open[len(open)-1]]...)
		open = open[:len(open)-1]
		for len(stack) > 0 {
			if ctx.Err() != nil {
				return marked
			}
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if marked[i] {
				continue
			}
			marked[i] = true
			stack = append(stack, l.above[i]...)
			key := l.trees[i].key
			open = append(open, to[key]...)
			delete(to, key)
		}
	}
	return marked
}

// follow computes the steps that each marked tree really has and that lead on:
// its base's, less what is gone, and what is new.
func (l *ladder) follow(ctx context.Context, s *sets, marked []bool) map[treeKey]setID {
	from := map[treeKey]setID{}
	leads := map[treeKey]bool{}
	for i, t := range l.trees {
		if marked[i] {
			leads[t.key] = true
		}
	}
	type visit struct {
		tree int32
		base setID
	}
	var stack []visit
	for i, t := range l.trees {
		if marked[i] && (t.base < 0 || !marked[t.base]) {
			stack = append(stack, visit{int32(i), emptySet})
		}
	}
	for len(stack) > 0 && ctx.Err() == nil {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		set := v.base
		for _, e := range l.own(v.tree) {
			if to := &l.steps[e.step]; to.kind == toTree && !leads[to.sub] {
				continue
			}
			if e.gone {
				set = s.minus(set, s.one(e.step))
			} else {
				set = s.union(set, s.one(e.step))
			}
		}
		key := l.trees[v.tree].key
		from[key] = s.union(from[key], set) // a copy of the tree may be damaged
		for _, next := range l.above[v.tree] {
			stack = append(stack, visit{next, set})
		}
	}
	return from
}
