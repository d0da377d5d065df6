package history

import (
	"cmp"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An oracle is what git's plain commands say of a repository.
type oracle struct {
	commits map[string]*told
	order   []*told             // parents first, of those that are ready the oldest
	blobs   map[string]string   // content by id
	refs    map[string]string   // commit by full name; refs only
	heads   map[string]string   // commit by name of a detached HEAD or pseudo ref
	logs    map[string][]string // commits, newest first; the last one's predecessor too
	head    string
	index   map[[2]string]bool // path and blob
}

// A told is a commit as git log has it.
type told struct {
	id, author, message string
	date                int64
	parents             []string
	files               map[string]string // blob by path
	place               int
}

func newOracle(g *gitDir) *oracle {
	o := &oracle{
		commits: map[string]*told{}, blobs: map[string]string{}, refs: map[string]string{},
		heads: map[string]string{}, logs: map[string][]string{}, index: map[[2]string]bool{},
	}
	var ids []string
	for _, line := range g.lines("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)") {
		switch typ, id, _ := strings.Cut(line, " "); typ {
		case "commit":
			ids = append(ids, id)
		case "blob":
			o.blobs[id] = g.run("cat-file", "blob", id)
		}
	}
	log := g.feed(strings.Join(ids, "\n"), "log", "--no-walk=unsorted", "--stdin", "--format=%H%x01%P%x01%ct%x01%an%x01%B%x02")
	for entry := range strings.SplitSeq(log, "\x02") {
		f := strings.Split(strings.TrimPrefix(entry, "\n"), "\x01")
		if len(f) < 5 {
			continue
		}
		c := &told{id: f[0], parents: strings.Fields(f[1]), author: f[3], message: f[4], files: map[string]string{}}
		c.date, _ = strconv.ParseInt(f[2], 10, 64)
		for entry := range strings.SplitSeq(g.run("ls-tree", "-r", "-z", c.id), "\x00") {
			if info, path, ok := strings.Cut(entry, "\t"); ok {
				c.files[path] = strings.Fields(info)[2]
			}
		}
		o.commits[c.id] = c
	}
	for len(o.order) < len(o.commits) {
		var next *told
		for _, c := range o.commits {
			placed := func(id string) bool {
				p := o.commits[id]
				return p == nil || slices.Contains(o.order, p)
			}
			if slices.Contains(o.order, c) || slices.ContainsFunc(c.parents, func(p string) bool { return !placed(p) }) {
				continue
			}
			if next == nil || cmp.Or(cmp.Compare(c.date, next.date), cmp.Compare(c.id, next.id)) < 0 {
				next = c
			}
		}
		next.place = len(o.order)
		o.order = append(o.order, next)
	}
	for _, name := range g.lines("for-each-ref", "--format=%(refname)") {
		o.refs[name] = g.run("rev-parse", name+"^{commit}")
	}
	o.head = g.run("rev-parse", "HEAD")
	gitDir := filepath.Join(g.dir, ".git")
	filepath.WalkDir(gitDir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(gitDir, path)
		if err != nil || d.IsDir() {
			return err
		}
		data, _ := os.ReadFile(path)
		name, work := rel, ""
		if after, ok := strings.CutPrefix(rel, "worktrees/"); ok {
			tree, rest, _ := strings.Cut(after, "/")
			name, work = rest, "worktrees/"+tree+"/"
		}
		if ref, ok := strings.CutPrefix(name, "logs/"); ok {
			var list []string
			for line := range strings.Lines(string(data)) {
				if list == nil {
					list = append(list, line[:40])
				}
				list = append(list, line[41:81])
			}
			slices.Reverse(list)
			o.logs[work+ref] = list
		}
		if (name == "HEAD" || name == "ORIG_HEAD") && len(data) == 41 {
			o.heads[work+name] = string(data[:40])
		}
		return nil
	})
	dirs := []string{g.dir}
	if _, err := os.Stat(filepath.Join(gitDir, "linked")); err == nil {
		dirs = append(dirs, filepath.Join(gitDir, "linked"))
	}
	for _, dir := range dirs {
		for entry := range strings.SplitSeq(g.run("-C", dir, "ls-files", "-s", "-z"), "\x00") {
			if info, path, ok := strings.Cut(entry, "\t"); ok {
				o.index[[2]string{path, strings.Fields(info)[1]}] = true
			}
		}
	}
	return o
}

