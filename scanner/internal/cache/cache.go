package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// Bounds of the directory. The entries used least recently go first.
const (
	maxEntry   = 64 << 20 // bytes; larger ones are not kept
	maxBytes   = 256 << 20
	maxEntries = 10_000
)

// A Cache is a directory of entries. It is safe for concurrent use, by several
// processes, too: files are replaced whole.
type Cache struct {
	dir     string
	program [sha256.Size]byte
}

// Open returns the cache in dir, which is made when the first entry is saved.
// The error says why the directory must not be used: others can write to it.
func Open(dir string) (*Cache, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	return &Cache{dir: dir, program: program()}, nil
}

// private returns an error if dir is there and others can write to it, or
// it is something else than a directory.
func private(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case !ours(info):
		return fmt.Errorf("%s belongs to another user, or others may write to it", dir)
	}
	return nil
}

// program tells builds of the program apart: an entry says what the code found
// that made it. Version and revision do not say that the code was not changed
// since, so the executable file counts, too.
func program() [sha256.Size]byte {
	h := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(h, info.Size(), info.ModTime().UnixNano())
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// A Key is what an entry belongs to, beside the program.
type Key struct {
	Pack       gitobj.PackKey
	Containers bool // whether containers were opened, and so shown
}

func (c *Cache) name(k Key) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s%x %d %v %d %v %d %v", magic, c.program,
		k.Pack.Format, k.Pack.Pack, k.Pack.Size, k.Pack.Index, k.Pack.Objects, k.Containers))
}

func (c *Cache) path(name [sha256.Size]byte) string {
	return filepath.Join(c.dir, hex.EncodeToString(name[:]))
}

// Load returns the entry of k; nil if there is none that can be used.
func (c *Cache) Load(k Key) *Entry {
	name := c.name(k)
	e, err := decode(c.read(c.path(name)), k.Pack, name)
	if err != nil {
		return nil
	}
	return e
}

// read returns the file of that name; nil if there is none that can be used.
func (c *Cache) read(path string) []byte {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntry {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	// Its time says when it was last used, to the day.
	if now := time.Now(); now.Sub(info.ModTime()) > 24*time.Hour {
		_ = os.Chtimes(path, now, now)
	}
	return data
}

// Save writes the entry of k. That it can't be written costs the next scan time
// and nothing else.
func (c *Cache) Save(k Key, e *Entry) error {
	name := c.name(k)
	return c.write(c.path(name), e.encode(name))
}

// write puts a whole file at path.
func (c *Cache) write(path string, data []byte) error {
	if len(data) > maxEntry {
		return fmt.Errorf("a cache entry of %d bytes is too large", len(data))
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(c.dir, temporary+"*") // 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return nil
}

// Trim brings the directory back to its bounds. It is called after Save.
func (c *Cache) Trim() error { return trim(c.dir, maxBytes, maxEntries, time.Now()) }

const temporary = ".new-"

// A File is one entry in the directory.
type File struct {
	Name string
	Size int64     // bytes
	Used time.Time // last, to the day
	// Story tells that it is the story of several packs, not the entry of one.
	Story bool
}

// Files lists the entries in dir, those used last first. A directory that is
// not there has none.
func Files(dir string) ([]File, error) {
	files, _, err := list(dir)
	return files, err
}

// list returns the entries in dir, and what was left of writing some.
func list(dir string) (entries, rests []File, err error) {
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, d := range found {
		rest := strings.HasPrefix(d.Name(), temporary)
		if !rest && !isName(d.Name()) || !d.Type().IsRegular() {
			continue
		}
		info, err := d.Info()
		if err != nil {
			continue // another process removed it
		}
		f := File{d.Name(), info.Size(), info.ModTime(), strings.HasSuffix(d.Name(), storyEnd)}
		if rest {
			rests = append(rests, f)
		} else {
			entries = append(entries, f)
		}
	}
	slices.SortFunc(entries, func(a, b File) int { return b.Used.Compare(a.Used) })
	return entries, rests, nil
}

func isName(s string) bool {
	s = strings.TrimSuffix(s, storyEnd)
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// trim removes entries from dir until it keeps its bounds, and what processes
// that died an hour ago or earlier left.
func trim(dir string, bytes int64, n int, now time.Time) error {
	entries, rests, err := list(dir)
	if err != nil {
		return err
	}
	var errs []error
	for i, f := range entries {
		if bytes -= f.Size; bytes < 0 || i >= n {
			errs = append(errs, remove(dir, f))
		}
	}
	for _, f := range rests {
		if now.Sub(f.Used) > time.Hour {
			errs = append(errs, remove(dir, f))
		}
	}
	return errors.Join(errs...)
}

func remove(dir string, f File) error {
	err := os.Remove(filepath.Join(dir, f.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was faster
	}
	return err
}

// Clear removes every entry from dir and returns what it removed. Other files in
// it stay.
func Clear(dir string) ([]File, error) {
	entries, rests, err := list(dir)
	if err != nil {
		return nil, err
	}
	var errs []error
	var gone []File
	for _, f := range entries {
		if err := remove(dir, f); err != nil {
			errs = append(errs, err)
		} else {
			gone = append(gone, f)
		}
	}
	for _, f := range rests {
		errs = append(errs, remove(dir, f))
	}
	return gone, errors.Join(errs...)
}
