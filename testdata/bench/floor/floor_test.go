package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/testdata/bench/generate"
)

var quiet = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)

// TestFloor counts the entries of a pack and inflates them where libdeflate is
// there; git verify-pack knows both figures.
func TestFloor(t *testing.T) {
	repo := filepath.Join(t.TempDir(), "r.git")
	if err := generate.History(repo, 7, 60, quiet); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(repo, "objects", "pack", "*.idx"))
	if err != nil || len(packs) != 1 {
		t.Fatal(packs, err)
	}
	cmd := exec.Command("git", "verify-pack", "-v", packs[0])
	cmd.Env = quiet
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var entries, inflated int64
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 5 || len(f[0]) != 40 {
			continue
		}
		size, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			t.Fatal(line)
		}
		entries++
		inflated += size
	}
	check := func(name string, args ...string) {
		out, err := exec.Command(name, append(args, repo)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		var got Stats
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if got.Entries != entries || got.Inflated != inflated || got.Packs != 1 {
			t.Errorf("%v: %+v, git has %d entries of %d bytes", args, got, entries, inflated)
		}
	}
	check(build(t, false), "-count")

	if !haveLibdeflate() {
		t.Skip("libdeflate's header or a C compiler is not there")
	}
	check(build(t, true), "-jobs", "3")

	// A damaged entry is an error: a floor that gives up early is none. The
	// deflate data of the first entry begins a few bytes after the pack's header.
	pack := strings.TrimSuffix(packs[0], ".idx") + ".pack"
	data, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[20:], bytes.Repeat([]byte{0xff}, 40))
	if err := os.Chmod(pack, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pack, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(build(t, true), repo).CombinedOutput(); err == nil {
		t.Errorf("a damaged pack: %s", out)
	}
}

func build(t *testing.T, libdeflate bool) string {
	name := filepath.Join(t.TempDir(), "floor")
	args := []string{"build", "-o", name}
	if libdeflate {
		args = append(args, "-tags", "libdeflate")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	return name
}

// haveLibdeflate asks the compiler that cgo would use.
func haveLibdeflate() bool {
	out, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return false
	}
	compiler := strings.Fields(string(out))
	if len(compiler) == 0 {
		return false
	}
	cmd := exec.Command(compiler[0], append(compiler[1:], "-E", "-")...)
	cmd.Stdin = strings.NewReader("#include <libdeflate.h>\n")
	return cmd.Run() == nil
}

func TestSortOffsets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []uint64{1, 1 << 11, 1 << 30, 1 << 40, 1<<63 - 1} {
		for _, n := range []int{0, 1, 2, 1000} {
			list := make([]uint64, n)
			for i := range list {
				list[i] = r.Uint64N(most)
			}
			want := slices.Sorted(slices.Values(list))
			sortOffsets(list)
			if !slices.Equal(list, want) {
				t.Errorf("%d offsets below %d are not sorted", n, most)
			}
		}
	}
}

// TestBroken: what is no idx of version 2 with SHA-1 ids is refused.
func TestBroken(t *testing.T) {
	good := make([]byte, 8+1024+40)
	copy(good, "\xfftOc\x00\x00\x00\x02")
	if offsets, err := readOffsets(good); err != nil || len(offsets) != 0 {
		t.Fatal(offsets, err)
	}
	for name, idx := range map[string][]byte{
		"empty":            nil,
		"version 1":        make([]byte, 4096),
		"short":            good[:1000],
		"odd":              append(bytes.Clone(good), 1),
		"more than it has": append(append(bytes.Clone(good[:8+1020]), 0, 0, 1, 0), good[8+1024:]...),
	} {
		if _, err := readOffsets(idx); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
