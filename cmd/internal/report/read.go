package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Read reads a saved JSON report. Members that this version does not know are
// passed over, as version 1 may have gained them; a report of another version
// is refused by its number. Key texts that a report holds after --show-keys are
// not read.
func Read(r io.Reader) (*finding.Report, error) {
	var whole bytes.Buffer
	if file, ok := r.(fs.File); ok {
		if info, err := file.Stat(); err == nil {
			whole.Grow(int(min(max(info.Size(), 0), 1<<30)) + bytes.MinRead)
		}
	}
	if _, err := whole.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	text := whole.Bytes()
	var head struct {
		SchemaVersion json.Number `json:"schema_version"`
		Keys          present     `json:"keys"`
		Findings      present     `json:"findings"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a petrascan JSON report: %w", position(text, err))
	}
	switch version := head.SchemaVersion.String(); {
	case version == "":
		return nil, errors.New("not a petrascan JSON report: it has no schema_version (petrascan's json format makes one)")
	case version != fmt.Sprint(finding.SchemaVersion):
		return nil, fmt.Errorf("the report has schema version %s, this petrascan reads version %d: use the petrascan that wrote it, or scan again", version, finding.SchemaVersion)
	case !bool(head.Keys) || !bool(head.Findings):
		return nil, errors.New("not a whole petrascan JSON report: keys or findings are missing")
	}
	report := new(finding.Report)
	if err := json.Unmarshal(text, report); err != nil {
		return nil, fmt.Errorf("not a petrascan JSON report: %w", position(text, err))
	}
	known := make(map[finding.ID]bool, len(report.Keys))
	for _, k := range report.Keys {
		known[k.ID] = true
	}
	for i, f := range report.Findings {
		if !known[f.Key] {
			return nil, fmt.Errorf("finding %d of the report is of key %s, which its keys do not list: was it edited?", i+1, short(string(f.Key)))
		}
	}
	return report, nil
}

// present is a member that is there, whatever it holds: a copy of it would take as
// much memory as the text.
type present bool

func (p *present) UnmarshalJSON([]byte) error {
	*p = true
	return nil
}

// position adds line and column to an error of encoding/json.
func position(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var offset int64
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		return err
	}
	before := text[:min(int(offset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// with returns a report that has these findings of r, the keys they are of, and
// all else that r has. Keys count these findings only.
func with(r *finding.Report, findings []finding.Finding) *finding.Report {
	part := *r
	part.Findings = findings
	n := make(map[finding.ID]int)
	for i := range findings {
		n[findings[i].Key]++
	}
	part.Keys = nil
	for _, k := range r.Keys {
		if n[k.ID] > 0 {
			k.Occurrences = n[k.ID]
			part.Keys = append(part.Keys, k)
		}
	}
	part.Scan.Warnings = slices.Clone(r.Scan.Warnings)
	return &part
}
