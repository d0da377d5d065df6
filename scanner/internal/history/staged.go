package history

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// ScanStaged searches what `git commit` would record now: the entries of the
// index that no parent of the next commit has at their path. What lies in the
// work tree does not count. Merged are ids of parents that Git has not written
// down yet.
func ScanStaged(ctx context.Context, r *repo.Repo, o Options, merged []string) (*Result, error) {
	return scanIndex(ctx, r, o, func(h *repository) ([]gitobj.ID, error) { return h.nextParents(merged) })
}

// ScanIndex searches every entry of the index.
func ScanIndex(ctx context.Context, r *repo.Repo, o Options) (*Result, error) {
	return scanIndex(ctx, r, o, func(*repository) ([]gitobj.ID, error) { return nil, nil })
}

// scanIndex searches the entries of the index that none of the trees has at
// their path.
func scanIndex(ctx context.Context, r *repo.Repo, o Options, trees func(*repository) ([]gitobj.ID, error)) (*Result, error) {
	store, err := gitobj.Open(gitobj.Options{Objects: r.ObjectDir, Alternates: r.Alternates, Format: r.Format})
	if err != nil {
		return nil, fmt.Errorf("open the object store: %w", err)
	}
	defer store.Close()
	h := &repository{Repo: r, ctx: ctx, store: store, opts: o, result: &Result{}}
	index, err := r.Index()
	if err != nil {
		return nil, fmt.Errorf("read the index %s: %w", filepath.Base(r.IndexPath()), err)
	}
	parents, err := trees(h)
	if err != nil {
		return nil, err
	}
	known, err := h.listing(parents)
	if err != nil {
		return nil, err
	}
	s := newSearcher(ctx, o.Engine)
	mask := o.Engine.NewWorker()
	done := map[gitobj.ID]holder{}
	count := &h.result.Coverage.Objects.Blob
	for _, e := range h.expand(index.Entries, known) {
		if e.IntentToAdd || e.Mode == modeCommit || slices.Contains(known[e.Path], e.ID) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return h.result, err
		}
		path := mask.Mask(e.Path)
		if o.Engine.Candidate([]byte(e.Path)) && len(known[e.Path]) == 0 {
			out := s.bytes(gitobj.ID{}, []byte(e.Path))
			for _, hit := range out.Hits {
				x := hit.Sighting()
				x.Location, x.Path, x.Line, x.Column, x.EndLine, x.EndColumn, x.Snippet = finding.InFileName, path, 0, 0, 0, 0, nil
				h.result.Sightings = append(h.result.Sightings, x)
			}
		}
		o, ok := done[e.ID]
		if !ok {
			count.Present++
			_, n, err := h.searchObject(s, e.ID)
			if err != nil {
				fault := h.unread(e.ID, "staged blob", err)
				fault.Path = path
				h.result.Errors = append(h.result.Errors, fault)
				continue
			}
			count.Read++
			h.result.Coverage.Bytes += n
			for _, kept := range s.holders[gitobj.Blob] {
				o = kept
			}
			s.holders[gitobj.Blob] = nil
			done[e.ID] = o
			h.cover(o)
		}
		for _, hit := range o.outcome.Hits {
			x := hit.Sighting()
			x.Location, x.Path, x.Blob, x.Versions, x.Tracked = finding.InIndex, path, e.ID.String(), 1, finding.IsTracked
			x.Blobs = []string{x.Blob}
			h.result.Sightings = append(h.result.Sightings, x)
		}
	}
	h.result.Errors = append(h.result.Errors, s.errors...)
	return h.result, nil
}

// expand replaces the directories of a sparse index by the blobs in them that
// no parent has.
func (h *repository) expand(entries []repo.Entry, known map[string][]gitobj.ID) []repo.Entry {
	if !slices.ContainsFunc(entries, func(e repo.Entry) bool { return e.Mode == modeTree }) {
		return entries
	}
	var flat []repo.Entry
	for _, e := range entries {
		if e.Mode != modeTree {
			flat = append(flat, e)
			continue
		}
		path := strings.TrimSuffix(e.Path, "/")
		d := &treeDiff{repository: h}
		d.tree(path+"/", e.ID, known[path])
		h.result.Errors = append(h.result.Errors, d.errors...)
		for _, p := range d.pairs {
			if p.location == finding.InBlob {
				flat = append(flat, repo.Entry{Path: p.path, ID: p.id, Mode: 0o100644})
			}
		}
	}
	return flat
}

// listing returns, by path, the objects that the trees hold there, directories
// included.
func (h *repository) listing(trees []gitobj.ID) (map[string][]gitobj.ID, error) {
	known := map[string][]gitobj.ID{}
	var list func(path string, tree gitobj.ID) error
	list = func(path string, tree gitobj.ID) error {
		_, data, err := h.store.Read(tree)
		if err != nil {
			return fmt.Errorf("read tree %s of HEAD: %w", tree, err)
		}
		for e := range treeEntries(data, len(tree.Bytes())) {
			id := gitobj.MakeID(e.id)
			full := path + string(e.name)
			known[full] = append(known[full], id)
			if e.kind() == modeTree {
				if err := list(full+"/", id); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, tree := range trees {
		if err := list("", tree); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// nextParents returns the trees of the commits that the next commit would have
// for parents: HEAD, and in a merge those that are merged.
func (h *repository) nextParents(more []string) ([]gitobj.ID, error) {
	head, err := h.Head()
	if err != nil {
		return nil, fmt.Errorf("read HEAD: %w", err)
	}
	if head.ID.IsZero() {
		return nil, nil
	}
	commits := []gitobj.ID{head.ID}
	if merged, err := h.ResolveRevision("MERGE_HEAD", h.store); err == nil {
		commits = append(commits, merged)
	}
	for _, hex := range more {
		id, err := gitobj.ParseID(hex)
		if err != nil {
			return nil, fmt.Errorf("merged commit %q: %w", hex, err)
		}
		commits = append(commits, h.commitOf(id))
	}
	var trees []gitobj.ID
	for _, id := range commits {
		_, data, err := h.store.Read(id)
		if err != nil {
			return nil, fmt.Errorf("read commit %s: %w", id, err)
		}
		c, err := parseCommit(id, data)
		if err != nil {
			return nil, fmt.Errorf("commit %s: %w", id, err)
		}
		trees = append(trees, c.tree)
	}
	return trees, nil
}
