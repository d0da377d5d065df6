package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/pelletier/go-toml/v2"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// The files that a repository may have in its root.
const (
	Name         = ".petrascan.toml"
	BaselineName = ".petrascan-baseline"
)

// A Trust says who wrote a file.
type Trust uint8

const (
	Repository Trust = iota // whoever writes to the scanned repository: may suppress and add rules
	User                    // who runs petrascan: may set everything
)

// An Item is an entry of a list, or a setting's value as its flag takes it.
type Item struct {
	Name   string // of the setting
	Value  string
	Origin string // file and line
}

// A Config is what one file says.
type Config struct {
	Settings []Item // single values, in the order of help
	Lists    []Item // entries of exclude, include, output and accept, in the order of the file
	Allow    []scanner.Allow
	Rules    []rules.Rule
	// RuleOrigins has the file and line of each rule.
	RuleOrigins []string
}

// List returns the entries of one list.
func (c *Config) List(name string) []string {
	var values []string
	for _, i := range c.Lists {
		if i.Name == name {
			values = append(values, i.Value)
		}
	}
	return values
}

// Parse reads a file; name is for messages, and what relative paths in it are
// relative to. The error is of type [Mistakes].
func Parse(name string, data []byte, trust Trust) (*Config, error) {
	p := &parser{file: name, trust: trust, mistakes: mistakes{file: name}, config: &Config{}}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // which editors for Windows write
	document := map[string]any{}
	if err := toml.Unmarshal(data, &document); err != nil {
		var at position
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			at.line, at.column = syntax.Position()
		}
		p.mistakes.add(at, "%s", strings.TrimPrefix(err.Error(), "toml: "))
		return nil, p.mistakes.err()
	}
	p.at = positions(data)
	p.document(document)
	if err := p.mistakes.err(); err != nil {
		return nil, err
	}
	return p.config, nil
}

type parser struct {
	file     string
	trust    Trust
	at       map[string]position
	mistakes mistakes
	config   *Config
}

func (p *parser) wrong(path, format string, args ...any) {
	p.mistakes.add(p.at[path], format, args...)
}

func (p *parser) origin(path string) string {
	return origin(p.file, p.at[path].line)
}

