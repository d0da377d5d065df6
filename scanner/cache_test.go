package scanner_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// A workshop is a repository that a test changes with git, and a cache.
type workshop struct {
	t          *testing.T
	dir, cache string
	settings   map[string]scanner.Options
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	base := scanner.Defaults()
	low, high, shallow, closed, flat, own := base, base, base, base, base, base
	low.MinConfidence, high.MinConfidence = finding.Low, finding.High
	shallow.MaxDecodeDepth, flat.MaxDecodeDepth = 1, 0
	closed.MaxArchiveDepth = 0
	var err error
	own.Rules, err = rules.Builtin().With(rules.Rule{
		ID: "acme", Title: "Acme's keys", Confidence: finding.High, Body: "acme-[0-9a-f]{8}", Match: []string{"petra_acme-{{body:acme:8:hex}}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{t: t, dir: filepath.Join(t.TempDir(), "repo"), cache: filepath.Join(t.TempDir(), "cache")}
	w.settings = map[string]scanner.Options{"default": base, "low": low, "high": high, "depth 1": shallow, "no archives": closed, "no decoding": flat, "own rule": own}
	if err := os.Mkdir(w.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	w.git("init", "-q", "-b", "main")
	return w
}

func (w *workshop) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "GIT_") }),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits files whose templates are expanded, with a message.
func (w *workshop) commit(message string, files map[string]string) {
	w.t.Helper()
	for name, text := range files {
		path := filepath.Join(w.dir, filepath.FromSlash(rulestest.Expand(name)))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(rulestest.Expand(text)), 0o666); err != nil {
			w.t.Fatal(err)
		}
	}
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", rulestest.Expand(message))
}

