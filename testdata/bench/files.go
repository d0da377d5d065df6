package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/petrascan/petrascan/testdata/bench/generate"
)

func (b *bench) scanFiles(name, tree string, flags ...string) command {
	return use(name, b.petrascan, "TREE", tree, append([]string{"files", "TREE", "--quiet"}, flags...)...).orElse(searched...)
}

// filesGroup measures the tree that was given, if one was; the generated one is
// treeGrowth's.
func (b *bench) filesGroup(ctx context.Context) error {
	if b.files == "" {
		return nil
	}
	in, err := countFiles(b.files)
	if err != nil {
		return err
	}
	in.Name = b.filesName
	if in.Name == "" {
		in.Name = filepath.Base(b.files)
	}
	list := []command{
		b.scanFiles("petrascan, containers off", b.files, "--max-archive-depth", "0"),
		b.scanFiles("petrascan", b.files),
		ripgrep(b.files),
	}
	if _, err := b.report(ctx, list[0]); err != nil {
		return err
	}
	report, err := b.report(ctx, list[1])
	if err != nil {
		return err
	}
	list = append(list, b.against(filesOf, "TREE", b.files, b.dir)...)
	t := &Table{Name: "files", Title: "A tree of files, warm", Input: in, Note: report.files()}
	return b.race(ctx, t, b.rounds, list...)
}

// ripgrep searches for the plain prefix and nothing else. Its exit status is 1
// where nothing matched.
func ripgrep(tree string) command {
	return use("ripgrep", "rg", "TREE", tree, "-uuu", "-a", "-c", "petra_", "TREE").orElse(1)
}

func countFiles(dir string) (Input, error) {
	var in Input
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		in.Files++
		in.Bytes += info.Size()
		return nil
	})
	return in, err
}

// treeGrowth measures a generated tree, its half and its quarter, and ripgrep on
// the whole.
func (b *bench) treeGrowth(ctx context.Context) error {
	n := b.generated.files
	b.say("generating a tree of %d files", n)
	whole := filepath.Join(b.dir, "tree")
	half := filepath.Join(whole, "half")
	quarter := filepath.Join(half, "quarter")
	pieces := []struct {
		dir   string
		files int
	}{
		{quarter, n / 4},
		{filepath.Join(half, "rest"), n/2 - n/4},
		{filepath.Join(whole, "rest"), n - n/2},
	}
	var (
		list  []command
		bytes []int64
		sum   int64
		files int
	)
	for i, piece := range pieces {
		size, err := generate.Tree(piece.dir, b.seed+uint64(i), piece.files)
		if err != nil {
			return err
		}
		sum, files = sum+size, files+piece.files
		bytes = append(bytes, sum)
		list = append(list, b.scanFiles(fmt.Sprintf("%s: %s files", parts[i].name, thousands(int64(files))),
			[]string{quarter, half, whole}[i], "--max-archive-depth", "0"))
	}
	report, err := b.report(ctx, list[len(list)-1])
	if err != nil {
		return err
	}
	list = append(list, ripgrep(whole))
	list[len(list)-1].name = "ripgrep, the whole"
	bytes = append(bytes, sum)
	t := &Table{Name: "tree", Title: "Growth of a tree", Note: report.files(),
		Input: Input{Name: fmt.Sprintf("generated, seed %d", b.seed), Files: int64(n), Bytes: sum}}
	if err := b.race(ctx, t, 2*b.rounds, list...); err != nil {
		return err
	}
	for i := range t.Rows {
		t.Rows[i].Bytes = bytes[i]
	}
	return nil
}
