package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// growthGroup measures what a byte costs when there are twice as many.
func (b *bench) growthGroup(ctx context.Context) error {
	if err := b.historyGrowth(ctx); err != nil {
		return err
	}
	return b.treeGrowth(ctx)
}

var parts = []struct {
	name     string
	quarters int
}{{"a quarter", 1}, {"a half", 2}, {"the whole", 4}}

// historyGrowth packs the first quarter, half and all of the commits that HEAD
// reaches, each the same way.
func (b *bench) historyGrowth(ctx context.Context) error {
	in, err := b.historyInput(ctx)
	if err != nil {
		return err
	}
	b.say("looking for a quarter and a half of the history")
	tips, err := b.tips(ctx)
	if err != nil {
		return err
	}
	var (
		list  []command
		bytes []int64
	)
	for i, part := range parts {
		dir := filepath.Join(b.dir, fmt.Sprintf("cut%d.git", part.quarters))
		if err := b.cut(ctx, dir, tips[i].id); err != nil {
			return err
		}
		sub, err := b.repository(ctx, dir, part.name)
		if err != nil {
			return err
		}
		list = append(list, b.scanHistory(fmt.Sprintf("%s: %s commits, %s objects", part.name, thousands(int64(tips[i].reached)), thousands(sub.Objects)), dir))
		bytes = append(bytes, sub.Inflated)
	}
	for _, c := range list {
		if _, err := b.report(ctx, c); err != nil {
			return err
		}
	}
	t := &Table{Name: "growth", Title: "Growth of a history", Input: in,
		Note: "What HEAD reaches, cut at commits of its first-parent line, each part packed by git pack-objects. A byte is one of an entry as inflated."}
	if err := b.race(ctx, t, b.rounds, list...); err != nil {
		return err
	}
	for i := range t.Rows {
		t.Rows[i].Bytes = bytes[i]
	}
	return nil
}

// tip is a commit with the number of commits that it reaches, itself included.
type tip struct {
	id      string
	reached int
}

// tips returns, for each part, the oldest commit of HEAD's first-parent line that
// reaches as many commits. It counts in a clone with a commit-graph, which makes
// counting quick.
func (b *bench) tips(ctx context.Context) ([]tip, error) {
	dir := filepath.Join(b.dir, "graph.git")
	if _, err := b.git(ctx, b.dir, "clone", "-q", "--mirror", "--shared", b.history, dir); err != nil {
		return nil, err
	}
	if _, err := b.git(ctx, dir, "commit-graph", "write", "--reachable"); err != nil {
		return nil, err
	}
	out, err := b.git(ctx, dir, "rev-list", "--first-parent", "--reverse", "HEAD")
	if err != nil {
		return nil, err
	}
	line := strings.Fields(out)
	reached := func(id string) int {
		var n int
		var text string
		if text, err = b.git(ctx, dir, "rev-list", "--count", id); err == nil {
			_, err = fmt.Sscan(text, &n)
		}
		return n
	}
	all := reached("HEAD")
	var list []tip
	for _, part := range parts {
		at := sort.Search(len(line)-1, func(i int) bool { return err != nil || reached(line[i]) >= all*part.quarters/4 })
		list = append(list, tip{line[at], reached(line[at])})
	}
	return list, err
}

// cut makes a bare repository with one branch at tip and one pack with what it
// reaches.
func (b *bench) cut(ctx context.Context, dir, tip string) error {
	b.say("packing the history up to %.12s", tip)
	if _, err := b.git(ctx, b.dir, "init", "-q", "--bare", "-b", "main", dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "git", "-C", b.history, "pack-objects", "-q", "--revs", "--delta-base-offset", filepath.Join(dir, "objects", "pack", "pack"))
	cmd.Env, cmd.Stdin, cmd.Stderr = b.env, strings.NewReader(tip+"\n"), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git pack-objects: %w", err)
	}
	_, err := b.git(ctx, dir, "update-ref", "refs/heads/main", tip)
	return err
}
