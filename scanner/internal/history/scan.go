package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/cache"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/literal"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// Options say how to search a repository.
type Options struct {
	Engine   *detect.Engine
	Jobs     int                        // workers; 0: one a CPU
	Progress func(objects, bytes int64) // called now and then, from any goroutine; may be nil
	Index    bool                       // search what is staged, too
	Cache    *cache.Cache               // what earlier scans found out; nil: nothing
	Explain  func(sentence string)      // is told, by the calling goroutine, what was decided; nil: nobody asks

	// For tests, that compare ways with each other.
	way        way  // how a range is read
	wholeGraph bool // make out a range in the graph of all commits
	walkTrees  bool // find paths by a walk only
}

// A Result is what a repository held and what was read of it.
type Result struct {
	Sightings []finding.Sighting
	Keys      []finding.Exposure // one a key, without status; see [finding.Exposure]
	Coverage  finding.Coverage
	Errors    []finding.Error
	Warnings  []string
	Range     *finding.Range
	Doubts    []Doubt // what Options.Explain asks for, in no order
}

// A Doubt is a candidate that is not reported, and where the first like it lies.
type Doubt struct {
	Path   string // masked; "" where it is not known
	Object string // hex id; "" of a name
	detect.Doubt
}

// A repository is an open repository with its store and refs: what every kind
// of scan begins with.
type repository struct {
	*repo.Repo
	ctx     context.Context // of the scan, which the repository does not outlive
	store   *gitobj.Store
	refs    []repo.Ref
	logs    []repo.Log    // once logsRead
	indexes []*repo.Index // of all work trees, if asked for; the scanned one's first
	result  *Result
	opts    Options

	logsRead bool
}

func open(ctx context.Context, r *repo.Repo, o Options) (*repository, error) {
	store, err := gitobj.Open(ctx, gitobj.Options{Objects: r.ObjectDir, Alternates: r.Alternates, Format: r.Format})
	if err != nil {
		return nil, fmt.Errorf("open the object store: %w", err)
	}
	h := &repository{Repo: r, ctx: ctx, store: store, opts: o, result: &Result{}}
	refs, problems, err := r.Refs()
	if err != nil {
		store.Close()
		return nil, fmt.Errorf("read the refs: %w", err)
	}
	h.refs = refs
	if _, err := r.Head(); err != nil {
		h.fail(filepath.Join(r.GitDir, "HEAD"), err)
	}
	h.problems(problems)
	return h, nil
}

func (h *repository) problems(list []repo.Problem) {
	for _, p := range list {
		h.fail(p.Path, p.Err)
	}
}

// explain tells what was decided, if somebody asks.
func (h *repository) explain(format string, args ...any) {
	if h.opts.Explain != nil {
		h.opts.Explain(fmt.Sprintf(format, args...))
	}
}

// doubts notes the candidates in an object, or in a name if object is empty,
// that are not reported.
func (h *repository) doubts(path, object string, out *detect.Outcome) {
	for _, d := range out.Doubts {
		h.result.Doubts = append(h.result.Doubts, Doubt{path, object, d})
	}
}

// fail notes a file of the repository that can't be read.
func (h *repository) fail(path string, err error) {
	reason := err.Error()
	if errors.Is(err, fs.ErrNotExist) {
		reason = "it is missing, but a Git repository has one: what depends on it was not read"
	}
	h.result.Errors = append(h.result.Errors, finding.Error{Path: h.relative(path), Reason: reason})
}

