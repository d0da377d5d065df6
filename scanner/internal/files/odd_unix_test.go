//go:build unix

package files

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/petrascan/petrascan/rules/rulestest"
)

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// linkTree makes a tree with every kind of symbolic link, and returns its top.
func linkTree(t *testing.T) string {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	write(t, filepath.Join(root, "in/a"), "a")
	write(t, filepath.Join(base, "out/b"), "b")
	write(t, filepath.Join(base, "out/deep/c"), "c")
	write(t, filepath.Join(base, "single"), "single")
	write(t, filepath.Join(base, "far/d"), "d")
	symlink(t, "in/a", filepath.Join(root, "to-file"))
	symlink(t, "in", filepath.Join(root, "to-dir"))
	symlink(t, root, filepath.Join(root, "to-root"))
	symlink(t, ".", filepath.Join(root, "in/loop"))
	symlink(t, "round", filepath.Join(root, "round"))
	symlink(t, "nowhere", filepath.Join(root, "dangling"))
	symlink(t, "../nowhere", filepath.Join(root, "dangling-out"))
	symlink(t, "../root/in", filepath.Join(root, "and-back"))
	symlink(t, rulestest.Key("target"), filepath.Join(root, "key-in-text"))
	// These leave the tree.
	symlink(t, "../out", filepath.Join(root, "out"))
	symlink(t, filepath.Join(base, "out"), filepath.Join(root, "out-again"))
	symlink(t, "../out/deep", filepath.Join(root, "a-deep"))
	symlink(t, "../single", filepath.Join(root, "single"))
	// And these lie outside: they lead back, on, and around.
	symlink(t, root, filepath.Join(base, "out/back"))
	symlink(t, "../far", filepath.Join(base, "out/far"))
	symlink(t, base, filepath.Join(base, "far/up"))
	return root
}

func TestSymlinks(t *testing.T) {
	r := walkTree(t, linkTree(t), options())
	want(t, r, "file in/a", "file key-in-text")
	if n := r.Coverage.LeftOut.Symlink; n != 4 || r.Coverage.Files != 1 || len(r.Errors) > 0 {
		t.Errorf("%d links left out, %d files, errors %v", n, r.Coverage.Files, r.Errors)
	}
}

func TestFollow(t *testing.T) {
	root := linkTree(t)
	for _, jobs := range []int{1, 4} {
		o := options()
		o.Follow, o.Jobs = true, jobs
		r := walkTree(t, root, o)
		want(t, r, "file in/a", "file key-in-text", "file out/b", "file out/deep/c", "file single", "file out/far/d")
		if r.Coverage.LeftOut.Symlink != 0 || r.Coverage.Files != 5 || len(r.Errors) > 0 {
			t.Errorf("%+v, errors %v", r.Coverage, r.Errors)
		}
	}
}

