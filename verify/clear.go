package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// The names of what a memory has for one API, and of a verdict in there or what
// was left of writing one.
var (
	apiName     = regexp.MustCompile(`^[0-9a-f]{16}$`)
	verdictName = regexp.MustCompile(`^([0-9a-f]{64}\.json|new-[0-9]+)$`)
)

// Size returns how many verdicts the memory holds.
func (m *Memory) Size() (int, error) {
	n := 0
	err := m.each(func(name string) error {
		if filepath.Ext(name) == ".json" {
			n++
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("read the verdicts: %w", err)
	}
	return n, err
}

// Clear forgets all verdicts, final ones among them, and returns how many there
// were. Other files in the directory stay.
func (m *Memory) Clear() (int, error) {
	n := 0
	err := m.each(func(name string) error {
		err := os.Remove(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process was faster
		}
		if err == nil && filepath.Ext(name) == ".json" {
			n++
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("clear the verdicts: %w", err)
	}
	return n, err
}

// each calls do for the file of every verdict. A directory that is not there has
// none.
func (m *Memory) each(do func(name string) error) error {
	var errs []error
	apis, err := os.ReadDir(m.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, api := range apis {
		if !apiName.MatchString(api.Name()) || !api.IsDir() {
			continue
		}
		verdicts, err := os.ReadDir(filepath.Join(m.dir, api.Name()))
		errs = append(errs, err)
		for _, v := range verdicts {
			if verdictName.MatchString(v.Name()) && v.Type().IsRegular() {
				errs = append(errs, do(filepath.Join(m.dir, api.Name(), v.Name())))
			}
		}
	}
	return errors.Join(errs...)
}
