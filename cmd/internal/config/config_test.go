package config

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

const anID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// everything is a user's file that sets all there is.
const everything = `
format = "sarif"
fail_on = "active"
min_confidence = "low"
max_archive_depth = 2
max_decode_depth = 0
require_complete = true
baseline = "known.txt"
show_suppressed = true
jobs = 3
no_cache = true
verify = true
api_url = "https://api.petrasecurity.com"
control_key_env = "PETRA_CONTROL_KEY"
sarif_category = "petrascan/main"
sarif_history = "omit"
color = "never"
quiet = true
verbose = false
no_progress = true
timeout = "1m30s"
exclude = ["vendor/**", "**/*.{log,tmp}"]
include = ["**"]
output = ["json:out.json"]
accept = ["0123456789012345678901234567890123456789", "backups/*.7z"]
`

// shared is what a repository's file may hold, too.
const shared = `
exclude = ["vendor/**"]

[[allow]]
key = "` + anID + `"
reason = "rotated"
owner = "ada@example.com"
expires = 2030-12-31

[[rule]]
id = "petra-legacy-key"
title = "A key of the old system"
description = "Eight digits and a letter."
confidence = "high"
body = "old[0-9]{8}[a-f]"
match = ["petra_old{{body:s:8:digits}}c"]
no_match = ["petra_new12"]
`

func TestParse(t *testing.T) {
	c, err := Parse("dir/user.toml", []byte(everything), User)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Settings) != len(settings()) {
		t.Errorf("%d settings were read of %d: is there a new one that the test does not set?", len(c.Settings), len(settings()))
	}
	for _, want := range []Item{
		{"format", "sarif", "dir/user.toml:2"}, {"max_archive_depth", "2", "dir/user.toml:5"},
		{"require_complete", "true", "dir/user.toml:7"}, {"baseline", "dir/known.txt", "dir/user.toml:8"}, {"timeout", "1m30s", "dir/user.toml:21"},
	} {
		want.Value = strings.ReplaceAll(want.Value, "/", string(os.PathSeparator))
		if want.Name != "baseline" {
			want.Value = strings.ReplaceAll(want.Value, string(os.PathSeparator), "/")
		}
		if !slices.Contains(c.Settings, want) {
			t.Errorf("%+v is not among %+v", want, c.Settings)
		}
	}
	if got := c.List("exclude"); !slices.Equal(got, []string{"vendor/**", "**/*.{log,tmp}"}) {
		t.Errorf("exclude is %q", got)
	}
	c, err = Parse("x.toml", []byte(shared), Repository)
	if err != nil {
		t.Fatal(err)
	}
	want := scanner.Allow{Key: anID, Reason: "rotated", Owner: "ada@example.com", Expires: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC), Origin: "x.toml:4"}
	if len(c.Allow) != 1 || c.Allow[0] != want {
		t.Errorf("allow is %+v", c.Allow)
	}
	if len(c.Rules) != 1 || c.Rules[0].Confidence != finding.High || c.RuleOrigins[0] != "x.toml:10" {
		t.Errorf("rules are %+v from %q", c.Rules, c.RuleOrigins)
	}
}

