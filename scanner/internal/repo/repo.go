package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// ErrNotRepository says that a directory holds no Git repository.
var ErrNotRepository = errors.New("not a Git repository")

// A Repo is a Git repository as seen from one of its work trees, or from none.
// All paths are absolute.
type Repo struct {
	GitDir    string // of this work tree: HEAD and index are here
	CommonDir string // shared by all work trees; GitDir itself in the main one
	WorkTree  string // top of the work tree; "" when bare

	ObjectDir  string   // where objects are
	Alternates []string // further object directories that the environment names; those of info/alternates are not here
	Quarantine string   // where a push's objects wait for pre-receive; "" outside one

	Format    gitobj.Format
	RefFormat RefFormat
	Shallow   bool // history was cut: see ShallowIDs

	refDir      string // where the shared refs are
	indexFile   string
	shallowFile string
	local       *Config // the repository's own files, includes not followed
}

// A Problem is one thing of a repository that could not be read, while the rest
// could.
type Problem struct {
	Path string // the file
	Name string // the ref or worktree concerned; "" when the file as a whole is
	Err  error
}

// Error returns the problem in words, with the file's path.
func (p Problem) Error() string {
	if p.Name == "" {
		return fmt.Sprintf("%s: %v", p.Path, p.Err)
	}
	return fmt.Sprintf("%s: %s: %v", p.Path, p.Name, p.Err)
}

// Unwrap returns Err.
func (p Problem) Unwrap() error { return p.Err }

// Open opens the repository of which dir is the top of a work tree, the git
// directory, or a bare repository; dir may also be a .git file. Parents are not
// looked at. The error is ErrNotRepository, or names what can't be read: a
// repository version or extension that is unknown, a broken .git file or
// configuration.
func Open(dir string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r, err := openAt(dir)
	if err == nil && r == nil {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotRepository)
	}
	return r, err
}

// openAt opens the repository that is at dir, and returns nil where there is none.
func openAt(dir string) (*Repo, error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if fi.Mode().IsRegular() {
		gitDir, err := readGitFile(dir)
		if err != nil {
			return nil, err
		}
		return openGitDir(gitDir, filepath.Dir(dir))
	}
	dotGit := filepath.Join(dir, ".git")
	fi, err = os.Stat(dotGit)
	switch {
	case err == nil && fi.Mode().IsRegular():
		gitDir, err := readGitFile(dotGit)
		if err != nil {
			return nil, err
		}
		return openGitDir(gitDir, dir)
	case err == nil && fi.IsDir() && (isGitDir(dotGit) || isDamagedGitDir(dotGit)):
		return openGitDir(dotGit, dir)
	case isGitDir(dir):
		return openGitDir(dir, "")
	case err != nil && !absent(err):
		return nil, err
	}
	return nil, nil
}

// readGitFile returns the git directory that a .git file names
// (gitrepository-layout).
func readGitFile(path string) (string, error) {
	line, err := readLine(path)
	if err != nil {
		return "", err
	}
	dir, ok := strings.CutPrefix(line, "gitdir: ")
	if !ok || dir == "" {
		return "", fmt.Errorf("%s: not a .git file: it does not say \"gitdir: \" and a directory", path)
	}
	dir = absolute(filepath.FromSlash(dir), filepath.Dir(path))
	if !isDir(dir) {
		return "", fmt.Errorf("%s names the git directory %s, which is not there; if it was moved, run `git worktree repair`", path, dir)
	}
	return dir, nil
}

func absolute(path, base string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	return filepath.Clean(path)
}

// isGitDir tells whether dir is a git directory by Git's own test: HEAD, refs
// and objects.
func isGitDir(dir string) bool {
	if !validHead(filepath.Join(dir, "HEAD")) {
		return false
	}
	common, err := commonDir(dir)
	return err == nil && isDir(filepath.Join(common, "objects")) && isDir(filepath.Join(common, "refs"))
}

