package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A Delta is what changed from one report to the next. Each part is a report
// with the findings in question, so that any format can show it.
type Delta struct {
	New   *finding.Report // only the newer report has them
	Gone  *finding.Report // only the older report has them
	Still *finding.Report // both have them; as the newer tells them
}

// Diff compares two reports by the fingerprints of their findings and, where
// targets have one, the address of their remote. Neither line nor commit
// matters: an edit above a key changes nothing.
func Diff(old, new *finding.Report) Delta {
	type place struct{ remote, fingerprint string }
	places := func(r *finding.Report) func(*finding.Finding) place {
		remotes := make(map[int]string)
		for _, t := range r.Scan.Targets {
			remotes[t.ID] = remote(t.URL)
		}
		return func(f *finding.Finding) place { return place{remotes[f.Target], f.Fingerprint} }
	}
	oldPlace, newPlace := places(old), places(new)
	had := make(map[place]int, len(old.Findings))
	for i := range old.Findings {
		had[oldPlace(&old.Findings[i])]++
	}
	var added, still, gone []finding.Finding
	for i := range new.Findings {
		f := &new.Findings[i]
		if p := newPlace(f); had[p] > 0 {
			had[p]--
			still = append(still, *f)
		} else {
			added = append(added, *f)
		}
	}
	for i := range old.Findings {
		f := &old.Findings[i]
		if p := oldPlace(f); had[p] > 0 {
			had[p]--
			gone = append(gone, *f)
		}
	}
	return Delta{New: with(new, added), Gone: with(old, gone), Still: with(new, still)}
}

// WriteDelta writes a comparison as a table or as JSON, which holds keys and
// findings of the three parts under new, gone and still.
func WriteDelta(w io.Writer, f Format, d Delta, o Options) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch f {
	case Table:
		err = d.writeTable(b, o)
	case JSON:
		err = d.writeJSON(b, o)
	default:
		return fmt.Errorf("a comparison cannot be written as %s (want table or json)", f)
	}
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

func (d Delta) writeTable(w io.Writer, o Options) error {
	for _, part := range []struct {
		name   string
		report *finding.Report
	}{{"New", d.New}, {"Gone", d.Gone}, {"Still there", d.Still}} {
		t := &table{view: newView(part.report, o), out: w, o: o}
		if len(part.report.Findings) == 0 {
			t.text("", part.name+": nothing.", 0, 2)
		} else {
			t.text("", part.name+": "+total(part.report), 0, 2)
			t.line("")
			t.stories(stories(part.report))
		}
		if t.err != nil {
			return t.err
		}
	}
	if !d.New.Scan.Complete {
		t := &table{out: w, o: o}
		t.text(yellow, "The newer report is incomplete: what was not read may hold keys, and what is gone from it may only not have been read.", 0, 2)
		return t.err
	}
	return nil
}

func (d Delta) writeJSON(w io.Writer, o Options) error {
	doc := &jsonDoc{w: w}
	doc.open('{')
	doc.field("schema_version", finding.SchemaVersion)
	doc.field("complete", d.New.Scan.Complete)
	for _, part := range []struct {
		name   string
		report *finding.Report
	}{{"new", d.New}, {"gone", d.Gone}, {"still", d.Still}} {
		doc.key(part.name)
		doc.open('{')
		doc.records(part.report, o)
		doc.close('}')
	}
	doc.close('}')
	doc.write([]byte("\n"))
	return doc.err
}
