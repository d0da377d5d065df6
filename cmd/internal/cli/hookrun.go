package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrascan/petrascan/cmd/internal/hook"
	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// hookFlags are the scanning flags that a hook has: nothing that makes a
// report, since a hook speaks in its own way or not at all.
var hookFlags = []string{
	"fail-on", "min-confidence", "verify", "api-url", "control-key-env", "config", "no-config", "config-from", "baseline",
	"exclude", "include", "max-archive-depth", "max-decode-depth", "require-complete", "jobs", "no-cache", "timeout", "verbose",
}

// A hookEvent is one way in which a hook is called.
type hookEvent struct {
	name string
	what string   // is searched, as the middle of a sentence
	cure []string // what to do about a finding
	scan func(context.Context, *Env, *scanner.Scan, []string) error
}

const deleteKey = "Delete the key if anyone else may have seen it: https://app.petrasecurity.com → Settings → API Keys."

var (
	cureCommit = []string{
		"Take the key out of the file, and let the program read it from its environment or a secret store.",
		"`git add` the file again and commit.",
		deleteKey,
	}
	cureMessage = []string{
		"Write the message without the key; the one you wrote is kept in the file that Git names.",
		"Commit again.",
		deleteKey,
	}
	curePush = []string{
		"Take the key out of the commits that brought it in: `git commit --amend` or `git rebase -i`. A later commit does not hide it.",
		"Push again.",
		deleteKey,
	}
)

var hookEvents = []hookEvent{
	{"pre-commit", "what is about to be committed", cureCommit, scanStaged},
	{"pre-merge-commit", "the merge that is about to be committed", cureCommit, scanMerge},
	{"commit-msg", "the commit message", cureMessage, scanMessage},
	{"pre-push", "what is about to be pushed", curePush, scanPush},
	{"pre-receive", "what was pushed", curePush, scanReceived},
	{"framework", "what is about to be recorded", cureCommit, scanFramework},
}

func newHookRun(env *Env) *cobra.Command {
	var f scanFlags
	var names []string
	for _, e := range hookEvents {
		names = append(names, e.name)
	}
	cmd := withStatus(&cobra.Command{
		Use:   "run EVENT [ARGUMENT…]",
		Short: "Do the work of a hook, called as Git calls it",
		Long: `Search what is about to be recorded, with the arguments, the environment and the
standard input that Git gives the hook EVENT: ` + strings.Join(names[:len(names)-1], ", ") + `.
EVENT ` + "`framework`" + ` is for the pre-commit program.

Prints nothing unless something was found that --fail-on names, or could not be
read; with --fail-on none it tells of all that was found, and lets it pass. PETRASCAN_SKIP=1
skips the search, but for pre-receive, where nothing that was pushed can switch
it off or suppress a finding.`,
		Example: `  petrascan hook run pre-commit
  petrascan hook run commit-msg .git/COMMIT_EDITMSG
  petrascan hook run pre-commit --min-confidence high`,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hinted("the events are "+strings.Join(names, ", "), "hook run wants the name of an event")
			}
			i := slices.Index(names, args[0])
			if i < 0 {
				hint := "the events are " + strings.Join(names, ", ")
				if near := report.Nearest(args[0], names); near != "" {
					hint = fmt.Sprintf("did you mean %q? (%s)", near, hint)
				}
				return hinted(hint, "no hook %q", args[0])
			}
			e := hookEvents[i]
			if env.Getenv("PETRASCAN_SKIP") == "1" && e.name != "pre-receive" {
				fmt.Fprintln(env.Stderr, "petrascan: skipped, since PETRASCAN_SKIP is set")
				return nil
			}
			if e.name == "pre-receive" {
				if cmd.Flags().Lookup("no-config") != nil {
					if err := cmd.Flags().Set("no-config", "true"); err != nil {
						return err
					}
				}
			}
			f.noProgress = true
			f.say = func(env *Env, r *finding.Report) { e.say(env, r, f.failOn) }
			return run(cmd.Context(), env, "hook run "+e.name, &f, func(ctx context.Context, s *scanner.Scan) error {
				return e.scan(ctx, env, s, args[1:])
			})
		},
	}, scanStatus)
	all := &cobra.Command{}
	f.add(all)
	cmd.Flags().SortFlags = false
	for _, name := range hookFlags {
		if flag := all.Flags().Lookup(name); flag != nil {
			cmd.Flags().AddFlag(flag)
		}
	}
	return cmd
}

func scanStaged(ctx context.Context, env *Env, s *scanner.Scan, args []string) error {
	uncollected(env)
	if len(args) > 0 {
		return fmt.Errorf("this hook takes no arguments, and got %q", args[0])
	}
	return s.Staged(ctx, env.Getenv, env.Dir)
}

