package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner"
)

// Names returns the names of all single values, in the order of help.
func Names() []string {
	var names []string
	for _, s := range settings() {
		names = append(names, s.name)
	}
	return names
}

// A Display is a configuration to be shown: all that is in force together.
type Display struct {
	Settings []Item
	Lists    []Item
	Allow    []scanner.Allow
	Baseline []scanner.Allow
	Rules    []rules.Rule
	Origin   bool // say where everything is from

	ruleOrigins []string
}

// Add adds a file's lists, rules and accepted keys. Its single values are those
// of the flags they set.
func (d *Display) Add(c *Config) {
	d.Lists = append(d.Lists, c.Lists...)
	d.Allow = append(d.Allow, c.Allow...)
	d.Rules = append(d.Rules, c.Rules...)
	d.ruleOrigins = append(d.ruleOrigins, c.RuleOrigins...)
}

// Write writes it as TOML, keys masked.
func (d *Display) Write(b *strings.Builder) {
	line := func(text, origin string) {
		text = Masked(text)
		if d.Origin && origin != "" {
			text = fmt.Sprintf("%-32s # %s", text, Masked(origin))
		}
		b.WriteString(text + "\n")
	}
	for _, i := range d.Settings {
		if value := literal(i); value != `""` {
			line(i.Name+" = "+value, i.Origin)
		}
	}
	for _, s := range lists {
		open := false
		for _, i := range d.Lists {
			if i.Name != s.name {
				continue
			}
			if !open {
				line(s.name+" = [", "")
				open = true
			}
			line("  "+quote(i.Value)+",", i.Origin)
		}
		if open {
			line("]", "")
		}
	}
	for _, a := range d.Allow {
		b.WriteByte('\n')
		line("[[allow]]", a.Origin)
		line("key = "+quote(string(a.Key)), "")
		line("reason = "+quote(a.Reason), "")
		if a.Owner != "" {
			line("owner = "+quote(a.Owner), "")
		}
		if !a.Expires.IsZero() {
			line("expires = "+a.Expires.Format(time.DateOnly), "")
		}
	}
	for i, r := range d.Rules {
		b.WriteByte('\n')
		line("[[rule]]", d.ruleOrigins[i])
		line("id = "+quote(r.ID), "")
		line("title = "+quote(r.Title), "")
		if r.Description != "" {
			line("description = "+quote(r.Description), "")
		}
		line("confidence = "+quote(r.Confidence.String()), "")
		line("body = "+quote(r.Body), "")
		line("match = "+quoteList(r.Match), "")
		if len(r.NoMatch) > 0 {
			line("no_match = "+quoteList(r.NoMatch), "")
		}
	}
	if len(d.Baseline) > 0 {
		b.WriteString("\n# accepted by baselines:\n")
		for _, a := range d.Baseline {
			line("# "+string(a.Key), a.Origin)
		}
	}
}

// literal returns a setting's value as TOML.
func literal(i Item) string {
	for _, s := range settings() {
		if s.name == i.Name && (s.kind == number || s.kind == boolean) {
			return i.Value
		}
	}
	return quote(i.Value)
}

// quote returns a basic string of TOML (https://toml.io/en/v1.0.0#string).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func quoteList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
