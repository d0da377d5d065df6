package cli

import (
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/verify"
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

// verdictDir returns where verdicts of the API are kept, beside the packs; empty
// if that is not known.
func verdictDir(env *Env) string {
	if dir := cacheDir(env); dir != "" {
		return filepath.Join(filepath.Dir(dir), "verdicts")
	}
	return ""
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
		Short: "Show or clear what is remembered from scan to scan",
		Long: `Two things are remembered from scan to scan: what packs held, and what the API
said of keys.

A pack of Git objects never changes, so what a scan found out about one is
remembered for the next: how much there is in it, which of its objects to look
at again, its commits, and where lay what was found. A scan with the cache
reports what one without would; --no-cache reads everything, and so notices a
disk that lost what was written to it.

What the API said of a key is remembered by the key's id: a proven deletion for
ever, another rejection for a day, an active key for five minutes. When it is
cleared, a deletion has to be proven anew.

The cache holds ids, numbers, names of files and verdicts, no key and no content.
It lies in the user's cache directory, $XDG_CACHE_HOME/petrascan on Linux; what was not used for
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
			verdicts, err := verify.NewMemory(verdictDir(env)).Size()
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "%s\n%s\n", verdictDir(env), plural(verdicts, "verdict", "verdicts"))
			return nil
		},
	}, plainStatus), withStatus(&cobra.Command{
		Use:     "clear",
		Short:   "Forget all packs and verdicts",
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
			verdicts, err := verify.NewMemory(verdictDir(env)).Clear()
			if err != nil {
				return hinted("remove "+verdictDir(env)+" by hand", "%w", err)
			}
			fmt.Fprintf(env.Stdout, "removed %s, and %s\n", sizeOf(use), plural(verdicts, "verdict", "verdicts"))
			return nil
		},
	}, plainStatus))
	return cmd
}

func sizeOf(u scanner.CacheUse) string {
	return fmt.Sprintf("%s, %.1f kB", plural(u.Entries, "pack", "packs"), float64(u.Bytes)/1000)
}
