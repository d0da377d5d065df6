package repo

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// A Config holds the variables of one or several configuration files in the
// order in which they were read; of a variable with a single value the last one
// counts.
//
// A key is written section.name or section.subsection.name. Case matters in the
// subsection only: keys are given with section and name in lower case.
type Config struct {
	vars []variable
}

type variable struct {
	key   string
	value string
	bare  bool // "name" without "=": true as a bool
}

// Get returns the last value of key, and whether there is any. A variable that
// stands without "=" has the value "".
func (c *Config) Get(key string) (string, bool) {
	for i := len(c.vars) - 1; i >= 0; i-- {
		if c.vars[i].key == key {
			return c.vars[i].value, true
		}
	}
	return "", false
}

// All returns every value of key, in order.
func (c *Config) All(key string) []string {
	var values []string
	for _, v := range c.vars {
		if v.key == key {
			values = append(values, v.value)
		}
	}
	return values
}

// Bool returns the last value of key as a truth value by Git's rules (true,
// yes, on, a number other than 0, or the bare name), and false where it is not
// set or can't be read as one.
func (c *Config) Bool(key string) bool {
	for i := len(c.vars) - 1; i >= 0; i-- {
		if c.vars[i].key != key {
			continue
		}
		if c.vars[i].bare {
			return true
		}
		switch strings.ToLower(c.vars[i].value) {
		case "true", "yes", "on":
			return true
		case "false", "no", "off", "":
			return false
		}
		n, err := strconv.ParseInt(strings.TrimRight(c.vars[i].value, "kKmMgG"), 0, 64)
		return err == nil && n != 0
	}
	return false
}

// subsections returns the distinct subsections of a section that set name, in
// order of their first appearance.
func (c *Config) subsections(section, name string) []string {
	var subs []string
	seen := map[string]bool{}
	for _, v := range c.vars {
		sub, ok := strings.CutPrefix(v.key, section+".")
		if !ok {
			continue
		}
		sub, ok = strings.CutSuffix(sub, "."+name)
		if ok && !seen[sub] {
			seen[sub] = true
			subs = append(subs, sub)
		}
	}
	return subs
}

// A configSource says how far includes of configuration files are followed.
type configSource struct {
	home   string // for ~/; "" when unknown
	gitDir string // for includeIf.gitdir
	branch string // for includeIf.onbranch; "" when detached or unknown
}

// maxIncludes is how deep Git lets configuration files include each other.
const maxIncludes = 10

// load appends the variables of the file and of the files that it includes. A
// file that does not exist has none.
func (c *Config) load(path string, src *configSource, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("configuration %s: files include each other more than %d deep", path, maxIncludes)
	}
	data, err := readFile(path)
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	vars, err := parseConfig(data)
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	if src == nil {
		c.vars = append(c.vars, vars...)
		return nil
	}
	for _, v := range vars {
		c.vars = append(c.vars, v)
		if v.key != "include.path" && !src.includes(v.key, filepath.Dir(path)) {
			continue
		}
		included := src.expand(v.value)
		if included == "" {
			continue
		}
		if !filepath.IsAbs(included) {
			included = filepath.Join(filepath.Dir(path), included)
		}
		if err := c.load(included, src, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// expand resolves a leading ~/. It returns "" for a path that can't be resolved.
func (src *configSource) expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	switch {
	case !ok:
		return filepath.FromSlash(path)
	case src.home == "":
		return ""
	}
	return filepath.Join(src.home, filepath.FromSlash(rest))
}

// includes tells whether key is includeIf.<condition>.path with a condition that
// holds. hasconfig conditions never hold: they may not change what a repository
// is, only how it is worked with.
func (src *configSource) includes(key, dir string) bool {
	cond, ok := strings.CutPrefix(key, "includeif.")
	if !ok {
		return false
	}
	if cond, ok = strings.CutSuffix(cond, ".path"); !ok {
		return false
	}
	kind, pattern, _ := strings.Cut(cond, ":")
	switch kind {
	case "gitdir", "gitdir/i":
		return src.matchesGitDir(pattern, dir, kind == "gitdir/i")
	case "onbranch":
		if strings.HasSuffix(pattern, "/") {
			pattern += "**"
		}
		return src.branch != "" && compile(pattern, true, false).match(src.branch)
	}
	return false
}

func (src *configSource) matchesGitDir(pattern, dir string, fold bool) bool {
	switch {
	case strings.HasPrefix(pattern, "~/"):
		pattern = filepath.ToSlash(src.expand(pattern)) + trailingSlash(pattern)
	case strings.HasPrefix(pattern, "./"):
		pattern = filepath.ToSlash(dir) + pattern[1:]
	case !strings.HasPrefix(pattern, "/") && !filepath.IsAbs(pattern):
		pattern = "**/" + pattern
	}
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	p := compile(pattern, true, fold)
	if real, err := filepath.EvalSymlinks(src.gitDir); err == nil && p.match(filepath.ToSlash(real)) {
		return true
	}
	return p.match(filepath.ToSlash(src.gitDir))
}

func trailingSlash(s string) string {
	if strings.HasSuffix(s, "/") {
		return "/"
	}
	return ""
}
