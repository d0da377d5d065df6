package report

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/petrascan/petrascan/scanner/finding"
)

// writeJSONL writes the report's records one a line, each an object with one
// member that names its kind: first the head (all but keys and findings), then
// the keys, then the findings, in the report's order.
func writeJSONL(w io.Writer, r *finding.Report, o Options) error {
	var buf bytes.Buffer
	line := func(kind string, v any) error {
		buf.Reset()
		buf.WriteString(`{"` + kind + `":`)
		if err := encodeLine(&buf, v); err != nil {
			return err
		}
		buf.WriteString("}\n")
		_, err := w.Write(buf.Bytes())
		return err
	}
	head := struct {
		SchemaVersion int          `json:"schema_version"`
		Tool          finding.Tool `json:"tool"`
		Scan          finding.Scan `json:"scan"`
	}{finding.SchemaVersion, r.Tool, filledScan(r.Scan)}
	if err := line("report", head); err != nil {
		return err
	}
	for i := range r.Keys {
		if err := line("key", o.exposure(&r.Keys[i])); err != nil {
			return err
		}
	}
	for i := range r.Findings {
		if err := line("finding", &r.Findings[i]); err != nil {
			return err
		}
	}
	return nil
}

// encodeLine appends v as JSON on one line.
func encodeLine(buf *bytes.Buffer, v any) error {
	var one bytes.Buffer
	enc := json.NewEncoder(&one)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	buf.Write(escapeJSON(bytes.TrimSuffix(one.Bytes(), []byte("\n"))))
	return nil
}
