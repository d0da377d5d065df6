package gitobj

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// A recaller keeps the records of walks, as a cache would.
type recaller struct {
	t       *testing.T
	r       *repo
	records map[PackKey]*PackRecord
}

func interesting(b []byte) bool { return bytes.Contains(b, []byte("changed to a")) }

func (k *recaller) options() WalkOptions {
	return WalkOptions{Workers: 2, Match: interesting, Overlap: len("changed to a") - 1, Whole: isContainer, Stream: 100_000, CheckLinks: true, Always: Types(Commit)}
}

func (k *recaller) walk(o WalkOptions) (*WalkResult, *collector) {
	k.t.Helper()
	c := newCollector(k.t)
	res, err := k.r.openStore(Options{}).Walk(context.Background(), o, c.visitor)
	if err != nil {
		k.t.Fatal(err)
	}
	return res, c
}

// check proves that a walk with the records of those before finds what one
// without finds, and that it goes through as many packs as fresh says.
func (k *recaller) check(what string, fresh int) {
	k.t.Helper()
	want, shown := k.walk(k.options())
	if len(want.Records) > 0 {
		k.t.Errorf("%s: records were made that nobody asked for", what)
	}
	for _, all := range []bool{false, true} {
		o := k.options()
		o.Recall = func(key PackKey) (*PackRecord, []Shown) {
			r := k.records[key]
			if r == nil || !all {
				return r, nil
			}
			return r, r.Shown
		}
		got, again := k.walk(o)
		if got.Present != want.Present || got.Read != want.Read || got.Bytes != want.Bytes {
			k.t.Errorf("%s: present %v, read %v, %d bytes; want %v, %v, %d", what, got.Present, got.Read, got.Bytes, want.Present, want.Read, want.Bytes)
		}
		if !slices.Equal(got.Problems, want.Problems) {
			k.t.Errorf("%s: problems\n%v, want\n%v", what, got.Problems, want.Problems)
		}
		if !slices.Equal(got.Missing, want.Missing) {
			k.t.Errorf("%s: missing\n%v, want\n%v", what, got.Missing, want.Missing)
		}
		if all && !maps.Equal(telling(again), telling(shown)) {
			k.t.Errorf("%s: %d objects were shown, want %d", what, len(again.all), len(shown.all))
		}
		if all && len(got.Records) > 0 {
			k.t.Errorf("%s: %d packs were walked again at once", what, len(got.Records))
		}
		if !all && len(got.Records) != fresh {
			k.t.Errorf("%s: %d packs were walked or read through, want %d", what, len(got.Records), fresh)
		}
		for _, r := range got.Records {
			k.records[r.Key] = r
			if slices.ContainsFunc(r.Shown, func(s Shown) bool { return s.Type == Commit }) {
				k.t.Errorf("%s: a record lists commits that were shown for no other reason than that they are", what)
			}
		}
	}
}

// telling returns the objects that were shown for what they hold.
func telling(c *collector) map[ID]content {
	list := maps.Clone(c.all)
	maps.DeleteFunc(list, func(_ ID, o content) bool { return o.t == Commit })
	return list
}

// pack has git make a pack of the objects whose ids are given, one a line.
func (k *recaller) pack(ids []byte) {
	k.r.git(ids, "pack-objects", "-q", "objects/pack/pack")
}

// Whatever happens to a store between two walks, the second finds with the
// records of the first what it would find without.
func TestRecall(t *testing.T) {
	for _, format := range []Format{SHA1, SHA256} {
		t.Run(fmt.Sprint(format.Size()), func(t *testing.T) { testRecall(t, format) })
	}
}

