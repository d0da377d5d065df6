package repo

import (
	"errors"
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

// parseConfig reads the text of a configuration file (git-config, "Syntax").
func parseConfig(data []byte) ([]variable, error) {
	p := configParser{text: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	var vars []variable
	section := ""
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return vars, nil
		case isConfigSpace(c):
		case c == '#' || c == ';':
			p.skipLine()
		case c == '[':
			var err error
			if section, err = p.section(); err != nil {
				return nil, p.fail(err)
			}
		case isAlpha(c):
			p.back()
			v, err := p.variable()
			if err != nil {
				return nil, p.fail(err)
			}
			if section != "" {
				v.key = section + "." + v.key
			}
			vars = append(vars, v)
		default:
			return nil, p.fail(fmt.Errorf("unexpected %q", c))
		}
	}
}

type configParser struct {
	text string
	pos  int
	line int
}

// next returns the next byte, a CRLF as one LF.
func (p *configParser) next() (byte, bool) {
	if p.pos >= len(p.text) {
		return 0, false
	}
	c := p.text[p.pos]
	p.pos++
	if c == '\r' && p.pos < len(p.text) && p.text[p.pos] == '\n' {
		c = '\n'
		p.pos++
	}
	if c == '\n' {
		p.line++
	}
	return c, true
}

// back takes back the last byte, which must not have been a line end.
func (p *configParser) back() { p.pos-- }

// fail names the line of the byte that was read last.
func (p *configParser) fail(err error) error {
	line := p.line
	if p.pos > 0 && p.text[p.pos-1] == '\n' {
		line--
	}
	return fmt.Errorf("line %d: %w", line, err)
}

func (p *configParser) skipLine() {
	for {
		if c, ok := p.next(); !ok || c == '\n' {
			return
		}
	}
}

var errSection = errors.New("section header is not closed")

// section reads a section header whose "[" has been read.
func (p *configParser) section() (string, error) {
	var name strings.Builder
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			return "", errSection
		case c == ']':
			return name.String(), nil
		case isConfigSpace(c):
			sub, err := p.subsection()
			return name.String() + "." + sub, err
		case isKeyByte(c) || c == '.':
			name.WriteByte(lower(c))
		default:
			return "", fmt.Errorf("unexpected %q in a section header", c)
		}
	}
}

func (p *configParser) subsection() (string, error) {
	for {
		c, ok := p.next()
		if !ok || c == '\n' {
			return "", errSection
		}
		if c == '"' {
			break
		}
		if !isConfigSpace(c) {
			return "", fmt.Errorf("unexpected %q in a section header", c)
		}
	}
	var sub strings.Builder
	for {
		c, ok := p.next()
		if ok && c == '"' {
			break
		}
		if ok && c == '\\' {
			c, ok = p.next()
		}
		if !ok || c == '\n' {
			return "", errSection
		}
		sub.WriteByte(c)
	}
	if c, ok := p.next(); !ok || c != ']' {
		return "", errSection
	}
	return sub.String(), nil
}

func (p *configParser) variable() (variable, error) {
	var key strings.Builder
	for {
		c, ok := p.next()
		if ok && isKeyByte(c) {
			key.WriteByte(lower(c))
			continue
		}
		for ok && (c == ' ' || c == '\t') {
			c, ok = p.next()
		}
		switch {
		case !ok || c == '\n':
			return variable{key: key.String(), bare: true}, nil
		case c != '=':
			return variable{}, fmt.Errorf("unexpected %q after the name %s", c, key.String())
		}
		value, err := p.value()
		return variable{key: key.String(), value: value}, err
	}
}

func (p *configParser) value() (string, error) {
	var value []byte
	quoted := false
	kept := 0 // length without trailing blanks
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			if quoted {
				return "", errors.New("a quoted value is not closed")
			}
			return string(value[:kept]), nil
		case !quoted && isConfigSpace(c):
			if len(value) > 0 {
				value = append(value, c)
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return string(value[:kept]), nil
		case c == '"':
			quoted = !quoted
		case c == '\\':
			c, ok = p.next()
			i := strings.IndexByte("tbn\\\"", c)
			switch {
			case !ok || c == '\n':
				continue
			case i < 0:
				return "", errors.New("unknown escape in a value")
			}
			value = append(value, "\t\b\n\\\""[i])
		default:
			value = append(value, c)
		}
		kept = len(value)
	}
}

// isConfigSpace follows Git's own idea of white space, whatever the locale.
func isConfigSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isKeyByte(c byte) bool { return isAlpha(c) || isDigit(c) || c == '-' }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
