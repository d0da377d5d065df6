package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// command is a program to measure. Its output goes to the null device.
type command struct {
	name string
	show string // as the table has it
	args []string
	dir  string
	// ok lists the exit statuses of a run that did its work; none means 0.
	ok []int
}

// use makes a command of a program and its arguments, in which place, if there is
// one, stands for input.
func use(name, program, place, input string, args ...string) command {
	c := command{name: name, show: strings.Join(append([]string{filepath.Base(program)}, args...), " "), args: []string{program}}
	for _, arg := range args {
		if place != "" {
			arg = strings.ReplaceAll(arg, place, input)
		}
		c.args = append(c.args, arg)
	}
	return c
}

// orElse names the exit statuses, besides 0, of a run that did its work.
func (c command) orElse(statuses ...int) command {
	c.ok = statuses
	return c
}

// in runs c in a directory.
func (c command) in(dir string) command {
	c.dir = dir
	return c
}

// execute runs c once. watch, if not nil, is called with the process' id as soon
// as it runs, and told through the context when it has ended.
func (b *bench) execute(ctx context.Context, c command, watch func(context.Context, int)) (Run, error) {
	ctx, cancel := context.WithTimeout(ctx, b.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = b.env
	ownGroup(cmd)
	complaints, err := os.CreateTemp(b.dir, "stderr")
	if err != nil {
		return Run{}, err
	}
	defer os.Remove(complaints.Name())
	defer complaints.Close()
	cmd.Stderr = complaints

	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Run{}, err
	}
	if watch != nil {
		ended, end := context.WithCancel(ctx)
		defer end()
		go watch(ended, cmd.Process.Pid)
	}
	err = cmd.Wait()
	run := Run{Wall: time.Since(start)}
	if ctx.Err() == context.DeadlineExceeded {
		return run, fmt.Errorf("stopped after %v", b.limit)
	}
	if ctx.Err() != nil {
		return run, ctx.Err()
	}
	if cmd.ProcessState == nil {
		return run, err
	}
	run.User, run.System = cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()
	run.Peak = peakMemory(cmd.ProcessState)
	run.Status = cmd.ProcessState.ExitCode()
	if run.Status != 0 && !slices.Contains(c.ok, run.Status) {
		return run, fmt.Errorf("exit status %d: %s", run.Status, b.hidePaths(lastLine(complaints)))
	}
	return run, nil
}

// output runs a program that is not measured and returns what it printed.
func (b *bench) output(ctx context.Context, c command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = b.env
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil && !slices.Contains(c.ok, cmd.ProcessState.ExitCode()) {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, complaints.Bytes())
	}
	return out.Bytes(), nil
}

// race runs the commands in turn, round by round, and adds a row for each.
func (b *bench) race(ctx context.Context, t *Table, rounds int, commands ...command) error {
	b.results.Tables = append(b.results.Tables, t)
	for _, c := range commands {
		t.Rows = append(t.Rows, &Row{Name: c.name, Command: c.show})
	}
	for round := range rounds {
		for i, c := range commands {
			row := t.Rows[i]
			if row.Failure != "" || len(row.Runs) >= b.slowRounds && row.Runs[0].Wall > b.slow {
				continue
			}
			b.say("%s %d/%d: %s", t.Name, round+1, rounds, c.name)
			run, err := b.execute(ctx, c, nil)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				row.Failure, row.Runs = err.Error(), nil
				continue
			}
			row.Runs = append(row.Runs, run)
		}
	}
	return nil
}

func lastLine(f *os.File) string {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