func TestHardLinks(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a/one"), "linked")
	write(t, filepath.Join(root, "clean"), "x")
	if err := os.WriteFile(filepath.Join(root, "clean"), []byte("clean"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{{"a/one", "two"}, {"a/one", "three"}, {"clean", "clean-too"}} {
		if err := os.Link(filepath.Join(root, pair[0]), filepath.Join(root, pair[1])); err != nil {
			t.Fatal(err)
		}
	}
	o := options()
	w := newWalk(o)
	w.opts.Jobs = 1
	reads := 0
	w.read = func(f file, p []byte) (int, error) {
		reads++
		return f.read(p)
	}
	r, err := w.run(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r, "file a/one", "file two", "file three")
	if reads != 2 || r.Coverage.Files != 2 {
		t.Errorf("%d reads of %d files, want 2 of 2", reads, r.Coverage.Files)
	}
}

func TestSpecialFiles(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a"), "a")
	special := int64(2)
	if err := unix.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root) // a socket's path must be short
	socket, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := unix.Mknod(filepath.Join(root, "device"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err == nil {
		special++ // /dev/zero, which has no end
	} else {
		t.Logf("without a device: only root makes one (%v)", err)
	}
	r := walkTree(t, root, options())
	want(t, r, "file a")
	if r.Coverage.LeftOut.Special != special || len(r.Errors) > 0 {
		t.Errorf("%d special, want %d; errors %v", r.Coverage.LeftOut.Special, special, r.Errors)
	}
	if _, err := Walk(t.Context(), filepath.Join(root, "pipe"), options()); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("a pipe as root gives %v", err)
	}
}

// TestReplacedByPipe opens by name what was a file when it was listed.
func TestReplacedByPipe(t *testing.T) {
	root := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWalk(options())
	if err := w.queueFile(filepath.Join(root, "pipe"), "pipe", ordinary); err != nil {
		t.Fatal(err)
	}
	w.desks = newDesks(w.opts.Engine, 1)
	worker := &worker{walk: w, detect: w.opts.Engine.NewWorker()}
	worker.run(t.Context())
	if c := worker.result.Coverage; c.LeftOut.Special != 1 || c.Files != 0 {
		t.Errorf("%+v", c)
	}
}

// TestPermission reads as somebody who may not: a program of its own if the
// test is root, whom nothing is forbidden.
func TestPermission(t *testing.T) {
	if dir := os.Getenv("PETRASCAN_TEST_FORBIDDEN"); dir != "" {
		r := walkTree(t, dir, options())
		want(t, r, "file open/x")
		if fmt.Sprint(r.Errors) != "[{0 dir  permission denied} {0 open/f  permission denied}]" {
			t.Errorf("errors %v", r.Errors)
		}
		return
	}
	base, err := os.MkdirTemp("", "petrascan-forbidden") // t.TempDir's parents may be root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(base, "tree")
	for _, path := range []string{"dir/x", "open/f", "open/x"} {
		write(t, filepath.Join(root, path), path)
	}
	for path, mode := range map[string]os.FileMode{"dir": 0, "open/f": 0} {
		if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(root, "dir"), 0o700) })
	cmd := exec.Command(os.Args[0], "-test.run=^TestPermission$")
	if os.Geteuid() == 0 {
		program := filepath.Join(base, "program")
		data, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, data, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd = exec.Command(program, "-test.run=^TestPermission$")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PETRASCAN_TEST_FORBIDDEN="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNotUTF8 has names of bytes that are no text.
func TestNotUTF8(t *testing.T) {
	root := t.TempDir()
	name := "caf\xe9/\xff\xfe.txt"
	if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
		t.Skipf("this file system has no such names: %v", err)
	}
	write(t, filepath.Join(root, name), "a")
	want(t, walkTree(t, root, options()), "file "+name)
}

// TestLongPath goes deeper than any path can name, with work waiting at every
// level: more levels than directories may be open.
func TestLongPath(t *testing.T) {
	root := t.TempDir()
	dir, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const levels = mostFolders + 200
	name := strings.Repeat("d", 20)
	var list []string
	path := ""
	for i := range levels {
		for _, sub := range []string{name, "x"} {
			if err := unix.Mkdirat(dir, sub, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if i%50 == 49 {
			for _, file := range []string{"k", "x/k"} {
				fd, err := unix.Openat(dir, file, unix.O_CREAT|unix.O_WRONLY, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := unix.Write(fd, []byte(rulestest.Key(fmt.Sprint(file, i)))); err != nil {
					t.Fatal(err)
				}
				unix.Close(fd)
				list = append(list, "file "+path+file)
			}
		}
		next, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(dir)
		dir = next
		path += name + "/"
	}
	unix.Close(dir)
	if len(path) < 2*4096 {
		t.Fatalf("the path is %d bytes long", len(path))
	}
	w := newWalk(options())
	r, err := w.run(t.Context(), root)
	if err != nil || len(r.Errors) > 0 || r.Coverage.Files != int64(len(list)) {
		t.Errorf("%v, errors %v, %d files", err, r.Errors, r.Coverage.Files)
	}
	want(t, r, list...)
	if n := w.folders.Load(); n != 0 {
		t.Errorf("%d directories are still open", n)
	}
}

// TestSparse has a key in the middle and one at the end of a file of holes, and
// parts of a key that only a hole keeps apart.
func TestSparse(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "f")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 4 << 30
	apart := rulestest.Key("apart")
	for at, text := range map[int64]string{
		1<<20 - 10:     apart[:10],
		64 << 20:       apart[10:],
		size / 2:       "\nK=" + rulestest.Key("middle") + "\n",
		size - 100_000: "\nK=" + rulestest.Key("end") + "\n",
	} {
		if _, err := f.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if _, _, err := nextData(f, 0); err != nil {
		t.Skipf("holes are not told here, and reading that many zeros takes long (%v)", err)
	}
	w := newWalk(options())
	var read int64
	w.opts.Jobs = 1
	w.readAt = func(f *os.File, p []byte, off int64) (int, error) {
		n, err := f.ReadAt(p, off)
		read += int64(n)
		return n, err
	}
	r, err := w.run(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r, "file f", "file f")
	if len(r.Sightings) == 2 && (r.Sightings[0].Line != 2 || r.Sightings[1].Line != 4 || r.Sightings[0].Column != 3) {
		t.Errorf("keys at lines %d and %d, column %d", r.Sightings[0].Line, r.Sightings[1].Line, r.Sightings[0].Column)
	}
	if r.Coverage.Bytes != size || r.Coverage.Files != 1 {
		t.Errorf("%d bytes, want %d", r.Coverage.Bytes, int64(size))
	}
	if read > 1<<20 {
		t.Errorf("%d bytes were read", read)
	}
}

// TestNothingButHole counts the bytes of a file that has none.
func TestNothingButHole(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "f")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 40<<20); err != nil {
		t.Fatal(err)
	}
	if r := walkTree(t, root, options()); r.Coverage.Bytes != 40<<20 || r.Coverage.Files != 1 {
		t.Errorf("%+v", r.Coverage)
	}
}

// TestProc reads files of size 0 with content.
func TestProc(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	root := fmt.Sprintf("/proc/%d", os.Getpid())
	key := rulestest.Key("environment")
	if os.Getenv("PETRASCAN_TEST_PROC") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProc$")
		cmd.Env = append(os.Environ(), "PETRASCAN_TEST_PROC="+key)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, bytes.ReplaceAll(out, []byte(key), []byte("KEY")))
		}
		return
	}
	r := walkTree(t, filepath.Join(root, "environ"), options())
	want(t, r, "file environ")
	if r.Coverage.Bytes == 0 {
		t.Error("no bytes")
	}
}
