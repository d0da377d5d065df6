//go:build unix

package gitobj

import (
	"os"

	"golang.org/x/sys/unix"
)

// mmap maps the first n bytes of f for reading.
func mmap(f *os.File, n int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, n, unix.PROT_READ, unix.MAP_SHARED)
}

func munmap(data []byte) error {
	if data == nil {
		return nil
	}
	return unix.Munmap(data)
}
