package cli

import (
	"fmt"

	"github.com/spf13/cobra"

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
