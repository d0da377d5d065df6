package cli

import (
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/scanner"
)

// cacheDir returns where the scanner keeps what it remembers for this user, as
// [os.UserCacheDir] has it: below XDG_CACHE_HOME, if that is an absolute path,
// or where the system keeps such files; empty if that is not known.
func cacheDir(env *Env) string {
	var dir string
	switch home := env.Getenv("HOME"); {
	case runtime.GOOS == "windows":
		dir = env.Getenv("LocalAppData")
	case runtime.GOOS == "darwin" && home != "":
		dir = filepath.Join(home, "Library", "Caches")
	case filepath.IsAbs(env.Getenv("XDG_CACHE_HOME")):
		dir = env.Getenv("XDG_CACHE_HOME")
	case home != "":
		dir = filepath.Join(home, ".cache")
	}
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "petrascan", "packs")
}

// cacheDir is the scanner's, empty with --no-cache.
func (f *scanFlags) cacheDir(env *Env) string {
	if f.noCache {
		return ""
	}
	return cacheDir(env)
}

func noCacheDir() error {
	return hinted("set HOME or XDG_CACHE_HOME; without, every scan reads everything", "there is no cache: nothing says where the user's files are")
}

func newCache(env *Env) *cobra.Command {
	cmd := withStatus(&cobra.Command{
		Use:   "cache",
		Short: "Show or clear what is remembered of packs that were read",
		Long: `A pack of Git objects never changes, so what a scan found out about one is
remembered for the next: how much there is in it, which of its objects to look
at again, its commits, and where lay what was found. A scan with the cache
reports what one without would; --no-cache reads everything, and so notices a
disk that lost what was written to it.

The cache holds ids, numbers and names of files, no key and no content. It lies
in the user's cache directory, $XDG_CACHE_HOME/petrascan on Linux; what was not used for
longest makes room for what is new.`,
		Example: "  petrascan cache show\n  petrascan cache clear",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}, plainStatus)
	cmd.AddCommand(withStatus(&cobra.Command{
		Use:     "show",
		Short:   "Say where the cache is and how large",
		Example: "  petrascan cache show",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir := cacheDir(env)
			if dir == "" {
				return noCacheDir()
			}
			use, err := scanner.ReadCache(dir)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "%s\n%s", dir, sizeOf(use))
			if use.Entries > 0 {
				fmt.Fprintf(env.Stdout, ", last used %s to %s", use.Oldest.Format(time.DateOnly), use.Newest.Format(time.DateOnly))
			}
			fmt.Fprintln(env.Stdout)
			return nil
		},
	}, plainStatus), withStatus(&cobra.Command{
		Use:     "clear",
		Short:   "Forget all packs",
		Example: "  petrascan cache clear",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir := cacheDir(env)
			if dir == "" {
				return noCacheDir()
			}
			use, err := scanner.ClearCache(dir)
			if err != nil {
				return hinted("remove "+dir+" by hand", "%w", err)
			}
			fmt.Fprintf(env.Stdout, "removed %s\n", sizeOf(use))
			return nil
		},
	}, plainStatus))
	return cmd
}

func sizeOf(u scanner.CacheUse) string {
	packs := "packs"
	if u.Entries == 1 {
		packs = "pack"
	}
	return fmt.Sprintf("%d %s, %.1f kB", u.Entries, packs, float64(u.Bytes)/1000)
}
