package report

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A Format names one way to write a report.
type Format string

// The formats.
const (
	Table    Format = "table"
	JSON     Format = "json"
	JSONL    Format = "jsonl"
	SARIF    Format = "sarif"
	CSV      Format = "csv"
	Markdown Format = "markdown"
	HTML     Format = "html"
	JUnit    Format = "junit"
	GitHub   Format = "github"
	GitLab   Format = "gitlab"
)

var writers = []struct {
	format     Format
	extensions []string
	write      func(io.Writer, *finding.Report, Options) error
}{
	{Table, []string{".txt"}, writeTable},
	{JSON, []string{".json"}, writeJSON},
	{JSONL, []string{".jsonl", ".ndjson"}, writeJSONL},
	{SARIF, []string{".sarif", ".sarif.json"}, writeSARIF},
	{CSV, []string{".csv"}, writeCSV},
	{Markdown, []string{".md", ".markdown"}, writeMarkdown},
	{HTML, []string{".html", ".htm"}, writeHTML},
	{JUnit, []string{".xml"}, writeJUnit},
	{GitHub, nil, writeGitHub},
	{GitLab, nil, writeGitLab},
}

// Formats returns every format, in the order help lists them.
func Formats() []Format {
	formats := make([]Format, len(writers))
	for i, w := range writers {
		formats[i] = w.format
	}
	return formats
}

// ParseFormat returns the format with the given name. For any other name the
// error lists the valid ones and suggests the nearest.
func ParseFormat(name string) (Format, error) {
	names := make([]string, len(writers))
	for i, w := range writers {
		if name == string(w.format) {
			return w.format, nil
		}
		names[i] = string(w.format)
	}
	hint := ""
	if near := Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return "", fmt.Errorf("unknown format %q (want %s)%s", name, Enumerate(names, "or"), hint)
}

// FormatOf returns the format that a file's extension stands for, and whether
// it stands for one. GitLab's reports are known by the name GitLab's own jobs
// give them.
func FormatOf(filename string) (Format, bool) {
	name := strings.ToLower(path.Base(strings.ReplaceAll(filename, `\`, "/")))
	if name == "gl-secret-detection-report.json" {
		return GitLab, true
	}
	found, length := Format(""), 0
	for _, w := range writers {
		for _, ext := range w.extensions {
			if strings.HasSuffix(name, ext) && len(ext) > length {
				found, length = w.format, len(ext)
			}
		}
	}
	return found, found != ""
}

// Options say how a report is written. The zero value is right for a file or a
// pipe.
type Options struct {
	// Color allows ANSI colours in the table.
	Color bool
	// Width is the terminal's width in columns. At 0 the table is not written
	// to a terminal: nothing is wrapped or shortened.
	Width int
	// Links makes places and commits of the table OSC 8 hyperlinks.
	Links bool
	// Dir is the absolute directory that relative targets start from, and Host
	// this machine's name. Links to files need Dir.
	Dir, Host string
	// ShowSuppressed lists what was suppressed instead of counting it.
	ShowSuppressed bool
	// SARIFCategory is the category of a SARIF run, such as "petrascan/main";
	// empty leaves it to the upload.
	SARIFCategory string
	// OmitHistory leaves out of SARIF what the checked-out tree does not hold.
	OmitHistory bool
	// ExitStatus is the status the run exits with, which SARIF records.
	ExitStatus int
	// Reveal returns the key with the given id, for --show-keys. It is asked
	// for the table, JSON, JSON Lines and CSV; the other formats are made to be
	// uploaded and stay masked. nil masks everywhere.
	Reveal func(finding.ID) (finding.Key, bool)
}

// keyText returns the text by which a key is shown, and whether it is the raw
// key.
func (o Options) keyText(id finding.ID, masked string) (string, bool) {
	if o.Reveal != nil {
		if key, ok := o.Reveal(id); ok {
			return key.Reveal(), true
		}
	}
	return masked, false
}

// Write writes the report to w in format f. It buffers, and returns the first
// error of w. The report is not changed.
func Write(w io.Writer, f Format, r *finding.Report, o Options) error {
	for _, writer := range writers {
		if writer.format != f {
			continue
		}
		b := bufio.NewWriterSize(w, 64<<10)
		if err := writer.write(b, r, o); err != nil {
			return fmt.Errorf("write %s report: %w", f, err)
		}
		if err := b.Flush(); err != nil {
			return fmt.Errorf("write %s report: %w", f, err)
		}
		return nil
	}
	_, err := ParseFormat(string(f))
	return err
}

// Nearest returns the name with the fewest edits from word, or "" if none is
// near enough to be meant.
func Nearest(word string, names []string) string {
	best, limit := "", 1+len(word)/3
	for _, name := range names {
		if d := edits(strings.ToLower(word), name); d <= limit {
			best, limit = name, d-1
		}
	}
	return best
}

// edits is the Levenshtein distance of a and b in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
