package files

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sourcegraph/conc/pool"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
)

// Options say how to walk.
type Options struct {
	Engine   *detect.Engine
	Globs    *Globs                   // nil: everything
	Jobs     int                      // workers; 0: one a CPU
	Progress func(files, bytes int64) // called now and then, from any goroutine; may be nil
}

// A Result is what a walk found and what it read.
type Result struct {
	Sightings []finding.Sighting
	Coverage  finding.Coverage
	Errors    []finding.Error
	// GitDirs are the Git directories on the way, as paths relative to the root
	// with slashes: the directory itself, or the file that names it.
	GitDirs []string
}

// Walk searches root, a directory or a file. Paths in the result are relative
// to it, with slashes; a file given as root has its base name for a path. The
// error is the context's, or says that root itself can't be had.
func Walk(ctx context.Context, root string, o Options) (*Result, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	w := &walk{root: root, opts: o}
	w.wake = sync.NewCond(&w.mu)
	if info.IsDir() {
		w.stack = []task{{path: "."}}
	} else {
		w.root = filepath.Dir(root)
		w.stack = []task{{path: ".", files: []entry{{name: filepath.Base(root), mode: info.Mode().Type(), named: true}}}}
	}
	jobs := o.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	stop := context.AfterFunc(ctx, w.cancel)
	defer stop()
	workers := make([]*worker, jobs)
	p := pool.New().WithMaxGoroutines(jobs)
	for i := range workers {
		workers[i] = &worker{walk: w, detect: o.Engine.NewWorker()}
		p.Go(func() { workers[i].run(ctx) })
	}
	p.Wait()
	result := &Result{}
	for _, worker := range workers {
		result.add(&worker.result)
	}
	result.sort()
	return result, ctx.Err()
}

// A walk is what its workers share: the directories and files still to do.
type walk struct {
	root string
	opts Options

	mu    sync.Mutex
	wake  *sync.Cond
	stack []task
	busy  int // workers that may still add tasks
	done  bool
}

// A task is a directory to read, or some of its files.
type task struct {
	path   string // slash path relative to the root
	gitDir bool   // the directory is a Git directory, or lies in one
	store  bool   // the directory is a Git directory's object store, or lies in one
	files  []entry
}

type entry struct {
	name  string
	mode  fs.FileMode // type bits
	named bool        // given by the user: symbolic links are followed
}

// batch is how many files of one directory a worker takes on by itself.
const batch = 64

func (w *walk) cancel() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	w.wake.Broadcast()
}

func (w *walk) push(t ...task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stack = append(w.stack, t...)
	w.wake.Broadcast()
}

// next returns a task, waiting for one as long as another worker may add some.
func (w *walk) next() (task, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.stack) == 0 && w.busy > 0 && !w.done {
		w.wake.Wait()
	}
	if len(w.stack) == 0 || w.done {
		w.done = true
		w.wake.Broadcast()
		return task{}, false
	}
	t := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	w.busy++
	return t, true
}

func (w *walk) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if w.busy == 0 {
		w.wake.Broadcast()
	}
}

type worker struct {
	walk   *walk
	detect *detect.Worker
	buf    []byte
	result Result
}

func (w *worker) run(ctx context.Context) {
	for {
		t, ok := w.walk.next()
		if !ok {
			return
		}
		if t.files == nil {
			t = w.directory(t)
		}
		for len(t.files) > batch {
			w.walk.push(task{path: t.path, gitDir: t.gitDir, store: t.store, files: t.files[len(t.files)-batch:]})
			t.files = t.files[:len(t.files)-batch]
		}
		for _, e := range t.files {
			if ctx.Err() != nil {
				break
			}
			w.file(ctx, t, e)
		}
		if report := w.walk.opts.Progress; report != nil {
			report(w.result.Coverage.Files, w.result.Coverage.Bytes)
		}
		w.walk.finish()
	}
}

