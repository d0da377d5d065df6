package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/scanner"
)

func newConfig(env *Env) *cobra.Command {
	cmd := withStatus(&cobra.Command{
		Use:   "config",
		Short: "Show the configuration in force, and where it is from",
		Long: `A value is taken from the command line, else from the environment (PETRASCAN_
and the flag's name, as in PETRASCAN_FAIL_ON), else from the file that --config
names or, without it, the user's (petrascan/config.toml where the system keeps
configuration), else it is the default. Lists add up.

A scanned repository may have a ` + config.Name + ` of its own, which can exclude
paths, allow keys by id and add rules, and nothing else.`,
		Example: "  petrascan config show --origin\n  petrascan config schema",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}, plainStatus)
	cmd.AddCommand(newConfigShow(env), newConfigSchema(env))
	return cmd
}

func newConfigShow(env *Env) *cobra.Command {
	var f scanFlags
	var origin bool
	cmd := withStatus(&cobra.Command{
		Use:   "show [PATH]",
		Short: "Print every value, with --origin also where it is from",
		Long: `Print the configuration that a scan of PATH (default: the current directory)
with these flags has, as TOML.`,
		Example: `  petrascan config show --origin
  petrascan config show --config ci.toml --config-from HEAD`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return hinted("run it once for each", "config show takes one PATH, and got %d", len(args))
			}
			path := env.Dir
			if len(args) == 1 {
				path = resolve(env.Dir, args[0])
			}
			if err := f.settle(env); err != nil {
				return err
			}
			if err := f.readBaseline(env); err != nil {
				return err
			}
			return showConfig(env, &f, path, origin)
		},
	}, plainStatus)
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&origin, "origin", false, "say behind every value where it is from")
	f.add(cmd)
	f.addWalk(cmd)
	return cmd
}

// showConfig prints what a scan of path would go by.
func showConfig(env *Env, f *scanFlags, path string, origin bool) error {
	d := config.Display{Origin: origin}
	for _, name := range config.Names() {
		if flag := f.set.Lookup(config.Flag(name)); flag != nil {
			from := f.origins[flag.Name]
			if from == "" {
				from = "default"
			}
			d.Settings = append(d.Settings, config.Item{Name: name, Value: flag.Value.String(), Origin: from})
		}
	}
	d.Add(f.user)
	d.Baseline = f.accepted
	for name, values := range map[string][]string{"exclude": f.exclude, "include": f.include} {
		for _, v := range values {
			d.Lists = append(d.Lists, config.Item{Name: name, Value: v, Origin: "--" + name})
		}
	}
	for _, v := range f.outputs[:len(f.outputs)-len(f.user.List("output"))] {
		d.Lists = append(d.Lists, config.Item{Name: "output", Value: v, Origin: "--output"})
	}
	if !f.none {
		prefix, read, err := scanner.OwnFiles(path, f.configFlags.from)
		if err != nil {
			return err
		}
		own, err := config.Load(prefix, read)
		if err != nil {
			return err
		}
		accepted, err := config.LoadBaseline(prefix, read)
		if err != nil {
			return err
		}
		d.Add(own)
		d.Baseline = append(d.Baseline, accepted...)
	}
	var b strings.Builder
	d.Write(&b)
	_, err := fmt.Fprint(env.Stdout, b.String())
	return err
}

func newConfigSchema(env *Env) *cobra.Command {
	var repository bool
	cmd := withStatus(&cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a configuration file, for editors",
		Example: "  petrascan config schema > petrascan-config.schema.json\n  petrascan config schema --repository",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			trust := config.User
			if repository {
				trust = config.Repository
			}
			_, err := env.Stdout.Write(config.Schema(trust))
			return err
		},
	}, plainStatus)
	cmd.Flags().BoolVar(&repository, "repository", false, "of a repository's own "+config.Name)
	return cmd
}
