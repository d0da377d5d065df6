package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
		Use:     "man [COMMAND]",
		Short:   "Print a manual page",
		Example: "  petrascan man scan | man -l -",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), args[len(args)-1])
			}
			return writeMan(env.Stdout, page)
		},
	}, plainStatus)
}

// writeMan writes the manual page of a command in the macros of man(7). The
// page tells what --help does, in the sections and the order of
// man-pages(7). It names no date, so that two builds print the same.
func writeMan(w io.Writer, cmd *cobra.Command) error {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" petrascan petrascan\n", roff(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(cmd.Short))
	b.WriteString(".SH SYNOPSIS\n")
	for _, form := range forms(cmd) {
		fmt.Fprintf(&b, ".B %s\n.br\n", roff(form))
	}
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range strings.Split(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		// What is indented is a list, and its lines stay as they are.
		if strings.HasPrefix(paragraph, " ") || strings.Contains(paragraph, "\n  ") {
			verbatim(&b, paragraph)
		} else {
			b.WriteString(roff(paragraph) + "\n")
		}
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSuffix(sub.Use, " [flags]")), roff(sub.Short))
			}
		}
	}
	if cmd.HasAvailableLocalFlags() {
		b.WriteString(".SH OPTIONS\n")
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { option(&b, f) })
	}
	b.WriteString(".SH EXIT STATUS\n")
	for line := range strings.Lines(cmd.Annotations["status"]) {
		status, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(status), roff(strings.TrimSpace(meaning)))
	}
	if cmd.HasExample() {
		b.WriteString(".SH EXAMPLES\n")
		verbatim(&b, cmd.Example)
	}
	var others []string
	if cmd.HasParent() {
		others = append(others, cmd.Parent().CommandPath())
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			others = append(others, sub.CommandPath())
		}
	}
	if len(others) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, other := range others {
			end := ","
			if i == len(others)-1 {
				end = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(strings.ReplaceAll(other, " ", "-")), end)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// forms returns the ways a command is called.
func forms(cmd *cobra.Command) []string {
	var list []string
	if cmd.Runnable() {
		list = append(list, cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		list = append(list, cmd.CommandPath()+" COMMAND")
	}
	return list
}

// option writes one flag with what it takes, means and is if it is not given.
func option(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	b.WriteString(".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB\\-%s\\fR, ", roff(f.Shorthand))
	}
	fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	b.WriteString("\n" + roff(usage))
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
	default:
		fmt.Fprintf(b, " (default %s)", roff(f.DefValue))
	}
	b.WriteString("\n")
}

// verbatim writes lines that are not to be filled.
func verbatim(b *strings.Builder, text string) {
	b.WriteString(".nf\n" + roff(strings.Trim(text, "\n")) + "\n.fi\n")
}

// roff makes text safe between macros: an escape character, a dash and an
// apostrophe stand for themselves, and no line begins a request
// (groff(7), "Control characters").
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
