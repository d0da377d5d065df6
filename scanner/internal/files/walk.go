package files

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/sourcegraph/conc/pool"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
)

// Options say how to walk.
type Options struct {
	Engine        *detect.Engine
	Globs         *Globs                   // nil: everything
	Containers    bool                     // have detection open containers, in which no literal stands
	Gitignore     bool                     // leave out what Git ignores
	Getenv        func(string) string      // finds the user's Git configuration, for Gitignore; nil: the repository's alone counts
	Follow        bool                     // follow symbolic links that leave the tree
	OneFilesystem bool                     // stay on the file system of the root
	Jobs          int                      // workers; 0: one a CPU
	Explain       bool                     // fill LeftOut and Doubts of the result
	Progress      func(files, bytes int64) // called now and then, from any goroutine, with what was done since the last call; may be nil
}

// A Result is what a walk found and what it read.
type Result struct {
	Sightings []finding.Sighting
	Coverage  finding.Coverage
	Errors    []finding.Error
	// GitDirs are the Git directories on the way, as paths relative to the root
	// with slashes: the directory itself, or the file that names it.
	GitDirs []string
	// Vanished counts what a directory listed and what was gone when it was to
	// be read; VanishedPath is one of them.
	Vanished     int64
	VanishedPath string
	// What Options.Explain asks for: what was left out, by the reason, and the
	// candidates that are not reported, by their place.
	LeftOut map[string]*Omission
	Doubts  []Doubt

	outward []outward
}

// Walk searches root, a directory or a file. Paths in the result are relative
// to it, with slashes; a file given as root has its base name for a path. What
// lies behind a symbolic link that was followed has the link's path. The error
// is the context's, and comes with what was found until then, or says that root
// itself can't be had.
func Walk(ctx context.Context, root string, o Options) (*Result, error) {
	return newWalk(o).run(ctx, root)
}

// A walk is what its workers share.
type walk struct {
	opts    Options
	queue   *queue
	desks   *desks
	links   links
	stopped atomic.Bool
	folders atomic.Int64 // directories that are open

	named  bool     // root is a file
	roots  []string // real paths of what is walked: root, and what was followed to
	device uint64   // of root
	done   map[fileID]bool

	// What reading is done by; tests have the file change under it.
	read   func(file, []byte) (int, error)
	readAt func(*os.File, []byte, int64) (int, error)
}

func newWalk(o Options) *walk {
	return &walk{
		opts:   o,
		queue:  newQueue(),
		links:  links{seen: map[fileID]*linked{}},
		done:   map[fileID]bool{},
		read:   file.read,
		readAt: (*os.File).ReadAt,
	}
}

func (w *walk) run(ctx context.Context, root string) (*Result, error) {
	if err := w.start(root); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() {
		w.stopped.Store(true)
		w.queue.stop()
	})()
	jobs := w.opts.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	w.desks = newDesks(w.opts.Engine, jobs)
	workers := make([]*worker, jobs)
	for i := range workers {
		workers[i] = &worker{walk: w, detect: w.opts.Engine.NewWorker()}
	}
	result := &Result{}
	for {
		p := pool.New().WithMaxGoroutines(jobs)
		for _, worker := range workers {
			p.Go(func() { worker.run(ctx) })
		}
		p.Wait()
		w.queue.drop()
		for _, worker := range workers {
			result.add(&worker.result)
			worker.result, worker.reported = Result{}, finding.Coverage{}
		}
		if ctx.Err() != nil || !w.followTo(result) {
			break
		}
	}
	w.links.tell(workers[0])
	result.add(&workers[0].result)
	result.sort()
	return result, ctx.Err()
}

// start queues root.
func (w *walk) start(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		real = abs // a directory above may not be readable
	}
	w.roots = []string{real}
	switch {
	case info.Mode().IsRegular():
		w.named = true
		return w.queueFile(root, filepath.Base(root), ordinary)
	case !info.IsDir():
		return &fs.PathError{Op: "read", Path: root, Err: errors.New("neither a file nor a directory (what a pipe gives can be searched as standard input)")}
	}
	d, err := w.queueDir(root, ".", ordinary)
	if err != nil {
		return err
	}
	if w.opts.Gitignore {
		d.rules, err = rulesAt(abs, w.opts.Getenv)
	}
	return err
}

// queueDir queues a directory that does not come from reading another.
func (w *walk) queueDir(disk, path string, r role) (*dir, error) {
	f, err := openFolder(disk)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: disk, Err: err}
	}
	id, err := f.id()
	if err != nil {
		f.close()
		return nil, &fs.PathError{Op: "stat", Path: disk, Err: err}
	}
	if len(w.done) == 0 {
		w.device = id.dev
	}
	w.done[id] = true
	d := &dir{walk: w, folder: f, open: true, path: path, disk: disk, role: r}
	d.refs.Store(1)
	w.folders.Add(1)
	w.queue.push(task{dir: d})
	return d, nil
}

// queueFile queues a single file, which is told under the given path.
func (w *walk) queueFile(disk, path string, r role) error {
	f, err := openFolder(filepath.Dir(disk))
	if err != nil {
		return &fs.PathError{Op: "open", Path: disk, Err: err}
	}
	if info, err := os.Stat(disk); err == nil && len(w.done) == 0 {
		w.device = identityOf(info).dev
	}
	d := &dir{walk: w, folder: f, open: true, file: path, role: r}
	d.refs.Store(1)
	w.folders.Add(1)
	b := w.queue.newBatch()
	b.add(kindFile, []byte(filepath.Base(disk)))
	w.queue.push(task{dir: d, batch: b})
	return nil
}

