package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/testdata/bench/generate"
)

// stagedGroup measures a repository of many files of which one is changed and
// added.
func (b *bench) stagedGroup(ctx context.Context) error {
	dir := filepath.Join(b.dir, "staged")
	n := b.generated.staged
	b.say("generating a repository of %d files", n)
	size, err := generate.Tree(dir, b.seed, n)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "."},
		{"-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "all"},
		{"repack", "-q", "-a", "-d"},
	} {
		if _, err := b.git(ctx, dir, args...); err != nil {
			return err
		}
	}
	first, err := b.git(ctx, dir, "ls-files")
	if err != nil {
		return err
	}
	first, _, _ = strings.Cut(first, "\n")
	f, err := os.OpenFile(filepath.Join(dir, first), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	fmt.Fprintln(f, "one line more")
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := b.git(ctx, dir, "add", "."); err != nil {
		return err
	}
	list := []command{
		use("petrascan", b.petrascan, "", "", "staged", "--quiet").in(dir),
		use("git diff", "git", "", "", "diff", "--cached", "--quiet").in(dir).orElse(1),
	}
	list = append(list, b.against(stagedOf, "REPO", dir, dir)...)
	if _, err := b.report(ctx, list[0]); err != nil {
		return err
	}
	t := &Table{Name: "staged", Title: "What git commit would record, one file changed",
		Input: Input{Name: fmt.Sprintf("generated, seed %d", b.seed), Files: int64(n), Bytes: size}}
	return b.race(ctx, t, 4*b.rounds, list...)
}

// startGroup measures programs that do nothing.
func (b *bench) startGroup(ctx context.Context) error {
	list := []command{
		use("petrascan", b.petrascan, "", "", "version"),
		use("git", "git", "", "", "version"),
	}
	for _, p := range b.peers {
		list = append(list, use(p.name, p.path, "", "", p.version...))
	}
	if _, err := b.output(ctx, list[0]); err != nil {
		return err
	}
	return b.race(ctx, &Table{Name: "start", Title: "Starting up"}, 4*b.rounds, list...)
}

// literalGroup runs the engine's own benchmark of the search for literals, on a
// quarter of a megabyte of source in cache.
func (b *bench) literalGroup(ctx context.Context) error {
	t := &Table{Name: "literal", Title: "Search for all literals, in cache, one core"}
	b.results.Tables = append(b.results.Tables, t)
	for _, row := range []struct{ name, pattern string }{{"as built", "fast"}, {"pure Go", "go"}} {
		c := use(row.name, "go", "", "", "test", "-run", "^$", "-bench", "^BenchmarkIndex$/^"+row.pattern+"$/^source$",
			"-cpu", "1", "-benchtime", "200ms", "-count", strconv.Itoa(b.rounds), "./scanner/internal/literal").in(b.root)
		b.say("literal: %s", row.name)
		r := &Row{Name: c.name, Command: c.show}
		t.Rows = append(t.Rows, r)
		out, err := b.output(ctx, c)
		if err != nil {
			r.Failure = "the benchmark does not run"
			continue
		}
		if r.Rates = rates(string(out)); len(r.Rates) == 0 {
			r.Failure = "the benchmark is not there"
		}
	}
	return ctx.Err()
}

// rates returns the bytes per second that go test printed.
func rates(out string) []float64 {
	var list []float64
	for line := range strings.Lines(out) {
		before, _, ok := strings.Cut(line, " MB/s")
		if !ok {
			continue
		}
		fields := strings.Fields(before)
		if rate, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
			list = append(list, rate*1e6)
		}
	}
	return list
}
