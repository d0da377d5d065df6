package repo

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An Ignore says which entries of one directory of a work tree are ignored, as
// `git check-ignore --no-index` does: .gitignore files of the directory and of
// those above it, info/exclude, core.excludesFile (gitignore). Whether a file is
// tracked does not matter here. Newer versions of git are followed where older
// ones let ** span directories in the middle of a name. A .gitignore that a sparse
// checkout leaves out of the work tree has no rules.
//
// An Ignore never changes. A walker gets the one of the work tree's top from
// [Repo.Ignore] and that of each directory it descends into from
// [Ignore.Enter]; goroutines may share them freely.
type Ignore struct {
	parent  *Ignore // nil at the top
	dir     string  // on disk
	name    string  // last component; "" at the top
	rules   []rule  // of this directory's .gitignore
	general [][]rule
	fold    bool
	all     bool // the directory is ignored, so everything in it is
}

// A rule is one line of an ignore file.
type rule struct {
	glob    *glob
	negated bool
	dirOnly bool
	byPath  bool // the pattern is matched against the path from its file, not the last component
}

// Ignore returns the rules at the top of the work tree. The user's own
// configuration (for core.excludesFile) is found by getenv (HOME,
// XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM, GIT_CONFIG_NOSYSTEM);
// with nil only the repository's is read. A bare repository has no work tree and
// ignores nothing. An error names rules that can't be read; the Ignore that
// comes with it has all others.
func (r *Repo) Ignore(getenv func(string) string) (*Ignore, error) {
	if r.WorkTree == "" {
		return &Ignore{}, nil
	}
	cfg, err := r.Config(getenv)
	if err != nil {
		return nil, err
	}
	top := &Ignore{dir: r.WorkTree, fold: cfg.Bool("core.ignorecase")}
	var errs []error
	for _, path := range []string{filepath.Join(r.CommonDir, "info", "exclude"), r.excludesFile(cfg, getenv)} {
		if path == "" {
			continue
		}
		data, err := readFile(path)
		if err != nil {
			if !absent(err) {
				errs = append(errs, err)
			}
			continue
		}
		top.general = append(top.general, parseRules(data, top.fold))
	}
	errs = append(errs, top.load())
	return top, errors.Join(errs...)
}

// excludesFile returns the path of the user's ignore rules, "" for none.
func (r *Repo) excludesFile(cfg *Config, getenv func(string) string) string {
	src := r.configSource(getenv)
	if path, ok := cfg.Get("core.excludesfile"); ok {
		if path = src.expand(path); path != "" && !filepath.IsAbs(path) {
			path = filepath.Join(r.WorkTree, path)
		}
		return path
	}
	if getenv == nil {
		return ""
	}
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", "ignore")
	}
	if src.home != "" {
		return filepath.Join(src.home, ".config", "git", "ignore")
	}
	return ""
}

// load reads the directory's .gitignore. Git refuses to follow a symbolic link
// there, so a link has no rules.
func (g *Ignore) load() error {
	path := filepath.Join(g.dir, ".gitignore")
	fi, err := os.Lstat(path)
	if absent(err) || err == nil && !fi.Mode().IsRegular() {
		return nil
	}
	if err == nil {
		var data []byte
		if data, err = readFile(path); err == nil {
			g.rules = parseRules(data, g.fold)
			return nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Enter returns the rules of the subdirectory called name. A subdirectory that is
// a work tree of its own has rules of its own: those of its [Repo.Ignore]. The
// .gitignore is read, unless the directory is ignored itself: then nothing in it
// can be taken back. An error says that the .gitignore can't be read; the Ignore
// that comes with it has the rules of the directories above.
func (g *Ignore) Enter(name string) (*Ignore, error) {
	child := &Ignore{parent: g, dir: filepath.Join(g.dir, name), name: name, fold: g.fold, general: g.general}
	if child.all = g.Ignored(name, true); child.all {
		return child, nil
	}
	return child, child.load()
}

// Ignored tells whether the directory's entry called name is ignored.
func (g *Ignore) Ignored(name string, isDir bool) bool {
	if g.all {
		return true
	}
	path := name
	for dir := g; ; dir = dir.parent {
		if r := lastMatch(dir.rules, path, name, isDir); r != nil {
			return !r.negated
		}
		if dir.parent == nil {
			break
		}
		path = dir.name + "/" + path
	}
	for _, rules := range g.general {
		if r := lastMatch(rules, path, name, isDir); r != nil {
			return !r.negated
		}
	}
	return false
}

// Match tells whether path, slash-separated and below g's directory, is ignored.
// It reads the .gitignore of each directory on the way; one that can't be read
// counts as empty, as it does for Git.
func (g *Ignore) Match(path string, isDir bool) bool {
	for {
		name, rest, more := strings.Cut(path, "/")
		if !more || rest == "" {
			return g.Ignored(name, isDir || more)
		}
		g, _ = g.Enter(name)
		if g.all {
			return true
		}
		path = rest
	}
}

func lastMatch(rules []rule, path, name string, isDir bool) *rule {
	for i := len(rules) - 1; i >= 0; i-- {
		r := &rules[i]
		if r.dirOnly && !isDir {
			continue
		}
		text := name
		if r.byPath {
			text = path
		}
		if r.glob.match(text) {
			return r
		}
	}
	return nil
}

// parseRules reads an ignore file (gitignore, "PATTERN FORMAT").
func parseRules(data []byte, fold bool) []rule {
	var rules []rule
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if nul := bytes.IndexByte(line, 0); nul >= 0 {
			line = line[:nul]
		}
		if r, ok := parseRule(trimBlanks(string(line)), fold); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

// trimBlanks drops trailing spaces that no backslash keeps.
func trimBlanks(s string) string {
	kept := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				return s
			}
		} else if s[i] == ' ' {
			continue
		}
		kept = i + 1
	}
	return s[:kept]
}

func parseRule(pattern string, fold bool) (rule, bool) {
	var r rule
	pattern, r.negated = strings.CutPrefix(pattern, "!")
	pattern, r.dirOnly = strings.CutSuffix(pattern, "/")
	if pattern == "" {
		return r, false
	}
	r.byPath = strings.Contains(pattern, "/")
	r.glob = compile(strings.TrimPrefix(pattern, "/"), r.byPath, fold)
	return r, true
}