// TestMistakes has one mistake a case, or several with all their places.
func TestMistakes(t *testing.T) {
	user := func(text, want string) [3]string { return [3]string{text, want, "user"} }
	own := func(text, want string) [3]string { return [3]string{text, want, ""} }
	for _, test := range [][3]string{
		user("exclude = [\n  'a',\n  'b[',\n]", `f:3:3: exclude: bad glob "b["`),
		user("exclude = 'a'", "f:1:1: exclude: want a list of strings"),
		user("exclude = [1]", "f:1:12: exclude: want strings in quotes"),
		user("exclude = ['']", "f:1:12: exclude: want strings in quotes that are not empty"),
		user("a = 1\nformat = 'jsn'", "f:1:1: unknown name \"a\""),
		user("min_confidense = 'high'", `unknown name "min_confidense"; did you mean "min_confidence"?`),
		user("format = 'jsn'", `f:1:1: format: want table, json, jsonl, sarif, csv, markdown, html, junit, github, gitlab; did you mean "json"?`),
		user("format = 1", "f:1:1: format: want a string in quotes"),
		user("jobs = -1", "f:1:1: jobs: want a whole number that is not negative"),
		user("jobs = 1.5", "f:1:1: jobs: want a whole number"),
		user("jobs = '1'", "f:1:1: jobs: want a whole number"),
		user("quiet = 'yes'", "f:1:1: quiet: want true or false"),
		user("timeout = 90", `f:1:1: timeout: want a time such as "90s"`),
		user("timeout = '-1s'", `f:1:1: timeout: want a time`),
		user("show_keys = true", `unknown name "show_keys"`),
		user("config = 'x'", `unknown name "config"`),
		user("[table]\na = 1", `f:1:2: unknown name "table"`),
		user("\n\njobs = ", "f:3:"),
		user("a = 1\na = 2", "f:2:1: "),

		own("jobs = 1", "f:1:1: a repository's own file can't set jobs; that belongs to flags, the environment, --config or the user's file"),
		own("accept = ['a']", "a repository's own file can't set accept"),
		own("include = ['a']", "a repository's own file can't set include"),
		own("baseline = 'a'", "a repository's own file can't set baseline"),
		own("exclud = ['a']", `f:1:1: unknown name "exclud" (want exclude, allow, rule); did you mean "exclude"?`),

		own("allow = 1", "f:1:1: allow: write it in double brackets: [[allow]]"),
		own("[allow]\nkey = 'a'", "f:1:2: allow: write it in double brackets: [[allow]]"),
		own("[[allow]]\nreason = 'r'", "f:1:3: key: want a key id"),
		own("[[allow]]\nkey = '"+strings.ToUpper(anID)+"'\nreason = 'r'", "f:2:1: key: want a key id: 64 digits of lower-case"),
		own("[[allow]]\nkey = 1\nreason = 'r'", "f:2:1: key: want a string in quotes"),
		own("[[allow]]\nkey = '"+anID+"'", "f:1:3: reason: say why"),
		own("[[allow]]\nkey = '"+anID+"'\nreason = ' '", "f:3:1: reason: say why"),
		own("[[allow]]\nkey = '"+anID+"'\nreason = 'a'\n[[allow]]\nkey = '"+anID+"'\nreason = 'b'", "f:5:1: key: line 1 allows it already"),
		own("[[allow]]\nkey = '"+anID+"'\nreason = 'a'\nexpires = 2030-02-30", "f:4:"),
		own("[[allow]]\nkey = '"+anID+"'\nreason = 'a'\nexpires = '30.2.2030'", "f:4:1: expires: want a date such as 2026-12-31"),
		own("[[allow]]\nkey = '"+anID+"'\nreason = 'a'\nexpires = 2030-01-01T00:00:00Z", "f:4:1: expires: want a date"),
		own("allow = [{key = '"+anID+"', reason = 'a', expire = 2030-01-01}]", `unknown name "expire" in allow (want key, reason, owner, expires); did you mean "expires"?`),

		own("[[rule]]\nid = 'Petra'\ntitle = 't'\nbody = 'x'\nmatch = ['y']", "f:2:1: rule Petra: id: want small letters"),
		own("[[rule]]\nid = 'petra-api-key'\ntitle = 't'\nbody = 'x'\nmatch = ['y']", "f:2:1: rule petra-api-key: id: there is a rule of that id"),
		own("[[rule]]\nid = 'p'\ntitle = 't'\nbody = '('\nmatch = ['y']", "f:4:1: rule p: body: "),
		own("[[rule]]\nid = 'p'\ntitle = 't'\nbody = '.*'\nmatch = ['y']", "f:4:1: rule p: body: matches any name"),
		own("[[rule]]\nid = 'p'\ntitle = 't'\nbody = '[0-9]{9}'", "f:1:3: rule p: match: want at least one example"),
		own("[[rule]]\nid = 'p'\ntitle = 't'\nconfidence = 'low'\nbody = '[0-9]{9}'\nmatch = ['petra_{{body:s:9:digits}}']", "f:4:1: rule p: confidence: want medium or high"),
		own("[[rule]]\nid = 'p'\ntitle = 't'\nconfidence = 'sure'\nbody = '[0-9]{9}'\nmatch = ['petra_{{body:s:9:digits}}']", "f:4:1: confidence: "),
		own("[[rule]]\nname = 'p'", `f:2:1: unknown name "name" in rule`),
	} {
		trust := Repository
		if test[2] == "user" {
			trust = User
		}
		_, err := Parse("f", []byte(test[0]), trust)
		if err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%q: %v\nwant %s", test[0], err, test[1])
		}
	}
	_, err := Parse("f", []byte("exclude = ['[']\n[[allow]]\nkey = 'x'\nreson = ''\n"), Repository)
	mistakes, ok := err.(Mistakes)
	if !ok || len(mistakes) != 4 || !slices.IsSortedFunc(mistakes, func(a, b *Mistake) int { return a.Line - b.Line }) {
		t.Errorf("not all mistakes are named, in order: %v", err)
	}
}

