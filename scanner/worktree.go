package scanner

import (
	"os"
	"path/filepath"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// A workTree knows what Git thinks of the files of one work tree.
type workTree struct {
	repo    *repo.Repo
	tracked map[string]bool
	ignore  *repo.Ignore // nil if the rules can't be read
}

// workTrees are the work trees that directories lie in, by directory. Of a
// directory in none it is nil.
type workTrees map[string]*workTree

// find returns the innermost work tree that the file lies in, and the file's
// slash path there.
func (t workTrees) find(file string, getenv func(string) string) (tree *workTree, path string, ok bool) {
	if tree = t.of(filepath.Dir(file), getenv); tree == nil {
		return nil, "", false
	}
	path, err := filepath.Rel(tree.repo.WorkTree, file)
	return tree, filepath.ToSlash(path), err == nil && filepath.IsLocal(path)
}

// of returns the innermost work tree that the directory lies in.
func (t workTrees) of(dir string, getenv func(string) string) *workTree {
	if tree, ok := t[dir]; ok {
		return tree
	}
	var tree *workTree
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		if r, err := repo.Open(dir); err == nil && r.WorkTree != "" {
			tree = newWorkTree(r, getenv)
		}
	}
	if parent := filepath.Dir(dir); tree == nil && parent != dir {
		tree = t.of(parent, getenv)
	}
	t[dir] = tree
	return tree
}

func newWorkTree(r *repo.Repo, getenv func(string) string) *workTree {
	t := &workTree{repo: r, tracked: map[string]bool{}}
	if index, _ := r.Index(); index != nil {
		for _, e := range index.Entries {
			t.tracked[e.Path] = true
		}
	}
	t.ignore, _ = r.Ignore(getenv)
	return t
}

// status tells what Git thinks of the file at a slash path.
func (t *workTree) status(path string) finding.Tracked {
	switch {
	case t.tracked[path]:
		return finding.IsTracked
	case t.ignore != nil && t.ignore.Match(path, false):
		return finding.IsIgnored
	}
	return finding.IsUntracked
}
