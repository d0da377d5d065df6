package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpproxy"

	"github.com/petrascan/petrascan/cmd/internal/clone"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify"
)

// verifyFlags say whether and how to ask the API about the keys that were
// found.
type verifyFlags struct {
	on         bool
	url        string
	controlEnv string
	rate       float64
	jobs       int
	budget     time.Duration
	fresh      bool // what was told a moment ago may be over: ask again
	flags      *pflag.FlagSet
}

func (v *verifyFlags) add(flags *pflag.FlagSet) {
	*v = verifyFlags{flags: flags}
	flags.BoolVar(&v.on, "verify", false, "ask the Petra API whether each key still works; sends the keys there")
	flags.StringVar(&v.url, "api-url", "", "the API's `URL` (default: PETRASCAN_API_URL, or "+verify.DefaultURL+")")
	flags.StringVar(&v.controlEnv, "control-key-env", "", "environment variable `NAME` with a key known to be valid, which makes \"deleted\" final")
	flags.Float64Var(&v.rate, "api-rate", 10, "begin at most `N` requests a second")
	flags.IntVar(&v.jobs, "api-jobs", 4, "have at most `N` requests under way")
	flags.DurationVar(&v.budget, "api-budget", 2*time.Minute, "give up when the API has not answered for this `TIME`")
}

// A verifier writes the API's verdicts into reports. A nil one does not.
type verifier struct {
	client  *verify.Client
	failOn  string
	control string // name of the control key's variable; empty: none

	explain func(format string, args ...any) // tells a decision; nil: nobody asks
}

// verifier checks the flags, and returns nil if they don't ask for one.
func (f *scanFlags) verifier(env *Env) (*verifier, error) {
	v := &f.verify
	if !v.on {
		f.explainAPI(env, nil)
		if f.failOn == "active" {
			return nil, hinted("add --verify, which asks the API", "--fail-on active needs --verify: without it no key is known to be active")
		}
		for _, name := range []string{"api-url", "control-key-env", "api-rate", "api-jobs", "api-budget"} {
			if v.flags.Changed(name) {
				return nil, hinted("add --verify, which asks the API", "--%s means nothing without --verify", name)
			}
		}
		return nil, nil
	}
	if v.jobs <= 0 || v.budget <= 0 {
		return nil, errors.New("--api-jobs and --api-budget must be positive")
	}
	if !(v.rate >= 0.001 && v.rate <= 1000) { // NaN is neither
		return nil, hinted("0.1 is one request in ten seconds", "--api-rate must lie between 0.001 and 1000")
	}
	o := verify.Options{
		URL: v.url, Rate: v.rate, Jobs: v.jobs, Budget: v.budget,
		Proxy: proxy(env.Getenv), Now: env.Now, Fresh: v.fresh,
	}
	if f.verbose {
		o.Trace = func(r verify.Request) { f.explainRequest(env, r) }
	}
	if v.controlEnv != "" {
		key, err := keyFromEnv(env, "--control-key-env", v.controlEnv)
		if err != nil {
			return nil, err
		}
		o.Control = key
	}
	if !f.noCache {
		if dir := verdictDir(env); dir != "" {
			o.Memory = verify.NewMemory(dir)
		}
	}
	client, err := verify.New(o)
	if err != nil {
		return nil, hinted("see --api-url, PETRASCAN_API_URL and HTTPS_PROXY", "%w", err)
	}
	made := &verifier{client: client, failOn: f.failOn, control: v.controlEnv}
	if f.verbose {
		made.explain = func(format string, args ...any) { f.explain(env, format, args...) }
	}
	f.explainAPI(env, made)
	return made, nil
}

