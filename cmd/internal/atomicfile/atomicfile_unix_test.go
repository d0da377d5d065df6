//go:build unix

package atomicfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/petrascan/petrascan/cmd/internal/atomicfile"
)

func mode(t *testing.T, name string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// TestPermissions: those of an old file are never widened, and a file for one
// reader is so from the start.
func TestPermissions(t *testing.T) {
	for _, test := range []struct{ old, perm, want fs.FileMode }{
		{0, 0o600, 0o600},
		{0o600, 0o666, 0o600},
		{0o640, 0o666, 0o640},
		{0o644, 0o600, 0o600},
	} {
		name := filepath.Join(t.TempDir(), "report")
		if test.old != 0 {
			if err := os.WriteFile(name, nil, test.old); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(name, test.old); err != nil {
				t.Fatal(err)
			}
		}
		if err := atomicfile.Write(name, test.perm, text("x")); err != nil {
			t.Fatal(err)
		}
		if got := mode(t, name); got != test.want {
			t.Errorf("%v over %v: %v, want %v", test.perm, test.old, got, test.want)
		}
	}
}

func TestSymbolicLink(t *testing.T) {
	dir := t.TempDir()
	target, link, dangling := filepath.Join(dir, "target"), filepath.Join(dir, "link"), filepath.Join(dir, "dangling")
	for name, to := range map[string]string{link: "target", dangling: "new"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, dangling} {
		if err := atomicfile.Write(name, 0o666, text("text")); err != nil {
			t.Fatal(err)
		}
		if mode(t, name)&fs.ModeSymlink == 0 {
			t.Errorf("%s is a link no more", name)
		}
		if got := content(t, name); got != "text" {
			t.Errorf("%s leads to %q", name, got)
		}
	}
	alone(t, dir, "target", "link", "dangling", "new")
}

// TestPipe: what is no regular file is written to, and stays what it is.
func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		data, _ := os.ReadFile(name)
		got <- string(data)
	}()
	if err := atomicfile.Write(name, 0o666, text("through")); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "through" {
		t.Errorf("the reader got %q", text)
	}
	if mode(t, name)&fs.ModeNamedPipe == 0 {
		t.Error("the pipe is gone")
	}
}
