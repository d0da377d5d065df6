package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

func newReport(env *Env) *cobra.Command {
	cmd := withStatus(&cobra.Command{
		Use:   "report",
		Short: "Convert, merge, filter and compare saved JSON reports",
		Example: `  petrascan report show scan.json -f markdown
  petrascan report diff yesterday.json today.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}, plainStatus)
	cmd.AddCommand(newReportShow(env), newReportDiff(env), newReportSchema(env))
	return cmd
}

func newReportShow(env *Env) *cobra.Command {
	var f scanFlags
	var c report.Criteria
	var status, location []string
	minimum := finding.Low.String()
	cmd := withStatus(&cobra.Command{
		Use:   "show FILE…",
		Short: "Write saved JSON reports again, in any format",
		Long: `Write a saved JSON report in another format. Several reports are merged into
one: what was read adds up, and the whole is complete if all parts are. "-" is
standard input. The other formats say exactly what they would have said when
the scan was made.`,
		Example: `  petrascan report show scan.json -f markdown
  petrascan report show day1.json day2.json -o all.sarif
  petrascan report show scan.json --present --path 'src/**'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			outputs, err := f.reports()
			if err != nil {
				return err
			}
			defer thrifty()()
			r, err := merged(env, args)
			if err != nil {
				return err
			}
			if c.MinConfidence, err = finding.ParseConfidence(minimum); err != nil {
				return err
			}
			for _, s := range status {
				c.Statuses = append(c.Statuses, finding.Status(s))
			}
			for _, l := range location {
				c.Locations = append(c.Locations, finding.Location(l))
			}
			filters := [...]string{"status", "location", "path", "key", "present", "min-confidence"}
			for _, name := range filters {
				if cmd.Flags().Changed(name) {
					if r, err = report.Filter(r, c); err != nil {
						return err
					}
					break
				}
			}
			status := reportStatus(cmd.Context(), r, f.failOn)
			if err := f.write(env, &scanner.Result{Report: r}, outputs, status); err != nil {
				return err
			}
			return outcome(status)
		},
	}, scanStatus)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&status, "status", nil, "only keys of this `STATUS`: active, deleted, unknown, unverified")
	flags.StringSliceVar(&location, "location", nil, "only findings of this `LOCATION`, such as file, blob or commit-message")
	flags.StringArrayVar(&c.Paths, "path", nil, "only findings whose path matches this doublestar `GLOB`; repeatable")
	flags.StringArrayVar(&c.Keys, "key", nil, "only keys whose id begins with this `ID`; repeatable")
	flags.BoolVar(&c.Present, "present", false, "only keys that HEAD or the work tree still hold")
	flags.Var(oneOf{&minimum, []string{"low", "medium", "high"}}, "min-confidence", "only keys of this confidence or more")
	f.addOutput(cmd)
	return cmd
}

func newReportDiff(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two saved JSON reports",
		Long: `Compare two saved JSON reports: what is new, what is gone, what is still there.
Findings are the same if their fingerprints are, whatever line or commit they
have moved to.`,
		Example: "  petrascan report diff yesterday.json today.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return hinted("`petrascan report diff --help` shows how it is used", "report diff wants two files, and got %d", len(args))
			}
			before, err := readReport(env, args[0])
			if err != nil {
				return err
			}
			after, err := readReport(env, args[1])
			if err != nil {
				return err
			}
			delta := report.Diff(before, after)
			var o report.Options
			o.Width, o.Color = f.terminal(env)
			if err := report.WriteDelta(env.Stdout, report.Format(f.format), delta, o); err != nil {
				return err
			}
			return outcome(diffStatus(delta))
		},
	}, `
  0    nothing is new
  1    something is new
  2    usage error, or the newer report is incomplete
  3    something is new, and the newer report is incomplete
`)
	f.format, f.color = string(report.Table), "auto"
	flags := cmd.Flags()
	flags.VarP(oneOf{&f.format, []string{"table", "json"}}, "format", "f", "what to write")
	flags.Var(oneOf{&f.color, []string{"auto", "always", "never"}}, "color", "colours in the table")
	return cmd
}

// diffStatus returns the exit status of a comparison. That nothing is new in a
// report that is incomplete proves nothing.
func diffStatus(d report.Delta) int {
	found, complete := len(d.New.Findings) > 0, d.New.Scan.Complete
	switch {
	case found && !complete:
		return statusFoundTrouble
	case found:
		return statusFound
	case !complete:
		return statusTrouble
	}
	return statusClean
}

func newReportSchema(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the JSON report",
		Example: "  petrascan report schema > petrascan.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := env.Stdout.Write(report.Schema())
			return err
		},
	}, plainStatus)
}

// merged reads the named reports and makes one of them.
func merged(env *Env, names []string) (*finding.Report, error) {
	if len(names) == 0 {
		return nil, hinted("save one with `petrascan scan -o scan.json`", "no report is named")
	}
	var list []*finding.Report
	for _, name := range names {
		r, err := readReport(env, name)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return report.Merge(list...)
}

func readReport(env *Env, name string) (*finding.Report, error) {
	var in io.Reader = env.Stdin
	if name != "-" {
		f, err := os.Open(resolve(env.Dir, name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, bare(err))
		}
		defer f.Close()
		in = f
	}
	r, err := report.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
