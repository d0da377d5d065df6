package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/audit"
	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// auditText is the audit as text. The report package does not have it.
const auditText report.Format = "text"

func newAudit(env *Env) *cobra.Command {
	var f scanFlags
	var what targetFlags
	var known, keyEnv string
	cmd := withStatus(&cobra.Command{
		Use:   "audit [PATH|URL…]",
		Short: "Tell key by key what happened and what to do",
		Long: `Search as scan does, and tell each key's story, the worst first: does it work
(with --verify), since when could who read it, where is it still, which entry
in Settings → API Keys is it, what is to be done in which order, and what is
proven.

--known FILE lists keys that you know, one a line: its key id or the key itself,
then what you call it. The audit says which of them leaked and which never did.

--key-env NAME looks for one key only, the one in an environment variable, in
every place and encoding.`,
		Example: `  petrascan audit
  petrascan audit --verify
  petrascan audit --verify --control-key-env PETRA_API_KEY -o audit.md
  petrascan audit --known keys-we-have.txt ~/src
  petrascan audit --key-env PETRA_API_KEY`,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := what.read(env, args)
			if err != nil {
				return err
			}
			f.audit = &audit.Options{}
			if len(args) > 0 || what.list != "" {
				for _, name := range names(targets) {
					f.audit.Args = append(f.audit.Args, config.Masked(name)) // they are told
				}
			}
			if known != "" {
				if f.audit.Known, err = readKnown(resolve(env.Dir, known)); err != nil {
					return err
				}
			}
			if keyEnv != "" {
				if err := onlyKey(cmd.Context(), env, &f, keyEnv); err != nil {
					return err
				}
			}
			return run(cmd.Context(), env, "audit", &f, func(ctx context.Context, s *scanner.Scan) error {
				return f.each(ctx, env, s, targets, nil, func(path string) error { return s.Tree(ctx, path) })
			})
		},
	}, scanStatus)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&known, "known", "", "say which of the keys in this `FILE` leaked and which did not")
	flags.StringVar(&keyEnv, "key-env", "", "look only for the key in the environment variable `NAME`")
	f.add(cmd)
	f.addWalk(cmd)
	what.add(flags)
	f.verify.fresh = true // an audit is made anew after a key was deleted, to prove it
	formats := []string{string(auditText)}
	for _, name := range report.Formats() {
		formats = append(formats, string(name))
	}
	f.format = formats[0]
	format := flags.Lookup("format")
	format.Value, format.DefValue = oneOf{&f.format, formats}, f.format
	format.Usage = "what to write to standard output, a `FORMAT` out of " + strings.Join(formats, ", ")
	return cmd
}

var keyID = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// readKnown reads a list of known keys. The keys in it are forgotten at once;
// errors name lines and do not repeat them.
func readKnown(file string) ([]audit.Known, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--known %s: %w", file, bare(err))
	}
	defer in.Close()
	var list []audit.Known
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		word, name := text, ""
		if i := strings.IndexAny(text, " \t"); i > 0 {
			word, name = text[:i], strings.TrimSpace(text[i:])
		}
		k := audit.Known{Name: name}
		switch {
		case keyID.MatchString(word):
			k.ID = finding.ID(strings.ToLower(word))
		case looksLikeKey(word):
			k.ID = finding.NewKey(word).ID()
		default:
			return nil, hinted("write a key id (64 hex digits, as reports have it) or a key, then a name if you like",
				"%s: line %d does not begin with a key id or a key", file, n)
		}
		if name == "" || strings.Contains(name, finding.Prefix) {
			k.Name = fmt.Sprintf("line %d", n)
		}
		if !slices.ContainsFunc(list, func(have audit.Known) bool { return have.ID == k.ID }) {
			list = append(list, k)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s lists no key", file)
	}
	return list, nil
}

// onlyKey makes a scan look for the one key in an environment variable. A text
// that the rules do not take for a key could be missed, and is refused.
func onlyKey(ctx context.Context, env *Env, f *scanFlags, name string) error {
	key, err := keyFromEnv(env, "--key-env", name)
	if err != nil {
		return err
	}
	id := key.ID()
	seen := slices.ContainsFunc(scanner.Explain(ctx, scanner.Defaults(), []byte(key.Reveal())), func(x scanner.Explanation) bool {
		return x.Verdict.Confidence >= finding.Low && x.Verdict.Key.ID() == id
	})
	if !seen {
		return hinted("`petrascan rules test` says why, with the text on standard input",
			"--key-env: the rules do not take the value of %s for a whole key, so a scan could miss it", name)
	}
	f.minConfidence = finding.Low.String()
	f.audit.Only = name
	f.audit.Known = append(f.audit.Known, audit.Known{ID: id, Name: name})
	f.narrow = func(r *scanner.Result) {
		keep := map[finding.ID]bool{}
		for _, e := range r.Report.Keys {
			if !strings.Contains(r.Keys[e.ID].Reveal(), key.Reveal()) {
				continue
			}
			keep[e.ID] = true
			if e.ID != id {
				f.audit.Known = append(f.audit.Known, audit.Known{ID: e.ID, Name: name + ", with other characters around it"})
			}
		}
		r.Report.Keys = slices.DeleteFunc(r.Report.Keys, func(e finding.Exposure) bool { return !keep[e.ID] })
		r.Report.Findings = slices.DeleteFunc(r.Report.Findings, func(x finding.Finding) bool { return !keep[x.Key] })
	}
	return nil
}
