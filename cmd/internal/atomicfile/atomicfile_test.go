package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/atomicfile"
)

func text(s string) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.WriteString(s)
		return err
	}
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// alone checks that nothing is left beside the named files.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(names) {
		t.Errorf("the directory has %v, want %v", list, names)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report")
	for _, want := range []string{"first", "second, and longer", "3"} {
		if err := atomicfile.Write(name, 0o666, text(want)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	alone(t, dir, "report")
}

// TestFailure: the old file stays, and nothing else.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	err := atomicfile.Write(name, 0o666, func(f *os.File) error {
		_, _ = f.WriteString("half")
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	if got := content(t, name); got != "old" {
		t.Errorf("the old file holds %q now", got)
	}
	alone(t, dir, "report")
	if err := atomicfile.Write(filepath.Join(dir, "none", "report"), 0o666, text("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
	if err := atomicfile.Write(dir, 0o666, text("")); err == nil {
		t.Error("a directory was written to")
	}
}
