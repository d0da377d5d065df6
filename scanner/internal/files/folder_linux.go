//go:build linux && !portable

package files

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A folder is an open directory.
type folder struct {
	fd int
}

// noFolder is no folder.
var noFolder = folder{fd: -1}

// openFolder opens the directory at path, following symbolic links.
func openFolder(path string) (folder, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return folder{fd: fd}, err
		}
	}
}

// enter opens the directory called name, which must not be a symbolic link.
func (f folder) enter(name string) (folder, error) {
	for {
		fd, err := unix.Openat(f.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return folder{fd: fd}, err
		}
	}
}

func (f folder) close() { unix.Close(f.fd) }

// listing is how many bytes of entries are asked for at a time.
const listing = 64 << 10

// list adds entries to b, and tells whether there are more of them: it is
// called again then. buf, of the worker's own, is for its use. The layout of
// what the system gives is in getdents(2).
func (f *folder) list(b *batch, buf *[]byte) (more bool, err error) {
	if *buf == nil {
		*buf = make([]byte, listing)
	}
	for len(b.text) < listing/2 {
		n, err := unix.Getdents(f.fd, *buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return false, err
		}
		for d := (*buf)[:n]; len(d) > 0; {
			size := binary.NativeEndian.Uint16(d[16:])
			name := d[19:size]
			name = name[:bytes.IndexByte(name, 0)]
			k := f.kind(d[18], name)
			if d = d[size:]; string(name) != "." && string(name) != ".." {
				b.add(k, name)
			}
		}
	}
	return true, nil
}

// kind turns a type of getdents(2) into a kind. Some file systems leave it out.
func (f *folder) kind(t byte, name []byte) kind {
	switch t {
	case unix.DT_REG:
		return kindFile
	case unix.DT_DIR:
		return kindDir
	case unix.DT_LNK:
		return kindLink
	case unix.DT_UNKNOWN:
		var stat unix.Stat_t
		if unix.Fstatat(f.fd, string(name), &stat, unix.AT_SYMLINK_NOFOLLOW) != nil {
			return kindFile // opening it says what is wrong
		}
		return f.kind(byte(stat.Mode&unix.S_IFMT>>12), name)
	}
	return kindOther
}

// has tells whether there is an entry called name.
func (f folder) has(name string) bool {
	var stat unix.Stat_t
	return unix.Fstatat(f.fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// id returns the directory's identity.
func (f folder) id() (fileID, error) {
	var stat unix.Stat_t
	err := unix.Fstat(f.fd, &stat)
	return fileID{uint64(stat.Dev), stat.Ino}, err
}

// identityOf returns the identity of the file that os.Stat described.
func identityOf(info fs.FileInfo) fileID {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}
	}
	return fileID{uint64(stat.Dev), stat.Ino}
}

// readlink returns the text of the symbolic link called name.
func (f folder) readlink(name string) (string, error) {
	for size := 256; ; size *= 2 {
		text := make([]byte, size)
		n, err := unix.Readlinkat(f.fd, name, text)
		if err != nil {
			return "", err
		}
		if n < size {
			return string(text[:n]), nil
		}
	}
}

// A file is an open file.
type file struct{ fd int }

// closed is no file.
var closed = file{fd: -1}

// open opens a file for reading; name is followed by a zero byte. Without
// O_NONBLOCK the open of a pipe that took the file's place would wait for a
// writer, and the read of some files of /proc for something to happen.
func (f folder) open(name []byte, follow bool) (file, error) {
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(f.fd), uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(flags)|unix.O_LARGEFILE, 0, 0, 0)
		switch errno {
		case 0:
			return file{int(fd)}, nil
		case unix.EINTR:
		default:
			return file{}, errno
		}
	}
}

func (f file) stat() (fileInfo, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(f.fd, &stat); err != nil {
		return fileInfo{}, err
	}
	return fileInfo{
		regular: stat.Mode&unix.S_IFMT == unix.S_IFREG,
		size:    stat.Size,
		sparse:  stat.Blocks*512 < stat.Size,
		links:   uint64(stat.Nlink),
		id:      fileID{uint64(stat.Dev), stat.Ino},
	}, nil
}

// read reads at the file's offset; 0 without error is its end.
func (f file) read(p []byte) (int, error) {
	for {
		n, err := unix.Read(f.fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func (f file) close() {
	if f != closed {
		unix.Close(f.fd)
	}
}

// stream returns the file as the standard library has it, which closes it from
// then on.
func (f file) stream(name string) (*os.File, error) {
	// Regular files are always ready; a blocking descriptor is not registered
	// with the runtime's poller.
	if err := unix.SetNonblock(f.fd, false); err != nil {
		unix.Close(f.fd)
		return nil, err
	}
	return os.NewFile(uintptr(f.fd), name), nil
}

// nextData returns where the next data begins at or after an offset, and where
// it ends; from is negative if none follows (lseek(2), SEEK_DATA).
func nextData(f *os.File, at int64) (from, to int64, err error) {
	from, err = unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
	if err == unix.ENXIO {
		return -1, -1, nil
	}
	if err != nil {
		return 0, 0, err
	}
	to, err = unix.Seek(int(f.Fd()), from, unix.SEEK_HOLE)
	return from, to, err
}
