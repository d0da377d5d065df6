package repo

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// errNotRegular says that a file of a repository is a FIFO, a device or the
// like. Opening one could wait for ever.
var errNotRegular = errors.New("not a regular file")

// readLine reads a file that holds one line, like commondir or gitdir, and
// returns it without its line end.
func readLine(path string) (string, error) {
	b, err := readFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// absent tells whether err means that there is no such file. A parent that is a
// file counts, as it does for Git: a ref a can't live beside a ref a/b.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isNotDir(err)
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
