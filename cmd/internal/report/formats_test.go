package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/petrascan/petrascan/scanner/finding"
)

func TestJSONL(t *testing.T) {
	r := rich()
	var whole struct{ Keys, Findings []json.RawMessage }
	if err := json.Unmarshal(written(t, JSON, r, Options{}), &whole); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(written(t, JSONL, r, Options{})))
	lines.Buffer(nil, 1<<20)
	var kinds []string
	n := map[string]int{}
	for lines.Scan() {
		var record map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil || len(record) != 1 {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		for kind, v := range record {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			} else if kinds[len(kinds)-1] != kind {
				t.Errorf("%s after %s", kind, kinds[len(kinds)-1])
			}
			var compact bytes.Buffer
			switch kind {
			case "key":
				json.Compact(&compact, whole.Keys[n[kind]])
			case "finding":
				json.Compact(&compact, whole.Findings[n[kind]])
			case "report":
				var head finding.Report
				if err := json.Unmarshal(v, &head); err != nil || head.SchemaVersion != 1 || head.Scan.Coverage.Files != r.Scan.Coverage.Files {
					t.Errorf("head %v: %s", err, v)
				}
				compact.Write(v)
			}
			if compact.String() != string(v) {
				t.Errorf("%s %d differs from JSON's:\n%s\n%s", kind, n[kind], v, compact.String())
			}
			n[kind]++
		}
	}
	if n["report"] != 1 || n["key"] != len(r.Keys) || n["finding"] != len(r.Findings) || kinds[0] != "report" {
		t.Errorf("records %v, kinds %v", n, kinds)
	}
}

