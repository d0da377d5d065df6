package history

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A group is one place in the sense of a finding: a key at a path, whatever
// versions of the path hold it.
type group struct {
	hit      detect.Hit // of the version that is reported
	location finding.Location
	path     string
	versions []version // the objects that hold it; sorted by id in the end

	first, last, removed int32   // commits, or noCommit
	leftHead             bool    // whether removed is in HEAD's history
	entered              []int32 // every commit that brought it in
}

// A version is one object that holds a group's key.
type version struct {
	pair int32
	hit  detect.Hit
}

// noCommit stands for "no commit" where a commit's place in the graph is kept.
const noCommit = -1

// An attribution is the story of every group, told by the commits.
type attribution struct {
	until    context.Context // loops leave off when it ends
	graph    *graph
	sets     *sets
	groups   []*group
	byName   map[string]int32
	pairs    []pair
	byPair   map[pair]int32
	groupsOf []setID         // by pair
	asGroups map[setID]setID // memo of groupSet
	held     []setID         // by commit: pairs in its tree
	own      map[int32]setID // by commit: groups in its own text
	oldest   []int64         // by group: the earliest committer date of a commit that holds it, or noDate
	reach    []setID         // by commit: groups it or an ancestor holds
}

func newAttribution(ctx context.Context, g *graph, s *sets) *attribution {
	return &attribution{
		until: ctx, graph: g, sets: s,
		byName: map[string]int32{}, byPair: map[pair]int32{},
		own: map[int32]setID{}, asGroups: map[setID]setID{},
	}
}

// group returns the number of the group that a hit at p belongs to. A blob
// without a path is a place of its own.
func (a *attribution) group(p pair, h detect.Hit) int32 {
	place := p.path
	if place == "" && p.location == finding.InBlob {
		place = p.id.String()
	}
	name := strings.Join([]string{string(p.location), place, string(h.Key.ID()), h.Member, strings.Join(h.Layers, ","), strconv.Itoa(h.Ordinal)}, "\x00")
	n, ok := a.byName[name]
	if !ok {
		n = int32(len(a.groups))
		a.byName[name] = n
		a.groups = append(a.groups, &group{hit: h, location: p.location, path: p.path, first: noCommit, last: noCommit, removed: noCommit})
	}
	return n
}

// addPair returns the number of the pair and makes its groups when it is new.
func (a *attribution) addPair(p pair, hits []detect.Hit) int32 {
	if n, ok := a.byPair[p]; ok {
		return n
	}
	n := int32(len(a.pairs))
	a.byPair[p] = n
	a.pairs = append(a.pairs, p)
	of := emptySet
	for _, h := range hits {
		g := a.group(p, h)
		a.groups[g].versions = append(a.groups[g].versions, version{pair: n, hit: h})
		of = a.sets.union(of, a.sets.one(g))
	}
	a.groupsOf = append(a.groupsOf, of)
	return n
}

// groupSet returns the groups of a set of pairs.
func (a *attribution) groupSet(pairs setID) setID {
	return a.sets.image(pairs, a.asGroups, func(p int32) setID { return a.groupsOf[p] })
}

