package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A jsonDoc writes an indented JSON document piece by piece, so that a long
// array never stands in memory as text. The first error sticks.
type jsonDoc struct {
	w     io.Writer
	buf   bytes.Buffer
	depth int
	some  bool // the object or array at hand has a member already
	err   error
}

func (d *jsonDoc) write(b []byte) {
	if d.err == nil {
		_, d.err = d.w.Write(b)
	}
}

func (d *jsonDoc) newline() {
	d.buf.Reset()
	if d.some {
		d.buf.WriteByte(',')
	}
	d.buf.WriteByte('\n')
	for range d.depth {
		d.buf.WriteString("  ")
	}
	d.write(d.buf.Bytes())
}

// open begins an object ('{') or array ('[').
func (d *jsonDoc) open(bracket byte) {
	d.write([]byte{bracket})
	d.depth++
	d.some = false
}

// close ends what open began.
func (d *jsonDoc) close(bracket byte) {
	d.depth--
	if d.some {
		d.some = false
		d.newline()
	}
	d.write([]byte{bracket})
	d.some = true
}

// key begins a member of an object.
func (d *jsonDoc) key(name string) {
	d.newline()
	d.write([]byte(`"` + name + `": `))
}

// item begins an element of an array.
func (d *jsonDoc) item() { d.newline() }

// value writes v where key or item stand.
func (d *jsonDoc) value(v any) {
	if d.err != nil {
		return
	}
	d.buf.Reset()
	enc := json.NewEncoder(&d.buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent(strings.Repeat("  ", d.depth), "  ")
	if d.err = enc.Encode(v); d.err == nil {
		d.write(escapeJSON(bytes.TrimSuffix(d.buf.Bytes(), []byte("\n"))))
	}
	d.some = true
}

func (d *jsonDoc) field(name string, v any) {
	d.key(name)
	d.value(v)
}

// escapeJSON returns JSON text with the characters that Clean escapes written
// as \u escapes, which read back as the same characters. encoding/json does so
// for C0 controls only, and a JSON report may well be printed on a terminal.
func escapeJSON(b []byte) []byte {
	if !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x7f }) {
		return b
	}
	var out []byte
	done := 0
	for i, r := range string(b) {
		if r < 0x7f || !hidden(r) && r != utf8.RuneError {
			continue
		}
		out = append(out, b[done:i]...)
		done = i + utf8.RuneLen(r)
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	if out == nil {
		return b
	}
	return append(out, b[done:]...)
}

func writeJSON(w io.Writer, r *finding.Report, o Options) error {
	d := &jsonDoc{w: w}
	d.open('{')
	d.field("schema_version", finding.SchemaVersion)
	d.field("tool", r.Tool)
	d.field("scan", filledScan(r.Scan))
	d.records(r, o)
	d.close('}')
	d.write([]byte("\n"))
	return d.err
}

// records writes the keys and the findings.
func (d *jsonDoc) records(r *finding.Report, o Options) {
	d.key("keys")
	d.open('[')
	for i := range r.Keys {
		d.item()
		d.value(o.exposure(&r.Keys[i]))
	}
	d.close(']')
	d.key("findings")
	d.open('[')
	for i := range r.Findings {
		d.item()
		d.value(&r.Findings[i])
	}
	d.close(']')
}

// A shownExposure is a key as JSON holds it, with its raw text under
// --show-keys only.
type shownExposure struct {
	finding.Exposure
	Text string `json:"text,omitempty"`
}

func (o Options) exposure(e *finding.Exposure) shownExposure {
	shown := shownExposure{Exposure: filledExposure(*e)}
	if text, raw := o.keyText(e.ID, e.Masked); raw {
		shown.Text = text
	}
	return shown
}

// filledScan returns s without nil slices, which JSON would show as null.
func filledScan(s finding.Scan) finding.Scan {
	fill(&s.Targets)
	fill(&s.Errors)
	fill(&s.Warnings)
	fill(&s.Suppressed)
	fill(&s.Coverage.Absent)
	fill(&s.Coverage.Opaque)
	fill(&s.Coverage.Cut)
	if s.Range != nil {
		limits := *s.Range
		fill(&limits.New)
		fill(&limits.Old)
		s.Range = &limits
	}
	return s
}

// filledExposure returns e without nil slices.
func filledExposure(e finding.Exposure) finding.Exposure {
	fill(&e.Authors)
	fill(&e.ReachableFrom.Refs)
	fill(&e.ReachableFrom.Worktrees)
	fill(&e.ReachableFrom.Reflogs)
	fill(&e.ReachableFrom.Stash)
	return e
}

func fill[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}
