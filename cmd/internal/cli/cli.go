package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// An Env is what the program has of the outside world.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string  // all of it, as NAME=VALUE; nil: nothing more than Getenv
	Dir            string           // the current directory
	Now            func() time.Time // the clock; nil: time.Now

	terminal *os.File // what Stdout was before [Main] watched it, if a file
}

// System returns the environment of this process.
func System() (Env, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Env{}, fmt.Errorf("find the current directory: %w", err)
	}
	return Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ, Dir: dir}, nil
}

// Main runs petrascan with the given arguments (without the program's name) and
// returns its exit status. When ctx ends the command stops and what it has
// found by then is reported; the context's cause decides the status, see
// [ErrInterrupted].
func Main(ctx context.Context, env Env, args []string) int {
	out := &stickyWriter{to: env.Stdout}
	env.terminal, _ = env.Stdout.(*os.File)
	env.Stdout = out
	root := newRoot(&env)
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	ran := &outcomeError{statusClean}
	switch {
	case err == nil || errors.As(err, &ran):
		if out.err != nil {
			printError(env.Stderr, fmt.Errorf("write to standard output: %w", bare(out.err)))
			return max(ran.status, statusTrouble)
		}
		return ran.status
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintln(env.Stderr, "petrascan: interrupted")
		return interruptedStatus(ctx)
	}
	printError(env.Stderr, err)
	return statusTrouble
}

// A stickyWriter keeps the first error of the writer behind it: a command that
// prints line by line does not look at each.
type stickyWriter struct {
	to  io.Writer
	err error
}

func (w *stickyWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

const rootLong = `petrascan finds Petra Security API keys (petra_…) that were committed or left
on disk by mistake. It searches files, the index and every object of a Git
repository, reachable or not, and says what it read, where each key lies, which
commit brought it in and whether it is still there. It works offline, but for
what --verify asks and the URLs that it is told to clone.`

func newRoot(env *Env) *cobra.Command {
	root := withStatus(&cobra.Command{
		Use:   "petrascan",
		Short: "Find Petra Security API keys in files and Git history",
		Long:  rootLong,
		Example: `  petrascan scan                 the files and history of the repository here
  petrascan scan ~/src           every file and repository below a directory
  petrascan staged               what git commit would record now
  petrascan scan -o report.sarif a table on the terminal, SARIF in a file`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}, plainStatus)
	root.SetHelpCommand(&cobra.Command{Hidden: true, Use: "no-help"})
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate)
	root.AddCommand(
		newScan(env), newFiles(env), newHistory(env), newStaged(env), newHook(env),
		newVerify(env), newAudit(env), newReport(env), newBaseline(env),
		newRules(env), newConfig(env), newCache(env),
		newCompletion(env), newMan(env), newVersion(env),
	)
	return root
}

// helpTemplate is cobra's help with the example before the flags and the exit
// status at the end, for commands that have one.
const helpTemplate = `{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}

{{end}}Usage:
{{if .Runnable}}  {{.UseLine}}
{{end}}{{if .HasAvailableSubCommands}}  {{.CommandPath}} COMMAND
{{end}}{{if .HasExample}}
Examples:
{{.Example}}
{{end}}{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{end}}
Exit status:
{{index .Annotations "status"}}{{if .HasAvailableSubCommands}}
"{{.CommandPath}} COMMAND --help" tells more about a command.
{{end}}`

// withStatus adds the command's exit statuses to its help.
func withStatus(cmd *cobra.Command, status string) *cobra.Command {
	cmd.Annotations = map[string]string{"status": strings.TrimLeft(status, "\n")}
	return cmd
}

const scanStatus = `
  0    nothing found
  1    found something that --fail-on names
  2    usage error, or incomplete with nothing found
  3    found something, and incomplete
  130  interrupted (143: terminated); the partial report is marked so
`

const plainStatus = `
  0    done
  2    usage error, or it failed
`
