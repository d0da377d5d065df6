package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A Ref is a name for an object.
//
// Names are full: refs/heads/main, HEAD. What belongs to a work tree other than
// the repository's own is named as Git does: main-worktree/HEAD,
// worktrees/NAME/refs/bisect/bad.
type Ref struct {
	Name   string
	ID     gitobj.ID // zero for a symbolic ref whose target does not exist
	Target string    // of a symbolic ref: the name it stands for
	Peeled gitobj.ID // the object a tag in the end points to, where the storage notes it; else zero
}

// Head returns HEAD of the repository's work tree. Its ID is zero on a branch
// without commits; its Target is empty when detached.
func (r *Repo) Head() (Ref, error) { return r.resolveRef("HEAD") }

// maxSymrefs is how many symbolic refs Git follows from one to the next.
const maxSymrefs = 5

// resolveRef looks up a ref by its full name and follows it if it is symbolic.
// The error is fs.ErrNotExist when there is none.
func (r *Repo) resolveRef(name string) (Ref, error) {
	store := r.refStore()
	ref, err := store.lookup(name)
	if err != nil {
		return Ref{}, err
	}
	next := ref
	for range maxSymrefs {
		if next.Target == "" {
			ref.ID, ref.Peeled = next.ID, next.Peeled
			return ref, nil
		}
		next, err = store.lookup(next.Target)
		if errors.Is(err, fs.ErrNotExist) {
			return ref, nil
		}
		if err != nil {
			return Ref{}, err
		}
	}
	return Ref{}, fmt.Errorf("ref %s: symbolic refs lead to each other more than %d times", name, maxSymrefs)
}

// Refs returns every ref, sorted by name: branches, tags, notes, remotes and
// whatever else is below refs/; what each work tree has for itself (HEAD,
// refs/bisect, refs/worktree); the pseudo refs FETCH_HEAD, ORIG_HEAD,
// MERGE_HEAD and their like, with one Ref for each id where a file holds
// several; and the commits that a rebase, merge or bisection under way keeps.
func (r *Repo) Refs() ([]Ref, []Problem, error) {
	store := r.refStore()
	refs, problems, err := store.all()
	if err != nil {
		return nil, problems, err
	}
	for _, v := range r.views() {
		found, bad := r.pseudoRefs(v)
		refs = append(refs, found...)
		problems = append(problems, bad...)
	}
	slices.SortStableFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	resolveAll(refs)
	return refs, problems, nil
}

// resolveAll gives the symbolic ones of refs, which are sorted, their ids.
func resolveAll(refs []Ref) {
	find := func(name string) *Ref {
		i, ok := slices.BinarySearchFunc(refs, name, func(r Ref, name string) int { return strings.Compare(r.Name, name) })
		if !ok {
			return nil
		}
		return &refs[i]
	}
	for i := range refs {
		next := &refs[i]
		for range maxSymrefs {
			if next == nil || next.Target == "" {
				break
			}
			target := next.Target
			if view, ok := viewOf(next.Name); ok && isPrivate(target) {
				target = view + target
			}
			next = find(target)
		}
		if next != nil && next.Target == "" {
			refs[i].ID, refs[i].Peeled = next.ID, next.Peeled
		}
	}
}

// A view is the part of the refs that one work tree has for itself.
type view struct {
	prefix string // of the refs' names; "" for the repository's own work tree
	gitDir string
}

// views returns the view of every work tree, the repository's own first.
func (r *Repo) views() []view {
	views := []view{{"", r.GitDir}}
	if r.GitDir != r.CommonDir {
		views = append(views, view{"main-worktree/", r.CommonDir})
	}
	for _, dir := range r.linkedDirs() {
		if dir != r.GitDir {
			views = append(views, view{"worktrees/" + filepath.Base(dir) + "/", dir})
		}
	}
	return views
}

// viewOf returns the prefix of the view that a ref's name belongs to.
func viewOf(name string) (prefix string, ok bool) {
	if strings.HasPrefix(name, "main-worktree/") {
		return "main-worktree/", true
	}
	if rest, ok := strings.CutPrefix(name, "worktrees/"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return name[:len("worktrees/")+i+1], true
		}
	}
	return "", false
}

// privateRefs are the folders below refs/ that each work tree has for itself
// (git-worktree, "REFS").
var privateRefs = []string{"refs/bisect/", "refs/worktree/", "refs/rewritten/"}

