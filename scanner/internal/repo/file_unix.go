//go:build unix

package repo

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// readFile reads a whole regular file. Symbolic links are followed, as Git does
// for the files of a git directory. A repository may have thousands of refs with
// a file each, so it makes do with a third of the system calls of os.ReadFile.
func readFile(path string) (data []byte, err error) {
	fail := func(err error) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	// Without O_NONBLOCK the open of a pipe would wait for a writer.
	fd, err := retry(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	})
	if errors.Is(err, unix.ENXIO) {
		return fail(errNotRegular) // a socket
	}
	if err != nil {
		return fail(err)
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fail(err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return fail(errNotRegular)
	}
	data = make([]byte, 0, stat.Size+1)
	for {
		n, err := retry(func() (int, error) { return unix.Read(fd, data[len(data):cap(data)]) })
		if err != nil {
			return fail(err)
		}
		data = data[:len(data)+n]
		if n == 0 || int64(len(data)) == stat.Size {
			return data, nil
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

// retry calls f again while a signal interrupts it.
func retry(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