// relative shortens the path of a file of the repository to what follows the
// top of the work tree, such as .git/HEAD, or the Git directory.
func (h *repository) relative(path string) string {
	for _, dir := range [...]string{h.WorkTree, h.GitDir, h.CommonDir} {
		if dir == "" {
			continue
		}
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(path)
}

func objectName(id gitobj.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// Scan searches everything in the repository: all objects, reachable or not,
// the index and the names of the refs.
func Scan(ctx context.Context, r *repo.Repo, o Options) (*Result, error) {
	h, err := open(ctx, r, o)
	if err != nil {
		return nil, err
	}
	defer h.store.Close()
	if o.Index {
		h.readIndexes()
	}
	found, err := h.searchAll(ctx)
	if err == nil {
		err = h.attribute(ctx, found)
	}
	if err != nil {
		h.untold(found)
		return h.result, err
	}
	h.danglers()
	h.refNames()
	return h.result, ctx.Err()
}

// readIndexes reads the index of the work tree and those of the others.
func (h *repository) readIndexes() {
	read := func(r *repo.Repo) {
		index, err := r.Index()
		if err != nil {
			h.fail(r.IndexPath(), err)
		}
		if index != nil {
			h.indexes = append(h.indexes, index)
		}
	}
	read(h.Repo)
	others, err := h.Worktrees()
	if err != nil {
		h.fail(filepath.Join(h.CommonDir, "worktrees"), err)
	}
	for _, w := range others {
		if w.GitDir == h.GitDir {
			continue
		}
		if r, err := repo.Open(w.GitDir); err != nil {
			h.fail(w.GitDir, err)
		} else {
			read(r)
		}
	}
}

// A haul is what the walk over a store brought up.
type haul struct {
	commits []commit     // all of the store, if they were read on the way; else nil
	past    *past        // what an earlier scan knew of the store; may be nil
	notes   []*treeNotes // on all trees of the store, if they were walked; else nil
	objects map[gitobj.Type]map[gitobj.ID]holder
	names   map[string]detect.Outcome
	missing []gitobj.Missing
}

// A trace is no longer than the walk allows.
const _ = uint(gitobj.MaxTrace - literal.TraceLen)

// searchAll walks the store once and searches everything in it.
func (h *repository) searchAll(ctx context.Context) (*haul, error) {
	var searchers []*searcher
	memory := newMemory(h.opts)
	walked, err := h.store.Walk(ctx, gitobj.WalkOptions{
		Workers:    h.opts.Jobs,
		Types:      gitobj.Types(gitobj.Commit, gitobj.Tree, gitobj.Blob, gitobj.Tag),
		Match:      h.opts.Engine.Candidate,
		Overlap:    h.opts.Engine.Overlap(),
		Trace:      h.opts.Engine.Trace,
		Whole:      h.opts.Engine.Whole,
		Progress:   h.opts.Progress,
		Always:     gitobj.Types(gitobj.Commit),
		CheckLinks: true,
		EntryIDs:   true,
		Recall:     memory.recall(),
	}, func() gitobj.Visitor {
		s := newSearcher(ctx, h.opts.Engine)
		searchers = append(searchers, s)
		return s
	})
	found := &haul{objects: map[gitobj.Type]map[gitobj.ID]holder{}, names: map[string]detect.Outcome{}}
	for _, s := range searchers {
		found.add(s)
		h.result.Errors = append(h.result.Errors, s.errors...)
	}
	var shown []commit
	for _, s := range searchers {
		shown = append(shown, s.commits...)
	}
	names := newSearcher(ctx, h.opts.Engine)
	for _, index := range h.indexes {
		for _, e := range index.Entries {
			names.path(e.Path)
		}
	}
	found.add(names)
	if walked != nil {
		if len(walked.Recalled) == 0 {
			found.noteTrees(searchers)
		}
		if len(walked.Recalled) == 0 && int64(len(shown)) >= walked.Present[gitobj.Commit] {
			found.commits = shown
		}
		h.count(walked)
		found.missing = walked.Missing
		memory.join(found, walked.Recalled)
		if err == nil {
			memory.save(walked.Records, found, searchers)
			found.past = memory.past(h.store, walked, searchers, shown)
		}
		h.explainPacks(walked, memory)
	}
	return found, err
}

func (f *haul) add(s *searcher) {
	for typ, list := range s.holders {
		for _, o := range list {
			f.put(typ, o)
		}
	}
	for name, out := range s.names {
		f.names[name] = out
	}
}

// noteTrees keeps what the searchers noted of trees, if it is whole.
func (f *haul) noteTrees(searchers []*searcher) {
	for _, s := range searchers {
		if s.notes.full {
			f.notes = nil
			return
		}
		f.notes = append(f.notes, &s.notes)
	}
}

func (f *haul) put(typ gitobj.Type, o holder) {
	if f.objects[typ] == nil {
		f.objects[typ] = map[gitobj.ID]holder{}
	}
	f.objects[typ][o.id] = o
}

// count puts what the walk read into the coverage.
func (h *repository) count(w *gitobj.WalkResult) {
	c := &h.result.Coverage
	c.Bytes += w.Bytes
	for typ, n := range map[gitobj.Type]*finding.ObjectCount{
		gitobj.Blob: &c.Objects.Blob, gitobj.Commit: &c.Objects.Commit, gitobj.Tag: &c.Objects.Tag, gitobj.Tree: &c.Objects.Tree,
	} {
		n.Present += w.Present[typ]
		n.Read += w.Read[typ]
	}
	for _, p := range w.Problems {
		h.result.Errors = append(h.result.Errors, finding.Error{Path: h.relative(p.Path), Object: objectName(p.ID), Reason: p.Reason})
	}
}
