package files

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// An outward is a symbolic link that leaves the tree.
type outward struct {
	path string // of the link
	real string // what it leads to, on disk
	role role
}

// link searches the text of a symbolic link. What it points to is read where it
// lies, if that is in the tree, and otherwise left out or followed.
func (w *worker) link(ctx context.Context, d *dir, f folder, name string) {
	target, err := f.readlink(name)
	if err != nil {
		w.fail(d.join(name), err)
		return
	}
	switch {
	case w.walk.opts.Follow:
		// A link's way may lead through others: only the system knows its end.
		real, err := filepath.EvalSymlinks(filepath.Join(d.onDisk(), name))
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err == nil && !slices.ContainsFunc(w.walk.roots, func(root string) bool { return within(root, real) }) {
			w.result.outward = append(w.result.outward, outward{d.join(name), real, d.role.child(name)})
		}
	case w.walk.leaves(d.path, target):
		w.leaveOut(&w.result.Coverage.LeftOut.Symlink, d, []byte(name), byLink)
	}
	if !w.walk.opts.Engine.Candidate([]byte(target)) {
		return
	}
	out, err := w.detect.Bytes(ctx, []byte(target))
	if err != nil {
		w.fail(d.join(name), err)
	}
	w.count(out)
	w.tell(d.join(name), d.role.location(), out)
}

// leaves tells whether a link with the given text, in the directory at the
// slash path dir, points out of the tree to something that is there. Text that
// stays in the tree is believed: links on the way to the target are links of
// the tree themselves, and counted.
func (w *walk) leaves(dir, target string) bool {
	if !filepath.IsAbs(target) {
		to := path.Join(dir, filepath.ToSlash(target))
		if to != ".." && !strings.HasPrefix(to, "../") {
			return false
		}
		target = filepath.Join(w.roots[0], filepath.FromSlash(to))
	}
	if within(w.roots[0], filepath.Clean(target)) {
		return false
	}
	real, err := filepath.EvalSymlinks(target)
	return !errors.Is(err, fs.ErrNotExist) && (err != nil || !within(w.roots[0], real))
}

// within tells whether path is dir or lies below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// followTo queues what the links lead to that were found since it was called
// last, each target once: a target that lies below another is read with that.
// It tells whether there is any. Their order is that of their names, so that
// which of two links is the one followed does not depend on the workers.
func (w *walk) followTo(r *Result) bool {
	links := r.outward
	r.outward = nil
	slices.SortFunc(links, func(a, b outward) int {
		return cmp.Or(strings.Compare(a.real, b.real), strings.Compare(a.path, b.path))
	})
	any := false
	for _, l := range links {
		if slices.ContainsFunc(w.roots, func(root string) bool { return within(root, l.real) }) {
			continue
		}
		info, err := os.Stat(l.real)
		switch {
		case err != nil:
		case info.IsDir():
			_, err = w.queueDir(l.real, l.path, l.role)
		case info.Mode().IsRegular():
			if id := identityOf(info); w.done[id] && id != (fileID{}) {
				continue
			} else {
				w.done[id] = true
			}
			err = w.queueFile(l.real, l.path, l.role)
		default:
			r.Coverage.LeftOut.Special++
			continue
		}
		if err != nil {
			r.Errors = append(r.Errors, finding.Error{Path: l.path, Reason: err.Error()})
			continue
		}
		w.roots = append(w.roots, l.real)
		any = true
	}
	return any
}
