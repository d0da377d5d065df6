package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

func newRules(env *Env) *cobra.Command {
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
			for _, r := range rules.Builtin().Rules() {
				fmt.Fprintf(env.Stdout, "%s\n    %s\n", r.ID, r.Description)
			}
			return nil
		},
	}, plainStatus)
	cmd.AddCommand(newRulesTest(env))
	return cmd
}

func newRulesTest(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
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
			return explain(cmd.Context(), env, text, len(args) == 1 && args[0] != "-")
		},
	}, `
  0    nothing there is a key
  1    a key of medium or high confidence is there
  2    usage error
`)
}

// explain prints what the rules say of every candidate.
func explain(ctx context.Context, env *Env, text []byte, argument bool) error {
	found := false
	list := scanner.Explain(ctx, scanner.Defaults(), text)
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
			fmt.Fprintf(env.Stdout, "  %s: confidence %s, extent %s\n  key %s, id %s\n", v.Rule, v.Confidence, v.Extent, v.Key, v.Key.ID())
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
