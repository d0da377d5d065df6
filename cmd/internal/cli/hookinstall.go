package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/hook"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
)

func newHookInstall(env *Env) *cobra.Command {
	var force bool
	cmd := withStatus(&cobra.Command{
		Use:   "install [EVENT…]",
		Short: "Put petrascan into the hooks of the repository here",
		Long: `Put petrascan into the hooks of the repository here: ` + strings.Join(hook.Client(), ", ") + `;
in a bare repository pre-receive. A hook that is there is kept and runs first.

Where core.hooksPath, husky, lefthook or the pre-commit program look after the
hooks, nothing is written: what to add there is printed.`,
		Example:   "  petrascan hook install\n  petrascan hook install pre-push",
		ValidArgs: hook.Events,
		RunE: func(cmd *cobra.Command, args []string) error {
			place, events, err := hooksHere(env, args)
			if err != nil {
				return err
			}
			if m := hook.ManagerOf(place.WorkTree, place.Dir, place.Configured); m != nil && !force {
				return managed(env, m)
			}
			program, err := ownPath()
			if err != nil {
				return err
			}
			for _, event := range events {
				changed, err := hook.Install(place.Dir, event, program)
				if err != nil {
					return fmt.Errorf("install %s: %w", event, err)
				}
				word := "installed"
				if !changed {
					word = "is there already"
				}
				fmt.Fprintf(env.Stdout, "%s %s: %s\n", event, word, report.Clean(filepath.Join(place.Dir, event)))
			}
			return nil
		},
	}, plainStatus)
	cmd.Flags().BoolVar(&force, "force", false, "write the hooks even where something else looks after them")
	return cmd
}

func newHookUninstall(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
		Use:       "uninstall [EVENT…]",
		Short:     "Take petrascan out of the hooks, and put back what was there",
		Example:   "  petrascan hook uninstall",
		ValidArgs: hook.Events,
		RunE: func(cmd *cobra.Command, args []string) error {
			place, events, err := hooksHere(env, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				events = hook.Events
			}
			done := false
			for _, event := range events {
				changed, err := hook.Uninstall(place.Dir, event)
				if err != nil {
					return fmt.Errorf("uninstall %s: %w", event, err)
				}
				if changed {
					done = true
					fmt.Fprintf(env.Stdout, "%s uninstalled: %s\n", event, report.Clean(filepath.Join(place.Dir, event)))
				}
			}
			if !done {
				fmt.Fprintf(env.Stdout, "no hook of petrascan in %s\n", report.Clean(place.Dir))
			}
			return nil
		},
	}, plainStatus)
}

func newHookStatus(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
		Use:     "status",
		Short:   "Say which hooks of the repository here run petrascan",
		Example: "  petrascan hook status",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			place, events, err := hooksHere(env, nil)
			if err != nil {
				return err
			}
			m := hook.ManagerOf(place.WorkTree, place.Dir, place.Configured)
			if m != nil {
				word := "does not name petrascan"
				if m.Has {
					word = "names petrascan"
				}
				fmt.Fprintf(env.Stdout, "%s looks after the hooks: %s %s\n", m.Name, report.Clean(m.File), word)
			}
			missing := 0
			for _, event := range events {
				h, err := hook.Look(place.Dir, event)
				if err != nil {
					return err
				}
				line, ok := describe(h)
				if !ok {
					missing++
				}
				fmt.Fprintf(env.Stdout, "%-17s %s\n", event, report.Clean(line))
			}
			if missing > 0 && (m == nil || !m.Has) {
				return outcome(statusFound)
			}
			return nil
		},
	}, `
  0    every hook runs petrascan
  1    one of them does not
  2    usage error, or it failed
`)
}

// describe says in words what stands for a hook, and whether it searches.
func describe(h hook.Hook) (line string, ok bool) {
	switch h.State {
	case hook.Absent:
		line = "no hook"
	case hook.Foreign:
		line = "another hook"
	case hook.Idle:
		line = "not executable: Git does not run it"
	case hook.Edited:
		line, ok = "petrascan, changed by hand", true
	case hook.Ours:
		line, ok = "petrascan, at "+h.Program, !h.Missing
		if h.Missing {
			line += ", which is not there"
		}
	}
	if h.Before != "" {
		line += ", after " + filepath.Base(h.Before)
	}
	return line, ok
}

// hooksHere finds the place of the hooks, and the events meant: those named, or
// all that a repository of this kind has.
func hooksHere(env *Env, args []string) (*scanner.Hooks, []string, error) {
	for _, name := range args {
		if !slices.Contains(hook.Events, name) {
			hint := "the events are " + strings.Join(hook.Events, ", ")
			if near := report.Nearest(name, hook.Events); near != "" {
				hint = fmt.Sprintf("did you mean %q? (%s)", near, hint)
			}
			return nil, nil, hinted(hint, "no hook %q", name)
		}
	}
	place, err := scanner.FindHooks(env.Getenv, env.Dir)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(args) > 0:
		return place, args, nil
	case place.WorkTree == "":
		return place, []string{"pre-receive"}, nil
	}
	return place, hook.Client(), nil
}

// managed prints what to add to the configuration of the hooks' manager.
func managed(env *Env, m *hook.Manager) error {
	if m.Has {
		fmt.Fprintf(env.Stdout, "%s looks after the hooks here, and names petrascan already: %s\n", m.Name, report.Clean(m.File))
		return nil
	}
	fmt.Fprintf(env.Stdout, "%s looks after the hooks here. Add to %s:\n\n%s", m.Name, report.Clean(m.File), m.Snippet)
	if m.Then != "" {
		fmt.Fprintf(env.Stdout, "\nthen run:\n\n%s\n", m.Then)
	}
	return hinted("add what is printed above; --force writes the hooks all the same", "nothing was installed: %s looks after the hooks", m.Name)
}

// goRun is where `go run` builds a program that is deleted when it ends.
var goRun = regexp.MustCompile(`go-build\d+[/\\]b\d+[/\\]exe[/\\]`)

// ownPath is the path of this program, for hooks to run.
func ownPath() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the path of this program: %w", err)
	}
	if goRun.MatchString(path) {
		return "", hinted("`go install github.com/petrascan/petrascan/cmd/petrascan@latest`, then `petrascan hook install`",
			"the program that `go run` built will be gone when a hook wants it")
	}
	return path, nil
}