func origin(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

// document reads the whole. The order of what it returns is that of the tables
// here, since maps have none.
func (p *parser) document(doc map[string]any) {
	own := []string{"exclude", "allow", "rule"}
	names := slices.Clone(own)
	for _, s := range append(settings(), lists...) {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	for name := range doc {
		switch {
		case !slices.Contains(names, name) && p.trust == Repository:
			p.wrong(name, "unknown name %q (want %s)%s", name, strings.Join(own, ", "), didYouMean(name, own))
		case !slices.Contains(names, name):
			p.wrong(name, "unknown name %q%s", name, didYouMean(name, names))
		case p.trust == Repository && !slices.Contains(own, name):
			p.wrong(name, "a repository's own file can't set %s; that belongs to flags, the environment, --config or the user's file", name)
		}
	}
	may := func(s setting) bool { return p.trust == User || slices.Contains(own, s.name) }
	for _, s := range settings() {
		v, ok := doc[s.name]
		if !ok || !may(s) {
			continue
		}
		value, wrong := s.read(v)
		if wrong != "" {
			p.wrong(s.name, "%s: %s", s.name, wrong)
			continue
		}
		if s.name == "baseline" && !filepath.IsAbs(value) {
			value = filepath.Join(filepath.Dir(p.file), value)
		}
		p.config.Settings = append(p.config.Settings, Item{s.name, value, p.origin(s.name)})
	}
	for _, s := range lists {
		if !may(s) {
			continue
		}
		for i, value := range p.strings(s.name, doc[s.name]) {
			path := join(s.name, fmt.Sprint(i))
			if s.name != "output" && !doublestar.ValidatePattern(value) {
				p.wrong(path, "%s: bad glob %q: a bracket or brace is not closed, or a backslash stands at the end", s.name, value)
			}
			p.config.Lists = append(p.config.Lists, Item{s.name, value, p.origin(path)})
		}
	}
	p.allow(doc["allow"])
	p.rules(doc["rule"])
}

// strings reads a list of strings.
func (p *parser) strings(path string, v any) []string {
	if v == nil {
		return nil
	}
	values, ok := v.([]any)
	if !ok {
		p.wrong(path, "%s: want a list of strings, such as [\"a\", \"b\"]", path)
		return nil
	}
	var out []string
	for i, v := range values {
		s, ok := v.(string)
		if !ok || s == "" {
			p.wrong(join(path, fmt.Sprint(i)), "%s: want strings in quotes that are not empty", path)
			continue
		}
		out = append(out, s)
	}
	return out
}

// tables calls read for every table of an array of tables, after a check of
// its names.
func (p *parser) tables(name string, v any, valid []string, read func(path string, table map[string]any)) {
	if v == nil {
		return
	}
	list, ok := v.([]any)
	if !ok {
		p.wrong(name, "%s: write it in double brackets: [[%s]]", name, name)
		return
	}
	for i, v := range list {
		path := join(name, fmt.Sprint(i))
		table, ok := v.(map[string]any)
		if !ok {
			p.wrong(path, "%s: write it in double brackets: [[%s]]", name, name)
			continue
		}
		for key := range table {
			if !slices.Contains(valid, key) {
				p.wrong(join(path, key), "unknown name %q in %s (want %s)%s", key, name, strings.Join(valid, ", "), didYouMean(key, valid))
			}
		}
		read(path, table)
	}
}

// text reads a string of a table.
func (p *parser) text(path string, table map[string]any, name string) string {
	v, ok := table[name]
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		p.wrong(join(path, name), "%s: want a string in quotes", name)
	}
	return s
}

var idForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// checkID says what is wrong with a key id; empty if nothing is.
func checkID(id string) string {
	switch {
	case idForm.MatchString(id):
		return ""
	case strings.Contains(strings.ToLower(id), finding.Prefix):
		return "this is a key, and must not stand here: write its id, which `petrascan rules test -` prints, and delete the key in Settings → API Keys"
	}
	return "want a key id: 64 digits of lower-case hexadecimal, as reports have it"
}

// CheckID tells whether a text is a key id, and if not, what is wrong with it.
func CheckID(id string) error {
	if wrong := checkID(id); wrong != "" {
		return errors.New(wrong)
	}
	return nil
}

func (p *parser) allow(v any) {
	lines := map[finding.ID]int{}
	p.tables("allow", v, []string{"key", "reason", "owner", "expires"}, func(path string, table map[string]any) {
		a := scanner.Allow{
			Key: finding.ID(p.text(path, table, "key")), Reason: strings.TrimSpace(p.text(path, table, "reason")),
			Owner: p.text(path, table, "owner"), Origin: p.origin(path),
		}
		field := func(name string) string {
			if _, ok := table[name]; ok {
				return join(path, name)
			}
			return path
		}
		if wrong := checkID(string(a.Key)); wrong != "" {
			p.wrong(field("key"), "key: %s", wrong)
		} else if line := lines[a.Key]; line > 0 {
			p.wrong(field("key"), "key: line %d allows it already", line)
		}
		lines[a.Key] = p.at[path].line
		if a.Reason == "" {
			p.wrong(field("reason"), "reason: say why this key may stay")
		}
		if v, ok := table["expires"]; ok {
			var err error
			switch v := v.(type) {
			case toml.LocalDate:
				a.Expires = v.AsTime(time.UTC)
			case string:
				a.Expires, err = time.Parse(time.DateOnly, v)
			default:
				err = errors.ErrUnsupported
			}
			if err != nil {
				p.wrong(field("expires"), "expires: want a date such as 2026-12-31")
			}
		}
		p.config.Allow = append(p.config.Allow, a)
	})
}

func (p *parser) rules(v any) {
	var list []rules.Rule
	var paths []string
	p.tables("rule", v, []string{"id", "title", "description", "confidence", "body", "match", "no_match"}, func(path string, table map[string]any) {
		r := rules.Rule{
			ID: p.text(path, table, "id"), Title: p.text(path, table, "title"), Description: p.text(path, table, "description"),
			Body: p.text(path, table, "body"), Confidence: finding.Medium,
		}
		if text := p.text(path, table, "confidence"); text != "" {
			var err error
			if r.Confidence, err = finding.ParseConfidence(text); err != nil {
				p.wrong(join(path, "confidence"), "confidence: %v", err)
				r.Confidence = finding.Medium
			}
		}
		r.Match = p.examples(join(path, "match"), table["match"])
		r.NoMatch = p.examples(join(path, "no_match"), table["no_match"])
		list, paths = append(list, r), append(paths, path)
	})
	if len(p.mistakes.list) > 0 {
		return
	}
	_, err := rules.Builtin().With(list...)
	for _, err := range unjoin(err) {
		var m *rules.Mistake
		if !errors.As(err, &m) {
			p.wrong("rule", "%v", err)
			continue
		}
		path := join(paths[m.Index], m.Field)
		if _, ok := p.at[path]; !ok {
			path = paths[m.Index]
		}
		p.wrong(path, "%v", m)
	}
	p.config.Rules = list
	for _, path := range paths {
		p.config.RuleOrigins = append(p.config.RuleOrigins, p.origin(path))
	}
}

// examples reads a rule's examples, which must not be keys themselves.
func (p *parser) examples(path string, v any) []string {
	list := p.strings(path, v)
	for i, e := range list {
		if strings.Contains(e, finding.Prefix) && Masked(e) != e {
			p.wrong(join(path, fmt.Sprint(i)), "an example must not hold a key: write it as a template, such as petra_{{body:seed:24}}")
		}
	}
	return list
}

func unjoin(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	}
	return []error{err}
}
