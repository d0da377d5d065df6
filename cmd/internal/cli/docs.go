package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/petrascan/petrascan/cmd/internal/report"
)

func newCompletion(env *Env) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return withStatus(&cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Print a shell's completion script",
		Example:   "  petrascan completion bash > /etc/bash_completion.d/petrascan",
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hinted("name one of bash, zsh, fish, powershell", "completion wants the name of a shell")
			}
			switch root := cmd.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(env.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(env.Stdout)
			case "fish":
				return root.GenFishCompletion(env.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(env.Stdout)
			}
			hint := "the shells are bash, zsh, fish, powershell"
			if near := report.Nearest(args[0], shells); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return hinted(hint, "unknown shell %q", args[0])
		},
	}, plainStatus)
}

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
			page.DisableAutoGenTag = true
			return doc.GenMan(page, &doc.GenManHeader{Section: "1", Source: "petrascan", Manual: "petrascan"}, env.Stdout)
		},
	}, plainStatus)
}
