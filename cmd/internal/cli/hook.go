package cli

import (
	"github.com/spf13/cobra"
)

func newHook(env *Env) *cobra.Command {
	cmd := withStatus(&cobra.Command{
		Use:   "hook",
		Short: "Search in Git's hooks: run, install, uninstall, status",
		Long: `Search what is about to be committed, pushed or received, as a Git hook. Git runs
no hook for --no-verify, and none before a cherry-pick or rebase; pre-push looks
at what those made, and CI at what got past both.`,
		Example: `  petrascan hook install
  petrascan hook status`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}, plainStatus)
	cmd.AddCommand(newHookRun(env), newHookInstall(env), newHookUninstall(env), newHookStatus(env))
	return cmd
}
