package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/atomicfile"
)

// State is what stands where Git looks for a hook.
type State uint8

// The states. Edited is a hook of ours that somebody changed. Idle is a file
// that Git does not run, since it is not executable.
const (
	Absent State = iota
	Ours
	Edited
	Foreign
	Idle
)

// A Hook is one hook of a repository.
type Hook struct {
	Event   string
	Path    string
	State   State
	Program string // that our hook runs; "" for others
	Missing bool   // Program is not there
	Before  string // path of the hook that ours runs first; "" without one
}

// Look says what stands in dir for the event.
func Look(dir, event string) (Hook, error) {
	h := Hook{Event: event, Path: filepath.Join(dir, event)}
	if _, err := os.Lstat(h.Path + chained); err == nil {
		h.Before = h.Path + chained
	} else if !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	if _, err := os.Lstat(h.Path); errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	info, err := os.Stat(h.Path)
	if errors.Is(err, fs.ErrNotExist) { // a symbolic link to nothing
		h.State = Idle
		return h, nil
	}
	if err != nil {
		return h, err
	}
	if !info.Mode().IsRegular() {
		return h, fmt.Errorf("%s is no file", h.Path)
	}
	text, err := os.ReadFile(h.Path)
	if err != nil {
		return h, err
	}
	switch {
	case strings.HasPrefix(string(text), "#!/bin/sh\n"+marker+"\n"):
		h.State = Edited
		if name, ok := program(event, string(text)); ok {
			h.State, h.Program = Ours, name
			_, err := os.Stat(filepath.FromSlash(name))
			h.Missing = err != nil
		}
		if !executable(info) {
			h.State = Idle
		}
	case !executable(info):
		h.State = Idle
	default:
		h.State = Foreign
	}
	return h, nil
}

// executable tells whether Git runs the file. Windows has no such mark.
func executable(info fs.FileInfo) bool {
	return runtime.GOOS == "windows" || info.Mode()&0o111 != 0
}

// Install puts a hook for the event into dir that runs program, by its absolute
// path. A hook that is there is kept beside it and runs first. It tells whether
// anything had to be done.
func Install(dir, event, program string) (changed bool, err error) {
	h, err := Look(dir, event)
	if err != nil {
		return false, err
	}
	program = filepath.ToSlash(program)
	text := script(event, program)
	switch h.State {
	case Ours:
		if h.Program == program {
			return false, nil
		}
	case Edited:
		return false, fmt.Errorf("%s was changed by hand: move your lines to %s, delete it and install again", h.Path, h.Path+chained)
	case Foreign, Idle:
		if ours(h.Path) {
			break // only its mode was lost
		}
		if h.Before != "" {
			return false, fmt.Errorf("%s and %s are both foreign hooks: join them, and install again", h.Path, h.Before)
		}
		if err := os.Rename(h.Path, h.Path+chained); err != nil {
			return false, err
		}
		defer func() {
			if err != nil {
				_ = os.Rename(h.Path+chained, h.Path)
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return false, err
	}
	return true, atomicfile.Write(h.Path, 0o755, func(f *os.File) error {
		// Whoever works in the repository has to be able to run it, whatever the
		// umask: Git passes over a hook that it can't run.
		if err := f.Chmod(0o755); err != nil {
			return err
		}
		_, err := f.WriteString(text)
		return err
	})
}

func ours(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && strings.HasPrefix(string(text), "#!/bin/sh\n"+marker+"\n")
}

// Uninstall takes our hook for the event out of dir, and puts the one back that
// was there before. It tells whether there was anything to do.
func Uninstall(dir, event string) (changed bool, err error) {
	h, err := Look(dir, event)
	if err != nil {
		return false, err
	}
	switch {
	case h.State == Edited:
		return false, fmt.Errorf("%s was changed by hand: take it away by hand", h.Path)
	case h.State == Absent && h.Before != "":
		return true, os.Rename(h.Before, h.Path)
	case h.State != Ours && !(h.State == Idle && ours(h.Path)):
		return false, nil
	case h.Before != "":
		return true, os.Rename(h.Before, h.Path)
	}
	return true, os.Remove(h.Path)
}
