package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/petrascan/petrascan/scanner/finding"
)

// TestReplay writes a report, reads it and expects each format to be the same
// from what was read. Names that are not UTF-8 are beyond JSON.
func TestReplay(t *testing.T) {
	r := rich()
	for i := range r.Findings {
		r.Findings[i].Path = strings.ToValidUTF8(r.Findings[i].Path, "?")
	}
	back, err := Read(bytes.NewReader(written(t, JSON, r, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		if !bytes.Equal(written(t, f, r, Options{}), written(t, f, back, Options{})) {
			t.Errorf("%s differs after a replay", f)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(written(t, JSON, rich(), Options{}))
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "not a petrascan JSON report"},
		"no JSON":      {"{\n  \"schema_version\": 1,\n  oops", "line 3, column 3"},
		"other JSON":   {`{"version": "2.1.0", "runs": []}`, "no schema_version"},
		"version 2":    {strings.Replace(good, `"schema_version": 1`, `"schema_version": 2`, 1), "schema version 2"},
		"wrong type":   {strings.Replace(good, `"files": 1234`, `"files": "many"`, 1), "line "},
		"no findings":  {`{"schema_version": 1, "keys": []}`, "missing"},
		"cut short":    {good[:len(good)/2], "not a petrascan JSON report"},
		"two reports":  {good + good, "not a petrascan JSON report"},
		"key unlisted": {strings.Replace(good, `"key": "`+string(rich().Findings[3].Key), `"key": "`+strings.Repeat("0", 64), 8), "do not list"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
	unknown := strings.Replace(good, `"schema_version": 1,`, `"schema_version": 1, "new_in_1": {"a": [1]},`, 1)
	if _, err := Read(strings.NewReader(unknown)); err != nil {
		t.Errorf("a member that is not known: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema_version":1,"keys":[],"findings":[]}`))
	f.Add([]byte(`{"schema_version":1,"keys":[{"id":"a","confidence":"low"}],"findings":[{"key":"a","line":-1,"end_line":-5,"snippet":{}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, format := range Formats() {
			for _, width := range []int{0, 1, 60, 120} {
				if err := Write(&bytes.Buffer{}, format, r, Options{Width: width, Links: true, Dir: "/d"}); err != nil {
					t.Errorf("%s: %v", format, err)
				}
			}
		}
	})
}

func TestDiff(t *testing.T) {
	old, next := rich(), rich()
	if d := Diff(old, next); len(d.New.Findings)+len(d.Gone.Findings) != 0 || len(d.Still.Findings) != len(old.Findings) {
		t.Errorf("a report and itself: %d new, %d gone, %d still", len(d.New.Findings), len(d.Gone.Findings), len(d.Still.Findings))
	}
	gone := next.Findings[0]
	next.Findings = next.Findings[1:]
	next.Findings[4].Line += 7 // an edit above
	next.Findings[4].Commit = object(4711)
	added := next.Findings[2]
	added.Path = "brand/new.env"
	added.SetFingerprint()
	next.Findings = append(next.Findings, added, added) // twice at one place counts twice
	d := Diff(old, next)
	if len(d.New.Findings) != 2 || d.New.Findings[0].Path != "brand/new.env" {
		t.Errorf("new: %+v", d.New.Findings)
	}
	if len(d.Gone.Findings) != 1 || d.Gone.Findings[0].Fingerprint != gone.Fingerprint {
		t.Errorf("gone: %+v", d.Gone.Findings)
	}
	if len(d.Still.Findings) != len(old.Findings)-1 || len(d.New.Keys) != 1 || d.New.Keys[0].Occurrences != 2 {
		t.Errorf("still %d, keys of the new %+v", len(d.Still.Findings), d.New.Keys)
	}

	elsewhere := rich()
	elsewhere.Scan.Targets[0].URL = "https://github.com/acme/other.git"
	if d := Diff(old, elsewhere); len(d.Still.Findings) == len(old.Findings) || len(d.New.Findings) == 0 {
		t.Error("the same path in another repository is taken for the same place")
	}

	var table, doc bytes.Buffer
	if err := WriteDelta(&table, Table, d, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"New: 1 key in 2 places", "brand/new.env", "Gone: 1 key in 1 place", "Still there: ", "newer report is incomplete"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("table lacks %q", want)
		}
	}
	if err := WriteDelta(&doc, JSON, d, Options{}); err != nil {
		t.Fatal(err)
	}
	var back struct {
		New, Gone, Still struct {
			Keys     []finding.Exposure
			Findings []finding.Finding
		}
	}
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || len(back.New.Findings) != 2 || len(back.Gone.Findings) != 1 || len(back.Still.Keys) != len(d.Still.Keys) {
		t.Errorf("JSON %v: %d new, %d gone", err, len(back.New.Findings), len(back.Gone.Findings))
	}
	if err := WriteDelta(&doc, HTML, d, Options{}); err == nil {
		t.Error("HTML: no error")
	}
}

func TestMerge(t *testing.T) {
	if _, err := Merge(); err == nil {
		t.Error("nothing to merge: no error")
	}
	a, b := rich(), rich()
	same, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(same.Findings) != len(a.Findings) || len(same.Keys) != len(a.Keys) || len(same.Scan.Targets) != len(a.Scan.Targets) {
		t.Errorf("a report twice: %d findings, %d keys, %d targets", len(same.Findings), len(same.Keys), len(same.Scan.Targets))
	}
	if !reflect.DeepEqual(a, rich()) || !reflect.DeepEqual(b, rich()) {
		t.Error("a part was changed")
	}
	if c := same.Scan.Coverage; !reflect.DeepEqual(c.Objects, a.Scan.Coverage.Objects) || c.Files != a.Scan.Coverage.Files ||
		len(c.Opaque) != len(a.Scan.Coverage.Opaque) || !reflect.DeepEqual(c.Absent, sortedAbsent(a)) ||
		len(same.Scan.Errors) != len(a.Scan.Errors) || len(same.Scan.Suppressed) != len(a.Scan.Suppressed) || same.Scan.Suppressed[0].Count != 3 {
		t.Errorf("a report twice has read twice as much: %+v", c)
	}

	b.Scan.Targets[0].URL, b.Scan.Targets[0].Path = "https://github.com/acme/other.git", "other"
	b.Scan.Complete = true
	early := "2020-01-01T00:00:00Z"
	for i := range b.Keys {
		e := &b.Keys[i]
		if e.Status == finding.Unverified && e.Rule == "petra-api-key" {
			e.Status, e.Checked, e.CreatedNoLaterThan = finding.Active, "2026-11-24T00:00:00Z", &early
			e.ReachableFrom.Refs = []string{"refs/heads/zoo"}
			e.FirstSeen = moment(900, "Early Bird", early)
		}
	}
	both, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(written(t, JSON, both, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if err := validator(t).Validate(doc); err != nil {
		t.Error(err)
	}
	if both.Scan.Complete || both.Scan.Coverage.Files != 2*a.Scan.Coverage.Files || len(both.Scan.Targets) != len(a.Scan.Targets)+1 {
		t.Errorf("complete %v, files %d, %d targets", both.Scan.Complete, both.Scan.Coverage.Files, len(both.Scan.Targets))
	}
	inOther, occurrences := 0, 0
	for _, f := range both.Findings {
		if both.Scan.Targets[f.Target].Path == "other" {
			inOther++
		}
	}
	for _, e := range both.Keys {
		occurrences += e.Occurrences
		if e.FirstSeen != nil && e.FirstSeen.Author == "Early Bird" && (e.Status != finding.Active || *e.CreatedNoLaterThan != early || e.ReachableFrom.Refs[0] != "refs/heads/zoo") {
			t.Errorf("merged key %+v", e)
		}
	}
	if inOther == 0 || occurrences != len(both.Findings) {
		t.Errorf("%d findings in the other repository, occurrences %d of %d", inOther, occurrences, len(both.Findings))
	}
	reversed, err := Merge(b, a)
	if err != nil || len(reversed.Findings) != len(both.Findings) || !reflect.DeepEqual(statuses(reversed), statuses(both)) {
		t.Errorf("the other way round: %v, %d findings, %v", err, len(reversed.Findings), statuses(reversed))
	}
}

func sortedAbsent(r *finding.Report) []finding.Absent {
	return slices.SortedFunc(slices.Values(r.Scan.Coverage.Absent), func(a, b finding.Absent) int { return strings.Compare(a.What, b.What) })
}

// TestMergeAgain: what several runs read counts once if they read the same, and
// each time if not, which is said where it was the same place.
func TestMergeAgain(t *testing.T) {
	run := func(files int64, targets ...finding.Target) *finding.Report {
		r := clear()
		r.Scan.Targets, r.Scan.Coverage.Files = targets, files
		for i := range targets {
			r.Scan.Targets[i].ID = i
		}
		return r
	}
	files := finding.Target{Path: ".", Kind: finding.FilesTarget}
	at := func(path, head string) finding.Target {
		return finding.Target{Path: path, Kind: finding.GitTarget, URL: "https://example.com/" + path, Head: head}
	}
	ranged := func(r *finding.Report, id string) *finding.Report {
		r.Scan.Range = &finding.Range{New: []string{id}}
		return r
	}
	for name, c := range map[string]struct {
		parts []*finding.Report
		files int64
		told  bool
	}{
		"the same":                  {[]*finding.Report{run(10, files, at("a", "1")), run(12, files, at("a", "1"))}, 12, false},
		"in another order":          {[]*finding.Report{run(10, files, at("a", "1")), run(12, at("a", "1"), files)}, 12, false},
		"the same after another":    {[]*finding.Report{run(10, at("a", "1")), run(100, at("b", "1")), run(12, at("a", "1"))}, 112, false},
		"a part of another":         {[]*finding.Report{run(10, files, at("a", "1")), run(5, files)}, 15, true},
		"another HEAD":              {[]*finding.Report{run(10, at("a", "1")), run(12, at("a", "2"))}, 22, true},
		"different repositories":    {[]*finding.Report{run(10, at("a", "1")), run(12, at("b", "1"))}, 22, false},
		"two ranges of one":         {[]*finding.Report{ranged(run(10, at("a", "1")), "x"), ranged(run(12, at("a", "1")), "y")}, 22, false},
		"one range of one, twice":   {[]*finding.Report{ranged(run(10, at("a", "1")), "x"), ranged(run(12, at("a", "1")), "x")}, 12, false},
		"standard input, two of it": {[]*finding.Report{run(1, finding.Target{Path: "-", Kind: finding.StdinTarget}), run(1, finding.Target{Path: "-", Kind: finding.StdinTarget})}, 2, false},
	} {
		m, err := Merge(c.parts...)
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(m.Scan.Warnings, func(w string) bool { return strings.Contains(w, "counts for each") })
		if m.Scan.Coverage.Files != c.files || told != c.told {
			t.Errorf("%s: %d files, want %d; told: %t, want %t: %q", name, m.Scan.Coverage.Files, c.files, told, c.told, m.Scan.Warnings)
		}
	}
}

func statuses(r *finding.Report) map[finding.ID]finding.Status {
	m := map[finding.ID]finding.Status{}
	for _, e := range r.Keys {
		m[e.ID] = e.Status
	}
	return m
}

func TestFilter(t *testing.T) {
	r := rich()
	for name, c := range map[string]struct {
		Criteria
		findings, keys int
	}{
		"all":        {Criteria{}, 34, 6},
		"status":     {Criteria{Statuses: []finding.Status{finding.Active, finding.Deleted}}, 11, 2},
		"confidence": {Criteria{MinConfidence: finding.High}, 29, 3},
		"location":   {Criteria{Locations: []finding.Location{finding.InStdin, finding.InNote}}, 2, 2},
		"path":       {Criteria{Paths: []string{"config/**", "**/*.py"}}, 2, 1},
		"key":        {Criteria{Keys: []string{strings.ToUpper(string(r.Keys[0].ID[:8]))}}, r.Keys[0].Occurrences, 1},
		"present":    {Criteria{Present: true, Locations: []finding.Location{finding.InBlob}}, 3, 2},
		"none":       {Criteria{Paths: []string{"nowhere"}}, 0, 0},
	} {
		got, err := Filter(r, c.Criteria)
		if err != nil || len(got.Findings) != c.findings || len(got.Keys) != c.keys {
			t.Errorf("%s: %v, %d findings, %d keys; want %d, %d", name, err, len(got.Findings), len(got.Keys), c.findings, c.keys)
			continue
		}
		if told := len(got.Scan.Warnings) > len(r.Scan.Warnings); told != (c.findings < 34) {
			t.Errorf("%s: says that it is filtered: %v", name, told)
		}
	}
	for want, c := range map[string]Criteria{
		"bad glob":               {Paths: []string{"[a"}},
		`did you mean "active"?`: {Statuses: []finding.Status{"actve"}},
		`did you mean "blob"?`:   {Locations: []finding.Location{"blobs"}},
		"hexadecimal":            {Keys: []string{"petra_"}},
	} {
		if _, err := Filter(r, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", c, err, want)
		}
	}
	if !reflect.DeepEqual(r, rich()) {
		t.Error("the report was changed")
	}
}
