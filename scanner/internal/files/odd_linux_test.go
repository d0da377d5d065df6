package files

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOtherFilesystem walks over a mount point. The mount is made in a mount
// namespace of its own.
func TestOtherFilesystem(t *testing.T) {
	dir := os.Getenv("PETRASCAN_TEST_MOUNT")
	if dir == "" {
		if os.Geteuid() != 0 {
			t.Skip("only root mounts a file system")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestOtherFilesystem$")
		cmd.Env = append(os.Environ(), "PETRASCAN_TEST_MOUNT="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil {
			if _, ran := err.(*exec.ExitError); !ran {
				t.Skipf("no mount namespace: %v", err)
			}
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	write(t, filepath.Join(dir, "a"), "a")
	for _, path := range []string{"mnt/x/x", "file", "elsewhere"} {
		write(t, filepath.Join(dir, path), path)
	}
	if err := unix.Mount("tmpfs", filepath.Join(dir, "mnt"), "tmpfs", 0, ""); err != nil {
		t.Skipf("mount: %v", err)
	}
	write(t, filepath.Join(dir, "mnt/b"), "b")
	if err := unix.Mount(filepath.Join(dir, "mnt/b"), filepath.Join(dir, "file"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	r := walkTree(t, dir, options())
	want(t, r, "file a", "file elsewhere", "file mnt/b", "file file")
	o := options()
	o.OneFilesystem = true
	r = walkTree(t, dir, o)
	want(t, r, "file a", "file elsewhere")
	if n := r.Coverage.LeftOut.OtherFilesystem; n != 2 {
		t.Errorf("%d left out", n)
	}
}
