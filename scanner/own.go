package scanner

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/files"
	"github.com/petrascan/petrascan/scanner/internal/history"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// An Own is what a scanned repository says for itself. It may leave findings of
// its own out and add rules; nothing that it says changes what is read.
type Own struct {
	Allow    []Allow
	Baseline []Allow
	Exclude  []string // doublestar globs on slash paths relative to the repository's root
	Rules    []rules.Rule
}

// A ReadFile returns a file in the root of a repository, by its name. The error
// is [fs.ErrNotExist] where there is none.
type ReadFile func(name string) ([]byte, error)

// maxOwnFile bounds what is read of a repository's file, in bytes.
const maxOwnFile = 16 << 20

// ReadAt returns the file at a slash path in the tree of a revision of the
// repository that dir lies in. The error is [fs.ErrNotExist] if the tree lacks
// it, and says what to do if the revision is not here.
func ReadAt(dir, rev, path string) ([]byte, error) {
	r, err := repo.Discover(dir)
	if err != nil {
		return nil, err
	}
	return history.ReadAt(r, rev, path)
}

// Root returns the top of the work tree that path lies in, or the directory
// itself, absolute, where there is none.
func Root(path string) (string, error) {
	if r, err := repo.Discover(path); err == nil && r.WorkTree != "" {
		return r.WorkTree, nil
	}
	return directory(path)
}

// IsBare tells whether path lies in a repository that has no work tree.
func IsBare(path string) bool {
	r, err := repo.Discover(path)
	return err == nil && r.WorkTree == ""
}

// directory returns path, or the directory of the file that it names.
func directory(path string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	return dir, nil
}

// OwnFiles returns what [Options.Own] is called with for the repository that
// path lies in, or for the directory where there is none: how to read its own
// files, at revision rev or, if that is empty, in the work tree, and what to
// write before their names.
func OwnFiles(path, rev string) (prefix string, read ReadFile, err error) {
	r, err := repo.Discover(path)
	if err != nil {
		r = nil
	}
	dir, err := directory(path)
	if err != nil {
		return "", nil, err
	}
	if r != nil {
		dir = r.WorkTree
	}
	return ownFiles(r, dir, rev)
}

// ownFiles is OwnFiles for an open repository, or nil, and its work tree.
func ownFiles(r *repo.Repo, dir, rev string) (prefix string, read ReadFile, err error) {
	switch {
	case rev != "" && r == nil:
		return "", nil, fmt.Errorf("%s lies in no repository, so there is no %s to read its configuration from", dir, rev)
	case rev != "":
		return rev + ":", func(name string) ([]byte, error) { return history.ReadAt(r, rev, name) }, nil
	case dir == "": // a bare repository has no file but in its history
		return "", func(string) ([]byte, error) { return nil, fs.ErrNotExist }, nil
	}
	return shownDir(dir), readFileIn(dir), nil
}

// readFileIn returns the [ReadFile] of a directory on disk. It does not follow
// symbolic links.
func readFileIn(dir string) ReadFile {
	return func(name string) ([]byte, error) {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", path)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxOwnFile+1))
		if err == nil && len(data) > maxOwnFile {
			err = fmt.Errorf("%s is longer than %d MiB", path, maxOwnFile>>20)
		}
		return data, err
	}
}

// A territory is where what one repository says for itself holds: its work tree
// and its history.
type territory struct {
	dir     string // of the work tree, absolute; empty in a bare repository
	ledger  *ledger
	exclude *files.Globs
	whole   bool // its files and its history are in the scan
}

// enter reads what the repository at a target that the user named says for
// itself. Path may lie inside it, or in none.
func (s *Scan) enter(path string) error {
	if s.opts.Own == nil {
		return nil
	}
	r, err := repo.Discover(path)
	if err != nil {
		r = nil // whoever reads the repository tells what is wrong with it
	}
	dir, err := directory(path)
	if err != nil {
		return err
	}
	if r != nil && r.WorkTree != "" {
		dir = r.WorkTree
	}
	_, err = s.territory(r, dir, true)
	return err
}

// territory returns the territory of a repository or, if r is nil, of the
// directory. What a repository says that was come across, rather than named,
// is dropped with a warning if it is wrong.
func (s *Scan) territory(r *repo.Repo, dir string, named bool) (*territory, error) {
	if s.opts.Own == nil {
		return nil, nil
	}
	at := dir
	if r != nil {
		if dir = r.WorkTree; dir == "" {
			at = r.CommonDir
		} else {
			at = dir
		}
	}
	if t := s.byDir[at]; t != nil {
		return t, nil
	}
	own, err := s.own(r, dir)
	s.explainOwn(at, own, err)
	t := &territory{dir: dir}
	if err == nil {
		t.exclude, err = files.NewGlobs(own.Exclude, nil)
	}
	if err == nil && len(own.Rules) > 0 {
		if named {
			err = s.addRules(own.Rules)
		} else {
			s.warn("the rules that %s adds were not used: name it as a target to use them", at)
		}
	}
	if err != nil {
		if named {
			return nil, err
		}
		s.warn("what %s says for itself was not followed: %v", at, err)
		own, t.exclude = &Own{}, nil
	}
	t.ledger = newLedger(own.Allow, own.Baseline, s.started)
	s.byDir[at] = t
	s.territories = append(s.territories, t)
	return t, nil
}

// own asks the caller to read the repository's files.
func (s *Scan) own(r *repo.Repo, dir string) (*Own, error) {
	prefix, read, err := ownFiles(r, dir, s.opts.OwnFrom)
	if err != nil {
		return nil, err
	}
	return s.opts.Own(prefix, read)
}

// shownDir returns a directory as the prefix of the names of files in it,
// relative to the current directory where it lies below that.
func shownDir(dir string) string {
	if here, err := filepath.Abs("."); err == nil {
		if rel, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(rel) {
			dir = rel
		}
	}
	if dir == "." {
		return ""
	}
	return filepath.ToSlash(dir) + "/"
}

// addRules adds rules for what is searched from now on.
func (s *Scan) addRules(extra []rules.Rule) error {
	set, err := s.opts.Rules.With(extra...)
	if err != nil {
		return fmt.Errorf("add the rules of the repository to those in use: %w", err)
	}
	s.opts.Rules = set
	s.result.Report.Tool.Rules = set.Hash()
	s.engine = newEngine(s.opts)
	return nil
}

func newEngine(o Options) *detect.Engine {
	limits := layer.DefaultLimits
	limits.Depth = o.MaxArchiveDepth
	return detect.New(detect.Options{Rules: o.Rules, Confidence: o.MinConfidence, DecodeDepth: o.MaxDecodeDepth, Limits: limits, Explain: o.Explain != nil})
}

// territoryOf returns the innermost territory that a sighting lies in; nil if
// there is none.
func (s *Scan) territoryOf(x *finding.Sighting) *territory {
	if r, ok := s.repos[x.Target]; ok {
		at := r.WorkTree
		if at == "" {
			at = r.CommonDir
		}
		return s.byDir[at]
	}
	root, ok := s.roots[x.Target]
	if !ok {
		return nil
	}
	for dir := filepath.Dir(filepath.Join(root, filepath.FromSlash(x.Path))); ; dir = filepath.Dir(dir) {
		if t := s.byDir[dir]; t != nil {
			return t
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