// follow goes through the commits from the oldest on and notes, for every
// group, which commits brought it in and took it out. A commit brings in what
// none of its parents has. It takes out what a parent has, unless another parent
// had it once and lost it: then it was taken out there. Head marks the commits
// that HEAD reaches; a group is taken out there if it ever was.
func (a *attribution) follow(head []bool) {
	n := len(a.graph.commits)
	a.reach = make([]setID, n)
	groups := make([]setID, n)
	for i := range n {
		if a.until.Err() != nil {
			return
		}
		held := a.groupSet(a.held[i])
		groups[i] = held
		had, lost, reach := emptySet, emptySet, a.sets.union(held, a.own[int32(i)])
		for _, p := range a.graph.parents[i] {
			had = a.sets.union(had, groups[p])
			lost = a.sets.union(lost, a.sets.minus(a.reach[p], groups[p]))
			reach = a.sets.union(reach, a.reach[p])
		}
		a.reach[i] = reach
		entered := a.sets.union(a.sets.minus(held, had), a.own[int32(i)])
		for g := range a.sets.all(entered) {
			a.groups[g].enter(int32(i))
		}
		if len(a.graph.parents[i]) < len(a.graph.commits[i].parents) {
			continue // a parent is not here: what it held is not known
		}
		for g := range a.sets.all(a.sets.minus(a.sets.minus(had, held), lost)) {
			a.groups[g].leave(int32(i), head == nil || head[i])
		}
	}
	for i := range groups {
		groups[i] = a.sets.union(groups[i], a.own[int32(i)])
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(n - 1 - i)
	}
	a.meet(order, groups, func(g, commit int32) { a.groups[g].last = commit })
	slices.SortFunc(order, func(i, j int32) int { return cmp.Compare(a.graph.commits[i].when, a.graph.commits[j].when) })
	a.oldest = slices.Repeat([]int64{noDate}, len(a.groups))
	undated := slices.IndexFunc(order, func(i int32) bool { return a.graph.commits[i].when != noDate })
	if undated >= 0 {
		a.meet(order[undated:], groups, func(g, commit int32) { a.oldest[g] = a.graph.commits[commit].when })
	}
}

// fresh returns the pairs that none of the commit's parents has.
func (a *attribution) fresh(commit int32) setID {
	fresh := a.held[commit]
	for _, p := range a.graph.parents[commit] {
		fresh = a.sets.minus(fresh, a.held[p])
	}
	return fresh
}

// meet goes through commits in the order given and calls f with the first one
// that holds each member.
func (a *attribution) meet(order []int32, held []setID, f func(member, commit int32)) {
	seen, last := emptySet, emptySet
	for _, i := range order {
		if a.until.Err() != nil {
			return
		}
		if held[i] == last {
			continue
		}
		last = held[i]
		for m := range a.sets.all(a.sets.minus(last, seen)) {
			f(m, i)
		}
		seen = a.sets.union(seen, last)
	}
}

// enter notes a commit that brought the group in. They come in order.
func (g *group) enter(commit int32) {
	if g.first == noCommit {
		g.first = commit
	}
	g.entered = append(g.entered, commit)
}

// leave notes a commit that took the group out. They come in order.
func (g *group) leave(commit int32, inHead bool) {
	if inHead || !g.leftHead {
		g.removed, g.leftHead = commit, inHead
	}
}

// newest puts into every group the hit of its newest version: the index's, then
// HEAD's, then the one whose last holder has the latest committer date.
func (a *attribution) newest(index, head setID) {
	latest := slices.Repeat([]int64{noDate}, len(a.pairs))
	order := make([]int32, len(a.held))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int { return cmp.Compare(a.graph.commits[j].when, a.graph.commits[i].when) })
	a.meet(order, a.held, func(p, commit int32) { latest[p] = a.graph.commits[commit].when })
	for i, p := range a.pairs {
		if at, ok := a.graph.index[p.id]; ok {
			latest[i] = a.graph.commits[at].when // the text of a commit
		}
	}
	for _, g := range a.groups {
		if len(g.versions) == 0 || a.until.Err() != nil {
			continue
		}
		slices.SortFunc(g.versions, func(x, y version) int {
			return cmp.Or(
				-compareBool(a.sets.has(index, x.pair), a.sets.has(index, y.pair)),
				-compareBool(a.sets.has(head, x.pair), a.sets.has(head, y.pair)),
				-cmp.Compare(latest[x.pair], latest[y.pair]),
				a.pairs[x.pair].id.Compare(a.pairs[y.pair].id),
			)
		})
		g.hit = g.versions[0].hit
	}
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// blobs counts the distinct objects among a group's versions.
func (a *attribution) blobs(g *group) int {
	ids := map[gitobj.ID]struct{}{}
	for _, v := range g.versions {
		ids[a.pairs[v.pair].id] = struct{}{}
	}
	return len(ids)
}
