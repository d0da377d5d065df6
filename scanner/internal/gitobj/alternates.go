package gitobj

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// directories returns the objects directory, the further ones and all that
// their info/alternates files name, each once, in the order that Git looks
// into them. What can't be read is handed to problem.
func directories(o Options, problem func(Problem)) []string {
	var dirs []string
	seen := make(map[string]bool)
	var add func(dir, namedBy string)
	add = func(dir, namedBy string) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err == nil {
			if info, e := os.Stat(real); e != nil {
				err = e
			} else if !info.IsDir() {
				err = errors.New("not a directory")
			}
		}
		if err != nil {
			problem(Problem{Path: namedBy, Reason: "alternate objects directory " + strconv.Quote(dir) + ": " + err.Error()})
			return
		}
		if seen[real] {
			return
		}
		seen[real] = true
		dirs = append(dirs, dir)
		list := filepath.Join(dir, "info", "alternates")
		data, err := os.ReadFile(list)
		if err != nil {
			if !gone(err) {
				problem(Problem{Path: list, Reason: err.Error()})
			}
			return
		}
		for _, path := range parseAlternates(string(data)) {
			if !filepath.IsAbs(path) {
				path = filepath.Join(real, path) // dir may be a symbolic link, as git-new-workdir makes them
			}
			add(path, list)
		}
	}
	add(o.Objects, o.Objects)
	for _, dir := range o.Alternates {
		add(dir, o.Objects)
	}
	return dirs
}

// parseAlternates returns the paths in the content of info/alternates.
func parseAlternates(text string) []string {
	var paths []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, `"`) {
			if s, ok := unquote(line); ok {
				line = s
			}
		} else if strings.HasPrefix(line, "#") {
			continue
		}
		if line != "" {
			paths = append(paths, filepath.FromSlash(line))
		}
	}
	return paths
}

// unquote undoes Git's C-style quoting (git-config, core.quotePath): Go's, but
// octal escapes stand for bytes in both.
func unquote(s string) (string, bool) {
	out, err := strconv.Unquote(s)
	return out, err == nil
}
