package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

type (
	junitSuite struct {
		XMLName    xml.Name        `xml:"testsuite"`
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		XMLName   xml.Name      `xml:"testcase"`
		ClassName string        `xml:"classname,attr"`
		Name      string        `xml:"name,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Line      int           `xml:"line,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Failure   *junitOutcome `xml:"failure,omitempty"`
		Error     *junitOutcome `xml:"error,omitempty"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one suite: a failed case a finding, a case with an error
// for each thing that could not be read or was cut, and a passed case when
// there is neither.
func writeJUnit(w io.Writer, r *finding.Report, o Options) error {
	v := newView(r, o)
	suite := junitSuite{
		Name: "petrascan", Failures: len(r.Findings), Errors: len(r.Scan.Errors) + len(r.Scan.Coverage.Cut),
		Time: seconds(r.Scan.ElapsedMS),
		Properties: []junitProperty{
			{"petrascan.version", Clean(r.Tool.Version)}, {"petrascan.command", Clean(r.Scan.Command)},
			{"petrascan.complete", fmt.Sprint(r.Scan.Complete)}, {"petrascan.summary", total(r)},
		},
	}
	for i, l := range readLines(r) {
		suite.Properties = append(suite.Properties, junitProperty{fmt.Sprintf("petrascan.read.%d", i+1), l})
	}
	suite.Tests = suite.Failures + suite.Errors
	passed := suite.Tests == 0
	if passed {
		suite.Tests = 1
	}
	if start := instant(r.Scan.Started); !start.IsZero() {
		suite.Timestamp = start.UTC().Format(gitlabTime)
	}
	// The suite's element is written by hand around its cases, so that they
	// never stand in memory together.
	head, err := xml.MarshalIndent(suite, "  ", "  ")
	if err != nil {
		return err
	}
	open := strings.TrimSuffix(string(head), "\n  </testsuite>")
	counts := fmt.Sprintf(`tests="%d" failures="%d" errors="%d"`, suite.Tests, suite.Failures, suite.Errors)
	if _, err := io.WriteString(w, xml.Header+`<testsuites name="petrascan" `+counts+">\n"+open+"\n"); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("    ", "  ")
	put := func(c junitCase) {
		if err == nil {
			c.Time = "0"
			err = enc.Encode(c)
		}
	}
	if passed {
		put(junitCase{ClassName: "petrascan", Name: "no Petra API key"})
	}
	for _, f := range worstFirst(r, v.keys) {
		e, at, verdict := v.keys[f.Key], v.place(f), v.verdict(f)
		c := junitCase{
			ClassName: "petrascan." + Clean(string(f.Location)), Name: Clean(f.Masked) + " " + short(string(f.Key)) + " in " + at, Line: f.Line,
			Failure: &junitOutcome{
				Message: verdict.subject() + " " + Clean(f.Masked) + " in " + at, Type: sarifRules[verdict].ID,
				Text: strings.Join([]string{statusWord(e.Status) + ", " + traits(e), origin(e), exposed(e), verdict.advice()}, "\n"),
			},
		}
		if f.Path != "" {
			c.File = Clean(v.file(f))
		}
		put(c)
	}
	for _, e := range r.Scan.Errors {
		put(junitCase{ClassName: "petrascan.unread", Name: because(subjectOf(e.Path, "", e.Object), e.Reason), Error: &junitOutcome{Message: Clean(e.Reason), Type: "unreadable"}})
	}
	for _, u := range r.Scan.Coverage.Cut {
		put(junitCase{ClassName: "petrascan.unread", Name: because(subjectOf(u.Path, u.Member, u.Object), u.Reason), Error: &junitOutcome{Message: Clean(u.Reason), Type: "cut"}})
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n  </testsuite>\n</testsuites>\n")
	return err
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
