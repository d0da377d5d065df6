package layer

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

func git(t *testing.T, dir string, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return out
}

// Git is the judge: of a repository with long delta chains, every object that
// cat-file shows is a member of the pack and of the bundle, byte by byte.
func TestPacksOfGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		dir := t.TempDir()
		git(t, dir, nil, "init", "-q", "--object-format="+format)
		text := noise(8000)
		for i := range 30 {
			copy(text[i*200:], fmt.Sprintf("version %d", i))
			if err := os.WriteFile(filepath.Join(dir, "file"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("other", i%3)), text[i*10:], 0o600); err != nil {
				t.Fatal(err)
			}
			git(t, dir, nil, "add", ".")
			git(t, dir, nil, "commit", "-qm", fmt.Sprintf("message %d", i))
		}
		git(t, dir, nil, "tag", "-am", "the tag", "v1")
		ids := git(t, dir, nil, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
		want := map[string]string{}
		for line := range strings.Lines(string(ids)) {
			id, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
			want[kind+" "+id] = string(git(t, dir, nil, "cat-file", kind, id))
		}
		if len(want) < 100 {
			t.Fatalf("only %d objects", len(want))
		}
		git(t, dir, nil, "bundle", "create", "-q", "all.bundle", "--all")
		bundle, err := os.ReadFile(filepath.Join(dir, "all.bundle"))
		if err != nil {
			t.Fatal(err)
		}
		names := []byte(git(t, dir, nil, "rev-list", "--objects", "--all"))
		containers := map[Format][]byte{GitBundle: bundle}
		if format == "sha1" {
			containers[GitPack] = git(t, dir, names, "pack-objects", "-q", "--stdout", "--delta-base-offset")
			checkObjects(t, "REF_DELTA pack", walk(t, GitPack, bytesSource(git(t, dir, names, "pack-objects", "-q", "--stdout", "--no-reuse-delta")), DefaultLimits), want)
		}
		for f, data := range containers {
			if got, ok := Sniff(data); !ok || got != f {
				t.Errorf("%v: sniffed as %v", f, got)
			}
			for how, src := range sources(t, data) {
				checkObjects(t, fmt.Sprintf("%v %v from %s", format, f, how), walk(t, f, src, DefaultLimits), want)
			}
		}

		// A thin bundle: what its deltas insert is there, and that they could not be rebuilt is said.
		if format == "sha1" {
			git(t, dir, nil, "bundle", "create", "-q", "thin.bundle", "HEAD~1..HEAD")
			thin, err := os.ReadFile(filepath.Join(dir, "thin.bundle"))
			if err != nil {
				t.Fatal(err)
			}
			r := walk(t, GitBundle, bytesSource(thin), DefaultLimits)
			if !r.holds("message 29") || !r.holds("version 29") {
				t.Errorf("thin bundle: %q", r.members)
			}
			if len(r.faults) != 1 || r.faults[0].Kind != Unreadable {
				t.Errorf("thin bundle: %v", r.faults)
			}
		}
	}
}

func checkObjects(t *testing.T, what string, r *found, want map[string]string) {
	t.Helper()
	if len(r.faults) > 0 || len(r.members) != len(want) {
		t.Errorf("%s: %d members, want %d; %v", what, len(r.members), len(want), r.faults)
	}
	for name, content := range want {
		if r.contents[name] != content {
			t.Errorf("%s: %s is missing or wrong", what, name)
			return
		}
	}
}

// deltaOf returns a delta that copies the first n bytes of a base and inserts text.
func deltaOf(base []byte, n int, insert string) []byte {
	delta := append(uvarint(len(base)), uvarint(n+len(insert))...)
	delta = append(delta, 0x80|0x10|0x20, byte(n), byte(n>>8))
	return append(append(delta, byte(len(insert))), insert...)
}

func uvarint(n int) []byte {
	var out []byte
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

func TestPackDamage(t *testing.T) {
	base := []byte(strings.Repeat("base ", 60))
	entry := layertest.PackEntry(3, len(base), nil, base)
	missing := sha1.Sum([]byte("no such object"))
	delta := deltaOf(base, 100, "inserted text")
	id := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(base), base))
	for name, tc := range map[string]struct {
		entries [][]byte
		holds   string
		kind    FaultKind
		faults  int
	}{
		"delta":              {[][]byte{entry, layertest.PackEntry(7, len(delta), id[:], delta)}, string(base[:100]) + "inserted text", 0, 0},
		"delta before base":  {[][]byte{layertest.PackEntry(7, len(delta), id[:], delta), entry}, string(base[:100]) + "inserted text", 0, 0},
		"by offset":          {[][]byte{entry, layertest.PackEntry(6, len(delta), []byte{byte(len(entry))}, delta)}, string(base[:100]) + "inserted text", 0, 0},
		"base missing":       {[][]byte{entry, layertest.PackEntry(7, len(delta), missing[:], delta)}, "inserted text", Unreadable, 1},
		"base out of pack":   {[][]byte{entry, layertest.PackEntry(6, len(delta), []byte{0xff, 0x7f}, delta)}, string(base), Opaque, 1},
		"delta on itself":    {[][]byte{entry, layertest.PackEntry(6, len(delta), []byte{0}, delta)}, string(base), Unreadable, 1},
		"delta of other":     {[][]byte{entry, layertest.PackEntry(7, len(delta), id[:], deltaOf(base[1:], 100, "inserted text"))}, string(base), Opaque, 1},
		"copy beyond base":   {[][]byte{entry, layertest.PackEntry(7, len(delta), id[:], deltaOf(base, 9000, "x"))}, string(base), Opaque, 1},
		"unknown type":       {[][]byte{entry, layertest.PackEntry(5, 4, nil, []byte("what"))}, string(base), Opaque, 1},
		"shorter than said":  {[][]byte{entry, layertest.PackEntry(3, 9, nil, []byte("what"))}, string(base), Opaque, 1},
		"longer than said":   {[][]byte{entry, layertest.PackEntry(3, 3, nil, []byte("what"))}, string(base), Opaque, 1},
		"no zlib":            {[][]byte{entry, []byte("\x34garbage")}, string(base), Opaque, 1},
		"fewer than counted": {[][]byte{entry, nil}, string(base), Opaque, 1},
	} {
		r := walk(t, GitPack, bytesSource(layertest.PackEntries(tc.entries...)), DefaultLimits)
		if !r.holds(tc.holds) {
			t.Errorf("%s: %q", name, r.contents)
		}
		if len(r.faults) != tc.faults || tc.faults > 0 && r.faults[0].Kind != tc.kind {
			t.Errorf("%s: %v", name, r.faults)
		}
		if r.budget.memory != maxMemory {
			t.Errorf("%s: memory not given back", name)
		}
	}
}
