package history

import (
	"context"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// headTrees is how many trees of HEAD are read for names; those near the root
// come first.
const headTrees = 2000

// namesInHead returns where blobs lie in HEAD: the path nearest to the root. A
// blob that lies nowhere there, or too deep, has none. It is for what could not
// be searched to its depth: a path says more than an id, and can be accepted by
// a glob. To look through all of history for it would cost as much as searching
// it.
func (h *repository) namesInHead(ctx context.Context, blobs map[gitobj.ID]bool) map[gitobj.ID]string {
	names := map[gitobj.ID]string{}
	head, err := h.Head()
	if err != nil || head.ID.IsZero() || len(blobs) == 0 {
		return names
	}
	type dir struct {
		path string
		tree gitobj.ID
	}
	var queue []dir
	if _, data, err := h.store.Read(head.ID); err == nil {
		if c, err := parseCommit(head.ID, data); err == nil {
			queue = append(queue, dir{"", c.tree})
		}
	}
	seen := map[gitobj.ID]bool{}
	for len(queue) > 0 && len(seen) < headTrees && len(names) < len(blobs) && ctx.Err() == nil {
		d := queue[0]
		queue = queue[1:]
		if seen[d.tree] {
			continue
		}
		seen[d.tree] = true
		_, data, err := h.store.Read(d.tree)
		if err != nil {
			continue // told elsewhere
		}
		for e := range treeEntries(data, len(d.tree.Bytes())) {
			id := gitobj.MakeID(e.id)
			switch _, named := names[id]; {
			case e.kind() == modeTree:
				queue = append(queue, dir{d.path + string(e.name) + "/", id})
			case blobs[id] && !named:
				names[id] = d.path + string(e.name)
			}
		}
	}
	return names
}
