package generate

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// History makes a bare repository in dir with the given number of commits, each
// of which changes a line or two in a few files, and one pack. git makes it, in
// the environment env.
func History(dir string, seed uint64, commits int, env []string) error {
	if err := git(env, nil, "init", "-q", "--bare", "-b", "main", dir); err != nil {
		return err
	}
	stream, out := io.Pipe()
	go func() { out.CloseWithError(writeStream(out, seed, commits)) }()
	err := git(env, stream, "-C", dir, "fast-import", "--quiet")
	stream.Close()
	if err != nil {
		return err
	}
	return git(env, nil, "-C", dir, "repack", "-q", "-a", "-d", "-f")
}

// writeStream writes what git-fast-import(1) reads.
func writeStream(out io.Writer, seed uint64, commits int) error {
	const files = 200
	t := newText(seed)
	w := bufio.NewWriter(out)
	var lines [files][]string
	for i := range lines {
		for range 20 + t.random.IntN(300) {
			lines[i] = append(lines[i], t.line())
		}
	}
	for i := range commits {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\n", 1_600_000_000+i*600)
		data(w, t.line())
		changed := []int{t.random.IntN(files), t.random.IntN(files), t.random.IntN(files)}
		if i == 0 {
			changed = changed[:0]
			for n := range lines {
				changed = append(changed, n)
			}
		}
		for _, n := range changed {
			at := t.random.IntN(len(lines[n]))
			if t.random.IntN(3) == 0 {
				lines[n] = append(lines[n], t.line())
			} else {
				lines[n][at] = t.line()
			}
			fmt.Fprintf(w, "M 100644 inline dir%d/sub%d/file%d.c\n", n%7, n%3, n)
			data(w, strings.Join(lines[n], ""))
		}
	}
	return w.Flush()
}

func data(w io.Writer, text string) {
	fmt.Fprintf(w, "data %d\n%s\n", len(text), text)
}

func git(env []string, in io.Reader, args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Env = env
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
