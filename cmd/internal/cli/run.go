package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/audit"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// run does one scanning command: it checks the flags, lets work fill a scan,
// and writes the reports. An error of one target does not lose what the others
// held.
func run(ctx context.Context, env *Env, name string, f *scanFlags, work func(context.Context, *scanner.Scan) error) error {
	if err := f.settle(env); err != nil {
		return err
	}
	if err := f.readBaseline(env); err != nil {
		return err
	}
	f.explainSettings(env)
	outputs, err := f.reports()
	if err != nil {
		return err
	}
	opts, err := f.options()
	if err != nil {
		return err
	}
	verifier, err := f.verifier(env)
	if err != nil {
		return err
	}
	stop := func() {}
	if f.timeout > 0 {
		ctx, stop = context.WithTimeoutCause(ctx, f.timeout, context.DeadlineExceeded)
	}
	defer stop()
	f.progress = newProgress(env, f)
	opts.Progress, opts.Now, opts.Getenv = f.progress.report, env.Now, env.Getenv
	opts.CacheDir, opts.Explain = f.cacheDir(env), f.explainer(env)
	scan, err := scanner.New(name, opts)
	if err != nil {
		return err
	}
	err = work(ctx, scan)
	f.progress.clear()
	if err != nil && ctx.Err() == nil {
		return err
	}
	defer thrifty()()
	result := scan.Finish()
	if err != nil { // it was stopped, maybe before a target was begun
		result.Report.Scan.Complete = false
	}
	result.Report.Tool.Version = version()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		result.Report.Scan.Warnings = append(result.Report.Scan.Warnings, fmt.Sprintf("stopped after %s (--timeout): the report is not complete", f.timeout))
	case ctx.Err() != nil:
		result.Report.Scan.Warnings = append(result.Report.Scan.Warnings, context.Cause(ctx).Error()+": the report is not complete")
	}
	if f.narrow != nil {
		f.narrow(result)
	}
	verifier.check(ctx, result)
	return f.finish(ctx, env, result, outputs)
}

// thrifty has garbage collected sooner until its result is called. While a report
// is made there may be 100,000 findings in memory, and little else to do.
func thrifty() (end func()) {
	const percent = 50
	old := debug.SetGCPercent(percent)
	if old < percent { // -1: never
		debug.SetGCPercent(old)
	}
	return func() { debug.SetGCPercent(old) }
}

// uncollected puts the first garbage collection off, for commands that are over
// in a few milliseconds and a few megabytes. GOGC still has its say.
func uncollected(env *Env) {
	if env.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// finish writes the reports on a result, and returns what its exit status is.
func (f *scanFlags) finish(ctx context.Context, env *Env, result *scanner.Result, outputs []output) error {
	status := reportStatus(ctx, result.Report, f.failOn)
	defer f.explainStatus(ctx, env, result.Report, status)
	if f.say != nil {
		f.say(env, result.Report)
		return outcome(status)
	}
	if err := f.write(env, result, outputs, status); err != nil {
		return err
	}
	if !f.quiet && f.format != string(report.Table) {
		complain(env, result.Report)
	}
	if !f.quiet && f.audit != nil && f.format != string(auditText) && f.format != string(report.Markdown) {
		for _, line := range audit.KnownLines(result.Report, *f.audit) {
			fmt.Fprintf(env.Stderr, "petrascan: known: %s\n", line)
		}
	}
	return outcome(status)
}

// complain says on standard error what the report on standard output says of
// itself, where that is not made for people to read.
func complain(env *Env, r *finding.Report) {
	for _, w := range r.Scan.Warnings {
		fmt.Fprintf(env.Stderr, "petrascan: warning: %s\n", report.Clean(w))
	}
	unreadable := make([]finding.Unread, len(r.Scan.Errors))
	for i, e := range r.Scan.Errors {
		unreadable[i] = finding.Unread{Target: e.Target, Path: e.Path, Object: e.Object, Reason: e.Reason}
	}
	c := &r.Scan.Coverage
	list(env, r, "error", unreadable)
	for _, a := range c.Absent {
		fmt.Fprintf(env.Stderr, "petrascan: absent by design: %d (%s)\n", a.Count, a.What)
	}
	list(env, r, "opaque", c.Opaque)
	list(env, r, "cut by a limit", c.Cut)
	if !r.Scan.Complete {
		fmt.Fprintln(env.Stderr, "petrascan: the scan is incomplete")
	}
}

// list names the first few of what was not read, and counts the rest. Of several
// repositories it names the one.
func list(env *Env, r *finding.Report, what string, unread []finding.Unread) {
	repositories := 0
	for _, t := range r.Scan.Targets {
		if t.Kind == finding.GitTarget {
			repositories++
		}
	}
	const most = 10
	for i, u := range unread {
		if i == most {
			fmt.Fprintf(env.Stderr, "petrascan: %s: %d more; the report lists them\n", what, len(unread)-most)
			return
		}
		where := strings.TrimSpace(strings.TrimSpace(u.Path+" "+u.Member) + " " + u.Object)
		if t := r.Scan.Targets; repositories > 1 && u.Target < len(t) && t[u.Target].Kind == finding.GitTarget {
			where = t[u.Target].Path + ": " + where
		}
		fmt.Fprintf(env.Stderr, "petrascan: %s: %s: %s\n", what, report.Clean(where), report.Clean(u.Reason))
	}
}
