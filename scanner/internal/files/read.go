package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
)

// inMemory is the size in bytes up to which a file is read whole. Larger ones
// are searched in chunks, and none is mapped: a file that another program cuts
// while it is mapped would kill the process.
const inMemory = 8 << 20

// file searches one directory entry that is no directory: its name, and its
// content or the target of the link.
func (w *worker) file(ctx context.Context, t task, e entry) {
	path := join(t.path, e.name)
	if t.store && isObject(e.name) {
		return
	}
	if w.walk.opts.Globs.Excluded(path) {
		w.result.Coverage.LeftOut.Exclude++
		return
	}
	w.name(path, e.name)
	location := finding.InFile
	if t.gitDir {
		location = finding.InGitFile
	}
	switch {
	case e.mode&fs.ModeSymlink != 0 && !e.named:
		w.link(ctx, path, location)
	case e.mode.IsRegular(), e.named:
		w.regular(ctx, path, location)
	default:
		w.result.Coverage.LeftOut.Special++
	}
}

// link searches the text of a symbolic link. What it points to is read where
// it lies, if that is below the root, and left out otherwise.
func (w *worker) link(ctx context.Context, path string, location finding.Location) {
	target, err := os.Readlink(w.walk.disk(path))
	if err != nil {
		w.fail(path, err)
		return
	}
	if !w.walk.holds(path, target) {
		w.result.Coverage.LeftOut.Symlink++
	}
	out, err := w.detect.Bytes(ctx, []byte(target))
	if err != nil {
		w.fail(path, err)
	}
	w.add(path, location, out)
}

// holds tells whether the target of the link at path lies below the root.
func (w *walk) holds(path, target string) bool {
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(w.disk(path)), target)
	}
	real, err := filepath.EvalSymlinks(target)
	if err != nil {
		return false
	}
	root, err := filepath.EvalSymlinks(w.root)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (w *worker) regular(ctx context.Context, path string, location finding.Location) {
	f, err := openRegular(w.walk.disk(path))
	if errors.Is(err, errSpecial) {
		w.result.Coverage.LeftOut.Special++
		return
	}
	if err != nil {
		w.fail(path, err)
		return
	}
	defer f.Close()
	out, err := w.search(ctx, f)
	w.result.Coverage.Bytes += out.Bytes
	if err != nil {
		if ctx.Err() == nil {
			w.fail(path, err)
		}
	} else {
		w.result.Coverage.Files++
	}
	w.add(path, location, out)
}

// search reads f to its end, whatever size the system says it has: files under
// /proc say 0, and others grow.
func (w *worker) search(ctx context.Context, f *os.File) (detect.Outcome, error) {
	info, err := f.Stat()
	if err != nil {
		return detect.Outcome{}, err
	}
	if info.Size() <= inMemory {
		if need := int(info.Size()) + 512; len(w.buf) < need {
			w.buf = make([]byte, max(need, min(2*need, inMemory+512), 64<<10))
		}
		for n := 0; ; {
			m, err := f.Read(w.buf[n:])
			n += m
			switch {
			case err == io.EOF:
				return w.detect.Bytes(ctx, w.buf[:n])
			case err != nil:
				out, _ := w.detect.Bytes(ctx, w.buf[:n])
				return out, err
			}
			if n < len(w.buf) {
				continue
			}
			if n > inMemory {
				break
			}
			grown := make([]byte, 2*n)
			copy(grown, w.buf)
			w.buf = grown
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return detect.Outcome{}, err
		}
	}
	return w.detect.Stream(ctx, f, info.Size())
}

var errSpecial = errors.New("not a regular file")