// TestNoKeyInMessages has keys wherever somebody might write one.
func TestNoKeyInMessages(t *testing.T) {
	key := rulestest.Key("poison")
	for _, text := range []string{
		"[[allow]]\nkey = 'K'\nreason = 'r'", "K = 1", "'K' = 1", "K", "exclude = ['K[']", "format = 'K'", "timeout = 'K'",
		"[[allow]]\nK = 1", "[[allow]]\nkey = 'x'\nreason = 'r'\nexpires = 'K'", "K = 1\nK = 2", "[K]\n[K]",
		"[[rule]]\nid = 'K'\ntitle = 't'\nbody = 'x'\nmatch = ['y']", "[[rule]]\nid = 'p'\ntitle = 't'\nbody = 'K('\nmatch = ['y']",
		"[[rule]]\nid = 'p'\ntitle = 't'\nbody = 'x{9}'\nmatch = ['K']", "[[rule]]\nid = 'p'\ntitle = 't'\nbody = 'x{9}'\nmatch = ['petra_{{body:s:9:digits}}']\nno_match = ['K']",
		"[[rule]]\nid = 'p'\nconfidence = 'K'",
	} {
		_, err := Parse("f", []byte(strings.ReplaceAll(text, "K", key)), User)
		if err == nil {
			t.Errorf("%q: no error", text)
		} else if strings.Contains(err.Error(), key[len(finding.Prefix):len(finding.Prefix)+8]) {
			t.Errorf("%q: the message shows the key", text)
		}
	}
	for _, text := range []string{"K", anID + " K", "x K"} {
		if _, err := ParseBaseline("f", []byte(strings.ReplaceAll(text, "K", key))); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("baseline %q: %v", text, err != nil)
		}
	}
	var out bytes.Buffer
	if err := WriteBaseline(&out, []scanner.Allow{{Key: anID, Reason: "was " + key}}); err != nil || strings.Contains(out.String(), key) {
		t.Error("a baseline was written with a key in it")
	}
}

func compile(t *testing.T, trust Trust) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(trust)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON turns TOML into what a schema's validator of an editor sees.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	doc := map[string]any{}
	if err := toml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchema holds the schemas and the parser to the same opinion.
func TestSchema(t *testing.T) {
	schemas := map[Trust]*jsonschema.Schema{User: compile(t, User), Repository: compile(t, Repository)}
	good := []string{everything, shared, everything + "\n" + shared[strings.Index(shared, "[["):], ""}
	for _, text := range append(good, readmeExamples(t)...) {
		for trust, schema := range schemas {
			_, err := Parse("f", []byte(text), trust)
			if verdict := schema.Validate(asJSON(t, text)); (err == nil) != (verdict == nil) {
				t.Errorf("trust %d:\n%s\nthe parser says %v, the schema %v", trust, text, err, verdict)
			}
			if trust == User && err != nil {
				t.Errorf("%v in\n%s", err, text)
			}
		}
	}
	for _, text := range []string{
		"exclude = 'a'", "exclude = ['']", "format = 'jsn'", "jobs = -1", "jobs = 1.5", "quiet = 'yes'", "timeout = 90", "timeout = 'soon'", "show_keys = true",
		"allow = 1", "[[allow]]\nkey = '0'\nreason = 'r'", "[[allow]]\nkey = '" + anID + "'", "[[allow]]\nkey = '" + anID + "'\nreason = 'r'\nexpires = 'soon'",
		"[[rule]]\nid = 'P'\ntitle = 't'\nbody = 'x'\nmatch = ['y']", "[[rule]]\nid = 'p'\ntitle = 't'\nconfidence = 'low'\nbody = 'x'\nmatch = ['y']", "[[rule]]\nid = 'p'",
	} {
		for trust, schema := range schemas {
			if _, err := Parse("f", []byte(text), trust); err == nil {
				t.Errorf("%q: the parser is content", text)
			}
			if schema.Validate(asJSON(t, text)) == nil {
				t.Errorf("%q: the schema is content", text)
			}
		}
	}
}

// readmeExamples returns README's blocks of TOML.
func readmeExamples(t *testing.T) []string {
	data, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, part := range strings.Split(string(data), "```toml\n")[1:] {
		text, _, _ := strings.Cut(part, "```")
		list = append(list, text)
	}
	if len(list) < 2 {
		t.Errorf("README shows %d configurations", len(list))
	}
	return list
}

