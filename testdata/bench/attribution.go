package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/petrascan/petrascan/rules/rulestest"
)

// attributionGroup plants one key: a commit on top of the history adds it to a
// file that has a past, the next one takes it out again. It is compared with the
// same two commits adding and removing a line that is no key.
func (b *bench) attributionGroup(ctx context.Context) error {
	in, err := b.historyInput(ctx)
	if err != nil {
		return err
	}
	clean := filepath.Join(b.dir, "clean.git")
	planted := filepath.Join(b.dir, "planted.git")
	if err := b.plant(ctx, clean, "nothing to be found here"); err != nil {
		return err
	}
	if err := b.plant(ctx, planted, b.secret()); err != nil {
		return err
	}
	list := []command{
		b.scanHistory("petrascan, no key", clean),
		b.scanHistory("petrascan, one key", planted),
	}
	without, err := b.report(ctx, list[0])
	if err != nil {
		return err
	}
	with, err := b.report(ctx, list[1])
	if err != nil {
		return err
	}
	if len(with.Keys) != len(without.Keys)+1 {
		b.missing(fmt.Sprintf("attribution: with a key planted petrascan reports %d keys, without %d", len(with.Keys), len(without.Keys)))
		return nil
	}
	for _, key := range with.Keys {
		if key.FirstSeen == nil {
			b.missing("attribution: petrascan does not say which commit brought the key in")
			return nil
		}
	}
	t := &Table{Name: "attribution", Title: "One key in that history", Input: in,
		Note: "The key was added to a file with a past in one commit and taken out in the next."}
	return b.race(ctx, t, b.rounds, list...)
}

// secret returns a line with a made-up key.
func (b *bench) secret() string {
	return "token = " + rulestest.Key(fmt.Sprintf("bench %d", b.seed))
}

// plant makes a bare repository that borrows the history's objects and has two
// commits more on its branch: one that adds a line to a file, one that removes
// it.
func (b *bench) plant(ctx context.Context, dir, line string) error {
	if _, err := b.git(ctx, b.dir, "clone", "-q", "--mirror", "--shared", b.history, dir); err != nil {
		return err
	}
	branch, err := b.git(ctx, dir, "symbolic-ref", "HEAD")
	if err != nil {
		return err
	}
	names, err := b.git(ctx, dir, "log", "-1", "--no-merges", "--diff-filter=M", "--name-only", "--format=", "HEAD")
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(names, "\n")
	old, err := b.output(ctx, command{args: []string{"git", "cat-file", "blob", "HEAD:" + name}, dir: dir})
	if err != nil {
		return err
	}
	var stream bytes.Buffer
	for i, content := range [][]byte{append(bytes.Clone(old), line+"\n"...), old} {
		fmt.Fprintf(&stream, "commit %s\ncommitter A <a@example.com> %d +0000\ndata 2\nx\n", branch, 1_800_000_000+i)
		if i == 0 {
			fmt.Fprintf(&stream, "from %s^0\n", branch)
		}
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", name, len(content), content)
	}
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "fast-import", "--quiet")
	cmd.Env, cmd.Stdin, cmd.Stderr = b.env, &stream, os.Stderr
	return cmd.Run()
}
