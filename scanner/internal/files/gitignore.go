package files

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// ignores say what Git ignores in one directory of a work tree. What is tracked
// is never ignored.
type ignores struct {
	ignore *repo.Ignore
	index  *repo.Index
	path   string // of the directory in its work tree, with a slash behind; "" for the top
}

// rulesAt returns the rules of the directory at an absolute path, which may lie
// anywhere in a work tree, or nil if it lies in none.
func rulesAt(dir string, getenv func(string) string) (*ignores, error) {
	r, err := repo.Discover(dir)
	if errors.Is(err, repo.ErrNotRepository) || err == nil && r.WorkTree == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at, err := rulesFor(r, getenv)
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	top, err := filepath.EvalSymlinks(r.WorkTree)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(top, real)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, err // in the Git directory
	}
	for name := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if name == ".git" {
			return nil, nil
		}
		if name == "." {
			continue
		}
		if at, err = at.enter(name); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// rulesOf returns the rules of the directory that is the top of a work tree, or
// nil if it is none.
func rulesOf(dir string, getenv func(string) string) (*ignores, error) {
	r, err := repo.Open(dir)
	if errors.Is(err, repo.ErrNotRepository) || err == nil && r.WorkTree == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return rulesFor(r, getenv)
}

func rulesFor(r *repo.Repo, getenv func(string) string) (*ignores, error) {
	ignore, err := r.Ignore(getenv)
	if err != nil {
		return nil, err
	}
	index, err := r.Index()
	if index == nil {
		return nil, err
	}
	return &ignores{ignore: ignore, index: index}, nil
}

// enter returns the rules of the directory called name. With an error, which
// says that its ignore file can't be read, come the rules of those above.
func (r *ignores) enter(name string) (*ignores, error) {
	ignore, err := r.ignore.Enter(name)
	return &ignores{ignore: ignore, index: r.index, path: r.path + name + "/"}, err
}

// leavesOut tells whether the entry called name is ignored, and no tracked file
// is there or below.
func (r *ignores) leavesOut(name string, isDir bool) bool {
	return name != ".git" && r.ignore.Ignored(name, isDir) && !r.tracked(r.path+name, isDir)
}

// tracked tells whether the index has path, a directory above it as one entry
// (as a sparse index may), or a file below it.
func (r *ignores) tracked(path string, isDir bool) bool {
	if _, ok := r.find(path); ok {
		return true
	}
	entries := r.index.Entries
	if isDir {
		if at, _ := r.find(path + "/"); at < len(entries) && strings.HasPrefix(entries[at].Path, path+"/") {
			return true
		}
	}
	for i := strings.LastIndexByte(path, '/'); i >= 0; i = strings.LastIndexByte(path[:i], '/') {
		if _, ok := r.find(path[:i+1]); ok {
			return true
		}
	}
	return false
}

func (r *ignores) find(path string) (int, bool) {
	return slices.BinarySearchFunc(r.index.Entries, path, func(e repo.Entry, path string) int { return cmp.Compare(e.Path, path) })
}
