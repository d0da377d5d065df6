package repo

import (
	"fmt"
	"path/filepath"
	"strings"
)

// FromEnv opens the repository that Git would work with in the directory cwd
// with the environment that getenv reads: as a hook is called, in a pre-receive
// quarantine, with an index of its own (git(1), "The Git Repository"). GIT_DIR,
// GIT_WORK_TREE, GIT_COMMON_DIR, GIT_OBJECT_DIRECTORY,
// GIT_ALTERNATE_OBJECT_DIRECTORIES, GIT_QUARANTINE_PATH, GIT_INDEX_FILE,
// GIT_SHALLOW_FILE and GIT_CEILING_DIRECTORIES count. Without GIT_DIR it is the
// one that [Discover] finds.
func FromEnv(getenv func(string) string, cwd string) (*Repo, error) {
	cwd, err := filepath.Abs(cwd)
	if err != nil {
		return nil, err
	}
	r, err := find(getenv, cwd)
	if err != nil {
		return nil, err
	}
	if dir := getenv("GIT_WORK_TREE"); dir != "" {
		r.WorkTree = absolute(dir, cwd)
	}

	// Git goes to the top of the work tree before it resolves these.
	base := cwd
	if r.WorkTree != "" && within(cwd, r.WorkTree) {
		base = r.WorkTree
	}
	if dir := getenv("GIT_OBJECT_DIRECTORY"); dir != "" {
		r.ObjectDir = absolute(dir, base)
	}
	if dirs := getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"); dirs != "" {
		for _, dir := range splitAlternates(dirs, filepath.ListSeparator) {
			r.Alternates = append(r.Alternates, absolute(dir, base))
		}
	}
	if dir := getenv("GIT_QUARANTINE_PATH"); dir != "" {
		r.Quarantine = absolute(dir, base)
	}
	if file := getenv("GIT_INDEX_FILE"); file != "" {
		r.indexFile = absolute(file, base)
	}
	if file := getenv("GIT_SHALLOW_FILE"); file != "" {
		r.shallowFile = absolute(file, base)
		r.Shallow = r.isShallow()
	}
	return r, nil
}

func find(getenv func(string) string, cwd string) (*Repo, error) {
	gitDir := getenv("GIT_DIR")
	if gitDir == "" {
		return Discover(cwd, filepath.SplitList(getenv("GIT_CEILING_DIRECTORIES"))...)
	}
	gitDir = absolute(gitDir, cwd)
	if !isDir(gitDir) {
		dir, err := readGitFile(gitDir)
		if err != nil {
			return nil, fmt.Errorf("GIT_DIR: %w", err)
		}
		gitDir = dir
	}
	common, err := commonDir(gitDir)
	if err != nil {
		return nil, fmt.Errorf("GIT_DIR: %w", err)
	}
	if dir := getenv("GIT_COMMON_DIR"); dir != "" {
		common = absolute(dir, cwd)
	}
	if !validHead(filepath.Join(gitDir, "HEAD")) || !isDir(filepath.Join(common, "refs")) {
		return nil, fmt.Errorf("GIT_DIR %s: %w", gitDir, ErrNotRepository)
	}
	return open(gitDir, common, cwd)
}

// splitAlternates splits a list of object directories. An entry that begins with
// a double quote is quoted like a C string (git(1),
// GIT_ALTERNATE_OBJECT_DIRECTORIES).
func splitAlternates(list string, separator byte) []string {
	var dirs []string
	for list != "" {
		dir, n, ok := unquoteC(list)
		if !ok {
			if n = strings.IndexByte(list, separator); n < 0 {
				n = len(list)
			}
			dir = list[:n]
			if strings.HasPrefix(dir, "#") {
				dir = ""
			}
		}
		if dir != "" {
			dirs = append(dirs, dir)
		}
		list = strings.TrimPrefix(list[n:], string(separator))
	}
	return dirs
}

// unquoteC reads the quoted string that s begins with and returns it and its
// quoted length; not ok when s does not begin with one.
func unquoteC(s string) (text string, n int, ok bool) {
	if s == "" || s[0] != '"' {
		return "", 0, false
	}
	var b []byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return string(b), i + 1, true
		case c != '\\':
			b = append(b, c)
		case i+1 == len(s):
			return "", 0, false
		default:
			i++
			if k := strings.IndexByte(`abfnrtv\"`, s[i]); k >= 0 {
				b = append(b, "\a\b\f\n\r\t\v\\\""[k])
				continue
			}
			if i+2 >= len(s) || s[i] > '3' || !isOctal(s[i]) || !isOctal(s[i+1]) || !isOctal(s[i+2]) {
				return "", 0, false
			}
			b = append(b, (s[i]-'0')<<6|(s[i+1]-'0')<<3|(s[i+2]-'0'))
			i += 2
		}
	}
	return "", 0, false
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
