package scanner

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// Hooks says where Git looks for the hooks of a repository. All paths are
// absolute.
type Hooks struct {
	Dir        string // the hooks are here; it may not exist
	Configured string // the value of core.hooksPath; "" where it is not set
	WorkTree   string // top of the work tree; "" when bare
	GitDir     string
}

// FindHooks finds them for the repository that the environment or the current
// directory names (githooks, git-config on core.hooksPath). The user's and the
// system's configuration count as they do for Git.
func FindHooks(getenv func(string) string, dir string) (*Hooks, error) {
	r, err := repo.FromEnv(getenv, dir)
	if err != nil {
		return nil, err
	}
	h := &Hooks{Dir: filepath.Join(r.CommonDir, "hooks"), WorkTree: r.WorkTree, GitDir: r.GitDir}
	config, err := r.Config(getenv)
	if err != nil {
		return nil, err
	}
	path, ok := config.Get("core.hookspath")
	if !ok || path == "" {
		return h, nil
	}
	h.Configured = path
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home := getenv("HOME")
		if home == "" {
			return nil, errors.New("core.hooksPath begins with ~ and HOME is not set")
		}
		path = filepath.Join(home, rest)
	} else if strings.HasPrefix(path, "~") {
		return nil, errors.New("core.hooksPath names another user's directory, as " + path)
	}
	h.Dir = filepath.FromSlash(path)
	if !filepath.IsAbs(h.Dir) {
		// Hooks run at the top of the work tree, or in a bare repository.
		top := r.WorkTree
		if top == "" {
			top = r.GitDir
		}
		h.Dir = filepath.Join(top, h.Dir)
	}
	return h, nil
}
