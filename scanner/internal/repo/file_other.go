//go:build !unix

package repo

import (
	"io/fs"
	"os"
)

// readFile reads a whole regular file. Symbolic links are followed, as Git does
// for the files of a git directory.
func readFile(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	return os.ReadFile(path)
}
