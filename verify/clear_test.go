package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/verify"
)

// TestClear forgets verdicts and what was left of writing some, and no other file.
func TestClear(t *testing.T) {
	dir := t.TempDir()
	api, id := "0123456789abcdef", strings.Repeat("ab", 32)
	for _, name := range []string{
		api + "/" + id + ".json", api + "/" + strings.Repeat("cd", 32) + ".json", api + "/new-123",
		api + "/notes.txt", "other/" + id + ".json", "README",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := verify.NewMemory(dir)
	if n, err := m.Size(); n != 2 || err != nil {
		t.Errorf("%d verdicts, %v; want 2", n, err)
	}
	if n, err := m.Clear(); n != 2 || err != nil {
		t.Errorf("cleared %d verdicts, %v; want 2", n, err)
	}
	var left []string
	for _, pattern := range []string{"*", "*/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			left = append(left, filepath.Base(name))
		}
	}
	if got := strings.Join(left, " "); got != api+" README other notes.txt "+id+".json" {
		t.Errorf("left: %s", got)
	}
	if n, err := verify.NewMemory(filepath.Join(dir, "missing")).Clear(); n != 0 || err != nil {
		t.Errorf("no directory: %d, %v", n, err)
	}
}
