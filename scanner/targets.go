package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/files"
	"github.com/petrascan/petrascan/scanner/internal/history"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// Limits say which commits a limited scan of history looks at: those that the
// new side of the ranges reaches and the old side does not.
type Limits struct {
	Ranges []string  // A..B, A...B, B or ^A, as gitrevisions has them
	Since  time.Time // committer dates before it are left out
	Refs   []string  // globs on full ref names; those that match are the new side
	// Base are globs on full ref names, for a push: the old side of an A..B whose A
	// is all zeros or not here. Of tags, those that a range names count.
	Base []string
}

// Tree searches the files at and below path, and the index and all objects of
// every Git directory found there. Of a path that lies inside a work tree the
// files alone are searched, and a warning names the repository.
func (s *Scan) Tree(ctx context.Context, path string) error {
	if err := s.enter(path); err != nil {
		return err
	}
	found, err := s.walk(ctx, path)
	if err != nil {
		return err
	}
	if t := s.byDir[s.roots[s.last()]]; t != nil {
		t.whole = true
	}
	stores := map[string]bool{}
	s.explain("target: %s: %s at or below it: %s", path, plural(len(found.GitDirs), "Git directory lies", "Git directories lie"), listed(found.GitDirs))
	for _, dir := range found.GitDirs {
		if err := s.discovered(ctx, path, dir, stores); err != nil {
			return err
		}
	}
	if len(found.GitDirs) == 0 {
		if r, err := repo.Discover(path); err == nil && r.WorkTree != "" {
			s.warn("%s lies inside the repository %s: its files were searched, the history was not (`petrascan scan %s` does both)", path, r.WorkTree, r.WorkTree)
		}
	}
	return nil
}

// discovered searches the history of a Git directory that a walk came across,
// unless its store was searched under another name.
func (s *Scan) discovered(ctx context.Context, root, dir string, stores map[string]bool) error {
	dir = workTreeDir(dir)
	path := filepath.Join(root, filepath.FromSlash(dir))
	r, err := repo.Open(path)
	if err != nil {
		s.fail(finding.Error{Target: s.last(), Path: filepath.ToSlash(dir), Reason: err.Error()})
		return nil
	}
	if t, _ := s.territory(r, "", false); t != nil {
		t.whole = true
	}
	if stores[r.ObjectDir] {
		s.explain("target: %s: its objects lie in %s, which was searched for another work tree", path, r.ObjectDir)
		return nil
	}
	stores[r.ObjectDir] = true
	if err := s.history(ctx, filepath.ToSlash(path), r, nil); err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.fail(finding.Error{Target: s.last(), Path: filepath.ToSlash(dir), Reason: err.Error()})
	}
	return nil
}

// workTreeDir returns the directory that a .git in it makes a work tree, or the
// Git directory itself.
func workTreeDir(gitDir string) string {
	if filepath.Base(gitDir) == ".git" {
		return filepath.Dir(gitDir)
	}
	return gitDir
}

// Files searches the files at and below path.
func (s *Scan) Files(ctx context.Context, path string) error {
	if err := s.enter(path); err != nil {
		return err
	}
	found, err := s.walk(ctx, path)
	if err != nil {
		return err
	}
	if n := len(found.GitDirs); n > 0 {
		for _, dir := range found.GitDirs {
			if r, err := repo.Open(filepath.Join(path, filepath.FromSlash(workTreeDir(dir)))); err == nil {
				_, _ = s.territory(r, "", false) // which does not fail for what the user did not name
			}
		}
		s.warn("the object stores of %s below %s were left out (`petrascan scan %s` searches them)", plural(n, "Git directory", "Git directories"), path, path)
	}
	return nil
}

func (s *Scan) walk(ctx context.Context, path string) (*files.Result, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	found, err := files.Walk(ctx, path, files.Options{
		Engine: s.engine, Globs: s.globs, Jobs: s.opts.Jobs, Progress: s.progress(path),
		Containers: s.opts.MaxArchiveDepth > 0,
		Explain:    s.opts.Explain != nil,
		Gitignore:  s.opts.Gitignore, Getenv: s.opts.Getenv, Follow: s.opts.Follow, OneFilesystem: s.opts.OneFilesystem,
	})
	if found == nil {
		return nil, unreadable(path, err)
	}
	dir := path // what the paths of findings are relative to
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		root, dir = filepath.Dir(root), filepath.Dir(path)
	}
	target := s.target(finding.Target{Path: filepath.ToSlash(dir), Kind: finding.FilesTarget})
	s.roots[target] = root
	s.cover(target, found.Coverage)
	for _, e := range found.Errors {
		e.Target = target
		s.fail(e)
	}
	if found.Vanished > 0 {
		s.warn("%s vanished from %s before it could be read, such as %s", plural(int(found.Vanished), "entry", "entries"), path, reportPath(found.VanishedPath))
	}
	s.see(target, found.Sightings)
	s.explainWalk(target, path, found)
	return found, s.interrupted(ctx)
}

