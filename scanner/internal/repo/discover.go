package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Discover opens the repository that path is in: at path itself or at the
// nearest of its parents. Parents that ceilings name, and those above them, are
// not looked at (git(1), GIT_CEILING_DIRECTORIES). The error is as that of
// [Open].
func Discover(path string, ceilings ...string) (*Repo, error) {
	start, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if fi, err := os.Stat(start); err == nil && !fi.IsDir() {
		start = filepath.Dir(start)
	}
	for dir := start; ; {
		r, err := openAt(dir)
		if r != nil || err != nil {
			return r, err
		}
		parent := filepath.Dir(dir)
		if parent == dir || isCeiling(parent, ceilings) {
			return nil, fmt.Errorf("%s, and every directory above it: %w", start, ErrNotRepository)
		}
		dir = parent
	}
}

func isCeiling(dir string, ceilings []string) bool {
	for _, c := range ceilings {
		if filepath.IsAbs(c) && (filepath.Clean(c) == dir || resolved(c) == resolved(dir)) {
			return true
		}
	}
	return false
}

func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// within tells whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
