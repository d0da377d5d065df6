package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/atomicfile"
	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// baselineFlags are the flags of a scan that mean something for a baseline.
var baselineFlags = []string{
	"baseline", "min-confidence", "exclude", "config", "no-config", "config-from",
	"max-archive-depth", "max-decode-depth", "jobs", "quiet", "verbose", "no-progress", "timeout",
}

func newBaseline(env *Env) *cobra.Command {
	var b baseline
	cmd := withStatus(&cobra.Command{
		Use:   "baseline [PATH]",
		Short: "Write or prune the list of accepted key ids",
		Long: `Scan the repository that PATH lies in (default: the current directory), files
and history, and add the id of every key that is found to ` + config.BaselineName + ` in its
root. A scan of the repository leaves those keys out from then on, and counts
them. What was in the list stays, with its comments.

The list has one line a key id, sorted, with an optional comment after #. It
holds no date, line or path, so that it changes only when keys do.`,
		Example: `  petrascan baseline
  petrascan baseline --prune
  petrascan baseline --add ID --reason 'deleted on Monday'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return hinted("run it once for each repository", "baseline takes one PATH, and got %d", len(args))
			}
			path := "."
			if len(args) == 1 {
				path = args[0]
			}
			return b.run(cmd.Context(), env, path)
		},
	}, `
  0    done
  2    usage error, or the scan was incomplete
`)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&b.prune, "prune", false, "take out the keys of which nothing is left, at any confidence; add none")
	flags.StringArrayVar(&b.add, "add", nil, "add this key `ID` without a scan; repeatable")
	flags.StringVar(&b.reason, "reason", "", "why the keys that are added may stay, as their `COMMENT`")
	scanning := &cobra.Command{}
	b.scanFlags.add(scanning)
	for _, name := range baselineFlags {
		flags.AddFlag(scanning.Flags().Lookup(name))
	}
	return cmd
}

// A baseline is the command's flags.
type baseline struct {
	scanFlags
	prune  bool
	add    []string
	reason string
}

func (b *baseline) run(ctx context.Context, env *Env, path string) error {
	if err := b.settle(env); err != nil {
		return err
	}
	if b.prune && len(b.add) > 0 {
		return hinted("run it once for each", "--prune and --add exclude each other")
	}
	root, err := scanner.Root(resolve(env.Dir, path))
	if err != nil {
		return err
	}
	file := filepath.Join(root, config.BaselineName)
	shown := config.BaselineName
	if b.baseline != "" {
		file, shown = resolve(env.Dir, b.baseline), b.baseline
	} else if scanner.IsBare(root) {
		return hinted("commit the list in a clone, or name a file with --baseline here and in each scan",
			"%s is a bare repository: no scan reads a list in it", path)
	}
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known, err := config.ParseBaseline(shown, old)
	if err != nil {
		return err
	}
	var list []scanner.Allow
	var said string
	complete := true
	if len(b.add) > 0 {
		list, err = b.added(known)
		said = fmt.Sprintf("%d added", len(list)-len(known))
	} else {
		list, said, complete, err = b.scanned(ctx, env, root, known)
	}
	if err != nil {
		return err
	}
	if len(list) > 0 || len(old) > 0 {
		err = atomicfile.Write(file, 0o666, func(w *os.File) error { return config.WriteBaseline(w, list) })
		if err != nil {
			return fmt.Errorf("write the baseline: %w", err)
		}
	}
	if !b.quiet {
		fmt.Fprintf(env.Stdout, "%s: %s, %s accepted\n", shown, said, keys(len(list)))
	}
	if !complete {
		return hinted("see to what could not be read, which `petrascan scan` names, and run it again", "the scan is incomplete: there may be more keys")
	}
	return nil
}

// added returns the list with the ids of --add in it.
func (b *baseline) added(list []scanner.Allow) ([]scanner.Allow, error) {
	if b.reason == "" {
		return nil, hinted("such as --reason 'deleted on Monday'", "--add needs a --reason")
	}
	for _, id := range b.add {
		if err := config.CheckID(id); err != nil {
			return nil, fmt.Errorf("--add: %w", err)
		}
		list = accept(list, finding.ID(id), b.reason)
	}
	return list, nil
}

// accept adds a key to the list. The reason of one that is there is replaced if
// there is a new one.
func accept(list []scanner.Allow, id finding.ID, reason string) []scanner.Allow {
	list = slices.Clone(list)
	i := slices.IndexFunc(list, func(a scanner.Allow) bool { return a.Key == id })
	if i < 0 {
		return append(list, scanner.Allow{Key: id, Reason: reason})
	}
	if reason != "" {
		list[i].Reason = reason
	}
	return list
}

// scanned returns the list with what a scan found in it or, to prune it, without
// what the scan did not find.
func (b *baseline) scanned(ctx context.Context, env *Env, root string, known []scanner.Allow) (list []scanner.Allow, said string, complete bool, err error) {
	o, err := b.options()
	if err != nil {
		return nil, "", false, err
	}
	o.Baseline = nil
	if own := o.Own; own != nil {
		o.Own = func(prefix string, read scanner.ReadFile) (*scanner.Own, error) {
			o, err := own(prefix, func(name string) ([]byte, error) {
				if name == config.BaselineName {
					return nil, fs.ErrNotExist // it is what is being made
				}
				return read(name)
			})
			return o, err
		}
	}
	if b.prune {
		o.MinConfidence, o.Exclude, o.Include = finding.Low, nil, nil
	}
	if b.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, b.timeout, context.DeadlineExceeded)
		defer stop()
	}
	progress := newProgress(env, &b.scanFlags)
	o.Progress, o.CacheDir, o.Explain = progress.report, b.cacheDir(env), b.explainer(env)
	scan, err := scanner.New("baseline", o)
	if err != nil {
		return nil, "", false, err
	}
	err = scan.Tree(ctx, root)
	progress.clear()
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return nil, "", false, hinted("give it more time; the list is as it was", "stopped after %s (--timeout)", b.timeout)
	}
	if err != nil {
		return nil, "", false, err
	}
	result := scan.Finish()
	complete = result.Report.Scan.Complete
	left := func(a scanner.Allow) bool {
		_, ok := result.Keys[a.Key]
		return ok
	}
	if b.prune {
		if !complete {
			return nil, "", false, hinted("see to what could not be read, which `petrascan scan` names", "nothing was pruned, since the scan is incomplete")
		}
		list = slices.DeleteFunc(slices.Clone(known), func(a scanner.Allow) bool { return !left(a) })
		return list, fmt.Sprintf("%d pruned", len(known)-len(list)), true, nil
	}
	list = known
	for _, k := range result.Report.Keys {
		if !slices.ContainsFunc(known, func(a scanner.Allow) bool { return a.Key == k.ID }) {
			list = accept(list, k.ID, b.reason)
		}
	}
	said = fmt.Sprintf("%d added", len(list)-len(known))
	if stale := len(slices.DeleteFunc(slices.Clone(known), left)); stale > 0 {
		said += fmt.Sprintf(", %d stale (--prune removes them)", stale)
	}
	return list, said, complete, nil
}

func keys(n int) string {
	if n == 1 {
		return "1 key"
	}
	return fmt.Sprintf("%d keys", n)
}
