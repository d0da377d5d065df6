package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/petrascan/petrascan/cmd/internal/clone"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// A target is one thing to search, as the user named it.
type target struct {
	name   string        // as given; of a URL without user information
	source *clone.Source // where to clone it from; nil: it is a path
	err    error         // why it can't be searched; nil otherwise
}

var errStdinTwice = errors.New("standard input can't be the list and be searched")

// targetFlags say what to search beside the arguments.
type targetFlags struct{ list string }

func (t *targetFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&t.list, "targets", "", "search what this `FILE` names, too, one a line; # begins a comment, - is standard input")
}

// read returns what to search, each once: the arguments and what --targets
// names, or else the current directory. A path below another one is read with
// that.
func (t *targetFlags) read(env *Env, args []string) ([]target, error) {
	if t.list != "" {
		if t.list == "-" && slices.Contains(args, "-") {
			return nil, fmt.Errorf("--targets: %w", errStdinTwice)
		}
		listed, err := t.lines(env)
		if err != nil {
			return nil, fmt.Errorf("--targets: %w", err)
		}
		args = append(slices.Clone(args), listed...)
		if len(args) == 0 {
			return nil, hinted("put one path or URL a line into it", "--targets: %s names nothing to search", t.list)
		}
	}
	if len(args) == 0 {
		return []target{{name: "."}}, nil
	}
	if slices.Contains(args, "") {
		return nil, hinted("a variable that is not set makes one; `.` is the current directory", "an argument is empty: it names no path")
	}
	var all []target
	var whole []located
	for _, arg := range args {
		found := target{name: arg}
		at := located{path: arg}
		switch {
		case clone.IsURL(arg):
			source, err := clone.Parse(arg)
			found = target{name: source.String(), source: &source}
			if err != nil {
				found = target{name: "a URL", err: err}
			}
		case arg != "-":
			at = locate(resolve(env.Dir, filepath.Clean(arg)))
		}
		if !slices.ContainsFunc(whole, at.is) {
			whole = append(whole, at)
			all = append(all, found)
		}
	}
	var kept []target
	for i, found := range all {
		if !slices.ContainsFunc(whole, whole[i].isBelow) {
			kept = append(kept, found)
		}
	}
	return kept, nil
}

// A located target is a path without symbolic links on its way, or a URL.
type located struct {
	path string
	info os.FileInfo // nil of a URL and of what is not there
}

func locate(path string) located {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return located{path, info}
}

// is tells whether both are the same, whatever they are called: a system may
// take names that differ in case for one.
func (l located) is(other located) bool {
	return l.path == other.path || l.info != nil && other.info != nil && os.SameFile(l.info, other.info)
}

// isBelow tells whether dir holds the file or directory.
func (l located) isBelow(dir located) bool {
	if l.info == nil || dir.info == nil || !dir.info.IsDir() {
		return false
	}
	for path := l.path; filepath.Dir(path) != path; {
		path = filepath.Dir(path)
		if locate(path).is(dir) {
			return true
		}
	}
	return false
}

// lines reads the file that --targets names.
func (t *targetFlags) lines(env *Env) ([]string, error) {
	in := env.Stdin
	if t.list != "-" {
		f, err := os.Open(resolve(env.Dir, t.list))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.list, bare(err))
		}
		defer f.Close()
		in = f
	}
	var list []string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line == "-" && t.list == "-" {
			return nil, errStdinTwice
		}
		list = append(list, line)
	}
	return list, lines.Err()
}

// names are the targets as they may be printed.
func names(targets []target) []string {
	var list []string
	for _, t := range targets {
		list = append(list, t.name)
	}
	return list
}

// each searches all targets: a path as local says, a URL as a clone of it. What
// goes wrong with one of several is told in the report and does not stop the
// rest; with a single one it is the error.
func (f *scanFlags) each(ctx context.Context, env *Env, s *scanner.Scan, targets []target, limits *scanner.Limits, local func(path string) error) error {
	var sources []clone.Source
	for _, t := range targets {
		if t.source != nil && t.err == nil {
			sources = append(sources, *t.source)
		}
	}
	asks := len(targets) == 1 && attended(env)
	var queue *clone.Queue
	if len(sources) > 0 {
		var err error
		o := clone.Options{Ask: asks}
		if env.Environ != nil {
			o.Environ = env.Environ()
		}
		if queue, err = clone.NewQueue(ctx, sources, o); err != nil {
			return err
		}
		defer func() {
			if err := queue.Close(); err != nil {
				fmt.Fprintf(env.Stderr, "petrascan: warning: %v\n", err)
			}
		}()
	}
	for _, t := range targets {
		kind := finding.FilesTarget
		err := t.err
		switch {
		case err != nil:
		case t.source == nil:
			err = local(t.name)
		default:
			kind = finding.GitTarget
			f.explain(env, "target: %s: cloned whole, with every ref that is served, and removed when it was searched", t.name)
			err = f.cloned(ctx, s, queue, t, limits, asks)
		}
		if err != nil && (len(targets) == 1 || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			failed := finding.Target{Path: filepath.ToSlash(t.name), Kind: kind}
			if t.source != nil {
				failed.URL = t.name
			}
			s.Failed(failed, err)
		}
	}
	return nil
}

// cloned searches the queue's next clone, which is of t. Asks tells that Git may
// ask on the terminal meanwhile.
func (f *scanFlags) cloned(ctx context.Context, s *scanner.Scan, queue *clone.Queue, t target, limits *scanner.Limits, asks bool) error {
	searched := false
	f.progress.hold(asks)
	f.progress.doing("cloning " + t.name)
	err := queue.Next(func(dir string) error {
		searched = true
		f.progress.doing("")
		f.progress.hold(false)
		return s.Clone(ctx, dir, t.name, limits)
	})
	f.progress.doing("")
	f.progress.hold(false)
	if err != nil && !searched && ctx.Err() == nil {
		return hinted("credentials come from Git's credential helpers, GIT_ASKPASS or an SSH agent: see that `git ls-remote` reads it", "%s could not be cloned: %w", t.name, err)
	}
	return err
}

// attended tells whether there is somebody to ask.
func attended(env *Env) bool {
	in, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false
	}
	out, ok := env.Stderr.(*os.File)
	return ok && term.IsTerminal(int(out.Fd())) && env.Getenv("CI") == ""
}

// refuseURLs makes errors of the targets that are elsewhere.
func refuseURLs(targets []target) {
	for i, t := range targets {
		if t.source != nil && t.err == nil {
			targets[i].err = hinted("`petrascan scan "+t.name+"` clones it and searches its history, which is all there is", "%s is a repository elsewhere: it has no files here", t.name)
		}
	}
}
