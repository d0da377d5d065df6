package repo

import (
	"os"
	"path/filepath"
)

// Submodules opens the repositories that are kept below modules/ in the git
// directory, whether their work trees are checked out or not, and those below
// them, sorted by path. A work tree that is linked has a modules/ of its own; all
// are read.
func (r *Repo) Submodules() ([]*Repo, []Problem) {
	var s submodules
	for _, dir := range append([]string{r.CommonDir}, r.linkedDirs()...) {
		s.find(filepath.Join(dir, "modules"))
	}
	return s.repos, s.problems
}

type submodules struct {
	repos    []*Repo
	problems []Problem
}

// find opens the git directories in dir. A submodule's name may have slashes, so
// a folder that is no git directory is searched for more.
func (s *submodules) find(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil && !absent(err) {
		s.problems = append(s.problems, Problem{Path: dir, Err: err})
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case !e.IsDir():
		case isGitDir(path) || isDamagedGitDir(path):
			sub, err := openGitDir(path, "")
			if err != nil {
				s.problems = append(s.problems, Problem{Path: path, Err: err})
			} else {
				s.repos = append(s.repos, sub)
			}
			s.find(filepath.Join(path, "modules"))
		default:
			s.find(path)
		}
	}
}