func TestCSV(t *testing.T) {
	r := rich()
	records, err := csv.NewReader(bytes.NewReader(written(t, CSV, r, Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+len(r.Findings) {
		t.Fatalf("%d records of %d findings", len(records), len(r.Findings))
	}
	paths := slices.Index(records[0], "path")
	for i, record := range records[1:] {
		for j, cell := range record {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
				t.Errorf("record %d, %s: %q would be a formula", i, records[0][j], cell)
			}
		}
		if got, want := strings.TrimPrefix(record[paths], "'"), Clean(r.Findings[i].Path); got != want {
			t.Errorf("path %q, want %q", got, want)
		}
	}
	empty, err := csv.NewReader(bytes.NewReader(written(t, CSV, clear(), Options{}))).ReadAll()
	if err != nil || len(empty) != 1 || !slices.Equal(empty[0], records[0]) {
		t.Errorf("without findings: %v, %v", empty, err)
	}
}

func TestCSVCell(t *testing.T) {
	for in, want := range map[string]string{
		"=1": "'=1", " =1": "' =1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=x": `\t=x`, "＝1": "'＝1", "a=1": "a=1", "": "", " ": " ",
	} {
		if got := csvCell(in); got != want {
			t.Errorf("csvCell(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJUnit(t *testing.T) {
	for name, r := range map[string]*finding.Report{"rich": rich(), "clear": clear()} {
		got := written(t, JUnit, r, Options{})
		dec := xml.NewDecoder(bytes.NewReader(got))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		suites, err := junit.Ingest(got)
		if err != nil || len(suites) != 1 {
			t.Fatalf("%s: %v, %d suites", name, err, len(suites))
		}
		totals := suites[0].Totals
		unread := len(r.Scan.Errors) + len(r.Scan.Coverage.Cut)
		if len(r.Findings)+unread == 0 {
			if totals.Passed != 1 || totals.Tests != 1 {
				t.Errorf("%s: %+v", name, totals)
			}
			continue
		}
		if totals.Failed != len(r.Findings) || totals.Error != unread || totals.Passed != 0 {
			t.Errorf("%s: %+v", name, totals)
		}
		var declared struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		}
		if err := xml.Unmarshal(got, &declared); err != nil || declared.Tests != totals.Tests || declared.Failures != totals.Failed || declared.Errors != totals.Error {
			t.Errorf("%s: declares %+v, %v", name, declared, err)
		}
	}
}

// runnerCommand reads a line as the runner of GitHub Actions does: spaces cut
// off, "::" in front for a command of today, "##[" anywhere for one of old.
var runnerCommand = regexp.MustCompile(`^\s*::([a-z-]+)(?: ([^:]*))?::(.*)$`)

func TestGitHub(t *testing.T) {
	r := rich()
	lines := strings.Split(strings.TrimSuffix(string(written(t, GitHub, r, Options{})), "\n"), "\n")
	levels := map[string]int{}
	for _, l := range lines[:len(lines)-1] {
		m := runnerCommand.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("no command: %q", l)
		}
		levels[m[1]]++
		for _, p := range strings.Split(m[2], ",") {
			name, _, ok := strings.Cut(p, "=")
			if !ok || !slices.Contains([]string{"file", "line", "endLine", "col", "endColumn", "title"}, name) {
				t.Errorf("property %q in %q", p, l)
			}
		}
	}
	if levels["error"] != 10 || levels["warning"] != 10 || levels["notice"] != 2 || len(levels) != 3 {
		t.Errorf("annotations by level: %v", levels)
	}
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "petrascan: 6 keys in 34 places") || !strings.Contains(last, "13 places not annotated") {
		t.Errorf("summary %q", last)
	}
	if got := githubProperty("a%b:c,d##[e"); got != "a%25b%3Ac%2Cd#%23[e" {
		t.Errorf("githubProperty: %q", got)
	}
	if got := githubData("a%b\r\nc"); got != "a%25b%0D%0Ac" {
		t.Errorf("githubData: %q", got)
	}
}

// gitlabRequired is what GitLab's schema of the version we name demands, in our
// own words: for every object the members it must have, and of what kind.
const gitlabRequired = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "required": ["version", "scan", "vulnerabilities"],
	"properties": {
		"version": {"const": "15.2.1"}, "schema": {"pattern": "^https?://.+"},
		"scan": {
			"type": "object", "required": ["analyzer", "scanner", "start_time", "end_time", "status", "type"],
			"properties": {
				"type": {"const": "secret_detection"}, "status": {"enum": ["success", "failure"]},
				"start_time": {"$ref": "#/$defs/time"}, "end_time": {"$ref": "#/$defs/time"},
				"analyzer": {"$ref": "#/$defs/tool"}, "scanner": {"$ref": "#/$defs/tool"},
				"messages": {"type": "array", "items": {"required": ["level", "value"], "properties": {
					"level": {"enum": ["info", "warn", "fatal"]}, "value": {"$ref": "#/$defs/text"}}}}
			}
		},
		"vulnerabilities": {"type": "array", "items": {
			"type": "object", "required": ["id", "identifiers", "location"],
			"properties": {
				"id": {"$ref": "#/$defs/text"}, "name": {"type": "string", "maxLength": 255},
				"description": {"type": "string", "maxLength": 1048576}, "solution": {"type": "string", "maxLength": 7000},
				"severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
				"identifiers": {"type": "array", "minItems": 1, "items": {"required": ["type", "name", "value"], "properties": {
					"type": {"$ref": "#/$defs/text"}, "name": {"$ref": "#/$defs/text"}, "value": {"$ref": "#/$defs/text"},
					"url": {"pattern": "^(https?|ftp)://.+"}}}},
				"location": {"type": "object", "required": ["commit"], "properties": {
					"file": {"type": "string"}, "start_line": {"type": "number"}, "end_line": {"type": "number"},
					"commit": {"type": "object", "required": ["sha"], "properties": {
						"sha": {"$ref": "#/$defs/text"}, "author": {"type": "string"}, "date": {"type": "string"}}}}}
			}
		}}
	},
	"$defs": {
		"text": {"type": "string", "minLength": 1},
		"time": {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$"},
		"tool": {"type": "object", "required": ["id", "name", "version", "vendor"], "properties": {
			"id": {"$ref": "#/$defs/text"}, "name": {"$ref": "#/$defs/text"}, "version": {"$ref": "#/$defs/text"},
			"url": {"pattern": "^https?://.+"}, "vendor": {"required": ["name"], "properties": {"name": {"$ref": "#/$defs/text"}}}}}
	}
}`

func TestGitLab(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(gitlabRequired))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("gitlab.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("gitlab.json")
	for name, r := range map[string]*finding.Report{"rich": rich(), "clear": clear()} {
		got := written(t, GitLab, r, Options{})
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var out struct{ Vulnerabilities []gitlabVulnerability }
		if err := json.Unmarshal(got, &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Vulnerabilities) != len(r.Findings) {
			t.Errorf("%s: %d of %d findings", name, len(out.Vulnerabilities), len(r.Findings))
		}
		ids := map[string]bool{}
		for _, v := range out.Vulnerabilities {
			if ids[v.ID] {
				t.Errorf("%s: id %s twice", name, v.ID)
			}
			ids[v.ID] = true
		}
	}
}

// rendered is Markdown as GitHub's dialect makes HTML of it.
func rendered(t *testing.T, source []byte) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldhtml.WithUnsafe()))
	if err := md.Convert(source, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var markupTag = regexp.MustCompile(`<(/?[A-Za-z!][^>]*)>`)

func TestMarkdown(t *testing.T) {
	r := rich()
	page := rendered(t, written(t, Markdown, r, Options{}))
	for _, m := range markupTag.FindAllStringSubmatch(page+rendered(t, written(t, Markdown, forged(), Options{ShowSuppressed: true})), -1) {
		name, attributes, _ := strings.Cut(strings.TrimPrefix(m[1], "/"), " ")
		switch name {
		case "h1", "h2", "p", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td", "strong":
			if attributes != "" && !strings.HasPrefix(attributes, "style=\"text-align") {
				t.Errorf("attributes in %s", m[0])
			}
		case "a":
			if !strings.HasPrefix(attributes, `href="https://github.com/acme/app/commit/`) && m[1] != "/a" {
				t.Errorf("link %s", m[0])
			}
		default:
			t.Errorf("element %s", m[0])
		}
	}
	if rows := strings.Count(page, "<tr>"); rows != len(r.Findings)+len(r.Keys) {
		t.Errorf("%d rows of %d findings and %d headers", rows, len(r.Findings), len(r.Keys))
	}
	for row := range strings.SplitSeq(page, "</tr>") {
		if cells := strings.Count(row, "<td>"); cells != 0 && cells != 6 {
			t.Errorf("%d cells in %s", cells, row)
		}
	}
	text := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&").Replace(markupTag.ReplaceAllString(page, ""))
	for _, s := range []string{Clean(hostile), `\x1b[31m\u202e<script>alert(1)</script>`, "https://evil.example/[a](b):3:9", "日本語"} {
		if !strings.Contains(text, s) {
			t.Errorf("lacks %q", s)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add(hostile)
	f.Add("a\\`b`|*_x_* <b> [l](u) www.evil.example a@b.example ![i](x)")
	f.Fuzz(func(t *testing.T, s string) {
		s = Clean(s)
		for _, source := range []string{CodeSpan(s), "x " + markdownText(s)} {
			page := rendered(t, []byte("| h |\n|---|\n| "+source+" |\n"))
			if strings.Count(page, "<td>") != 1 || strings.Count(page, "<tr>") != 2 {
				t.Errorf("%q leaves its cell: %s", s, page)
			}
			for _, m := range markupTag.FindAllStringSubmatch(page, -1) {
				if !slices.Contains([]string{"table", "thead", "tbody", "tr", "th", "td", "code"}, strings.TrimPrefix(m[1], "/")) {
					t.Errorf("%q makes %s", s, m[0])
				}
			}
		}
	})
}

func TestMarkdownIsCut(t *testing.T) {
	r := many(20_000)
	for i := range r.Scan.Coverage.Files % 100 {
		r.Scan.Warnings = append(r.Scan.Warnings, fmt.Sprint(i, strings.Repeat("*", 5000)))
	}
	got := written(t, Markdown, r, Options{ShowSuppressed: true})
	if len(got) >= 1<<20 || len(got) < 1<<19 {
		t.Errorf("%d bytes", len(got))
	}
	shown := bytes.Count(got, []byte("/config.env"))
	if want := fmt.Sprintf("Cut here: %s more", plural(20_000-shown, "place")); !bytes.Contains(got, []byte(want)) {
		t.Errorf("%d places shown, no %q", shown, want)
	}
	one := clear()
	one.Keys = many(4).Keys
	big := many(40_000)
	for i := range big.Findings {
		big.Findings[i].Key = one.Keys[0].ID
	}
	one.Findings = big.Findings
	if got := written(t, Markdown, one, Options{}); len(got) >= 1<<20 || !bytes.Contains(got, []byte("Cut here: ")) {
		t.Errorf("one key of many places: %d bytes", len(got))
	}
}
