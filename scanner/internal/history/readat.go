package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// ReadAt returns the file at a slash path in the tree of a revision. The error
// is [fs.ErrNotExist] if the revision's tree lacks it, and says what to do if
// the revision, or an object on the way, is not here. Only regular files are
// read: a symbolic link is an error.
func ReadAt(r *repo.Repo, rev, path string) ([]byte, error) {
	store, err := gitobj.Open(context.Background(), gitobj.Options{Objects: r.ObjectDir, Alternates: r.Alternates, Format: r.Format})
	if err != nil {
		return nil, fmt.Errorf("open the object store: %w", err)
	}
	defer store.Close()
	id, err := r.ResolveRevision(rev+"^{tree}", store)
	if wrong := (*repo.RevisionError)(nil); errors.As(err, &wrong) {
		wrong.Rev = rev // as it was asked for
	}
	if err != nil {
		return nil, err
	}
	h := &repository{Repo: r, store: store}
	for part := range strings.SplitSeq(path, "/") {
		_, data, err := store.Read(id)
		if err != nil {
			return nil, fmt.Errorf("%s:%s: %s", rev, path, h.unread(id, "tree", err).Reason)
		}
		mode := ""
		for e := range treeEntries(data, len(id.Bytes())) {
			if string(e.name) == part {
				mode, id = string(e.mode), gitobj.MakeID(e.id)
				break
			}
		}
		switch {
		case mode == "":
			return nil, fmt.Errorf("%s:%s: %w", rev, path, fs.ErrNotExist)
		case mode == "120000":
			return nil, fmt.Errorf("%s:%s is a symbolic link; only regular files are read", rev, path)
		}
	}
	typ, data, err := store.Read(id)
	if err != nil {
		return nil, fmt.Errorf("%s:%s: %s", rev, path, h.unread(id, "blob", err).Reason)
	}
	if typ != gitobj.Blob {
		return nil, fmt.Errorf("%s:%s is not a regular file", rev, path)
	}
	return data, nil
}
