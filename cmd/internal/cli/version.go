package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version says which release or commit the program was built from, as a semantic
// version: readers of SARIF compare them, so a build that Go could not stamp
// (go run, go test, -buildvcs=false) has a numeric one, too.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	return "v0.0.0-devel"
}

func newVersion(env *Env) *cobra.Command {
	return withStatus(&cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  petrascan version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(env.Stdout, "petrascan %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}, plainStatus)
}
