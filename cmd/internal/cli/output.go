package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/petrascan/petrascan/cmd/internal/atomicfile"
	"github.com/petrascan/petrascan/cmd/internal/audit"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// An output is a report to be written to a file.
type output struct {
	format report.Format
	file   string
}

// reports reads the values of --output.
func (f *scanFlags) reports() ([]output, error) {
	var list []output
	for _, value := range f.outputs {
		o := output{file: value}
		if name, file, ok := strings.Cut(value, ":"); ok && !strings.ContainsAny(name, `./\`) && len(name) > 1 {
			format, err := report.ParseFormat(name)
			if f.audit != nil && name == string(auditText) {
				format, err = auditText, nil
			}
			if err != nil {
				return nil, fmt.Errorf("--output %s: %w", value, err)
			}
			o = output{format, file}
		} else if format, ok := report.FormatOf(value); ok {
			o.format = format
			if f.audit != nil && format == report.Table {
				o.format = auditText // .txt
			}
		} else {
			return nil, hinted("write the format before the name, such as json:"+value,
				"--output %s: the extension names no format", value)
		}
		if o.file == "" {
			return nil, hinted("write the file behind it, such as "+value+"report", "--output %s no file is named", value)
		}
		list = append(list, o)
	}
	return list, nil
}

// render writes a report in one format.
func (f *scanFlags) render(w io.Writer, format report.Format, r *finding.Report, o report.Options) error {
	switch {
	case f.audit != nil && format == auditText:
		return audit.Text(w, r, *f.audit)
	case f.audit != nil && format == report.Markdown:
		return audit.Markdown(w, r, *f.audit)
	}
	return report.Write(w, format, r, o)
}

// write writes the reports to standard output and the files. One that can't be
// written does not lose the others: what they say took a scan to find out.
func (f *scanFlags) write(env *Env, r *scanner.Result, files []output, status int) error {
	o := report.Options{
		SARIFCategory:  f.sarifCategory,
		ShowSuppressed: f.showSuppressed,
		OmitHistory:    f.sarifHistory == "omit",
		ExitStatus:     status,
		Dir:            env.Dir,
	}
	perm := os.FileMode(0o666)
	if f.showKeys {
		perm = 0o600
		o.Reveal = func(id finding.ID) (finding.Key, bool) { k, ok := r.Keys[id]; return k, ok }
	}
	var failed []error
	for _, out := range files {
		err := atomicfile.Write(resolve(env.Dir, out.file), perm, func(w *os.File) error { return f.render(w, out.format, r.Report, o) })
		if err != nil {
			failed = append(failed, fmt.Errorf("--output %s: %w", out.file, bare(err)))
		}
	}
	o.Width, o.Color = f.terminal(env)
	o.Links = o.Color && o.Width > 0
	if o.Links {
		o.Host, _ = os.Hostname()
	}
	if err := f.render(env.Stdout, report.Format(f.format), r.Report, o); err != nil {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// terminal returns the width of the terminal that standard output is, 0 if it
// is none, and whether to use colours there: --color, then NO_COLOR,
// CLICOLOR_FORCE and FORCE_COLOR decide, then whether there is a terminal.
func (f *scanFlags) terminal(env *Env) (width int, color bool) {
	dumb := env.Getenv("TERM") == "dumb"
	if file := env.terminal; file != nil && term.IsTerminal(int(file.Fd())) {
		width = 80
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w > 0 {
			width = w
		}
		if w, err := strconv.Atoi(env.Getenv("COLUMNS")); err == nil && w > 0 {
			width = w
		}
	}
	forced := func(name string) bool { v := env.Getenv(name); return v != "" && v != "0" }
	switch {
	case f.color != "auto":
		color = f.color == "always"
	case env.Getenv("NO_COLOR") != "":
	case forced("CLICOLOR_FORCE"), forced("FORCE_COLOR"):
		color = true
	default:
		color = width > 0 && !dumb
	}
	return width, color
}

func resolve(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
