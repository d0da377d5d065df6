// Bench measures whole commands: petrascan beside git, beside ripgrep, beside
// the floor (see floor/doc.go) and beside every other secret scanner on PATH.
//
//	go run . -history REPO -files TREE -o results.md -readme ../../README.md
//
// It builds petrascan from the tree around it. The commands of a group run in
// turn, round by round, so that what disturbs the machine disturbs all of them;
// a table shows medians, minima, ratios of medians, processor time and peak
// memory as wait4 reports it. Inputs that are not given are generated, the same
// bytes for the same seed. What is not on PATH is named as absent and what
// could not be measured is named with the reason: every figure was measured in
// the run that it is reported from.
//
// The targets that the figures are held against stand in targets.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: go run . [flags]

Builds petrascan from the tree around this folder and measures it:

%s
Results go to standard output as a Markdown table, to -o, and into README.

  go run . -history ~/git.git -files ~/go/pkg/mod -o results.md
  go run . -only history,growth -rounds 3 -history ~/git.git
  go run . -from results.json -readme ../../README.md    (nothing is measured)

The floor needs libdeflate (Debian: apt-get install libdeflate-dev) and a C
compiler; gitleaks comes with
  go install github.com/zricethezav/gitleaks/v8@v8.30.1
Peers are looked for on PATH and in $(go env GOPATH)/bin.

Flags:
`

type options struct {
	history, files string
	filesName      string
	only           string
	withPeers      bool
	rounds         int
	slow           time.Duration
	slowRounds     int
	limit          time.Duration
	seed           uint64
	generated      sizes
	out, json      string
	readme, from   string
	shown          string // the command, with placeholders for paths
}

// sizes are those of generated inputs.
type sizes struct {
	commits, files, staged int
	many                   int // files for extremes
	sparse                 int // gigabytes of its large file
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.history, "history", "", "measure history on this `REPO`, bare or with .git (default: generated)")
	flags.StringVar(&o.files, "files", "", "measure files on this `TREE` (default: the generated tree alone)")
	flags.StringVar(&o.filesName, "files-name", "", "what the table calls TREE (default: its last element)")
	flags.StringVar(&o.only, "only", "", "measure these `GROUPS` alone, separated by commas")
	flags.BoolVar(&o.withPeers, "peers", true, "measure the other scanners on PATH")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each group; groups of quick commands have four times as many")
	flags.DurationVar(&o.slow, "slow", 10*time.Second, "a command whose first run took longer than this is slow")
	flags.IntVar(&o.slowRounds, "slow-rounds", 2, "rounds in which slow commands take part")
	flags.DurationVar(&o.limit, "limit", 4*time.Minute, "stop a command after this long; it is then named without a figure")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of generated inputs")
	flags.IntVar(&o.generated.commits, "commits", 4000, "commits of the generated history")
	flags.IntVar(&o.generated.files, "tree", 80000, "files of the generated tree")
	flags.IntVar(&o.generated.staged, "staged", 5000, "files of the repository for staged")
	flags.IntVar(&o.generated.many, "many", 1_000_000, "files of extremes")
	flags.IntVar(&o.generated.sparse, "sparse", 20, "gigabytes of the sparse file of extremes")
	flags.StringVar(&o.out, "o", "", "write the table to this `FILE` too")
	flags.StringVar(&o.json, "json", "", "write every single run to this `FILE` (default: results/DATE.json)")
	flags.StringVar(&o.readme, "readme", "", "put the table into this `FILE`, between <!-- bench --> and <!-- /bench -->")
	flags.StringVar(&o.from, "from", "", "measure nothing, make the table from this JSON `FILE`")
	flags.Usage = func() {
		var list strings.Builder
		for _, g := range groups {
			fmt.Fprintf(&list, "  %-12s %s\n", g.name, g.about)
		}
		fmt.Fprintf(flags.Output(), usage, list.String())
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.shown = "go run ."
	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "o", "json", "readme", "files-name":
		case "history":
			o.shown += " -history REPO"
		case "files":
			o.shown += " -files TREE"
		default:
			o.shown += fmt.Sprintf(" -%s=%v", f.Name, f.Value)
		}
	})
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag: see -help", flags.Arg(0))
	}
	if o.rounds < 1 || o.slowRounds < 1 {
		return o, errors.New("-rounds and -slow-rounds begin at 1")
	}
	for name := range strings.SplitSeq(o.only, ",") {
		if name != "" && !slices.ContainsFunc(groups, func(g group) bool { return g.name == name }) {
			return o, fmt.Errorf("-only %s: no such group: see -help", name)
		}
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.from != "" {
		r, err := readResults(o.from)
		if err != nil {
			return err
		}
		return o.publish(r)
	}
	r, failed := measure(ctx, o)
	if r == nil {
		return failed
	}
	if o.json == "" {
		o.json = filepath.Join("results", r.Date.Format("2006-01-02T150405")+".json")
	}
	return errors.Join(failed, r.save(o.json), o.publish(r))
}

// publish writes the tables everywhere they are to go.
func (o options) publish(r *Results) error {
	table := r.Markdown()
	fmt.Print(table)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(table), 0o644); err != nil {
			return err
		}
	}
	if o.readme != "" {
		return splice(o.readme, table)
	}
	return nil
}

// groups are what can be measured, in the order in which it is. A command that
// fails is a row without figures; a group that can't be measured is an error,
// and the others are measured all the same.
var groups = []group{
	{name: "history", about: "all of a history, nothing kept from before; memory of that", run: (*bench).historyGroup},
	{name: "repeat", about: "the same again, with the cache", run: (*bench).repeatGroup},
	{name: "attribution", about: "one key planted, against the same without", run: (*bench).attributionGroup},
	{name: "growth", about: "a quarter, a half and the whole of a history and of a tree", run: (*bench).growthGroup},
	{name: "files", about: "a tree of files, warm", run: (*bench).filesGroup},
	{name: "staged", about: "what git commit would record, one changed file among many", run: (*bench).stagedGroup},
	{name: "start", about: "starting up", run: (*bench).startGroup},
	{name: "literal", about: "the search for literals in cache, one core", run: (*bench).literalGroup},
	{name: "extremes", about: "very many small files, one very large file; only if named with -only", run: (*bench).extremesGroup, named: true},
}

type group struct {
	name, about string
	run         func(*bench, context.Context) error
	named       bool // measured only if -only names it
}

// measure runs the chosen groups. It returns no results if it was interrupted;
// else it returns them even if groups failed.
func measure(ctx context.Context, o options) (*Results, error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return nil, err
	}
	defer b.close()
	var failed error
	for _, g := range groups {
		if !slices.Contains(strings.Split(o.only, ","), g.name) && (o.only != "" || g.named) {
			continue
		}
		b.results.Groups = append(b.results.Groups, g.name)
		err := g.run(b, ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", g.name, err)
			first, _, _ := strings.Cut(err.Error(), "\n")
			b.missing(first)
			failed = errors.Join(failed, err)
		}
	}
	b.results.OwnPeak = ownPeak()
	b.results.Elapsed = time.Since(b.results.Date).Round(time.Second)
	return b.results, failed
}
