package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/petrascan/petrascan/testdata/bench/generate"
)

// extremesGroup measures what nobody has and memory must not grow with: a great
// many small files, and a sparse file of many gigabytes with a key in its middle.
func (b *bench) extremesGroup(ctx context.Context) error {
	many := filepath.Join(b.dir, "many")
	b.say("generating %d files", b.generated.many)
	sum, err := generate.Tree(many, b.seed, b.generated.many)
	if err != nil {
		return err
	}
	t := &Table{Name: "many", Title: "Very many small files",
		Input: Input{Name: fmt.Sprintf("generated, seed %d", b.seed), Files: int64(b.generated.many), Bytes: sum}}
	list := []command{b.scanFiles("petrascan", many), ripgrep(many)}
	if _, err := b.report(ctx, list[0]); err != nil {
		return err
	}
	if err := b.race(ctx, t, b.slowRounds, list...); err != nil {
		return err
	}

	large := filepath.Join(b.dir, "sparse")
	length := int64(b.generated.sparse) * 1e9
	if err := writeSparse(large, length, b.secret()); err != nil {
		return err
	}
	t = &Table{Name: "sparse", Title: "A sparse file with a key in its middle", Input: Input{Files: 1, Bytes: length}}
	list = []command{b.scanFiles("petrascan", large), ripgrep(large)}
	report, err := b.report(ctx, list[0])
	if err != nil {
		return err
	}
	if len(report.Keys) != 1 {
		return fmt.Errorf("petrascan reports %d keys in a sparse file that has one", len(report.Keys))
	}
	return b.race(ctx, t, b.slowRounds, list...)
}

// writeSparse makes a file of that length with one line in its middle.
func writeSparse(name string, length int64, line string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(" "+line+"\n"), length/2); err != nil {
		return err
	}
	if err := f.Truncate(length); err != nil {
		return err
	}
	return f.Close()
}