// A worker searches one file after the other.
type worker struct {
	walk     *walk
	detect   *detect.Worker
	entries  batch  // of the directory at hand
	listing  []byte // for reading directories
	buf      []byte // for reading files
	result   Result
	reported finding.Coverage // what Progress was told
}

func (w *worker) run(ctx context.Context) {
	ended := false
	defer func() {
		if !ended {
			w.walk.queue.stop() // a panic: nobody is to wait for this worker
		}
	}()
	for {
		t, ok := w.walk.queue.next()
		if !ok {
			ended = true
			return
		}
		switch {
		case t.batch != nil:
			w.files(ctx, t.dir, t.batch)
			w.walk.queue.recycle(t.batch)
		case t.name != "":
			w.enter(ctx, t.dir, t.name)
		default:
			w.list(ctx, t.dir)
		}
		t.dir.release()
		w.report()
		w.walk.queue.finish()
	}
}

// report tells Progress what was done since it was told last.
func (w *worker) report() {
	report := w.walk.opts.Progress
	if report == nil {
		return
	}
	c, r := &w.result.Coverage, &w.reported
	if files, bytes := c.Files-r.Files, c.Bytes-r.Bytes; files != 0 || bytes != 0 {
		r.Files, r.Bytes = c.Files, c.Bytes
		report(files, bytes)
	}
}

// within tells Progress how far the reading of a large file moved.
func (w *worker) within(bytes int64) {
	if report := w.walk.opts.Progress; report != nil {
		w.reported.Bytes += bytes
		report(0, bytes)
	}
}

// name searches the name of a file or directory.
func (w *worker) name(d *dir, name []byte) {
	if !w.walk.opts.Engine.Candidate(name) {
		return
	}
	path := d.join(string(name))
	out, err := w.detect.Bytes(context.Background(), name)
	if err != nil {
		w.fail(path, err)
		return
	}
	out.Containers = 0
	w.count(out)
	w.tell(path, finding.InFileName, out)
}

// count adds what was read to the coverage, once for each content.
func (w *worker) count(out detect.Outcome) {
	w.result.Coverage.Containers += out.Containers
	w.result.Coverage.LeftOut.LowConfidence += out.Low
}

// exclude counts an entry of d that a glob leaves out.
func (w *worker) exclude(d *dir, name []byte) {
	why := ""
	if w.walk.opts.Explain {
		why = w.walk.opts.Globs.excluded(d.join(string(name)))
	}
	w.leaveOut(&w.result.Coverage.LeftOut.Exclude, d, name, why)
}

// leaveOut counts an entry of d that is not read, and why.
func (w *worker) leaveOut(n *int64, d *dir, name []byte, why string) {
	*n++
	if w.walk.opts.Explain {
		path := d.path
		if name != nil {
			path = d.join(string(name))
		}
		w.result.leaveOut(why, w.detect.Mask(path))
	}
}

// tells reports whether there is something to say of a content at its place.
func tells(out detect.Outcome) bool {
	return len(out.Hits)+len(out.Opaque)+len(out.Cut)+len(out.Doubts) > 0
}

// tell turns what detection says of one content into sightings at path.
func (w *worker) tell(path string, location finding.Location, out detect.Outcome) {
	if !tells(out) {
		return
	}
	c := &w.result.Coverage
	path = w.detect.Mask(path)
	for _, g := range out.Opaque {
		c.Opaque = append(c.Opaque, finding.Unread{Path: path, Member: g.Member, Reason: g.Reason})
	}
	for _, g := range out.Cut {
		c.Cut = append(c.Cut, finding.Unread{Path: path, Member: g.Member, Reason: g.Reason})
	}
	for _, d := range out.Doubts {
		w.result.Doubts = append(w.result.Doubts, Doubt{path, d})
	}
	for _, h := range out.Hits {
		s := h.Sighting()
		s.Location, s.Path = location, path
		w.result.Sightings = append(w.result.Sightings, s)
	}
}

// fail notes that something could not be read, or that it is gone.
func (w *worker) fail(path string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		w.result.vanished(1, w.detect.Mask(path))
		return
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the path stands beside it, and may hold a key
	}
	w.result.Errors = append(w.result.Errors, finding.Error{Path: w.detect.Mask(path), Reason: err.Error()})
}

func (r *Result) vanished(n int64, path string) {
	if r.Vanished == 0 || n > 0 && path < r.VanishedPath {
		r.VanishedPath = path
	}
	r.Vanished += n
}

func (r *Result) add(o *Result) {
	if len(r.Sightings) == 0 {
		r.Sightings = o.Sightings // there may be very many
	} else {
		r.Sightings = append(r.Sightings, o.Sightings...)
	}
	r.Errors = append(r.Errors, o.Errors...)
	r.GitDirs = append(r.GitDirs, o.GitDirs...)
	r.outward = append(r.outward, o.outward...)
	r.vanished(o.Vanished, o.VanishedPath)
	r.Doubts = append(r.Doubts, o.Doubts...)
	for why, x := range o.LeftOut {
		for _, path := range x.Paths {
			r.leaveOut(why, path)
		}
		r.LeftOut[why].Count += x.Count - int64(len(x.Paths))
	}
	c, d := &r.Coverage, &o.Coverage
	c.Files += d.Files
	c.Bytes += d.Bytes
	c.Containers += d.Containers
	c.Opaque = append(c.Opaque, d.Opaque...)
	c.Cut = append(c.Cut, d.Cut...)
	c.LeftOut.Exclude += d.LeftOut.Exclude
	c.LeftOut.Gitignore += d.LeftOut.Gitignore
	c.LeftOut.Symlink += d.LeftOut.Symlink
	c.LeftOut.OtherFilesystem += d.LeftOut.OtherFilesystem
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
