package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// bench holds what the groups share.
type bench struct {
	options
	results   *Results
	root      string // of petrascan's source
	dir       string // for what is made on the way; removed at the end
	env       []string
	petrascan string           // the program
	floor     string           // the program, or empty
	counter   string           // the floor without libdeflate, which counts
	peers     []peer           // those on PATH
	cached    bool             // petrascan history has a cache
	history   string           // the repository: the one given, or the generated one once it is made
	inputs    map[string]Input // of repositories, by path
}

func newBench(ctx context.Context, o options) (*bench, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "cmd", "petrascan", "main.go")); err != nil {
		return nil, fmt.Errorf("run this in testdata/bench: %w", err)
	}
	dir, err := os.MkdirTemp("", "petrascan-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{
		options: o, root: root, dir: dir, history: o.history, inputs: map[string]Input{},
		results: &Results{Date: time.Now(), Command: o.shown, Machine: thisMachine()},
		env:     environment(dir),
	}
	if err := b.prepare(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	os.RemoveAll(b.dir)
}

// prepare builds the programs and finds the peers.
func (b *bench) prepare(ctx context.Context) error {
	for _, path := range []*string{&b.history, &b.files} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		if _, err := os.Stat(abs); err != nil {
			return err
		}
		*path = abs
	}
	b.say("building petrascan")
	var err error
	if b.petrascan, err = b.build(ctx, b.root, "petrascan", "./cmd/petrascan"); err != nil {
		return err
	}
	if b.counter, err = b.build(ctx, ".", "counter", "./floor"); err != nil {
		return err
	}
	if b.floor, err = b.build(ctx, ".", "floor", "-tags=libdeflate", "./floor"); err != nil {
		b.floor = ""
		b.missing("the floor: it does not build; libdeflate-dev and a C compiler are needed")
	}
	help, err := b.output(ctx, command{args: []string{b.petrascan, "history", "--help"}})
	if err != nil {
		return err
	}
	b.cached = strings.Contains(string(help), "--no-cache")

	revision := "unknown"
	if out, err := b.output(ctx, command{args: []string{"git", "describe", "--always", "--dirty"}, dir: b.root}); err == nil {
		revision = strings.TrimSpace(string(out))
	}
	b.results.Versions = append(b.results.Versions, Version{"petrascan", revision})
	for _, name := range []string{"git", "rg"} {
		out, err := b.output(ctx, command{args: []string{name, "--version"}})
		if err != nil {
			b.missing(name + ": " + err.Error())
			continue
		}
		first, _, _ := strings.Cut(string(out), "\n")
		b.results.Versions = append(b.results.Versions, Version{name, strings.TrimPrefix(first, name+" version ")})
	}
	return b.findPeers(ctx)
}

// build compiles a program and returns its path.
func (b *bench) build(ctx context.Context, dir, name string, args ...string) (string, error) {
	path := filepath.Join(b.dir, name)
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", path}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", name, err, out)
	}
	return path, nil
}

// repository counts what a repository holds.
func (b *bench) repository(ctx context.Context, path, name string) (Input, error) {
	if in, ok := b.inputs[path]; ok {
		return in, nil
	}
	out, err := b.output(ctx, command{args: []string{b.counter, "-count", path}})
	if err != nil {
		return Input{}, err
	}
	var stats struct {
		PackBytes int64 `json:"pack_bytes"`
		Entries   int64 `json:"entries"`
		Inflated  int64 `json:"inflated"`
	}
	if err := json.Unmarshal(out, &stats); err != nil {
		return Input{}, err
	}
	in := Input{Name: name, Objects: stats.Entries, Packed: stats.PackBytes, Inflated: stats.Inflated}
	if head, err := b.git(ctx, path, "rev-parse", "--short=12", "HEAD"); err == nil {
		in.Name += " at " + head
	}
	b.inputs[path] = in
	return in, nil
}

// git runs git in a repository and returns what it printed, without the last
// line end.
func (b *bench) git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := b.output(ctx, command{args: append([]string{"git"}, args...), dir: dir})
	return strings.TrimSuffix(string(out), "\n"), err
}

// missing notes what could not be measured.
func (b *bench) missing(what string) {
	b.results.Missing = append(b.results.Missing, b.hidePaths(what))
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%8s  %s\n", time.Since(b.results.Date).Round(time.Second), fmt.Sprintf(format, args...))
}

// hidePaths replaces this machine's paths: results are published.
func (b *bench) hidePaths(text string) string {
	for _, hidden := range [][2]string{{b.history, "REPO"}, {b.files, "TREE"}, {b.dir, "TMP"}, {b.root, "."}} {
		if hidden[0] != "" {
			text = strings.ReplaceAll(text, hidden[0], hidden[1])
		}
	}
	return text
}

// environment is the one in which everything is measured: no configuration of
// the machine's or the user's, and caches in a folder of their own.
func environment(dir string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "PETRASCAN_") && !strings.HasPrefix(name, "GITLEAKS_") {
			env = append(env, e)
		}
	}
	return append(env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_OPTIONAL_LOCKS=0", "NO_COLOR=1",
		"XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
}

func thisMachine() Machine {
	m := Machine{Processor: runtime.GOARCH, CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.Processor = field(string(text), "model name", m.Processor)
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int64
		if _, err := fmt.Sscan(field(string(text), "MemTotal", ""), &kilobytes); err == nil {
			m.Memory = kilobytes << 10
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(text), " ")
	}
	return m
}

// field returns the value of the first line "name : value".
func field(text, name, otherwise string) string {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
