package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/scanner"
)

func newScan(env *Env) *cobra.Command {
	var f scanFlags
	var what targetFlags
	cmd := withStatus(&cobra.Command{
		Use:   "scan [PATH|URL…]",
		Short: "Search files and the history of every repository among them",
		Long: `Search every file at or below each PATH (default: the current directory) and,
for every Git directory found there, its index and every object in it.

Nothing is skipped because of its name, its type or Git's ignore rules. Of a
PATH inside a work tree but not its top, the files alone are searched.

The repository at a URL (https://, ssh://, file:/// or git@HOST:PATH) is cloned
whole into a temporary place, with the credentials that Git has for it, searched,
and removed. One of several targets that fails does not stop the rest.`,
		Example: `  petrascan scan
  petrascan scan ~/src --exclude '**/node_modules/**'
  petrascan scan https://github.com/acme/app git@github.com:acme/lib.git
  petrascan scan --targets repositories.txt -f json
  petrascan scan . -o report.sarif -o report.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := what.read(env, args)
			if err != nil {
				return err
			}
			return run(cmd.Context(), env, "scan", &f, func(ctx context.Context, s *scanner.Scan) error {
				return f.each(ctx, env, s, targets, nil, func(path string) error { return s.Tree(ctx, path) })
			})
		},
	}, scanStatus)
	f.add(cmd)
	f.addWalk(cmd)
	what.add(cmd.Flags())
	return cmd
}

func newFiles(env *Env) *cobra.Command {
	var f scanFlags
	var what targetFlags
	cmd := withStatus(&cobra.Command{
		Use:   "files [PATH…|-]",
		Short: "Search files only; - reads standard input",
		Long: `Search every file at or below each PATH (default: the current directory); "-"
stands for standard input. Git's object stores are left to scan and history.`,
		Example: `  petrascan files
  petrascan files /etc ~/.config
  kubectl get secrets -A -o yaml | petrascan files -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := what.read(env, args)
			if err != nil {
				return err
			}
			refuseURLs(targets)
			return run(cmd.Context(), env, "files", &f, func(ctx context.Context, s *scanner.Scan) error {
				return f.each(ctx, env, s, targets, nil, func(path string) error {
					if path == "-" {
						return s.Stdin(ctx, env.Stdin)
					}
					return s.Files(ctx, path)
				})
			})
		},
	}, scanStatus)
	f.add(cmd)
	f.addWalk(cmd)
	what.add(cmd.Flags())
	return cmd
}

func newStaged(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:   "staged",
		Short: "Search what git commit would record now",
		Long: `Search the entries of the index that HEAD does not have at their path: what
` + "`git commit`" + ` would record now. The work tree does not count. GIT_DIR and
GIT_INDEX_FILE are honoured, as in a hook.`,
		Example: `  petrascan staged
  petrascan staged --quiet || echo "there is a key in the index"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			uncollected(env)
			return run(cmd.Context(), env, "staged", &f, func(ctx context.Context, s *scanner.Scan) error {
				return s.Staged(ctx, env.Getenv, env.Dir)
			})
		},
	}, scanStatus)
	f.add(cmd)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return hinted("`"+cmd.CommandPath()+" --help` shows how it is used", "%s takes no arguments, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