func testRecall(t *testing.T, format Format) {
	r := newRepo(t, format)
	k := &recaller{t, r, map[PackKey]*PackRecord{}}
	k.check("nothing", 0)
	r.fill("main", 1, 8)
	k.check("a pack", 1)
	k.check("the same again", 0)
	r.fill("side", 2, 5)
	k.check("a second pack", 1)

	k.pack(r.git(nil, "rev-list", "--objects", "--no-object-names", "main~3"))
	k.check("a pack of copies", 1)
	r.git([]byte("loose: changed to a"), "hash-object", "-w", "--stdin")
	k.check("a loose object", 0)
	r.git(nil, "repack", "-adfq")
	k.check("repacked", 1)
	r.git(nil, "prune-packed", "-q")
	k.check("pruned", 0)

	loose := copyLoose(t, r)
	k.check("a loose copy of each object", 0)
	for _, path := range loose {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	k.check("the copies gone", 0)

	// Packs that need each other.
	all := glob(r, "*.pack")
	k.pack(r.git(nil, "rev-list", "--objects", "--no-object-names", "--all", "^main~2"))
	k.pack(r.git(nil, "rev-list", "--objects", "--no-object-names", "main~2"))
	k.check("three packs", 2)
	aside := t.TempDir()
	hide(t, all, aside)
	k.check("two packs that need each other", 0)
	parts := glob(r, "*.pack")
	renamed := 0 // a file that was renamed has another time, where inodes have one
	if info, err := os.Stat(parts[0]); err != nil {
		t.Fatal(err)
	} else if inodeTime(info) != 0 {
		renamed = 1
	}
	for _, p := range parts {
		hidden := hide(t, []string{p}, aside)
		k.check("one of them gone", 0)
		touch(r, strings.TrimSuffix(parts[0], ".pack")+".promisor")
		k.check("promised", 0)
		if err := os.Remove(strings.TrimSuffix(parts[0], ".pack") + ".promisor"); err != nil {
			t.Fatal(err)
		}
		hidden()
		k.check("back again", renamed)
	}
	if len(parts) != 2 {
		t.Fatalf("%d packs", len(parts))
	}

	p := parts[0]
	soon := time.Now().Add(time.Hour)
	if err := os.Chtimes(p, soon, soon); err != nil {
		t.Fatal(err)
	}
	k.check("a new time", 1)
	copied, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(copied)
	damaged[len(damaged)/2] ^= 0x40
	write(t, p, damaged)
	k.check("damaged", 0)
	write(t, p, copied)
	k.check("healed", 1)
	write(t, p, copied[:len(copied)-100])
	k.check("cut", 0)
	write(t, p, copied)
	idx := strings.TrimSuffix(p, ".pack") + ".idx"
	index, err := os.ReadFile(idx)
	if err != nil {
		t.Fatal(err)
	}
	k.check("healed again", 1)
	lies := bytes.Clone(index)
	lies[len(lies)/2] ^= 1
	write(t, idx, lies)
	k.check("a damaged index", 0)
	if err := os.Remove(idx); err != nil {
		t.Fatal(err)
	}
	k.check("no index", 0)
	write(t, idx, index)
	k.check("the index back", 1)
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	k.check("only the index left", 0)
}

// write replaces the content of a file whose owner may not write to it. It
// leaves the file's time as it was and makes sure that the inode's is another.
func write(t *testing.T, path string, data []byte) {
	t.Helper()
	before, err := os.Stat(path)
	if err == nil {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if before == nil {
			return
		}
		if inodeTime(before) != 0 {
			if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if stampOf(after) != stampOf(before) {
			return
		}
	}
}

// hide moves packs and their indexes away; what it returns brings them back.
func hide(t *testing.T, packs []string, to string) (undo func()) {
	t.Helper()
	var moved []string
	for _, p := range packs {
		for _, ext := range []string{".pack", ".idx"} {
			from := strings.TrimSuffix(p, ".pack") + ext
			if err := os.Rename(from, filepath.Join(to, filepath.Base(from))); err != nil {
				t.Fatal(err)
			}
			moved = append(moved, from)
		}
	}
	return func() {
		for _, path := range moved {
			if err := os.Rename(filepath.Join(to, filepath.Base(path)), path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// copyLoose gives the repository a loose copy of each packed object.
func copyLoose(t *testing.T, r *repo) (paths []string) {
	t.Helper()
	other := newRepo(t, r.format)
	for _, p := range glob(r, "*.pack") {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		other.git(data, "unpack-objects", "-q")
	}
	err := listLoose(other.objects(), r.format, func(id ID) {
		data, err := os.ReadFile(loosePath(other.objects(), id))
		if err != nil {
			t.Fatal(err)
		}
		path := loosePath(r.objects(), id)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o444); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	})
	if err != nil || len(paths) == 0 {
		t.Fatal(err, len(paths))
	}
	return paths
}

// A record that does not fit its pack is no reason to miss anything.
func TestRecallOfNonsense(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 6)
	k := &recaller{t, r, map[PackKey]*PackRecord{}}
	k.check("a pack", 1)
	want, shown := k.walk(k.options())
	for _, spoil := range []func(*PackRecord){
		func(r *PackRecord) { r.Types = r.Types[1:] },
		func(r *PackRecord) { r.Shown[0].ID = MakeID(make([]byte, 20)) },
		func(r *PackRecord) { r.Shown[0].Type = r.Shown[0].Type%4 + 1 },
		func(r *PackRecord) { r.Shown[0].Streamed = true; r.Shown[0].Type = r.Shown[0].Type%4 + 1 },
	} {
		o := k.options()
		o.Recall = func(key PackKey) (*PackRecord, []Shown) {
			bad := *k.records[key]
			bad.Types, bad.Shown = slices.Clone(bad.Types), slices.Clone(bad.Shown)
			spoil(&bad)
			return &bad, bad.Shown
		}
		got, again := k.walk(o)
		if len(got.Records) != 1 || got.Present != want.Present || got.Read != want.Read || got.Bytes != want.Bytes || !maps.Equal(telling(again), telling(shown)) {
			t.Errorf("%d records, present %v, read %v, %d bytes, %d shown", len(got.Records), got.Present, got.Read, got.Bytes, len(again.all))
		}
		if !reflect.DeepEqual(got.Records[0], k.records[got.Records[0].Key]) {
			t.Error("the record is not what it was")
		}
	}
}

// Records are made only where all was searched.
func TestNoRecord(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 1, 4)
	k := &recaller{t, r, nil}
	recall := func(PackKey) (*PackRecord, []Shown) { return nil, nil }
	for _, change := range []func(*WalkOptions){
		func(o *WalkOptions) { o.Types = Types(Blob) },
		func(o *WalkOptions) { o.Match = nil },
		func(o *WalkOptions) { o.CheckLinks = false },
	} {
		o := k.options()
		o.Recall = recall
		change(&o)
		if res, _ := k.walk(o); len(res.Records) > 0 {
			t.Error("a record of a part was made")
		}
	}
	o := k.options()
	o.Recall = recall
	ctx, cancel := context.WithCancel(context.Background())
	res, err := r.openStore(Options{}).Walk(ctx, o, func() Visitor { return visitFunc(func(*Object) { cancel() }) })
	if err == nil || len(res.Records) > 0 {
		t.Error("a record of an interrupted walk was made")
	}
}
