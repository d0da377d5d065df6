package files

import (
	"context"
	"path"
	"path/filepath"
	"sync/atomic"
)

// A dir is a directory of the tree, open for as long as there is work in it.
type dir struct {
	walk   *walk
	parent *dir   // nil for where a walk starts
	holds  bool   // this dir has a reference to parent, which it needs to be opened anew
	name   string // in parent
	path   string // slash path relative to the root, "." for the root itself
	disk   string // for where a walk starts: the name by which the system knows it
	file   string // for a file by itself: the path under which it is told
	folder folder
	open   bool // folder is open; decided before others see the dir
	role   role
	rules  *ignores // nil: Git's ignore rules don't count
	listed bool     // some of the entries were read
	refs   atomic.Int32
}

func (d *dir) join(name string) string {
	switch {
	case d.file != "":
		return d.file
	case d.path == ".":
		return name
	}
	return d.path + "/" + name
}

// onDisk returns a name by which the system knows the directory, if it is not
// too long.
func (d *dir) onDisk() string {
	if d.parent == nil {
		return d.disk
	}
	return filepath.Join(d.parent.onDisk(), d.name)
}

// release gives back a reference. The last one closes the directory.
func (d *dir) release() {
	for d != nil && d.refs.Add(-1) == 0 {
		if d.open {
			d.folder.close()
			d.walk.folders.Add(-1)
		}
		if !d.holds {
			return
		}
		d = d.parent
	}
}

// mostFolders is how many directories are kept open while there is work in
// them. A tree that is deep, with siblings waiting at every level, would take
// all descriptors that the system grants.
const mostFolders = 400

// use returns the directory's folder, opening it anew if it is not kept open.
// The caller calls done after use.
func (d *dir) use() (f folder, done func(), err error) {
	if d.open {
		return d.folder, func() {}, nil
	}
	above, done, err := d.parent.use()
	if err != nil {
		return noFolder, nil, err
	}
	defer done()
	if f, err = above.enter(d.name); err != nil {
		return noFolder, nil, err
	}
	return f, func() { f.close() }, nil
}

// enter opens the directory called name and works on it.
func (w *worker) enter(ctx context.Context, parent *dir, name string) {
	d := &dir{walk: w.walk, parent: parent, name: name, path: parent.join(name), open: true, role: parent.role.child(name)}
	above, done, err := parent.use()
	if err != nil {
		w.fail(d.path, err)
		return
	}
	d.folder, err = above.enter(name)
	done()
	if err != nil {
		w.fail(d.path, err)
		return
	}
	w.walk.folders.Add(1)
	d.refs.Store(1)
	parent.refs.Add(1)
	d.holds = true
	defer d.release()
	if w.elsewhere(d) {
		return
	}
	if parent.rules != nil && d.role == ordinary {
		if d.rules, err = parent.rules.enter(name); err != nil {
			w.fail(d.join(".gitignore"), err)
		}
	}
	w.list(ctx, d)
}

// elsewhere tells whether the directory is not to be read because it lies on
// another file system or was read before.
func (w *worker) elsewhere(d *dir) bool {
	again := len(w.walk.roots) > 1 // something was followed to
	if !again && !w.walk.opts.OneFilesystem {
		return false
	}
	id, err := d.folder.id()
	if err != nil {
		w.fail(d.path, err)
		return true
	}
	if w.walk.opts.OneFilesystem && id.dev != w.walk.device {
		w.leaveOut(&w.result.Coverage.LeftOut.OtherFilesystem, d, nil, byFilesystem)
		return true
	}
	return again && id != fileID{} && w.walk.done[id]
}

// list reads entries of a directory: it queues the directories among them, and
// itself if there are more, searches some of the files and queues the others.
func (w *worker) list(ctx context.Context, d *dir) {
	w.entries.reset()
	more, err := d.folder.list(&w.entries, &w.listing)
	if err != nil {
		w.fail(d.path, err)
	}
	if !d.listed {
		d.listed = true
		w.recognise(d, more)
	}
	var tasks []task
	if more {
		tasks = append(tasks, task{dir: d})
	}
	files := w.walk.queue.newBatch()
	var full []*batch
	for at := 0; at >= 0 && w.entries.count > 0; {
		var k kind
		var name []byte
		k, name, at = w.entries.entry(at)
		if k == kindDir {
			if w.wanted(d, name) {
				tasks = append(tasks, task{dir: d, name: string(name)})
			}
			continue
		}
		if string(name) == ".git" {
			w.result.GitDirs = append(w.result.GitDirs, d.join(".git"))
		}
		if files.count == batchSize {
			full = append(full, files)
			files = w.walk.queue.newBatch()
		}
		files.add(k, name)
	}
	for _, b := range full {
		tasks = append(tasks, task{dir: d, batch: b})
	}
	switch {
	case more || !d.holds:
	case len(tasks) > 0 && w.walk.folders.Load() > mostFolders:
		d.folder.close()
		w.walk.folders.Add(-1)
		d.open = false
	default:
		d.holds = false
		d.parent.release()
	}
	d.refs.Add(int32(len(tasks)))
	w.walk.queue.push(tasks...)
	w.files(ctx, d, files)
	w.walk.queue.recycle(files)
}

// batchSize is how many files of one directory a worker takes on by itself.
const batchSize = 64

// recognise finds out what the directory is to Git. Of a large one not all
// entries are known yet.
func (w *worker) recognise(d *dir, more bool) {
	var s signs
	for at := 0; at >= 0 && w.entries.count > 0; {
		var name []byte
		_, name, at = w.entries.entry(at)
		s.see(name)
	}
	if more {
		s = signs{d.folder.has("HEAD"), d.folder.has("objects"), d.folder.has("refs"), d.folder.has(".git")}
	}
	switch {
	case s.head && s.objects && s.refs:
		if d.role == ordinary || d.role == inGit {
			d.role = repository
		}
		w.result.GitDirs = append(w.result.GitDirs, d.path)
	case d.role == inGit && path.Base(d.path) == ".git" && (s.head || s.objects || s.refs):
		d.role = damaged // for its reader to name
		w.result.GitDirs = append(w.result.GitDirs, d.path)
	}
	switch {
	case d.role != ordinary:
		d.rules = nil
	case s.git && w.walk.opts.Gitignore:
		if own, err := rulesOf(d.onDisk(), w.walk.opts.Getenv); err != nil {
			w.fail(d.join(".git"), err)
		} else if own != nil {
			d.rules = own
		}
	}
}

// wanted tells whether the directory called name is to be entered, and searches
// its name if so.
func (w *worker) wanted(d *dir, name []byte) bool {
	if w.walk.opts.Globs != nil && w.walk.opts.Globs.ExcludedTree(d.join(string(name))) {
		w.exclude(d, name)
		return false
	}
	if d.rules != nil && d.rules.leavesOut(string(name), true) {
		w.leaveOut(&w.result.Coverage.LeftOut.Gitignore, d, name, byGitignore)
		return false
	}
	w.name(d, name)
	return true
}
