package history

import (
	"cmp"
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

	first, last, removed int32   // commits; -1: none
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
	graph    *graph
	sets     *sets
	groups   []*group
	byName   map[string]int32
	pairs    []pair
	byPair   map[pair]int32
	groupsOf [][]int32       // by pair
	held     []setID         // by commit: pairs in its tree
	own      map[int32]setID // by commit: groups in its own text
	asGroups map[setID]setID // memo: a set of pairs as a set of groups
	oldest   []int64         // by group: the earliest committer date of a commit that holds it; -1: none
	reach    []setID         // by commit: groups it or an ancestor holds
}

func newAttribution(g *graph) *attribution {
	return &attribution{
		graph: g, sets: newSets(),
		byName: map[string]int32{}, byPair: map[pair]int32{},
		own: map[int32]setID{}, asGroups: map[setID]setID{emptySet: emptySet},
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
	var of []int32
	for _, h := range hits {
		g := a.group(p, h)
		a.groups[g].versions = append(a.groups[g].versions, version{pair: n, hit: h})
		of = append(of, g)
	}
	slices.Sort(of)
	a.groupsOf = append(a.groupsOf, slices.Compact(of))
	return n
}

// groupSet returns the groups of a set of pairs.
func (a *attribution) groupSet(pairs setID) setID {
	if id, ok := a.asGroups[pairs]; ok {
		return id
	}
	var all []int32
	for _, p := range a.sets.of(pairs) {
		all = append(all, a.groupsOf[p]...)
	}
	slices.Sort(all)
	id := a.sets.intern(slices.Compact(all))
	a.asGroups[pairs] = id
	return id
}

// follow goes through the commits from the oldest on and notes, for every
// group, which commits brought it in and took it out. A commit brings in what
// none of its parents has; it takes out what all of its parents have.
func (a *attribution) follow(head []bool) {
	n := len(a.graph.commits)
	a.reach = make([]setID, n)
	lastHolder := map[setID]int32{}
	oldest := map[setID]int64{}
	for i := range n {
		held := a.groupSet(a.held[i])
		lastHolder[held] = int32(i)
		if when, ok := oldest[held]; !ok || a.graph.commits[i].when < when {
			oldest[held] = a.graph.commits[i].when
		}
		reach := a.sets.union(held, a.own[int32(i)])
		parents := a.graph.parents[i]
		had, kept := emptySet, emptySet
		for k, p := range parents {
			before := a.groupSet(a.held[p])
			had = a.sets.union(had, before)
			if k == 0 {
				kept = before
			} else if kept != before {
				kept = a.sets.intern(a.common(kept, before))
			}
			reach = a.sets.union(reach, a.reach[p])
		}
		a.reach[i] = reach
		for _, g := range a.sets.minus(held, had) {
			if a.groups[g].first == noCommit {
				a.groups[g].first = int32(i)
			}
			a.groups[g].entered = append(a.groups[g].entered, int32(i))
		}
		if len(parents) < len(a.graph.commits[i].parents) {
			continue // a parent is not here: what it held is not known
		}
		for _, g := range a.sets.minus(kept, held) {
			if head == nil || head[i] {
				a.groups[g].removed = int32(i)
			}
		}
	}
	a.oldest = make([]int64, len(a.groups))
	for g := range a.oldest {
		a.oldest[g] = -1
	}
	for set, when := range oldest {
		for _, g := range a.sets.of(set) {
			a.older(g, when)
		}
	}
	for set, i := range lastHolder {
		for _, g := range a.sets.of(set) {
			a.groups[g].last = max(a.groups[g].last, i)
		}
	}
	for i, set := range a.own {
		for _, g := range a.sets.of(set) {
			group := a.groups[g]
			if group.first == noCommit || i < group.first {
				group.first = i
			}
			group.last = max(group.last, i)
			group.entered = append(group.entered, i)
			a.older(g, a.graph.commits[i].when)
		}
	}
}

// older notes that a commit of that date holds the group.
func (a *attribution) older(g int32, when int64) {
	if a.oldest[g] < 0 || when < a.oldest[g] {
		a.oldest[g] = when
	}
}

func (a *attribution) common(x, y setID) []int32 {
	var both []int32
	for _, m := range a.sets.of(x) {
		if a.sets.has(y, m) {
			both = append(both, m)
		}
	}
	return both
}

// newest puts into every group the hit of its newest version: the index's, then
// HEAD's, then the one whose last holder has the latest committer date.
func (a *attribution) newest(index, head setID) {
	latest := make([]int64, len(a.pairs))
	for i := range latest {
		latest[i] = -1
	}
	seen := map[setID]int64{}
	for i, set := range a.held {
		seen[set] = max(seen[set], a.graph.commits[i].when)
	}
	for set, when := range seen {
		for _, p := range a.sets.of(set) {
			latest[p] = max(latest[p], when)
		}
	}
	for i, p := range a.pairs {
		if at, ok := a.graph.index[p.id]; ok {
			latest[i] = a.graph.commits[at].when // the text of a commit
		}
	}
	for _, g := range a.groups {
		if len(g.versions) == 0 {
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
