package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrascan/petrascan/cmd/internal/clone"
	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/cmd/internal/report"
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

// printError tells the user what failed and, if it is known, what to do.
func printError(w io.Writer, err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			printError(w, err)
		}
		return
	}
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			fmt.Fprintf(w, "petrascan: error: %s\n", report.Clean(config.Masked(m.Error())))
		}
		return
	}
	fmt.Fprintf(w, "petrascan: error: %s\n", report.Clean(config.Masked(clone.Redact(err.Error()))))
	var hint *hintError
	if errors.As(err, &hint) && hint.hint != "" {
		fmt.Fprintf(w, "petrascan: hint: %s\n", report.Clean(config.Masked(clone.Redact(hint.hint))))
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
	if len(names) == 1 {
		hint = "the command is " + names[0]
	}
	if near := report.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? (%s)", near, hint)
	}
	if strings.ContainsAny(name, "/.\\") {
		hint = fmt.Sprintf("to scan a path, say `%s scan %s`", cmd.CommandPath(), name)
	}
	return hinted(hint, "unknown command %q for %s", name, cmd.CommandPath())
}

// flagError says what is wrong with a flag, in our own words: those of pflag and
// strconv are for programmers. A misspelt one is answered with the nearest that
// the command has, or with a command that has it.
func flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())
	var (
		wrong   *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
		unknown *pflag.NotExistError
	)
	switch {
	case errors.As(err, &wrong):
		return hinted(help, "--%s %q: %w", wrong.GetFlag().Name, wrong.GetValue(), wrongValue(wrong.GetFlag(), wrong.Unwrap()))
	case errors.As(err, &missing):
		return hinted(help, "--%s wants a value", missing.GetFlag().Name)
	case !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "":
		return hinted(help, "%w", err)
	}
	name := unknown.GetSpecifiedName()
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := report.Nearest(name, names); near != "" {
		help = fmt.Sprintf("did you mean --%s? (%s)", near, help)
	} else if other := commandWith(cmd.Root(), name); other != nil {
		help = fmt.Sprintf("`%s` has it", other.CommandPath())
	}
	return hinted(help, "unknown flag: --%s", name)
}

// commandWith returns the first command that has a flag; nil if none does.
func commandWith(cmd *cobra.Command, name string) *cobra.Command {
	for _, sub := range cmd.Commands() {
		if sub.Flags().Lookup(name) != nil {
			return sub
		}
		if found := commandWith(sub, name); found != nil {
			return found
		}
	}
	return nil
}

// wrongValue says what a flag's value would have to be.
func wrongValue(flag *pflag.Flag, err error) error {
	switch flag.Value.Type() {
	case "int":
		return errors.New("want a whole number")
	case "float64":
		return errors.New("want a number")
	case "duration":
		return errors.New("want a time such as 90s or 10m")
	case "bool":
		return errors.New("want true or false")
	}
	return err
}

// bare returns what the system said of a file, without the file's name: messages
// have it as the user wrote it.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
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