// scan returns the report of a scan of the history, without its times.
func (w *workshop) scan(o scanner.Options) string {
	w.t.Helper()
	s, err := scanner.New("history", o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.History(context.Background(), w.dir, nil); err != nil {
		w.t.Fatal(err)
	}
	r := s.Finish().Report
	r.Scan.Started, r.Scan.ElapsedMS = "", 0
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// check proves that scans with the cache report what scans without do, under
// all settings, in an order that makes each find what another left.
func (w *workshop) check(what string) {
	w.t.Helper()
	for name, o := range w.settings {
		cold := w.scan(o)
		o.CacheDir = w.cache
		for _, pass := range []string{"first", "second"} {
			if cached := w.scan(o); cached != cold {
				w.t.Fatalf("%s, %s: the %s cached scan reports\n%s\nwithout a cache it is\n%s", what, name, pass, cached, cold)
			}
		}
	}
}

// entries are the cache's files, each with its time of writing.
func (w *workshop) entries() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	found, err := os.ReadDir(w.cache)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	for _, f := range found {
		info, err := f.Info()
		if err != nil {
			w.t.Fatal(err)
		}
		all[f.Name()] = info.ModTime().String()
	}
	return all
}

func zipped(t *testing.T, member, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	m, err := z.Create(rulestest.Expand(member))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(m, rulestest.Expand(content))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, rulestest.Expand(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever happens to a repository, its rules or its limits, a scan that
// remembers reports what one that reads everything does.
func TestCachedScanEqualsCold(t *testing.T) {
	w := newWorkshop(t)
	w.check("an empty repository")
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(rulestest.Expand(s))) }
	archive := zipped(t, "{{key:member}}/a.txt", strings.Repeat("text ", 1000)+"TOKEN={{key:zip}}")
	w.commit("first", map[string]string{
		"app.env":          "TOKEN={{key:plain}}\n" + strings.Repeat("line\n", 100),
		"low.txt":          "petra_{{body:low:9}} and petra_acme-{{body:acme:8:hex}}\n",
		"words.c":          "petra_configuration_loader Epetra_CrsMatrix cGV0cm9s\n",
		"once.txt":         encoded("TOKEN={{key:once}}"),
		"twice.txt":        encoded(encoded("some words before TOKEN={{key:twice}} and after")),
		"a.gz":             gzipped(t, "TOKEN={{key:gzip}}\n"),
		"b.gz":             gzipped(t, strings.Repeat("nothing here\n", 50)),
		"cut.gz":           gzipped(t, strings.Repeat("nothing here {{body:cut:40}}\n", 50))[:60],
		"a.zip":            archive,
		"broken.zip":       archive[:len(archive)/2],
		"a.7z":             "7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("x", 100),
		"{{key:name}}.txt": "a name",
		"petra_sim/x":      "another",
	})
	w.check("loose objects")
	w.git("repack", "-adq")
	w.check("one pack")
	if use, err := scanner.ReadCache(w.cache); err != nil || use.Entries != 2 { // with and without containers
		t.Fatalf("the cache holds %+v, %v", use, err)
	}
	o := w.settings["default"]
	cold := w.scan(o)
	o.CacheDir = w.cache
	w.scan(o)
	before := w.entries()
	if w.scan(o) != cold {
		t.Error("the cached scan differs")
	}
	for name, when := range w.entries() {
		if before[name] != when {
			t.Error("a pack that did not change was read again")
		}
	}

	w.commit("a message with {{key:message}}", map[string]string{"app.env": "TOKEN={{key:second}}\n" + strings.Repeat("line\n", 100)})
	w.check("new loose objects")
	w.git("rm", "-q", "a.gz", "once.txt")
	w.commit("removed", nil)
	w.git("tag", "-a", "-m", rulestest.Expand("tagged {{key:tag}}"), "v1")
	w.git("repack", "-dq")
	w.check("a second pack")
	w.git("branch", "other", "main~2")
	w.git("update-ref", "refs/heads/"+rulestest.Expand("{{key:branch}}"), "main~1")
	w.check("new refs")
	w.git("pack-refs", "--all")
	w.git("reset", "-q", "--hard", "main~1")
	w.git("tag", "-d", "v1")
	w.check("refs gone")
	w.git("reflog", "expire", "--expire=now", "--all")
	w.check("reflogs gone")
	w.git("repack", "-aqk")
	w.check("copies of objects in several packs")
	w.git("gc", "-q", "--prune=now")
	w.check("gc")
	w.commit("small", map[string]string{"other.env": "TOKEN={{key:other}}\n"})
	w.git("repack", "-dq")
	w.settings = map[string]scanner.Options{"default": w.settings["default"], "low": w.settings["low"]}

	packs := w.packs()
	if len(packs) < 2 {
		t.Fatalf("packs are %v", packs)
	}
	for _, p := range packs {
		idx := strings.TrimSuffix(p, ".pack") + ".idx"
		rename := func(from, to string) {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		rename(p, p+".aside")
		w.check("only an index left of a pack")
		rename(idx, idx+".aside")
		w.check("a pack gone")
		rename(p+".aside", p)
		w.check("a pack without its index")
		rename(idx+".aside", idx)
	}
	w.check("the packs back")
	for _, p := range packs {
		sound, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(sound)
		damaged[len(damaged)/2] ^= 4
		if err := os.Chmod(p, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		w.check("a pack damaged")
		if err := os.WriteFile(p, sound, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.check("the packs healed")

	w.commit("big", map[string]string{"big.bin": strings.Repeat("zeros\x00\x00\x00", 4<<20+1) + "\nTOKEN={{key:big}}\n"})
	w.git("repack", "-dq")
	w.check("an object that is streamed")
}

func (w *workshop) packs() []string {
	w.t.Helper()
	packs, err := filepath.Glob(filepath.Join(w.dir, ".git", "objects", "pack", "*.pack"))
	if err != nil {
		w.t.Fatal(err)
	}
	return packs
}

// A blob that can't be read any more is not told of from memory.
func TestCacheOfDamagedBlob(t *testing.T) {
	w := newWorkshop(t)
	w.settings = map[string]scanner.Options{"default": w.settings["default"]}
	noise := make([]byte, 4000)
	for i := range noise {
		noise[i] = byte(i * i * 7 >> 3)
	}
	w.commit("one", map[string]string{"a.7z": "7z\xbc\xaf\x27\x1c\x00\x04" + string(noise)})
	w.git("repack", "-adq")
	w.check("sound")
	p := w.packs()[0]
	data, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 0x10 // the blob is most of the pack
	if err := os.Chmod(p, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if cold := w.scan(w.settings["default"]); !strings.Contains(cold, `"read": 0`) || strings.Contains(cold, "7z is not opened") {
		t.Fatalf("the blob is not damaged enough:\n%s", cold)
	}
	w.check("damaged")
}

// No key stands in the cache, and no piece of what the objects hold.
func TestCacheHoldsNoKey(t *testing.T) {
	w := newWorkshop(t)
	member := zipped(t, "{{key:member}}/a.txt", strings.Repeat("text ", 1000))
	w.commit("message {{key:message}}", map[string]string{
		"{{key:name}}": "TOKEN={{key:plain}}", "b.gz": gzipped(t, "TOKEN={{key:gzip}}"), "c.zip": member, "d.zip": member[:len(member)-30],
	})
	w.git("repack", "-adq")
	o := scanner.Defaults()
	o.CacheDir = w.cache
	w.scan(o)
	files := w.entries()
	if len(files) != 2 { // of the pack, and the story
		t.Fatalf("the cache holds %v", files)
	}
	for name := range files {
		data, err := os.ReadFile(filepath.Join(w.cache, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("petra_")) || bytes.Contains(data, []byte("TOKEN")) {
			t.Error("the cache holds content")
		}
		for _, seed := range []string{"member", "message", "name", "plain", "gzip"} {
			if body := rulestest.Key(seed)[len(finding.Prefix):]; bytes.Contains(data, []byte(body[:8])) {
				t.Errorf("the cache holds a piece of the key %s", seed)
			}
		}
	}
}

// What a scan remembers of where keys lay changes nothing of what the next one
// tells of them, whatever happened to the repository in between.
func TestCachedStoryEqualsCold(t *testing.T) {
	w := newWorkshop(t)
	w.settings = map[string]scanner.Options{"default": w.settings["default"], "low": w.settings["low"], "own rule": w.settings["own rule"]}
	key := func(seed string) string { return "TOKEN={{key:" + seed + "}}\n" }
	for i := range 12 {
		w.commit("work", map[string]string{
			"a/deep/app.env": key(fmt.Sprint(i / 3)), "a/other.txt": fmt.Sprint("text ", i), fmt.Sprintf("b/%d.txt", i): "same\n",
			"low.txt": "petra_{{body:low:9}} and petra_acme-{{body:acme:8:hex}}\n",
		})
	}
	w.git("repack", "-adq")
	w.check("one pack")
	w.commit("copied", map[string]string{"c/deep/app.env": key("1"), "c/deep/y.txt": "y", "c/x.txt": "x"})
	w.check("a loose directory leads to a blob in the pack")
	w.git("branch", "side")
	w.git("rm", "-qr", "a")
	w.commit("gone from here", nil)
	w.check("a loose commit that removes it")
	w.commit("new", map[string]string{"d/new.env": key("new")})
	w.check("a new key")
	w.git("tag", "-a", "-m", "tag", "v1", "side")
	w.git("reset", "-q", "--hard", "HEAD~2")
	w.check("other refs")

	// A pack from elsewhere whose trees name loose ones here.
	there := filepath.Join(t.TempDir(), "there")
	w.git("clone", "-q", "--no-local", w.dir, there)
	here := w.dir
	w.dir = there
	w.commit("there", map[string]string{"README": "there\n", "a/other.txt": "there\n", "c/x.txt": "there\n"})
	w.dir = here
	w.git("-c", "fetch.unpackLimit=1", "fetch", "-q", there, "HEAD:refs/heads/there")
	w.check("a pack whose trees name loose trees")
	// A tree that a pack names is made again after it was gone.
	tree := w.git("rev-parse", "there:c/deep")
	w.check("before it goes")
	loose := filepath.Join(w.dir, ".git", "objects", tree[:2], tree[2:])
	data, err := os.ReadFile(loose)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(loose); err != nil {
		t.Fatal(err)
	}
	w.check("a loose tree that a pack names is gone")
	if err := os.WriteFile(loose, data, 0o444); err != nil {
		t.Fatal(err)
	}
	w.check("and back")
	w.git("reflog", "expire", "--expire=now", "--all")
	w.git("branch", "-qD", "side", "there")
	w.git("prune", "--expire=now")
	w.check("pruned")
	w.git("repack", "-dq")
	w.check("repacked")
	w.git("gc", "-q", "--prune=now")
	w.check("gc")
	w.commit("{{key:message}}", map[string]string{"{{key:name}}/x": "a key in a name"})
	w.check("a key in a name")
	w.git("repack", "-adq")
	w.check("packed")
}

// Scans at the same time, of which each finds the cache as another leaves it,
// and files in it that are none of its own.
func TestCacheShared(t *testing.T) {
	w := newWorkshop(t)
	for i := range 6 {
		w.commit("next", map[string]string{"a.env": fmt.Sprintf("TOKEN={{key:k%d}}\n", i)})
		w.git("repack", "-dq")
	}
	o := scanner.Defaults()
	cold := w.scan(o)
	deep := o
	deep.MaxDecodeDepth = 2
	o.CacheDir, deep.CacheDir = w.cache, w.cache
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range 10 {
				if i == 0 {
					if _, err := scanner.ClearCache(w.cache); err != nil {
						t.Error(err)
					}
				}
				if w.scan(o) != cold || w.scan(deep) != cold {
					t.Error("a cached scan differs")
				}
			}
		})
	}
	group.Wait()
	for name := range w.entries() {
		path := filepath.Join(w.cache, name)
		if err := os.WriteFile(path, []byte("petrascan pack record 1\nand nothing more"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if w.scan(o) != cold {
		t.Error("a scan with a broken cache differs")
	}
	use, err := scanner.ReadCache(w.cache)
	if err != nil || use.Entries < 6 || use.Bytes == 0 || use.Newest.IsZero() {
		t.Errorf("the cache holds %+v, %v", use, err)
	}
	if use, err := scanner.ClearCache(w.cache); err != nil || use.Entries < 6 {
		t.Errorf("cleared %+v, %v", use, err)
	}
	if use, err := scanner.ReadCache(w.cache); err != nil || use.Entries != 0 {
		t.Errorf("then it holds %+v, %v", use, err)
	}
	o.CacheDir = filepath.Join(w.packs()[0], "below a file")
	if w.scan(o) != cold {
		t.Error("a scan that can't write its cache differs")
	}
}
