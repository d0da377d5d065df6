// Package atomicfile writes files whole or not at all: who reads one meanwhile
// sees the old file, and so does everybody after a failure.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes or replaces the named file with what write puts into the one it
// is given, which Write closes. A new file has the permissions perm but for the
// process's umask; of those of an old file it keeps what perm allows. A symbolic
// link stays, and what it leads to is replaced. A device or a pipe is written to:
// nothing takes its place.
func Write(name string, perm fs.FileMode, write func(*os.File) error) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	old, err := os.Stat(name)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return through(name, os.O_WRONLY, perm, write)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(name); err == nil { // a link to a file that is yet to be
			return through(name, os.O_WRONLY|os.O_CREATE, perm, write)
		}
	case err != nil:
		return err
	}
	next := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text()[:10])
	err = through(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm, func(f *os.File) error {
		if old != nil {
			if err := f.Chmod(old.Mode().Perm() & perm); err != nil {
				return err
			}
		}
		return write(f)
	})
	if err == nil {
		err = os.Rename(next, name)
	}
	if err != nil {
		_ = os.Remove(next)
	}
	return err
}

// through opens a file, has it written and closes it.
func through(name string, flag int, perm fs.FileMode, write func(*os.File) error) error {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
