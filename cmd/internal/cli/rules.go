package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// ruleFlags are the flags of a scan that decide which rules there are.
var ruleFlags = []string{"config", "no-config", "config-from"}

// addRuleFlags adds them to a command.
func addRuleFlags(cmd *cobra.Command, f *scanFlags) {
	scanning := &cobra.Command{}
	f.add(scanning)
	for _, name := range ruleFlags {
		cmd.Flags().AddFlag(scanning.Flags().Lookup(name))
	}
}

// withRules returns the options of a scan here, with the rules that
// configuration adds.
func withRules(env *Env, f *scanFlags) (scanner.Options, error) {
	if err := f.settle(env); err != nil {
		return scanner.Options{}, err
	}
	o, err := f.options()
	if err != nil || o.Own == nil {
		return o, err
	}
	prefix, read, err := scanner.OwnFiles(env.Dir, o.OwnFrom)
	if err != nil {
		return o, err
	}
	own, err := o.Own(prefix, read)
	if err != nil {
		return o, err
	}
	o.Rules, err = o.Rules.With(own.Rules...)
	return o, err
}

func newRules(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:     "rules",
		Short:   "List the rules; rules test explains a verdict",
		Example: "  petrascan rules\n  petrascan rules test < suspicious.txt",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			o, err := withRules(env, &f)
			if err != nil {
				return err
			}
			for _, r := range o.Rules.Rules() {
				fmt.Fprintf(env.Stdout, "%s\n    %s\n", r.ID, report.Clean(cmp.Or(r.Description, r.Title)))
			}
			return nil
		},
	}, plainStatus)
	addRuleFlags(cmd, &f)
	cmd.AddCommand(newRulesTest(env))
	return cmd
}

func newRulesTest(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:   "test [-|TEXT]",
		Short: "Explain, step by step, what the rules say of a text",
		Long: `Explain, step by step, what the rules say of every candidate in the text on
standard input, and print its key id. TEXT as an argument is for placeholders
only: other users of the machine and the shell's history see arguments.`,
		Example: `  petrascan rules test < suspicious.txt
  petrascan rules test 'petra_YOUR_API_KEY'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return hinted("quote the text, or give it on standard input", "rules test takes one text, and got %d", len(args))
			}
			var text []byte
			if len(args) == 1 && args[0] != "-" {
				text = []byte(args[0])
			} else {
				const most = 16 << 20
				var err error
				if text, err = io.ReadAll(io.LimitReader(env.Stdin, most+1)); err != nil {
					return fmt.Errorf("read standard input: %w", err)
				}
				if len(text) > most {
					return hinted("cut out the part in question", "standard input is longer than %d MiB", most>>20)
				}
			}
			o, err := withRules(env, &f)
			if err != nil {
				return err
			}
			return explain(cmd.Context(), env, o, text, len(args) == 1 && args[0] != "-")
		},
	}, `
  0    nothing there is a key
  1    a key of medium or high confidence is there
  2    usage error
`)
	addRuleFlags(cmd, &f)
	return cmd
}

// explain prints what the rules say of every candidate.
func explain(ctx context.Context, env *Env, o scanner.Options, text []byte, argument bool) error {
	found := false
	list := scanner.Explain(ctx, o, text)
	for i, x := range list {
		if i > 0 {
			fmt.Fprintln(env.Stdout)
		}
		fmt.Fprintf(env.Stdout, "line %d, column %d", x.Line, x.Column)
		if len(x.Layers) > 0 {
			fmt.Fprintf(env.Stdout, ", behind %s", strings.Join(x.Layers, ", "))
		}
		fmt.Fprintln(env.Stdout)
		for _, step := range x.Verdict.Steps {
			fmt.Fprintf(env.Stdout, "  - %s\n", step)
		}
		if v := x.Verdict; v.Confidence == finding.None {
			fmt.Fprintln(env.Stdout, "  no key")
		} else {
			seldom := ""
			if v.Confidence == finding.Low {
				seldom = " (reported with --min-confidence low only)"
			}
			fmt.Fprintf(env.Stdout, "  %s: confidence %s%s, extent %s\n  key %s, id %s\n", v.Rule, v.Confidence, seldom, v.Extent, v.Key, v.Key.ID())
			found = found || v.Confidence >= finding.Medium
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(env.Stdout, "no candidate: petra_ does not stand in the text")
	}
	if found && argument {
		fmt.Fprintln(env.Stderr, "petrascan: warning: a key was given as an argument; it is in the shell's history now. Delete it in Settings → API Keys.")
	}
	if found {
		return outcome(statusFound)
	}
	return nil
}
