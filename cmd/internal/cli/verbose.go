package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify"
)

// What --verbose says: on standard error, a line a decision, no raw key.

// explainer returns what tells decisions; nil without --verbose.
func (f *scanFlags) explainer(env *Env) func(sentence string) {
	if !f.verbose {
		return nil
	}
	return func(sentence string) { fmt.Fprintf(env.Stderr, "petrascan: %s\n", report.Clean(sentence)) }
}

// explain tells one decision with --verbose, with keys in texts masked.
func (f *scanFlags) explain(env *Env, format string, args ...any) {
	if !f.verbose {
		return
	}
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = config.Masked(text)
		}
	}
	f.explainer(env)(fmt.Sprintf(format, args...))
}

// settleVoice decides between --quiet and --verbose: of two that different
// authors asked for the one of higher rank counts.
func (f *scanFlags) settleVoice() error {
	if !f.quiet || !f.verbose {
		return nil
	}
	q, v := rank(f.origins["quiet"]), rank(f.origins["verbose"])
	if q == v {
		return hinted("leave one of them out", "%s and %s exclude each other", f.origins["quiet"], f.origins["verbose"])
	}
	f.quiet, f.verbose = q > v, v > q
	return nil
}

// rank is that of a flag's value by its origin: the higher one counts.
func rank(origin string) int {
	switch {
	case strings.HasPrefix(origin, "--"):
		return 2
	case strings.HasPrefix(origin, "PETRASCAN_"):
		return 1
	}
	return 0
}

// explainSettings tells which files were read for the settings, and which
// settings are not at their defaults.
func (f *scanFlags) explainSettings(env *Env) {
	if !f.verbose {
		return
	}
	switch file := userFile(env); {
	case f.file != "":
		f.explain(env, "configuration: %s: read, by %s; the user's file is not read", f.file, f.origins["config"])
	case file == "":
		f.explain(env, "configuration: the user has no file: neither HOME nor XDG_CONFIG_HOME says where it would be")
	default:
		what := "read"
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			what = "not there"
		}
		f.explain(env, "configuration: the user's file %s: %s", file, what)
	}
	for _, name := range slices.Sorted(f.given()) {
		value := f.set.Lookup(name).Value.String()
		if name == "api-url" {
			value = "given" // it may hold a password until it is checked
		}
		f.explain(env, "setting: %s is %s, by %s", name, value, f.origins[name])
	}
	for _, name := range f.strangers(env) {
		f.explain(env, "setting: %s sets nothing: no setting has this name", name)
	}
	if n := len(f.user.Lists) + len(f.user.Allow) + len(f.user.Rules); n > 0 {
		f.explain(env, "setting: the file adds %d entries to lists, %d allowed keys and %d rules", len(f.user.Lists), len(f.user.Allow), len(f.user.Rules))
	}
	if f.baseline != "" {
		f.explain(env, "baseline: %s: read, by %s: %s accepted", f.baseline, f.origins["baseline"], keys(len(f.accepted)))
	}
}

// strangers returns the variables of the environment that look like settings and
// are none.
func (f *scanFlags) strangers(env *Env) []string {
	if env.Environ == nil {
		return nil
	}
	known := []string{"PETRASCAN_SKIP"}
	for _, name := range config.Variables() {
		known = append(known, config.Variable(name))
	}
	var names []string
	for _, v := range env.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "PETRASCAN_") && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// given lists the flags whose values are not the defaults.
func (f *scanFlags) given() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range f.origins {
			if name != "verbose" && f.set.Lookup(name) != nil && !yield(name) {
				return
			}
		}
	}
}

// explainAPI tells whom keys will be sent to, and how.
func (f *scanFlags) explainAPI(env *Env, v *verifier) {
	if v == nil {
		f.explain(env, "verify: off: no key is sent anywhere (--verify asks the API)")
		return
	}
	through := "without a proxy"
	if via := v.client.Proxy(); via != "" {
		through = "through the proxy " + via
	}
	control := "without a control key, so that a rejection is not final at once"
	if v.control != "" {
		control = "with the control key in " + v.control
	}
	f.explain(env, "verify: %s is asked %s, %s", v.client.Question(), through, control)
}

// explainVerdicts tells how much was asked, and about which keys nobody was.
func (v *verifier) explainVerdicts(known map[finding.ID]verify.Verdict, answers *verify.Result) {
	if v.explain == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		k := known[id]
		v.explain("verify: key %.10s: not asked about, since it is known from %s: %s", id, k.Checked.Format(time.DateTime), k.Reason)
	}
	v.explain("verify: %s sent about %s", plural(answers.Requests, "request was", "requests were"), keys(len(answers.Verdicts)-len(known)))
}

// explainRequest tells of one request.
func (f *scanFlags) explainRequest(env *Env, r verify.Request) {
	var who fmt.Stringer = r.Key
	switch r.Kind {
	case verify.MadeUp:
		who = someKey("a made-up key")
	case verify.Control:
		who = someKey("the control key")
	}
	said := cmp.Or(r.Reason, "accepted")
	switch {
	case r.Code == 401:
		said = "rejected (401)"
	case r.Reason == "":
		said = fmt.Sprintf("accepted (%d)", r.Code)
	}
	if r.Again > 0 {
		said += "; asked again after " + r.Again.Round(time.Millisecond).String()
	}
	f.explain(env, "verify: %s: %s", who, said)
}

// explainStatus tells what the exit status is, and why.
func (f *scanFlags) explainStatus(ctx context.Context, env *Env, r *finding.Report, status int) {
	if !f.verbose {
		return
	}
	var why []string
	switch active := f.failOn == "active"; {
	case len(r.Findings) == 0:
		why = append(why, "nothing to report")
	case active && status != statusFound && status != statusFoundTrouble:
		why = append(why, keys(len(r.Keys))+" found, none of them active")
	case f.failOn == "none":
		why = append(why, keys(len(r.Keys))+" found, which --fail-on none does not count")
	default:
		why = append(why, keys(len(r.Keys))+" found, and --fail-on is "+f.failOn)
	}
	if !r.Scan.Complete {
		c := &r.Scan.Coverage
		why = append(why, fmt.Sprintf("the scan is incomplete: %s, %s by a limit", plural(len(r.Scan.Errors), "error", "errors"), plural(len(c.Cut), "content cut", "contents cut")))
		if f.requireComplete {
			why = append(why, fmt.Sprintf("--require-complete counts what is opaque (%d) or absent (%d), too", len(c.Opaque), len(c.Absent)))
		}
	}
	if ctx.Err() != nil {
		why = append(why, "it was stopped: "+context.Cause(ctx).Error())
	}
	f.explain(env, "exit status %d: %s", status, strings.Join(why, "; "))
}

// someKey is what a key is called that is not shown.
type someKey string

func (k someKey) String() string { return string(k) }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
