package cli

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/audit"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// scanFlags are the flags that every scanning command has.
type scanFlags struct {
	format          string
	outputs         []string
	failOn          string
	minConfidence   string
	exclude         []string
	include         []string
	gitignore       bool
	follow          bool
	oneFilesystem   bool
	maxArchiveDepth int
	maxDecodeDepth  int
	requireComplete bool
	jobs            int
	noCache         bool
	showKeys        bool
	quiet           bool
	verbose         bool
	color           string
	noProgress      bool
	timeout         time.Duration
	sarifCategory   string
	sarifHistory    string
	verify          verifyFlags
	audit           *audit.Options        // of petrascan audit; nil: another command
	narrow          func(*scanner.Result) // cuts a result down before it is verified; nil: keep all

	configFlags

	progress *progress // of the scan that runs; nil: none is shown

	say func(*Env, *finding.Report) // tells of the report in place of writing it; nil: write it
}

func (f *scanFlags) add(cmd *cobra.Command) {
	d := scanner.Defaults()
	f.addOutput(cmd)
	f.minConfidence = d.MinConfidence.String()
	flags := cmd.Flags()
	flags.Var(oneOf{&f.minConfidence, []string{"low", "medium", "high"}}, "min-confidence", "report keys from this confidence on")
	flags.StringArrayVar(&f.exclude, "exclude", nil, "leave out files that match this doublestar `GLOB`; repeatable")
	flags.StringArrayVar(&f.include, "include", nil, "search only files that match this doublestar `GLOB`; repeatable")
	f.configFlags.add(cmd)
	flags.IntVar(&f.maxArchiveDepth, "max-archive-depth", d.MaxArchiveDepth, "open archives nested `N` deep, 0 for none")
	flags.IntVar(&f.maxDecodeDepth, "max-decode-depth", d.MaxDecodeDepth, "peel encodings nested `N` deep, 0 for none")
	flags.BoolVar(&f.requireComplete, "require-complete", false, "count absent and opaque content as incomplete")
	flags.IntVarP(&f.jobs, "jobs", "j", 0, fmt.Sprintf("work with `N` at a time (default: one a CPU, here %d)", runtime.GOMAXPROCS(0)))
	flags.BoolVar(&f.noCache, "no-cache", false, "read every pack and ask about every key, whether that was done before or not")
	flags.BoolVar(&f.showKeys, "show-keys", false, "print raw keys in table, json, jsonl and csv")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but the report")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "explain decisions on standard error: what was read, left out, remembered, suppressed, and why")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress on a terminal")
	flags.DurationVar(&f.timeout, "timeout", 0, "stop after `TIME`, such as 90s, and report what was found")
	f.verify.add(flags)
}

// addWalk adds the flags of commands that walk directories.
func (f *scanFlags) addWalk(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.gitignore, "gitignore", false, "leave out untracked files that Git ignores")
	flags.BoolVar(&f.follow, "follow", false, "follow symbolic links that leave the PATH")
	flags.BoolVar(&f.oneFilesystem, "one-file-system", false, "stay on the file system of the PATH")
}

// addOutput adds the flags that say how a report is written.
func (f *scanFlags) addOutput(cmd *cobra.Command) {
	*f = scanFlags{failOn: "any", color: "auto", sarifHistory: "include", format: string(report.Table)}
	var formats []string
	for _, name := range report.Formats() {
		formats = append(formats, string(name))
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.VarP(oneOf{&f.format, formats}, "format", "f", "what to write to standard output, a `FORMAT` out of "+strings.Join(formats, ", "))
	flags.StringArrayVarP(&f.outputs, "output", "o", nil, "write a report to this `[FORMAT:]FILE` as well; repeatable")
	flags.Var(oneOf{&f.failOn, []string{"any", "active", "none"}}, "fail-on", "which keys make the exit status 1; active needs --verify")
	flags.StringVar(&f.sarifCategory, "sarif-category", "", "`CATEGORY` of the SARIF run, such as petrascan/main")
	flags.Var(oneOf{&f.sarifHistory, []string{"include", "omit"}}, "sarif-history", "findings that the checked-out tree does not hold")
	flags.Var(oneOf{&f.color, []string{"auto", "always", "never"}}, "color", "colours in the table")
}

// options turns the flags into the scanner's.
func (f *scanFlags) options() (scanner.Options, error) {
	o := scanner.Defaults()
	confidence, err := finding.ParseConfidence(f.minConfidence)
	if err != nil {
		return o, err
	}
	for name, n := range map[string]int{"--jobs": f.jobs, "--max-archive-depth": f.maxArchiveDepth, "--max-decode-depth": f.maxDecodeDepth} {
		if n < 0 {
			return o, fmt.Errorf("%s must not be negative", name)
		}
	}
	o.MinConfidence = confidence
	o.Exclude, o.Include = f.exclude, f.include
	o.Gitignore, o.Follow, o.OneFilesystem = f.gitignore, f.follow, f.oneFilesystem
	o.MaxArchiveDepth, o.MaxDecodeDepth = f.maxArchiveDepth, f.maxDecodeDepth
	o.RequireComplete, o.Jobs = f.requireComplete, f.jobs
	err = f.configure(&o)
	return o, err
}