// isPrivate tells whether each work tree has its own ref of that name.
func isPrivate(name string) bool {
	if !strings.HasPrefix(name, "refs/") {
		return true
	}
	for _, p := range privateRefs {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// A refStore is one of the two ways of keeping refs and logs.
type refStore interface {
	// lookup returns the ref of that full name, not followed; the error is
	// fs.ErrNotExist where there is none.
	lookup(name string) (Ref, error)
	// all returns all refs but the pseudo refs that are plain files,
	// symbolic ones not followed, in any order.
	all() ([]Ref, []Problem, error)
	// logs returns all reflogs.
	logs() ([]Log, []Problem, error)
}

func (r *Repo) refStore() refStore {
	if r.RefFormat == RefReftable {
		return tableRefs{r}
	}
	return fileRefs{r}
}

// fileRefs keeps each ref in a file of its own, and those that have not changed
// for long in packed-refs.
type fileRefs struct{ *Repo }

func (s fileRefs) lookup(name string) (Ref, error) {
	path, shared, err := s.refPath(name)
	if err != nil {
		return Ref{}, err
	}
	ref, err := s.readLoose(path, name)
	if !absent(err) && !isDir(path) {
		return ref, err
	}
	if shared {
		return s.lookupPacked(name)
	}
	return Ref{}, fs.ErrNotExist
}

// refPath returns the file of a ref, and whether it is in the shared part. A name
// that no ref may have does not exist; so none can lead out of the repository.
func (r *Repo) refPath(name string) (path string, shared bool, err error) {
	if !validRefName(name) {
		return "", false, fs.ErrNotExist
	}
	dir := r.GitDir
	if prefix, ok := viewOf(name); ok {
		name = name[len(prefix):]
		if dir = r.CommonDir; prefix != "main-worktree/" {
			dir = filepath.Join(r.CommonDir, filepath.FromSlash(prefix))
		}
	}
	if shared = !isPrivate(name); shared {
		dir = r.refDir
	}
	return filepath.Join(dir, filepath.FromSlash(name)), shared, nil
}

// validRefName follows git-check-ref-format, but allows a single component.
func validRefName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	return name != "@" && !strings.Contains(name, "..") && !strings.Contains(name, "@{") && !strings.HasSuffix(name, ".")
}

// readLoose reads the file of one ref, or the symbolic link that stands for one.
func (r *Repo) readLoose(path, name string) (Ref, error) {
	if target, err := os.Readlink(path); err == nil {
		if target = filepath.ToSlash(target); strings.HasPrefix(target, "refs/") {
			return Ref{Name: name, Target: target}, nil
		}
	}
	return r.readRefFile(path, name)
}

// readRefFile reads the file of one ref, which is known to be no symbolic link.
func (r *Repo) readRefFile(path, name string) (Ref, error) {
	data, err := readFile(path)
	if err != nil {
		return Ref{}, err
	}
	if target, ok := strings.CutPrefix(string(data), "ref:"); ok {
		target = strings.Trim(target, " \t\r\n")
		if target == "" {
			return Ref{}, fmt.Errorf("%s: symbolic ref without a target", path)
		}
		return Ref{Name: name, Target: target}, nil
	}
	id, err := looseID(string(data))
	if err == nil && len(id.Bytes()) != r.Format.Size() {
		err = errors.New("object id of another format")
	}
	if err == nil && id.IsZero() {
		err = errors.New("ref to the null id")
	}
	if err != nil {
		return Ref{}, fmt.Errorf("%s: %w", path, err)
	}
	return Ref{Name: name, ID: id}, nil
}

// looseID reads the id that the file of a ref begins with.
func looseID(text string) (gitobj.ID, error) {
	if end := strings.IndexAny(text, " \t\r\n"); end >= 0 {
		text = text[:end]
	}
	if text == "" {
		return gitobj.ID{}, errors.New("empty ref")
	}
	return gitobj.ParseID(text)
}

func (s fileRefs) all() ([]Ref, []Problem, error) {
	w := refWalk{repo: s.Repo, seen: map[string]bool{}}
	w.walk(filepath.Join(s.refDir, "refs"), "refs/", "", func(name string) bool {
		return isPrivate(name) && s.refDir != s.GitDir
	})
	for _, v := range s.views() {
		if v.gitDir != s.refDir || v.prefix != "" {
			for _, p := range privateRefs {
				w.walk(filepath.Join(v.gitDir, filepath.FromSlash(p)), p, v.prefix, nil)
			}
		}
	}
	path := filepath.Join(s.refDir, "packed-refs")
	data, err := readFile(path)
	if err != nil && !absent(err) {
		w.problems = append(w.problems, Problem{Path: path, Err: err})
	}
	packed, problems := parsePacked(data, s.Repo)
	for i := range problems {
		problems[i].Path = path
	}
	loose := map[string]bool{}
	for _, ref := range w.refs {
		loose[ref.Name] = true
	}
	for _, ref := range packed {
		if !loose[ref.Name] {
			w.refs = append(w.refs, ref)
		}
	}
	return w.refs, append(w.problems, problems...), nil
}

// A refWalk collects the refs in folders of files.
type refWalk struct {
	repo     *Repo
	refs     []Ref
	problems []Problem
	seen     map[string]bool // folders entered through symbolic links
}

// walk reads the folder whose files have names that begin with name; prefix is
// the view's. Names that skip accepts are left to another walk.
func (w *refWalk) walk(dir, name, prefix string, skip func(name string) bool) {
	walkFiles(dir, name, w.seen, func(path, name string, link bool, err error) {
		switch {
		case skip != nil && skip(name):
		case err != nil:
			w.problems = append(w.problems, Problem{Path: path, Name: prefix + name, Err: err})
		case strings.HasSuffix(name, ".lock"):
		default:
			read := w.repo.readRefFile
			if link {
				read = w.repo.readLoose
			}
			ref, err := read(path, prefix+name)
			if err == nil {
				w.refs = append(w.refs, ref)
			} else if !absent(err) {
				w.problems = append(w.problems, Problem{Path: path, Name: prefix + name, Err: err})
			}
		}
	})
}

// walkFiles calls visit for each file below dir with its path, its name, which
// is slash-separated and begins with name, and whether it is a symbolic link;
// and with an error for what can't be listed. A folder that several symbolic links lead to is entered once, so loops
// end.
func walkFiles(dir, name string, seen map[string]bool, visit func(path, name string, link bool, err error)) {
	entries, err := os.ReadDir(dir)
	if err != nil && !absent(err) {
		visit(dir, strings.TrimSuffix(name, "/"), false, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		isFolder, link := e.IsDir(), e.Type()&fs.ModeSymlink != 0
		if link && isDir(path) {
			real := resolved(path)
			if seen[real] {
				continue
			}
			seen[real] = true
			isFolder = true
		}
		if isFolder {
			walkFiles(path, name+e.Name()+"/", seen, visit)
		} else {
			visit(path, name+e.Name(), link, nil)
		}
	}
}