// ancestors returns the commit and all behind it.
func (o *oracle) ancestors(tips ...string) map[string]bool {
	seen := map[string]bool{}
	for len(tips) > 0 {
		id := tips[len(tips)-1]
		tips = tips[:len(tips)-1]
		if c := o.commits[id]; c != nil && !seen[id] {
			seen[id] = true
			tips = append(tips, c.parents...)
		}
	}
	return seen
}

// A life is the story of something that commits hold: a key at a path, or a key.
type life struct {
	entered              []*told
	first, last, removed *told
	oldest               *int64
	versions             map[string]bool
}

// life follows what hold says that each commit holds, as blobs or other names.
func (o *oracle) life(hold func(*told) []string) *life {
	l := &life{versions: map[string]bool{}}
	holds := map[string]bool{}
	for _, c := range o.order {
		list := hold(c)
		holds[c.id] = len(list) > 0
		for _, v := range list {
			l.versions[v] = true
		}
	}
	everHeld := func(id string) bool {
		for a := range o.ancestors(id) {
			if holds[a] {
				return true
			}
		}
		return false
	}
	inHead := o.ancestors(o.head)
	var removedAnywhere *told
	for _, c := range o.order {
		had, lost := false, false
		for _, p := range c.parents {
			had = had || holds[p]
			lost = lost || !holds[p] && everHeld(p)
		}
		if holds[c.id] {
			l.last = c
			if l.oldest == nil || c.date < *l.oldest {
				l.oldest = &c.date
			}
			if !had {
				l.entered = append(l.entered, c)
			}
		} else if had && !lost {
			removedAnywhere = c
			if inHead[c.id] {
				l.removed = c
			}
		}
	}
	if l.removed == nil {
		l.removed = removedAnywhere
	}
	if len(l.entered) > 0 {
		l.first = l.entered[0]
	}
	return l
}

// at returns the blob at the path, if it holds the key.
func (o *oracle) at(c *told, path, key string) []string {
	if id, ok := c.files[path]; ok && strings.Contains(o.blobs[id], key) {
		return []string{id}
	}
	return nil
}

// newest returns the blob that a finding is about.
func (o *oracle) newest(path string, versions map[string]bool) string {
	return slices.MinFunc(slices.Collect(maps.Keys(versions)), func(a, b string) int {
		rank := func(id string) (index, head, date int64) {
			if o.index[[2]string{path, id}] {
				index = 1
			}
			if o.commits[o.head].files[path] == id {
				head = 1
			}
			date = -1
			for _, c := range o.order {
				if c.files[path] == id {
					date = max(date, c.date)
				}
			}
			return
		}
		ai, ah, ad := rank(a)
		bi, bh, bd := rank(b)
		return cmp.Or(cmp.Compare(bi, ai), cmp.Compare(bh, ah), cmp.Compare(bd, ad), cmp.Compare(a, b))
	})
}

// reach lists the names from which a commit is reached that holds something.
func (o *oracle) reach(holds func(*told) bool) (refs, work, stash, logs []string) {
	from := func(tip string) bool {
		for id := range o.ancestors(tip) {
			if holds(o.commits[id]) {
				return true
			}
		}
		return false
	}
	reached := map[string]bool{}
	for name, tip := range o.refs {
		if reached[name] = from(tip); reached[name] && name != "refs/stash" {
			refs = append(refs, name)
		}
	}
	for name, tip := range o.heads {
		if reached[name] = from(tip); reached[name] {
			work = append(work, name)
		}
	}
	for name, list := range o.logs {
		if name == "HEAD" {
			reached[name] = from(o.head)
		}
		for i, id := range list {
			switch {
			case name == "refs/stash":
				if i < len(list)-1 && from(id) {
					stash = append(stash, "stash@{"+strconv.Itoa(i)+"}")
				}
			case !reached[name] && from(id):
				reached[name] = true
				logs = append(logs, name+"@{"+strconv.Itoa(min(i, len(list)-2))+"}")
			}
		}
	}
	for _, list := range [][]string{refs, work, stash, logs} {
		slices.Sort(list)
	}
	return
}