func unreadable(path string, err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Stdin searches what r gives, as standard input.
func (s *Scan) Stdin(ctx context.Context, r io.Reader) error {
	if err := s.Text(ctx, finding.InStdin, r); err != nil && ctx.Err() == nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return ctx.Err()
}

// Text searches what r gives and reports it as found at the given location,
// such as the message of a commit that is about to be made.
func (s *Scan) Text(ctx context.Context, location finding.Location, r io.Reader) error {
	target := s.target(finding.Target{Path: "-", Kind: finding.StdinTarget})
	out, err := s.engine.NewWorker().Stream(ctx, &interruptible{ctx: ctx, r: r}, -1)
	if err != nil && ctx.Err() == nil {
		return err
	}
	var sightings []finding.Sighting
	for _, h := range out.Hits {
		x := h.Sighting()
		x.Location = location
		sightings = append(sightings, x)
	}
	c := finding.Coverage{Files: 1, Bytes: out.Bytes, Containers: out.Containers, Opaque: unread(out.Opaque), Cut: unread(out.Cut)}
	c.LeftOut.LowConfidence = out.Low
	s.cover(target, c)
	s.see(target, sightings)
	s.explain("target: standard input, %s: searched as %s", plural(int(out.Bytes), "byte", "bytes"), location)
	for _, d := range out.Doubts {
		s.doubts = append(s.doubts, doubt{target, string(location), d})
	}
	return s.interrupted(ctx)
}

// An interruptible reader stops waiting for input when its context ends. It
// hides what else the reader can do: standard input may look like a file and
// yet be a pipe.
type interruptible struct {
	ctx context.Context
	r   io.Reader
	buf []byte // read ahead, not yet handed out
}

func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.buf) > 0 {
		n := copy(p, r.buf)
		r.buf = r.buf[n:]
		return n, nil
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// A buffer of its own: p belongs to the caller again if the context ends.
		data := make([]byte, min(len(p), 64<<10))
		n, err := r.r.Read(data)
		done <- result{data[:n], err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case got := <-done:
		n := copy(p, got.data)
		r.buf = got.data[n:]
		return n, got.err
	}
}

func unread(gaps []detect.Gap) []finding.Unread {
	var list []finding.Unread
	for _, g := range gaps {
		list = append(list, finding.Unread{Member: g.Member, Reason: g.Reason})
	}
	return list
}

// History searches every object of the repository at path, or, with limits,
// what the commits within them brought in. Path may be a work tree, a Git
// directory or a bare repository.
func (s *Scan) History(ctx context.Context, path string, l *Limits) error {
	r, err := repo.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	if _, err := s.territory(r, "", true); err != nil {
		return err
	}
	return s.history(ctx, filepath.ToSlash(path), r, l)
}

// Clone is History for the clone at dir of a repository that is elsewhere, at
// url, which must not hold user information. The report names the address, not
// dir, and nothing of the clone is remembered: it does not stay.
func (s *Scan) Clone(ctx context.Context, dir, url string, l *Limits) error {
	r, err := repo.Open(dir)
	if err != nil {
		return hideDir(err, dir, url)
	}
	if _, err := s.territory(r, "", true); err != nil {
		return hideDir(err, dir, url)
	}
	target := s.gitTarget(url, r)
	s.result.Report.Scan.Targets[target].URL = url
	o := s.historyOptions(url, false)
	o.Cache = nil
	errs, warnings := len(s.result.Report.Scan.Errors), len(s.result.Report.Scan.Warnings)
	err = s.search(ctx, target, r, l, o)
	for i := range s.result.Report.Scan.Errors[errs:] {
		e := &s.result.Report.Scan.Errors[errs+i]
		e.Path, e.Reason = strings.ReplaceAll(e.Path, dir, url), strings.ReplaceAll(e.Reason, dir, url)
	}
	for i, w := range s.result.Report.Scan.Warnings[warnings:] {
		s.result.Report.Scan.Warnings[warnings+i] = strings.ReplaceAll(w, dir, url)
	}
	if err != nil && ctx.Err() == nil {
		err = hideDir(err, dir, url)
	}
	return err
}