// isDamagedGitDir tells whether a directory called .git has objects though Git
// would not take it for a repository, say because HEAD is gone: what is in the
// objects can leak all the same.
func isDamagedGitDir(dir string) bool { return isDir(filepath.Join(dir, "objects")) }

func validHead(path string) bool {
	if target, err := os.Readlink(path); err == nil {
		return strings.HasPrefix(target, "refs/")
	}
	data, err := readFile(path)
	if err != nil {
		return false
	}
	target, ok := strings.CutPrefix(string(data), "ref:")
	if ok {
		return strings.HasPrefix(strings.TrimLeft(target, " \t"), "refs/")
	}
	_, err = looseID(string(data))
	return err == nil
}

// commonDir returns the directory that gitDir shares with other work trees.
func commonDir(gitDir string) (string, error) {
	line, err := readLine(filepath.Join(gitDir, "commondir"))
	if absent(err) {
		return gitDir, nil
	}
	if err != nil {
		return "", err
	}
	return absolute(filepath.FromSlash(line), gitDir), nil
}

// openGitDir opens a git directory. top is where its work tree is unless it says
// otherwise; "" leaves it to the git directory.
func openGitDir(gitDir, top string) (*Repo, error) {
	common, err := commonDir(gitDir)
	if err != nil {
		return nil, fmt.Errorf("git directory %s: %w", gitDir, err)
	}
	return open(gitDir, common, top)
}

func open(gitDir, common, top string) (*Repo, error) {
	if !isDir(common) {
		return nil, fmt.Errorf("git directory %s: its common directory %s is not there", gitDir, common)
	}
	r := &Repo{
		GitDir:      gitDir,
		CommonDir:   common,
		ObjectDir:   filepath.Join(common, "objects"),
		local:       &Config{},
		refDir:      common,
		indexFile:   filepath.Join(gitDir, "index"),
		shallowFile: filepath.Join(common, "shallow"),
	}
	if err := r.local.load(filepath.Join(common, "config"), nil, 0); err != nil {
		return nil, err
	}
	if err := r.readFormat(); err != nil {
		return nil, fmt.Errorf("git directory %s: %w", gitDir, err)
	}
	if err := r.findWorkTree(top); err != nil {
		return nil, err
	}
	r.Shallow = r.isShallow()
	return r, nil
}

// findWorkTree sets WorkTree by core.bare and core.worktree. Those of the common
// configuration are the main work tree's; a linked one has its own in
// config.worktree.
func (r *Repo) findWorkTree(top string) error {
	linked := r.GitDir != r.CommonDir
	cfg := r.local
	if r.local.Bool("extensions.worktreeconfig") {
		own := &Config{}
		if err := own.load(filepath.Join(r.GitDir, "config.worktree"), nil, 0); err != nil {
			return err
		}
		if linked {
			cfg = own
		}
		r.local = &Config{vars: append(r.local.vars, own.vars...)}
		if !linked {
			cfg = r.local
		}
	} else if linked {
		cfg = &Config{}
	}
	if dir, ok := cfg.Get("core.worktree"); ok && dir != "" {
		r.WorkTree = absolute(filepath.FromSlash(dir), r.GitDir)
		return nil
	}
	bare, isSet := cfg.Get("core.bare")
	switch {
	case cfg.Bool("core.bare") || isSet && bare == "":
		return nil
	case top != "":
		r.WorkTree = top
	case linked:
		r.WorkTree = linkedPath(r.GitDir)
	case filepath.Base(r.GitDir) == ".git":
		r.WorkTree = filepath.Dir(r.GitDir)
	}
	return nil
}

// parseID reads an id of the repository's own format.
func (r *Repo) parseID(hex string) (gitobj.ID, error) {
	id, err := gitobj.ParseID(hex)
	if err == nil && len(id.Bytes()) != r.Format.Size() {
		return gitobj.ID{}, fmt.Errorf("object id of another format: %q", hex)
	}
	return id, err
}