// TestDisplay reads what is shown back.
func TestDisplay(t *testing.T) {
	text := everything + "\n" + shared[strings.Index(shared, "[["):]
	text = strings.Replace(text, `"known.txt"`, `"/known.txt"`, 1)
	c, err := Parse("f", []byte(text), User)
	if err != nil {
		t.Fatal(err)
	}
	c.Lists[0].Value = "a \"b\" \\ \x01 ü\u202e" // escapes
	show := func(c *Config, origin bool) string {
		d := Display{Settings: c.Settings, Origin: origin, Baseline: []scanner.Allow{{Key: anID, Origin: "b:1"}}}
		d.Add(c)
		var b strings.Builder
		d.Write(&b)
		return b.String()
	}
	for _, origin := range []bool{false, true} {
		again, err := Parse("f", []byte(show(c, origin)), User)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := show(c, false), show(again, false); a != b {
			t.Errorf("shown is\n%s\nread back it is\n%s", a, b)
		}
	}
	if got := show(c, true); !strings.Contains(got, "# f:2\n") || !strings.Contains(got, "# b:1\n") {
		t.Errorf("origins are missing:\n%s", got)
	}
}

func TestBaseline(t *testing.T) {
	other := strings.Repeat("f", 64)
	list, err := ParseBaseline("b", []byte("\ufeff# head\r\n\r\n "+other+"   #  why \r\n"+anID+"\n"+anID+" # later\n"+other+" # again"))
	if err != nil {
		t.Fatal(err)
	}
	want := []scanner.Allow{{Key: finding.ID(other), Reason: "why", Origin: "b:3"}, {Key: anID, Reason: "later", Origin: "b:4"}}
	if !slices.Equal(list, want) {
		t.Errorf("read are %+v, want %+v", list, want)
	}
	var out bytes.Buffer
	if err := WriteBaseline(&out, list); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), baselineHead+anID+"  # later\n"+other+"  # why\n"; got != want {
		t.Errorf("written is\n%s\nwant\n%s", got, want)
	}
	for text, want := range map[string]string{
		"x":                       "b:1:1: want a key id",
		"\n" + anID + "0":         "b:2:1: want a key id",
		anID + " why":             "b:1:1: want a key id",
		"<<<<<<< HEAD":            "b:1:1: a merge left its mark",
		"=======\n>>>>>>> branch": "b:2:1: a merge left its mark",
	} {
		if _, err := ParseBaseline("b", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzParse holds every document to this: no panic; a mistake has its place;
// and what is read can be shown and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(everything), true)
	f.Add([]byte(shared), false)
	f.Add([]byte("allow = [{key.a = 1}, [[1]]]\nrule = [[]]"), false)
	f.Add([]byte("a.b.'c.d' = {x = [{}]}\n[x]\n[[x.y]]"), true)
	f.Fuzz(func(t *testing.T, data []byte, user bool) {
		trust := Repository
		if user {
			trust = User
		}
		c, err := Parse("f", data, trust)
		if err != nil {
			for _, m := range err.(Mistakes) {
				if m.Line < 1 || m.Column < 1 || m.Line > bytes.Count(data, []byte{'\n'})+1 {
					t.Fatalf("%v lies outside the file", m)
				}
			}
			return
		}
		d := Display{Settings: c.Settings}
		d.Add(c)
		var b strings.Builder
		d.Write(&b)
		if _, err := Parse("f", []byte(b.String()), User); err != nil && !strings.Contains(b.String(), "…") {
			t.Fatalf("what is shown can't be read: %v\n%s", err, b.String())
		}
	})
}

// FuzzBaseline holds every list to this: what is written reads back the same,
// and writing that again changes nothing.
func FuzzBaseline(f *testing.F) {
	f.Add([]byte(anID + " # why\n"))
	f.Add([]byte("# head\n\n" + anID + "#\x00\x85\u2028\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseBaseline("b", data)
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := WriteBaseline(&first, list); err != nil {
			t.Fatal(err)
		}
		again, err := ParseBaseline("b", first.Bytes())
		if err != nil || len(again) != len(list) {
			t.Fatalf("%d entries became %d, %v", len(list), len(again), err)
		}
		if err := WriteBaseline(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("written again it is\n%s\nand was\n%s", second.Bytes(), first.Bytes())
		}
	})
}

// TestEveryMistake: an unknown name does not hide what else is wrong, and a byte
// order mark is nothing.
func TestEveryMistake(t *testing.T) {
	_, err := Parse("u.toml", []byte("\ufeffjobs = \"two\"\nverfy = true\nfail_on = \"activ\"\nexclude = [\"[\"]\n"), User)
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	want := []string{"u.toml:1:1: jobs: want a whole", `u.toml:2:1: unknown name "verfy"; did you mean "verify"?`, `u.toml:3:1: fail_on: want any, active, none; did you mean "active"?`, "u.toml:4:12: exclude: bad glob"}
	if len(lines) != len(want) {
		t.Fatalf("%d mistakes, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("%s\nwant %s", lines[i], want[i])
		}
	}
}
