//go:build !linux || portable

package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A folder is an open directory.
type folder struct {
	root    *os.Root
	path    string   // by which the system knows it, on Windows verbatim
	entries *os.File // open while entries are read
}

var noFolder folder

// openFolder opens the directory at path, following symbolic links.
func openFolder(path string) (folder, error) {
	if runtime.GOOS == "windows" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return noFolder, err
		}
		path = verbatim(abs)
	}
	root, err := os.OpenRoot(path)
	return folder{root: root, path: path}, err
}

// below returns the path of the entry called name.
func (f folder) below(name string) string { return f.path + string(os.PathSeparator) + name }

// byPath tells whether an entry can be had by its whole path alone.
func byPath(name string) bool { return runtime.GOOS == "windows" && isMistaken(name) }

// enter opens the directory called name, which must not be a symbolic link.
func (f folder) enter(name string) (folder, error) {
	stat, open := f.root.Lstat, f.root.OpenRoot
	at := name
	if byPath(name) {
		stat, open, at = os.Lstat, os.OpenRoot, f.below(name)
	}
	info, err := stat(at)
	if err != nil {
		return noFolder, err
	}
	if !info.IsDir() {
		return noFolder, errors.New("no longer a directory")
	}
	root, err := open(at)
	return folder{root: root, path: f.below(name)}, err
}

func (f folder) close() {
	if f.entries != nil {
		f.entries.Close()
	}
	f.root.Close()
}

// listing is how many entries are asked for at a time.
const listing = 1 << 10

// list adds entries to b, and tells whether there are more of them: it is
// called again then.
func (f *folder) list(b *batch, _ *[]byte) (more bool, err error) {
	if f.entries == nil {
		if f.entries, err = f.root.Open("."); err != nil {
			return false, err
		}
	}
	list, err := f.entries.ReadDir(listing)
	for _, e := range list {
		b.add(kindOf(e.Type()), []byte(e.Name()))
	}
	if err == nil {
		return true, nil
	}
	f.entries.Close()
	f.entries = nil
	if err == io.EOF {
		err = nil
	}
	return false, err
}

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return kindFile
	case mode.IsDir():
		return kindDir
	case mode&fs.ModeSymlink != 0:
		return kindLink
	}
	return kindOther
}

// has tells whether there is an entry called name.
func (f folder) has(name string) bool {
	_, err := f.root.Lstat(name)
	return err == nil
}

// id returns the directory's identity.
func (f folder) id() (fileID, error) {
	info, err := f.root.Stat(".")
	if err != nil {
		return fileID{}, err
	}
	id, _ := identity(info)
	return id, nil
}

// identityOf returns the identity of the file that os.Stat described.
func identityOf(info fs.FileInfo) fileID {
	id, _ := identity(info)
	return id
}

// readlink returns the text of the symbolic link called name.
func (f folder) readlink(name string) (string, error) {
	if byPath(name) {
		return os.Readlink(f.below(name))
	}
	return f.root.Readlink(name)
}

// A file is an open file.
type file struct{ f *os.File }

// closed is no file.
var closed file

// open opens a file for reading.
func (f folder) open(name []byte, follow bool) (file, error) {
	if follow || byPath(string(name)) {
		opened, err := os.OpenFile(f.below(string(name)), os.O_RDONLY|nonblock, 0)
		return file{opened}, err
	}
	opened, err := f.root.OpenFile(string(name), os.O_RDONLY|nonblock, 0)
	return file{opened}, err
}

func (f file) stat() (fileInfo, error) {
	info, err := f.f.Stat()
	if err != nil {
		return fileInfo{}, err
	}
	id, links := identity(info)
	return fileInfo{regular: info.Mode().IsRegular(), size: info.Size(), links: links, id: id}, nil
}

// read reads at the file's offset; 0 without error is its end.
func (f file) read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f file) close() {
	if f != closed {
		f.f.Close()
	}
}

// stream returns the file as the standard library has it, which closes it from
// then on.
func (f file) stream(string) (*os.File, error) { return f.f, nil }

// nextData says that data goes on to the end of the file: holes are read as the
// zeros that they stand for.
func nextData(*os.File, int64) (from, to int64, err error) {
	return 0, 0, errors.ErrUnsupported
}
