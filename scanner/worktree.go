package scanner

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// A workTree knows what Git thinks of the files of one work tree.
type workTree struct {
	repo    *repo.Repo
	tracked map[string]bool
	fold    bool         // names that differ in case are one (core.ignoreCase)
	ignore  *repo.Ignore // nil if the rules can't be read
}

// workTrees are the work trees that directories lie in.
type workTrees struct {
	getenv func(string) string
	mask   func(string) string  // what a report makes of a path
	byDir  map[string]*workTree // nil of a directory in none
}

// find returns the innermost work tree that the file lies in, and the file's
// slash path there.
func (t *workTrees) find(file string) (tree *workTree, path string, ok bool) {
	if tree = t.of(filepath.Dir(file)); tree == nil {
		return nil, "", false
	}
	path, err := filepath.Rel(tree.repo.WorkTree, file)
	path = filepath.ToSlash(path)
	return tree, path, err == nil && path != ".." && !strings.HasPrefix(path, "../")
}

// of returns the innermost work tree that the directory lies in.
func (t *workTrees) of(dir string) *workTree {
	if tree, ok := t.byDir[dir]; ok {
		return tree
	}
	var tree *workTree
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		if r, err := repo.Open(dir); err == nil && r.WorkTree != "" {
			tree = t.read(r)
		}
	}
	if parent := filepath.Dir(dir); tree == nil && parent != dir {
		tree = t.of(parent)
	}
	t.byDir[dir] = tree
	return tree
}

// read reads what the repository knows of its work tree. A file is looked up by
// the path that is reported, in which a key is masked.
func (t *workTrees) read(r *repo.Repo) *workTree {
	tree := &workTree{repo: r, tracked: map[string]bool{}}
	if cfg, err := r.Config(t.getenv); err == nil {
		tree.fold = cfg.Bool("core.ignorecase")
	}
	if index, _ := r.Index(); index != nil {
		for _, e := range index.Entries {
			tree.tracked[tree.folded(t.mask(e.Path))] = true
		}
	}
	tree.ignore, _ = r.Ignore(t.getenv)
	return tree
}

// folded returns the path as tracked has it.
func (t *workTree) folded(path string) string {
	if t.fold {
		return strings.ToLower(path)
	}
	return path
}

// status tells what Git thinks of the file at a slash path.
func (t *workTree) status(path string) finding.Tracked {
	switch {
	case t.tracked[t.folded(path)]:
		return finding.IsTracked
	case t.ignore != nil && t.ignore.Match(path, false):
		return finding.IsIgnored
	}
	return finding.IsUntracked
}