// scanMerge leaves out what the merged commits hold at the same path. Git names
// them in the environment, as GITHEAD_<id> (git-merge sets it for the messages
// of its strategies); MERGE_HEAD is written later.
func scanMerge(ctx context.Context, env *Env, s *scanner.Scan, _ []string) error {
	var merged []string
	if env.Environ != nil {
		for _, v := range env.Environ() {
			name, _, _ := strings.Cut(v, "=")
			if id, ok := strings.CutPrefix(name, "GITHEAD_"); ok {
				merged = append(merged, id)
			}
		}
	}
	return s.Staged(ctx, env.Getenv, env.Dir, merged...)
}

func scanMessage(ctx context.Context, env *Env, s *scanner.Scan, args []string) error {
	if len(args) != 1 {
		return hinted("Git passes it to the hook as $1", "commit-msg wants the name of the file that holds the message")
	}
	text, err := os.ReadFile(resolve(env.Dir, args[0]))
	if err != nil {
		return fmt.Errorf("read the commit message: %s: %w", args[0], bare(err))
	}
	return s.Text(ctx, finding.InCommitMessage, bytes.NewReader(hook.Message(text)))
}

// scanPush searches what the push brings to the remote: of a ref that the
// remote has, the commits beyond it; of a new one, or one whose commit is not
// here, those that no ref of the remote had when it was last asked.
func scanPush(ctx context.Context, env *Env, s *scanner.Scan, args []string) error {
	updates, err := hook.ReadPush(env.Stdin)
	if err != nil {
		return err
	}
	remote := ""
	if len(args) > 0 {
		remote = args[0]
	}
	return scanUpdates(ctx, env, s, updates, trackingRefs(remote))
}

// trackingRefs is a glob for what is known of a remote's refs. A remote that
// has no name but a URL has none; the glob then matches nothing.
func trackingRefs(remote string) string {
	quoted := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`).Replace(remote)
	return "refs/remotes/" + quoted + "/**"
}

// scanReceived searches what the push brings to this repository: the commits
// that no ref of it reaches yet.
func scanReceived(ctx context.Context, env *Env, s *scanner.Scan, _ []string) error {
	updates, err := hook.ReadReceive(env.Stdin)
	if err != nil {
		return err
	}
	for i := range updates {
		updates[i].Old = strings.Repeat("0", len(updates[i].Old))
	}
	return scanUpdates(ctx, env, s, updates, "refs/**")
}

// scanUpdates searches the commits that the updates bring, and the names of the
// refs. Base are the refs whose commits the receiver has for sure.
func scanUpdates(ctx context.Context, env *Env, s *scanner.Scan, updates []hook.Update, base string) error {
	limits := scanner.Limits{Base: []string{base}}
	var names strings.Builder
	for _, u := range updates {
		if u.Deletes() {
			continue
		}
		limits.Ranges = append(limits.Ranges, u.Old+".."+u.New)
		fmt.Fprintln(&names, u.Ref)
	}
	if len(limits.Ranges) == 0 {
		return nil
	}
	if err := s.HistoryFromEnv(ctx, env.Getenv, env.Dir, &limits); err != nil {
		return err
	}
	return s.Text(ctx, finding.InRefName, strings.NewReader(names.String()))
}

// scanFramework searches what the pre-commit program was called for. Its
// environment tells: a range when something is pushed or when it was given one,
// a remote alone when a history is pushed whole. Git sets GIT_INDEX_FILE in the
// hooks of a commit. Without it the program was started by hand or in CI, where
// `--all-files` can't be told from the rest: then all of the index counts.
func scanFramework(ctx context.Context, env *Env, s *scanner.Scan, _ []string) error {
	from, to := env.Getenv("PRE_COMMIT_FROM_REF"), env.Getenv("PRE_COMMIT_TO_REF")
	remote, branch := env.Getenv("PRE_COMMIT_REMOTE_NAME"), env.Getenv("PRE_COMMIT_LOCAL_BRANCH")
	switch {
	case to != "" && from != "":
		limits := &scanner.Limits{Ranges: []string{from + ".." + to}}
		if remote != "" {
			limits.Base = []string{trackingRefs(remote)}
		}
		return s.HistoryFromEnv(ctx, env.Getenv, env.Dir, limits)
	case to != "":
		return errors.New("PRE_COMMIT_TO_REF is set and PRE_COMMIT_FROM_REF is not")
	case remote != "" && branch != "":
		return s.HistoryFromEnv(ctx, env.Getenv, env.Dir, &scanner.Limits{Ranges: []string{branch}})
	case env.Getenv("GIT_INDEX_FILE") != "":
		return s.Staged(ctx, env.Getenv, env.Dir)
	}
	return s.Index(ctx, env.Getenv, env.Dir)
}
