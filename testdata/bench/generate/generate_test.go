package generate

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTree: the same seed makes the same files, another seed others, as many as
// asked for and none with a key's beginning.
func TestTree(t *testing.T) {
	sum := func(seed uint64) string {
		dir := t.TempDir()
		bytesWritten, err := Tree(dir, seed, 130)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		files, size := 0, int64(0)
		err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte("petra")) {
				t.Errorf("%s looks like a find", entry.Name())
			}
			files, size = files+1, size+int64(len(content))
			name, _ := filepath.Rel(dir, path)
			fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if files != 130 || size != bytesWritten {
			t.Errorf("%d files of %d bytes, want 130 of %d", files, size, bytesWritten)
		}
		return fmt.Sprintf("%x", hash.Sum(nil))
	}
	if first, again, other := sum(1), sum(1), sum(2); first != again || first == other {
		t.Errorf("seed 1: %.8s and %.8s, seed 2: %.8s", first, again, other)
	}
}

// TestHistory: the same, for a repository.
func TestHistory(t *testing.T) {
	env := append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	head := func(seed uint64) string {
		dir := filepath.Join(t.TempDir(), "r.git")
		if err := History(dir, seed, 25, env); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "-C", dir, "rev-list", "HEAD")
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(out, []byte("\n")); n != 25 {
			t.Errorf("%d commits, want 25", n)
		}
		return string(out[:40])
	}
	if first, again, other := head(1), head(1), head(2); first != again || first == other {
		t.Errorf("seed 1: %s and %s, seed 2: %s", first, again, other)
	}
}
