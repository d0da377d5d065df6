package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A Worktree is one of a repository's work trees (git-worktree).
type Worktree struct {
	Name   string // of its folder in the repository's worktrees; "" for the main one
	Path   string // its top; where the git directory is, when bare
	GitDir string
	Head   Ref // zero when it can't be read
	Bare   bool
}

// Worktrees returns the main work tree, or the bare repository in its place, and
// then the linked ones by name, those included whose folder is gone. The error
// joins one [Problem] for each HEAD that can't be read.
func (r *Repo) Worktrees() ([]Worktree, error) {
	var trees []Worktree
	var errs []error
	for i, dir := range append([]string{r.CommonDir}, r.linkedDirs()...) {
		wt := Worktree{GitDir: dir}
		seenFrom, err := open(dir, r.CommonDir, "")
		if err != nil {
			errs = append(errs, Problem{Path: dir, Name: filepath.Base(dir), Err: err})
			continue
		}
		wt.Path = seenFrom.WorkTree
		if i > 0 {
			wt.Name = filepath.Base(dir)
			wt.Path = linkedPath(dir)
		} else if wt.Path == "" && r.GitDir == dir {
			wt.Path = r.WorkTree
		}
		if wt.Path == "" {
			wt.Path, wt.Bare = dir, true
		}
		if wt.Head, err = seenFrom.Head(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, Problem{Path: dir, Name: wt.Name, Err: err})
		}
		trees = append(trees, wt)
	}
	return trees, errors.Join(errs...)
}

// linkedDirs returns the git directories of the linked work trees, sorted.
func (r *Repo) linkedDirs() []string {
	parent := filepath.Join(r.CommonDir, "worktrees")
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if exists(filepath.Join(dir, "gitdir")) || exists(filepath.Join(dir, "HEAD")) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

// linkedPath returns the top of the work tree whose git directory is gitDir, by
// the path of its .git file that is noted there; "" when there is none. A
// relative path is relative to gitDir (extensions.relativeWorktrees).
func linkedPath(gitDir string) string {
	line, err := readLine(filepath.Join(gitDir, "gitdir"))
	if err != nil || line == "" {
		return ""
	}
	return filepath.Dir(absolute(filepath.FromSlash(line), gitDir))
}
