package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/petrascan/petrascan/testdata/bench/generate"
)

// searched are petrascan's exit statuses after it searched: 2 and 3 say that
// something in the input could not be opened whole, which is the input's fault
// and the same in every round.
var searched = []int{1, 2, 3}

// needHistory generates a history if none was given.
func (b *bench) needHistory() error {
	if b.history != "" {
		return nil
	}
	b.say("generating a history of %d commits", b.generated.commits)
	b.history = filepath.Join(b.dir, "history.git")
	return generate.History(b.history, b.seed, b.generated.commits, b.env)
}

func (b *bench) historyInput(ctx context.Context) (Input, error) {
	if err := b.needHistory(); err != nil {
		return Input{}, err
	}
	name := filepath.Base(b.history)
	if b.options.history == "" {
		name = fmt.Sprintf("generated, %d commits", b.generated.commits)
	}
	return b.repository(ctx, b.history, name)
}

// scanHistory is petrascan reading repo with nothing kept from before.
func (b *bench) scanHistory(name, repo string, flags ...string) command {
	if b.cached {
		flags = append(flags, "--no-cache")
	}
	return use(name, b.petrascan, "REPO", repo, append([]string{"history", "REPO", "--quiet"}, flags...)...).orElse(searched...)
}

func (b *bench) historyGroup(ctx context.Context) error {
	in, err := b.historyInput(ctx)
	if err != nil {
		return err
	}
	list := []command{
		b.scanHistory("petrascan", b.history),
		b.scanHistory("petrascan, containers off", b.history, "--max-archive-depth", "0"),
	}
	if b.floor != "" {
		list = append(list, use("floor", b.floor, "REPO", b.history, "-jobs", strconv.Itoa(runtime.NumCPU()), "REPO"))
	}
	// Without --unordered git cat-file goes by id, loses its cache of delta bases
	// and spends six times the processor time on git/git.
	list = append(list,
		use("git cat-file", "git", "REPO", b.history, "-C", "REPO", "cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered"),
		use("git log -p", "git", "REPO", b.history, "-C", "REPO", "log", "-p", "-U0", "--all"))
	list = append(list, b.against(historyOf, "REPO", b.history, b.dir)...)

	if _, err := b.report(ctx, list[1]); err != nil {
		return err
	}
	report, err := b.report(ctx, list[0])
	if err != nil {
		return err
	}
	t := &Table{Name: "history", Title: "Full history, nothing kept from before", Input: in, Note: report.objects()}
	if err := b.race(ctx, t, b.rounds, list...); err != nil {
		return err
	}
	for i := range 2 {
		if t.Rows[i].Failure != "" {
			continue
		}
		if t.Rows[i].Memory, err = b.anonymous(ctx, list[i], 3); err != nil {
			b.missing("memory of " + list[i].name + ": " + err.Error())
		}
	}
	return ctx.Err()
}

func (b *bench) repeatGroup(ctx context.Context) error {
	if !b.cached {
		b.missing("repeat: this petrascan has no cache")
		return nil
	}
	in, err := b.historyInput(ctx)
	if err != nil {
		return err
	}
	again := use("petrascan", b.petrascan, "REPO", b.history, "history", "REPO", "--quiet").orElse(searched...)
	report, err := b.report(ctx, again)
	if err != nil {
		return err
	}
	t := &Table{Name: "repeat", Title: "The same again, nothing new", Input: in, Note: report.objects()}
	return b.race(ctx, t, 4*b.rounds, again)
}