// directory reads t's directory, pushes the directories in it and returns t
// with its files.
func (w *worker) directory(t task) task {
	list, err := os.ReadDir(w.walk.disk(t.path))
	if err != nil {
		w.fail(t.path, err)
	}
	parts := gitDirParts(list)
	repository := parts == 3
	if repository || parts > 0 && path.Base(t.path) == ".git" { // a damaged one is for its reader to name
		t.gitDir = true
		w.result.GitDirs = append(w.result.GitDirs, t.path)
	}
	files := make([]entry, 0, len(list))
	var dirs []task
	for _, d := range list {
		path := join(t.path, d.Name())
		if !d.IsDir() {
			if d.Name() == ".git" {
				w.result.GitDirs = append(w.result.GitDirs, path)
			}
			files = append(files, entry{name: d.Name(), mode: d.Type()})
			continue
		}
		w.name(path, d.Name())
		if w.walk.opts.Globs.ExcludedTree(path) {
			w.result.Coverage.LeftOut.Exclude++
			continue
		}
		dirs = append(dirs, task{
			path:   path,
			gitDir: t.gitDir || d.Name() == ".git",
			store:  repository && d.Name() == "objects" || t.store && (isFanout(d.Name()) || d.Name() == "pack"),
		})
	}
	w.walk.push(dirs...)
	t.files = files
	return t
}

// name searches the name of a file or directory.
func (w *worker) name(path, name string) {
	if !w.walk.opts.Engine.Candidate([]byte(name)) {
		return
	}
	out, err := w.detect.Bytes(context.Background(), []byte(name))
	if err != nil {
		w.fail(path, err)
		return
	}
	w.add(path, finding.InFileName, out)
}

// add turns what detection says of one content into sightings.
func (w *worker) add(path string, location finding.Location, out detect.Outcome) {
	c := &w.result.Coverage
	c.Containers += out.Containers
	c.LeftOut.LowConfidence += out.Low
	if len(out.Hits)+len(out.Opaque)+len(out.Cut) == 0 {
		return
	}
	path = w.detect.Mask(path)
	for _, g := range out.Opaque {
		c.Opaque = append(c.Opaque, finding.Unread{Path: path, Member: g.Member, Reason: g.Reason})
	}
	for _, g := range out.Cut {
		c.Cut = append(c.Cut, finding.Unread{Path: path, Member: g.Member, Reason: g.Reason})
	}
	for _, h := range out.Hits {
		s := h.Sighting()
		s.Location, s.Path = location, path
		w.result.Sightings = append(w.result.Sightings, s)
	}
}

func (w *worker) fail(path string, err error) {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the path stands beside it, and may hold a key
	}
	w.result.Errors = append(w.result.Errors, finding.Error{Path: w.detect.Mask(path), Reason: err.Error()})
}

// disk returns the name by which the system knows the slash path.
func (w *walk) disk(path string) string { return filepath.Join(w.root, filepath.FromSlash(path)) }

func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}

func (r *Result) add(o *Result) {
	r.Sightings = append(r.Sightings, o.Sightings...)
	r.Errors = append(r.Errors, o.Errors...)
	r.GitDirs = append(r.GitDirs, o.GitDirs...)
	c, d := &r.Coverage, &o.Coverage
	c.Files += d.Files
	c.Bytes += d.Bytes
	c.Containers += d.Containers
	c.Opaque = append(c.Opaque, d.Opaque...)
	c.Cut = append(c.Cut, d.Cut...)
	c.LeftOut.Exclude += d.LeftOut.Exclude
	c.LeftOut.Symlink += d.LeftOut.Symlink
	c.LeftOut.Special += d.LeftOut.Special
	c.LeftOut.LowConfidence += d.LeftOut.LowConfidence
}

func (r *Result) sort() {
	slices.Sort(r.GitDirs)
	slices.SortFunc(r.Errors, func(a, b finding.Error) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Reason, b.Reason))
	})
	for _, list := range [][]finding.Unread{r.Coverage.Opaque, r.Coverage.Cut} {
		slices.SortFunc(list, func(a, b finding.Unread) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Member, b.Member), strings.Compare(a.Reason, b.Reason))
		})
	}
}
