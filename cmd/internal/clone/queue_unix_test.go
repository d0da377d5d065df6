//go:build unix

package clone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestQueueIsStopped ends the context while a git clones that never ends, nor
// does what it has started, which goes on making files.
func TestQueueIsStopped(t *testing.T) {
	temp := tempDir(t)
	bin := t.TempDir()
	started := filepath.Join(bin, "started")
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	// The last argument is where the clone is to be.
	script := "#!/bin/sh\nfor dir; do :; done\nmkdir \"$dir\"\n" +
		"(i=0; while :; do i=$((i + 1)); mkdir -p \"$dir/$i\" || exit; done) &\n" +
		"echo >'" + started + "'\nwait\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	source := repository(t)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, stop := context.WithCancel(context.Background())
	q, err := NewQueue(ctx, []Source{source}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(started); err != nil { // waits for the script
		t.Fatal(err)
	}
	stop()
	if err := q.Next(func(string) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Next returns %v", err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if left := entries(t, temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
