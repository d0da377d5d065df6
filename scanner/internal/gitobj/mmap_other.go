//go:build !unix

package gitobj

import (
	"errors"
	"os"
)

// mmap is not to be had: files are read with ReadAt.
func mmap(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func munmap([]byte) error { return nil }
