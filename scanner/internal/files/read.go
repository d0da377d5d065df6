package files

import (
	"bytes"
	"context"
	"io"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// inMemory is the size in bytes up to which a file is read whole. Larger ones
// are searched in pieces, and none is mapped: a file that another program cuts
// while it is mapped would kill the process.
const inMemory = 1 << 20

// fileInfo is what is asked of an open file.
type fileInfo struct {
	regular bool
	size    int64
	sparse  bool   // it may have holes
	links   uint64 // names it has
	id      fileID
}

// A fileID tells a file apart from all others. The zero fileID is no file's:
// the system does not say.
type fileID struct{ dev, ino uint64 }

// files searches the files of a batch.
func (w *worker) files(ctx context.Context, d *dir, b *batch) {
	if b.count == 0 {
		return
	}
	f, done, err := d.use()
	if err != nil {
		w.fail(d.path, err)
		return
	}
	defer done()
	for at := 0; at >= 0 && !w.walk.stopped.Load(); {
		var k kind
		var name []byte
		k, name, at = b.entry(at)
		w.file(ctx, d, f, k, name)
	}
}

// file searches a directory entry that is no directory: its name, and its
// content or the text of the link.
func (w *worker) file(ctx context.Context, d *dir, f folder, k kind, name []byte) {
	if d.role.isObject(name) {
		return
	}
	if w.walk.opts.Globs != nil && w.walk.opts.Globs.Excluded(d.join(string(name))) {
		w.exclude(d, name)
		return
	}
	if d.rules != nil && d.rules.leavesOut(string(name), false) {
		w.leaveOut(&w.result.Coverage.LeftOut.Gitignore, d, name, byGitignore)
		return
	}
	w.name(d, name)
	switch k {
	case kindFile:
		w.regular(ctx, d, f, name)
	case kindLink:
		w.link(ctx, d, f, string(name))
	default:
		w.leaveOut(&w.result.Coverage.LeftOut.Special, d, name, bySpecial)
	}
}

func (w *worker) regular(ctx context.Context, d *dir, f folder, name []byte) {
	opened, err := f.open(name, d.file != "")
	if err != nil {
		w.fail(d.join(string(name)), err)
		return
	}
	info, err := opened.stat()
	switch {
	case err != nil:
		w.fail(d.join(string(name)), err)
	case !info.regular: // something else took its place
		w.leaveOut(&w.result.Coverage.LeftOut.Special, d, name, bySpecial)
	case w.walk.opts.OneFilesystem && info.id.dev != w.walk.device:
		w.leaveOut(&w.result.Coverage.LeftOut.OtherFilesystem, d, name, byFilesystem)
	case d.file == "" && len(w.walk.roots) > 1 && info.id != fileID{} && w.walk.done[info.id]: // a link led here
	case info.links > 1 && info.id != fileID{}:
		at := place{d.join(string(name)), d.role.location()}
		if !w.walk.links.claim(info.id, at) {
			break
		}
		out, err := w.search(ctx, &opened, info)
		w.counted(out, err)
		for _, at := range w.walk.links.settle(info.id, out, err) {
			w.ended(ctx, at.path, err)
			w.tell(at.path, at.location, out)
		}
	default:
		out, err := w.search(ctx, &opened, info)
		w.counted(out, err)
		if err != nil {
			w.ended(ctx, d.join(string(name)), err)
		}
		if tells(out) {
			w.tell(d.join(string(name)), d.role.location(), out)
		}
	}
	opened.close()
}

// ended notes that a file was not read to its end, and why.
func (w *worker) ended(ctx context.Context, path string, err error) {
	if ctx.Err() == nil {
		w.fail(path, err)
		return
	}
	w.result.Coverage.Cut = append(w.result.Coverage.Cut, finding.Unread{Path: w.detect.Mask(path), Reason: "the scan was stopped in the midst of it"})
}

// counted adds one file to the coverage.
func (w *worker) counted(out detect.Outcome, err error) {
	w.count(out)
	w.result.Coverage.Bytes += out.Bytes
	if err == nil {
		w.result.Coverage.Files++
	}
}

// search reads f to its end, whatever size the system says it has: files under
// /proc say 0, and others grow.
func (w *worker) search(ctx context.Context, f *file, info fileInfo) (detect.Outcome, error) {
	if info.size > inMemory {
		return w.large(ctx, f, info)
	}
	w.room(max(int(info.size)+1, 64<<10))
	for n := 0; ; {
		m, err := w.walk.read(*f, w.buf[n:])
		n += m
		if err != nil {
			out, _ := w.bytes(ctx, w.buf[:n])
			return out, err
		}
		if m == 0 || int64(n) == info.size {
			return w.bytes(ctx, w.buf[:n])
		}
		if n > inMemory {
			rest := &reader{f: f, read: w.walk.read}
			return w.detect.Stream(ctx, io.MultiReader(bytes.NewReader(w.buf[:n]), rest), -1)
		}
		w.room(2 * n)
	}
}

// room makes the buffer at least n bytes long, and keeps what is in it.
func (w *worker) room(n int) {
	if n > len(w.buf) {
		grown := make([]byte, max(n, min(2*len(w.buf), inMemory+1)))
		copy(grown, w.buf)
		w.buf = grown
	}
}

// bytes searches b. Most files hold no literal, and are told by that alone.
func (w *worker) bytes(ctx context.Context, b []byte) (detect.Outcome, error) {
	if !w.walk.opts.Engine.Candidate(b) && !w.container(b, b) {
		return detect.Outcome{Bytes: int64(len(b))}, nil
	}
	if len(b) > window && !w.walk.opts.Containers {
		d := w.walk.desks.take()
		defer w.walk.desks.give(d)
		return d.detect.Bytes(ctx, b)
	}
	return w.detect.Bytes(ctx, b)
}

// container tells from its first and last bytes whether content goes to
// detection whatever literals stand in it.
func (w *worker) container(head, tail []byte) bool {
	return w.walk.opts.Containers &&
		w.walk.opts.Engine.Whole(head[:min(len(head), layer.SniffLen)], tail[max(0, len(tail)-layer.SniffTailLen):])
}

// A reader reads an open file at its offset.
type reader struct {
	f    *file
	read func(file, []byte) (int, error)
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.read(*r.f, p)
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}
