package cli

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/scanner"
)

func newScan(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:   "scan [PATH…]",
		Short: "Search files and the history of every repository among them",
		Long: `Search every file at or below each PATH (default: the current directory) and,
for every Git directory found there, its index and every object in it.

Nothing is skipped because of its name, its type or Git's ignore rules. Of a
PATH inside a work tree but not its top, the files alone are searched.`,
		Example: `  petrascan scan
  petrascan scan ~/src --exclude '**/node_modules/**'
  petrascan scan . -o report.sarif -o report.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			paths, err := targets(env, args)
			if err != nil {
				return err
			}
			return run(cmd.Context(), env, "scan", &f, func(ctx context.Context, s *scanner.Scan) error {
				return each(paths, func(path string) error { return s.Tree(ctx, path) })
			})
		},
	}, scanStatus)
	f.add(cmd)
	f.addWalk(cmd)
	return cmd
}

func newFiles(env *Env) *cobra.Command {
	var f scanFlags
	cmd := withStatus(&cobra.Command{
		Use:   "files [PATH…|-]",
		Short: "Search files only; - reads standard input",
		Long: `Search every file at or below each PATH (default: the current directory); "-"
stands for standard input. Git's object stores are left to scan and history.`,
		Example: `  petrascan files
  petrascan files /etc ~/.config
  kubectl get secrets -A -o yaml | petrascan files -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			paths, err := targets(env, args)
			if err != nil {
				return err
			}
			return run(cmd.Context(), env, "files", &f, func(ctx context.Context, s *scanner.Scan) error {
				return each(paths, func(path string) error {
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

var urlLike = regexp.MustCompile(`^([a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:)`)

// targets returns the paths to read, each once; without arguments it is the
// current directory. A path below another one is read with that.
func targets(env *Env, args []string) ([]string, error) {
	if len(args) == 0 {
		return []string{"."}, nil
	}
	var paths, whole []string
	for _, arg := range args {
		if urlLike.MatchString(arg) {
			return nil, hinted("clone it whole and scan the clone: `git clone --mirror URL DIR`, then `petrascan scan DIR`", "URLs are not read: %s", withoutUser(arg))
		}
		abs := arg
		if arg != "-" {
			abs = resolve(env.Dir, filepath.Clean(arg))
		}
		if slices.Contains(whole, abs) {
			continue
		}
		whole = append(whole, abs)
		paths = append(paths, arg)
	}
	below := func(path string) bool {
		return slices.ContainsFunc(whole, func(dir string) bool {
			rel, err := filepath.Rel(dir, path)
			return err == nil && dir != "-" && path != "-" && rel != "." && filepath.IsLocal(rel)
		})
	}
	var kept []string
	for i, path := range paths {
		if !below(whole[i]) {
			kept = append(kept, path)
		}
	}
	return kept, nil
}

// withoutUser drops the user information from a URL, which may be a secret.
func withoutUser(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + path
}

// each calls do for every path, and stops at the first error.
func each(paths []string, do func(string) error) error {
	for _, path := range paths {
		if err := do(path); err != nil {
			return err
		}
	}
	return nil
}
