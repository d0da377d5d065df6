package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/scanner"
)

func newHistory(env *Env) *cobra.Command {
	var f scanFlags
	var what targetFlags
	var limits scanner.Limits
	var since string
	cmd := withStatus(&cobra.Command{
		Use:   "history [REPO|URL…]",
		Short: "Search Git objects only: all of them, or those of a range",
		Long: `Search the index and every object of each REPO (default: the repository here),
reachable or not: blobs, commits, tags and the names in trees.

With --range, --since or --ref only what those commits brought in is searched:
every blob at a path where none of the commit's parents has it, and the text of
the commits and of the tags that point to them. A URL is cloned first, whole, as
by scan.`,
		Example: `  petrascan history
  petrascan history --range origin/main..HEAD
  petrascan history --since 2026-01-01 --ref 'refs/heads/**'
  petrascan history /srv/git/*.git -f json -o all.sarif`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if since != "" {
				date, err := parseDate(since)
				if err != nil {
					return err
				}
				limits.Since = date
			}
			limited := &limits
			if len(limits.Ranges) == 0 && len(limits.Refs) == 0 && since == "" {
				limited = nil
			}
			targets, err := what.read(env, args)
			if err != nil {
				return err
			}
			return run(cmd.Context(), env, "history", &f, func(ctx context.Context, s *scanner.Scan) error {
				if len(args) == 0 && what.list == "" {
					return s.HistoryFromEnv(ctx, env.Getenv, env.Dir, limited)
				}
				return f.each(ctx, env, s, targets, limited, func(path string) error { return s.History(ctx, path, limited) })
			})
		},
	}, scanStatus)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&limits.Ranges, "range", nil, "commits `A..B`, A...B, B or ^A, as git has them; repeatable")
	flags.StringVar(&since, "since", "", "commits whose committer `DATE` is not earlier: 2026-01-31, RFC 3339, or 90d for days ago")
	flags.StringArrayVar(&limits.Refs, "ref", nil, "commits of refs whose full name matches this `GLOB`; repeatable")
	f.add(cmd)
	what.add(flags)
	return cmd
}

// parseDate reads a date, a time, or a number of days ago.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	var days int
	if n, err := fmt.Sscanf(s, "%dd", &days); n == 1 && err == nil && s == fmt.Sprintf("%dd", days) && days >= 0 {
		return time.Now().AddDate(0, 0, -days), nil
	}
	return time.Time{}, hinted("write it as 2026-01-31, 2026-01-31T15:04:05Z or 90d", "--since: %q is no date", s)
}