// proxy reads the proxies that the environment names.
func proxy(getenv func(string) string) func(*url.URL) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(getenv(name), getenv(strings.ToLower(name))) }
	return (&httpproxy.Config{
		HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY"),
	}).ProxyFunc()
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keyFromEnv returns the key in the environment variable that a flag names. A
// key in place of the name is not repeated.
func keyFromEnv(env *Env, flag, name string) (finding.Key, error) {
	if strings.HasPrefix(name, finding.Prefix) || !variableName.MatchString(name) {
		return finding.Key{}, hinted("put the key into a variable, `read -rs NAME && export NAME`, and give its name",
			"%s wants the name of an environment variable; a key there would be seen by other users and kept by the shell", flag)
	}
	value := strings.TrimSpace(env.Getenv(name))
	if value == "" {
		return finding.Key{}, hinted("export it for this command", "%s: the environment variable %s is not set", flag, name)
	}
	if !looksLikeKey(value) {
		return finding.Key{}, fmt.Errorf("%s: %s does not hold a Petra API key: it would begin with %s and have no spaces", flag, name, finding.Prefix)
	}
	return finding.NewKey(value), nil
}

// looksLikeKey tells whether a text could be a key, and is safe in a header.
func looksLikeKey(s string) bool {
	return strings.HasPrefix(s, finding.Prefix) && len(s) > len(finding.Prefix) && len(s) <= 4096 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// subjects returns the keys of a report that can be asked about.
func subjects(keys []finding.Exposure, texts map[finding.ID]finding.Key) []verify.Subject {
	var list []verify.Subject
	for _, e := range keys {
		if key, ok := texts[e.ID]; ok && e.Rule != report.PartialRule {
			list = append(list, verify.Subject{Key: key, Extent: e.Extent})
		}
	}
	return list
}

// check asks about the keys of a result and writes the verdicts into its
// report. With --fail-on active a key of which nothing is known makes the report
// incomplete.
func (v *verifier) check(ctx context.Context, r *scanner.Result) {
	if v == nil {
		return
	}
	list := subjects(append(slices.Clone(r.Report.Keys), r.Suppressed()...), r.Keys)
	if len(list) == 0 {
		return
	}
	known := v.client.Plan(list).Known
	answers := v.client.Check(ctx, list)
	v.explainVerdicts(known, answers)
	var active []finding.ID
	for id, verdict := range answers.Verdicts {
		if verdict.Status == finding.Active {
			active = append(active, id)
		}
	}
	r.Restore(active...)
	scan := &r.Report.Scan
	unknown := 0
	for i := range r.Report.Keys {
		e := &r.Report.Keys[i]
		verdict, ok := answers.Verdicts[e.ID]
		if e.Rule == report.PartialRule {
			e.StatusReason = "only a part of the key stands there, so the API can't be asked"
			continue
		}
		if !ok {
			continue
		}
		e.Status, e.StatusReason, e.Proven = verdict.Status, verdict.Reason, verdict.Final
		if !verdict.Checked.IsZero() {
			e.Checked = verdict.Checked.Format(time.RFC3339)
		}
		if e.Status == finding.Unknown {
			unknown++
		}
	}
	scan.Warnings = append(scan.Warnings, answers.Warnings...)
	if via := v.client.Proxy(); via != "" && answers.Requests > 0 {
		scan.Warnings = append(scan.Warnings, "the API was asked through the proxy "+via)
	}
	if ctx.Err() != nil {
		scan.Complete = false
		scan.Warnings = append(scan.Warnings, "stopped while the API was asked")
	}
	if v.failOn == "active" && unknown > 0 {
		scan.Complete = false
		scan.Warnings = append(scan.Warnings, fmt.Sprintf("the API did not say whether %s; with --fail-on active that is incomplete", countKeys(unknown)))
	}
	slices.Sort(scan.Warnings)
	scan.Warnings = slices.Compact(scan.Warnings)
}

func countKeys(n int) string {
	if n == 1 {
		return "1 key works"
	}
	return fmt.Sprintf("%d keys work", n)
}

func newVerify(env *Env) *cobra.Command {
	var f scanFlags
	var saved string
	var dry bool
	cmd := withStatus(&cobra.Command{
		Use:   "verify [--report FILE [PATH…]]",
		Short: "Ask the Petra API whether keys still work",
		Long: `Ask the Petra API about the keys on standard input, one a line; never give a
key as an argument. Each distinct key is sent once, in the Authorization header
of GET /beta/usage, after a made-up key was rejected as it must be.

A saved JSON report holds key ids, not keys. With --report the places it names,
or each PATH, are searched again for the keys with its ids, and the report is
written anew with the verdicts.

A rejected key is deleted, invalid, or of another organisation. That is final
with --control-key-env, the name of a variable with a key that is known to be
valid and is accepted before and after, or when two rejections lie a day apart.`,
		Example: `  petrascan verify < keys.txt
  petrascan verify --report report.json
  petrascan verify --report report.json ~/src --control-key-env PETRA_API_KEY
  petrascan verify --dry-run < keys.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if strings.Contains(arg, finding.Prefix) && looksLikeKey(arg[strings.Index(arg, finding.Prefix):]) && !exists(env, arg) {
					return hinted("give keys on standard input, one a line; the one in the shell's history is best deleted in Settings → API Keys",
						"verify takes no key as an argument: other users of the machine and the shell's history see arguments")
				}
			}
			if len(args) > 0 && saved == "" {
				return hinted("add --report FILE, or give keys on standard input", "verify wants PATHs only to read the keys of a report again")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.verify.on = true
			if err := f.settle(env); err != nil {
				return err
			}
			f.explainSettings(env)
			outputs, err := f.reports()
			if err != nil {
				return err
			}
			v, err := f.verifier(env)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if f.timeout > 0 {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, f.timeout)
				defer stop()
			}
			var result *scanner.Result
			if saved != "" {
				result, err = keysOfReport(ctx, env, &f, saved, args)
			} else {
				result, err = keysOfStdin(env)
			}
			if err != nil {
				return err
			}
			if dry {
				return v.rehearse(env, result)
			}
			v.check(ctx, result)
			return f.finish(ctx, env, result, outputs)
		},
	}, `
  0    no key is active (--fail-on says what counts, active by default)
  1    a key is active
  2    usage error, or the API did not say of some key
  3    a key is active, and the API did not say of another
  130  interrupted (143: terminated); the verdicts reached are reported
`)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&saved, "report", "", "check the keys of this JSON report, from the places it names or PATH")
	flags.BoolVar(&dry, "dry-run", false, "print what would be sent where, and send nothing")
	f.add(cmd)
	f.addWalk(cmd)
	f.failOn = "active"
	flags.Lookup("fail-on").DefValue = "active"
	_ = flags.MarkHidden("verify") // it is what the command does
	return cmd
}

func exists(env *Env, name string) bool {
	_, err := os.Stat(resolve(env.Dir, name))
	return err == nil
}

// keysOfStdin reads keys, one a line, as a report.
func keysOfStdin(env *Env) (*scanner.Result, error) {
	r := &scanner.Result{
		Keys: map[finding.ID]finding.Key{},
		Report: &finding.Report{
			SchemaVersion: finding.SchemaVersion,
			Tool:          finding.Tool{Name: "petrascan", Version: version(), Rules: rules.Builtin().Hash()},
			Scan: finding.Scan{
				Command: "verify", Complete: true, Started: time.Now().UTC().Format(time.RFC3339),
				Targets: []finding.Target{{Path: "-", Kind: finding.StdinTarget}},
			},
		},
	}
	keys := map[finding.ID]*finding.Exposure{}
	lines := bufio.NewScanner(env.Stdin)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" {
			continue
		}
		if !looksLikeKey(text) {
			return nil, hinted("one key a line, nothing else; `petrascan files -` finds keys in any text",
				"line %d of standard input is no key: it would begin with %s and have no spaces", n, finding.Prefix)
		}
		key := finding.NewKey(text)
		id := key.ID()
		if keys[id] == nil {
			keys[id] = &finding.Exposure{
				ID: id, Masked: key.Masked(), Rule: "petra-api-key", Confidence: finding.High,
				Extent: finding.Exact, Status: finding.Unverified,
			}
			r.Keys[id] = key
		}
		x := finding.Finding{
			Key: id, Masked: key.Masked(), Rule: "petra-api-key", Location: finding.InStdin,
			Line: n, Column: 1, EndLine: n, EndColumn: 1 + len(text), Ordinal: keys[id].Occurrences,
		}
		x.SetFingerprint()
		keys[id].Occurrences++
		r.Report.Findings = append(r.Report.Findings, x)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if len(keys) == 0 {
		return nil, hinted("give keys one a line, or --report FILE", "no key came on standard input")
	}
	for _, e := range keys {
		r.Report.Keys = append(r.Report.Keys, *e)
	}
	slices.SortFunc(r.Report.Keys, func(a, b finding.Exposure) int { return cmp.Compare(a.ID, b.ID) })
	return r, nil
}

// keysOfReport reads a saved report and searches the places that it names, or
// paths, for its keys. Those that are not there any more can't be asked about.
func keysOfReport(ctx context.Context, env *Env, f *scanFlags, file string, paths []string) (*scanner.Result, error) {
	in, err := os.Open(resolve(env.Dir, file))
	if err != nil {
		return nil, fmt.Errorf("--report %s: %w", file, bare(err))
	}
	defer in.Close()
	saved, err := report.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(paths) == 0 {
		for _, t := range saved.Scan.Targets {
			// What is elsewhere is read only if somebody says so, not the report.
			if t.Kind != finding.StdinTarget && !clone.IsURL(t.Path) && !slices.Contains(paths, t.Path) {
				paths = append(paths, t.Path)
			}
		}
	}
	if len(paths) == 0 {
		return nil, hinted("name the place: petrascan verify --report "+file+" PATH|URL", "%s names no place that can be read again", file)
	}
	places, err := new(targetFlags).read(env, paths)
	if err != nil {
		return nil, err
	}
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	opts.MinConfidence = finding.Low // the ids decide, not the configuration
	opts.Exclude, opts.Include, opts.Own = f.exclude, f.include, nil
	opts.CacheDir, opts.Explain = f.cacheDir(env), f.explainer(env)
	scan, err := scanner.New("verify", opts)
	if err != nil {
		return nil, err
	}
	if err := f.each(ctx, env, scan, places, nil, func(path string) error { return scan.Tree(ctx, path) }); err != nil && ctx.Err() == nil {
		return nil, hinted("name the repository: petrascan verify --report "+file+" PATH", "read the keys of %s again: %w", file, err)
	}
	again := scan.Finish()
	for i := range saved.Keys {
		e := &saved.Keys[i]
		if _, ok := again.Keys[e.ID]; !ok && !e.Proven {
			e.Status, e.Checked = finding.Unknown, ""
			e.StatusReason = "not asked: the report holds the key's id only, and the key was not found again"
			saved.Scan.Warnings = append(saved.Scan.Warnings,
				fmt.Sprintf("key %s was not found again in %s: its status can't be checked from there", e.Masked, strings.Join(names(places), ", ")))
			if f.failOn == "active" {
				saved.Scan.Complete = false
			}
		}
	}
	return &scanner.Result{Report: saved, Keys: again.Keys}, nil
}

// rehearse prints what check would send.
func (v *verifier) rehearse(env *Env, r *scanner.Result) error {
	plan := v.client.Plan(subjects(r.Report.Keys, r.Keys))
	var b strings.Builder
	switch n := len(plan.Ask); n {
	case 0:
		b.WriteString("No key would be sent.\n")
	default:
		fmt.Fprintf(&b, "Would be sent to %s, one GET each, in the Authorization header and nowhere else:\n", v.client.Question())
		for _, s := range plan.Ask {
			fmt.Fprintf(&b, "  %s  id %s\n", s.Key.Masked(), s.Key.ID())
		}
		b.WriteString("  a made-up key before and after, to see that not everything is accepted\n")
		if v.control != "" {
			fmt.Fprintf(&b, "  the control key in %s before and after, to see that not everything is rejected\n", v.control)
		}
		if via := v.client.Proxy(); via != "" {
			fmt.Fprintf(&b, "Through the proxy %s, which sees the host and not the key.\n", via)
		}
	}
	if len(plan.Known) > 0 {
		b.WriteString("Known from an earlier run, and not asked about:\n")
		for _, e := range r.Report.Keys {
			if k, ok := plan.Known[e.ID]; ok {
				fmt.Fprintf(&b, "  %s  id %s: %s on %s\n", e.Masked, e.ID, k.Status, k.Checked.Format(time.DateOnly))
			}
		}
	}
	b.WriteString("Nothing was sent.\n")
	_, err := env.Stdout.Write([]byte(b.String()))
	return err
}
