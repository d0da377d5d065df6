package history

import (
	"context"
	"fmt"
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
	store, err := gitobj.Open(ctx, gitobj.Options{Objects: r.ObjectDir, Alternates: r.Alternates, Format: r.Format})
	if err != nil {
		return nil, fmt.Errorf("open the object store: %w", err)
	}
	defer store.Close()
	h := &repository{Repo: r, ctx: ctx, store: store, opts: o, result: &Result{}}
	index, err := r.Index()
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	parents, err := trees(h)
	if err != nil {
		return nil, err
	}
	d := &stagedDiff{treeDiff: newTreeDiff(h), index: index}
	d.directory("", index.Entries, parents)
	h.result.Errors = append(h.result.Errors, d.errors...)
	h.explain("index: entries: %d; those that none of the next commit's %d parents has: %d; nothing else was searched", len(index.Entries), len(parents), len(d.pairs))
	return h.result, h.searchStaged(ctx, d.pairs)
}

// A stagedDiff compares an index with the trees of the next commit's parents.
type stagedDiff struct {
	*treeDiff
	index *repo.Index
}

// directory notes which of the entries, all of those below dir, none of the trees
// that the parents have there holds. Dir is "" or ends in a slash.
func (d *stagedDiff) directory(dir string, entries []repo.Entry, parents []gitobj.ID) {
	if tree, ok := d.index.Trees[dir]; ok && slices.Contains(parents, tree) {
		return
	}
	others := d.listings(parents)
	for len(entries) > 0 {
		e := entries[0]
		name, _, below := strings.Cut(e.Path[len(dir):], "/")
		if !below {
			entries = entries[1:]
			d.file(dir+name, e, others)
			continue
		}
		prefix := dir + name + "/"
		n := 1
		for n < len(entries) && strings.HasPrefix(entries[n].Path, prefix) {
			n++
		}
		subs, named := others.trees([]byte(name))
		d.name(dir+name, named)
		if e.Mode == modeTree && e.Path == prefix { // of a sparse index
			d.tree(prefix, e.ID, subs)
		} else {
			d.directory(prefix, entries[:n], subs)
		}
		entries = entries[n:]
	}
}

func (d *stagedDiff) file(path string, e repo.Entry, others listings) {
	if e.IntentToAdd || e.Mode == modeCommit {
		return
	}
	known, named := others.has([]byte(base(path)), e.ID.Bytes(), false)
	d.name(path, named)
	if !known {
		d.add(pair{location: finding.InBlob, path: path, id: e.ID})
	}
}

// searchStaged searches the pairs and tells where keys stand in them.
func (h *repository) searchStaged(ctx context.Context, pairs []pair) error {
	s := newSearcher(ctx, h.opts.Engine)
	mask := h.opts.Engine.NewWorker()
	blobs := map[gitobj.ID]holder{}
	count := &h.result.Coverage.Objects.Blob
	for _, p := range pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := mask.Mask(p.path)
		if p.location == finding.InFileName {
			s.name([]byte(base(p.path)))
			for _, hit := range s.names[base(p.path)].Hits {
				h.result.Sightings = append(h.result.Sightings, nameSighting(hit, path))
			}
			continue
		}
		o, ok := blobs[p.id]
		if !ok {
			count.Present++
			_, n, err := h.searchObject(s, p.id)
			if err != nil {
				fault := h.unread(p.id, "staged blob", err)
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
			blobs[p.id] = o
			h.cover(o, path)
		}
		for _, hit := range o.outcome.Hits {
			x := hit.Sighting()
			x.Location, x.Path, x.Blob, x.Versions, x.Tracked = finding.InIndex, path, p.id.String(), 1, finding.IsTracked
			x.Blobs = []string{x.Blob}
			h.result.Sightings = append(h.result.Sightings, x)
		}
	}
	h.result.Errors = append(h.result.Errors, s.errors...)
	return nil
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
	if _, err := h.ResolveRevision("MERGE_HEAD", h.store); err == nil {
		refs, _, err := h.Refs()
		if err != nil {
			return nil, fmt.Errorf("read the refs: %w", err)
		}
		for _, ref := range refs {
			if ref.Name == "MERGE_HEAD" { // one for each commit that is merged
				commits = append(commits, ref.ID)
			}
		}
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