// hideDir puts a URL in place of the directory of its clone, which is another
// one every time.
func hideDir(err error, dir, url string) error {
	return errors.New(strings.ReplaceAll(err.Error(), dir, url))
}

// Failed puts a target that could not be searched into the report, or not to its
// end, and why. The path of a target is what its user calls it.
func (s *Scan) Failed(t finding.Target, err error) {
	targets := s.result.Report.Scan.Targets
	id := s.last()
	if len(targets) == 0 || targets[id].Path != t.Path || targets[id].Kind != t.Kind {
		id = s.target(t)
	}
	s.fail(finding.Error{Target: id, Path: t.Path, Reason: strings.TrimPrefix(err.Error(), t.Path+": ")})
}

// HistoryFromEnv is History for the repository that the environment (GIT_DIR
// and its relatives) or the current directory names, as for a Git command.
func (s *Scan) HistoryFromEnv(ctx context.Context, getenv func(string) string, dir string, l *Limits) error {
	r, err := repo.FromEnv(getenv, dir)
	if err != nil {
		return err
	}
	if _, err := s.territory(r, "", true); err != nil {
		return err
	}
	return s.history(ctx, ".", r, l)
}

// Staged searches what `git commit` would record now in the repository that
// the environment or the current directory names. Merged are ids of commits
// that are being merged: before pre-merge-commit Git has not written them down.
func (s *Scan) Staged(ctx context.Context, getenv func(string) string, dir string, merged ...string) error {
	r, err := repo.FromEnv(getenv, dir)
	if err != nil {
		return err
	}
	if _, err := s.territory(r, "", true); err != nil {
		return err
	}
	target := s.gitTarget(".", r)
	found, err := history.ScanStaged(ctx, r, s.historyOptions(".", true), merged)
	return s.take(ctx, target, found, err, true)
}

// Index searches every entry of the index, whether or not HEAD has it, of the
// repository that the environment or the current directory names.
func (s *Scan) Index(ctx context.Context, getenv func(string) string, dir string) error {
	r, err := repo.FromEnv(getenv, dir)
	if err != nil {
		return err
	}
	target := s.gitTarget(".", r)
	found, err := history.ScanIndex(ctx, r, s.historyOptions(".", true))
	return s.take(ctx, target, found, err, true)
}

func (s *Scan) history(ctx context.Context, path string, r *repo.Repo, l *Limits) error {
	return s.search(ctx, s.gitTarget(path, r), r, l, s.historyOptions(path, l == nil))
}

// search searches the objects of a repository that is a target already.
func (s *Scan) search(ctx context.Context, target int, r *repo.Repo, l *Limits, o history.Options) error {
	if l == nil {
		found, err := history.Scan(ctx, r, o)
		return s.take(ctx, target, found, err, false)
	}
	found, err := history.ScanRange(ctx, r, o, history.Limits(*l))
	return s.take(ctx, target, found, err, true)
}

// take puts what a repository held into the report. Limited tells that content
// which is absent by design was asked for.
func (s *Scan) take(ctx context.Context, target int, found *history.Result, err error, limited bool) error {
	if found != nil {
		s.cover(target, found.Coverage)
		for _, e := range found.Errors {
			e.Target = target
			s.fail(e)
		}
		for _, w := range found.Warnings {
			s.warn("%s", w)
		}
		if found.Range != nil {
			s.result.Report.Scan.Range = found.Range
		}
		for _, a := range found.Coverage.Absent {
			s.incomplete = s.incomplete || limited && a.Count > 0
		}
		s.see(target, found.Sightings)
		for _, d := range found.Doubts {
			s.doubts = append(s.doubts, doubt{target, doubtPlace(d.Path, d.Object), d.Doubt})
		}
		for _, e := range found.Keys {
			s.expose(e)
		}
	}
	if interrupted := s.interrupted(ctx); interrupted != nil {
		return interrupted
	}
	return err
}

// gitTarget adds a target for the repository.
func (s *Scan) gitTarget(path string, r *repo.Repo) int {
	t := finding.Target{Path: path, Kind: finding.GitTarget, URL: r.Remote()}
	if head, err := r.Head(); err == nil {
		if !head.ID.IsZero() {
			t.Head = head.ID.String()
		}
		t.Branch = strings.TrimPrefix(head.Target, "refs/heads/")
	}
	id := s.target(t)
	s.repos[id] = r
	s.explainRepository(path, r)
	return id
}

func (s *Scan) last() int { return max(0, len(s.result.Report.Scan.Targets)-1) }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
