package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrascan/petrascan/cmd/internal/clone"
	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
)

// A hintError is an error with advice on what to do next.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func hinted(hint, format string, args ...any) error {
	return &hintError{fmt.Errorf(format, args...), hint}
}

// printError tells the user what failed and, if it is known, what to do. What
// could not be read may be quoted in it, and hold a key.
func printError(w io.Writer, err error) {
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			fmt.Fprintf(w, "petrascan: error: %s\n", report.Clean(scanner.Mask(m.Error())))
		}
		return
	}
	fmt.Fprintf(w, "petrascan: error: %s\n", report.Clean(scanner.Mask(clone.Redact(err.Error()))))
	var hint *hintError
	if errors.As(err, &hint) && hint.hint != "" {
		fmt.Fprintf(w, "petrascan: hint: %s\n", scanner.Mask(clone.Redact(hint.hint)))
	}
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	hint := "the commands are " + strings.Join(names, ", ")
	if near := report.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? (%s)", near, hint)
	}
	if strings.ContainsAny(name, "/.\\") {
		hint = fmt.Sprintf("to scan a path, say `%s scan %s`", cmd.CommandPath(), name)
	}
	return hinted(hint, "unknown command %q for %s", name, cmd.CommandPath())
}

// flagError answers a misspelt flag with the nearest one that the command has.
func flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return hinted(help, "%w", err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := report.Nearest(name, names); near != "" {
		help = fmt.Sprintf("did you mean --%s? (%s)", near, help)
	}
	return hinted(help, "%w", err)
}

// oneOf is a flag value out of a few.
type oneOf struct {
	value *string
	valid []string
}

func (o oneOf) String() string { return *o.value }
func (o oneOf) Type() string   { return strings.Join(o.valid, "|") }
func (o oneOf) Set(s string) error {
	if !slices.Contains(o.valid, s) {
		if near := report.Nearest(s, o.valid); near != "" {
			return fmt.Errorf("want %s; did you mean %q?", strings.Join(o.valid, ", "), near)
		}
		return fmt.Errorf("want %s", strings.Join(o.valid, ", "))
	}
	*o.value = s
	return nil
}
