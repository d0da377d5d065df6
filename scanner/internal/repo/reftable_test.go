package repo

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// reftableRepo makes a git directory by hand around a stack of tables, since git
// before 2.45 makes none.
func reftableRepo(t testing.TB, format string, tables map[string][]byte, list ...string) *Repo {
	t.Helper()
	dir := filepath.Join(tempDir(t), "repo")
	gitDir := filepath.Join(dir, ".git")
	write(t, filepath.Join(gitDir, "HEAD"), "ref: refs/heads/.invalid\n")
	write(t, filepath.Join(gitDir, "refs/heads"), "this repository uses the reftable format\n")
	write(t, filepath.Join(gitDir, "objects/info/none"), "")
	write(t, filepath.Join(gitDir, "config"), "[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = reftable\nobjectFormat = "+format+"\n")
	write(t, filepath.Join(gitDir, "reftable/tables.list"), strings.Join(list, "\n")+"\n")
	for name, data := range tables {
		write(t, filepath.Join(gitDir, "reftable", name), string(data))
	}
	return mustOpen(t, dir)
}

// TestReftableOfGit reads tables that git 2.47.3 wrote, and compares with what it
// said of them. They have several blocks, tags, symbolic and deleted refs, and
// entries dropped from a log.
func TestReftableOfGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := filepath.Join("testdata", "reftable-"+format)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, e := range entries {
				if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
					t.Fatal(err)
				}
			}
			r := reftableRepo(t, format, files, lines(string(files["tables.list"]))...)
			refs, problems, err := r.Refs()
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			var got []string
			for _, ref := range refs {
				if strings.HasPrefix(ref.Name, "refs/") {
					got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", ref.Name, ref.ID, ref.Target)))
				}
				if isTag := ref.Name == "refs/tags/v1"; isTag == ref.Peeled.IsZero() {
					t.Errorf("%s is peeled to %s", ref.Name, ref.Peeled)
				}
			}
			wantLines(t, "refs", got, lines(string(files["refs.txt"])))
			head, err := r.Head()
			if err != nil || head.Target != "refs/heads/main" || !slices.Contains(got, "refs/heads/main "+head.ID.String()) {
				t.Errorf("HEAD is %+v, %v", head, err)
			}

			logs, problems, err := r.Reflogs()
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			want := lines(string(files["logs.txt"]))
			for i, line := range want {
				f := strings.Split(line, "\t")
				date := f[4][strings.Index(f[4], "@{")+2 : len(f[4])-1]
				want[i] = strings.Join([]string{f[0], f[1], f[2], f[3], date, f[5]}, "\t")
			}
			got = nil
			for _, log := range logs {
				if slices.Contains([]string{"HEAD", "refs/heads/main", "refs/stash", "refs/heads/topic/branch-9"}, log.Ref) {
					for _, e := range log.Entries {
						got = append(got, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", log.Ref, e.New, e.Name, e.Email, e.Time.Format("2006-01-02T15:04:05-07:00"), e.Message))
					}
				}
			}
			wantLines(t, "logs", got, want)
			one, err := r.reflog("refs/stash")
			if err != nil || len(one.Entries) != 1 {
				t.Errorf("the stash is %+v, %v", one, err)
			}
		})
	}
}

// A tableWriter writes a reftable byte by byte as technical/reftable describes
// it, with what git itself does not write: tables of logs only, version 2 with
// SHA-1, unaligned blocks.
type tableWriter struct {
	version   byte
	blockSize int
	idSize    int
	refs      [][]byte // blocks of records
	logs      [][]byte
}

func (w *tableWriter) header() []byte {
	h := append([]byte("REFT"), w.version, byte(w.blockSize>>16), byte(w.blockSize>>8), byte(w.blockSize))
	h = binary.BigEndian.AppendUint64(h, 1)
	h = binary.BigEndian.AppendUint64(h, 9)
	if w.version == 2 {
		h = append(h, map[int]string{20: "sha1", 32: "s256"}[w.idSize]...)
	}
	return h
}

func (w *tableWriter) bytes() []byte {
	file := w.header()
	start := 0
	tail := []byte{0, 0, byte(len(file) + 4), 0, 1} // one restart, at the first record
	for _, records := range w.refs {
		length := len(file) - start + 4 + len(records) + len(tail)
		file = append(file, 'r', byte(length>>16), byte(length>>8), byte(length))
		file = append(append(file, records...), tail...)
		for w.blockSize > 0 && len(file)%w.blockSize != 0 {
			file = append(file, 0)
		}
		start = len(file)
		tail[2] = 4
	}
	logStart := start // 0 in a table without refs
	for _, records := range w.logs {
		length := len(file) - start + 4 + len(records) + len(tail)
		file = append(file, 'g', byte(length>>16), byte(length>>8), byte(length))
		var deflated bytes.Buffer
		z := zlib.NewWriter(&deflated)
		z.Write(append(slices.Clone(records), tail...))
		z.Close()
		file = append(file, deflated.Bytes()...)
		start = len(file)
	}
	footer := w.header()
	for i := range 5 {
		position := uint64(0)
		if i == 3 && len(w.logs) > 0 {
			position = uint64(logStart)
		}
		footer = binary.BigEndian.AppendUint64(footer, position)
	}
	footer = binary.BigEndian.AppendUint32(footer, crc32.ChecksumIEEE(footer))
	return append(file, footer...)
}

// appendVarint is the inverse of offsetVarint.
func appendVarint(b []byte, v uint64) []byte {
	digits := []byte{byte(v & 0x7f)}
	for v >>= 7; v > 0; v >>= 7 {
		v--
		digits = append(digits, byte(v&0x7f)|0x80)
	}
	slices.Reverse(digits)
	return append(b, digits...)
}

func TestOffsetVarint(t *testing.T) {
	for _, v := range []uint64{0, 1, 127, 128, 129, 16511, 16512, 1 << 20, 1<<40 + 12345} {
		b := appendVarint(nil, v)
		if got, n := offsetVarint(append(b, 1)); got != v || n != len(b) {
			t.Errorf("%d: %d in %d of %d bytes", v, got, n, len(b))
		}
	}
	if _, n := offsetVarint(bytes.Repeat([]byte{0xff}, 20)); n != 0 {
		t.Error("a number without end is read")
	}
}

// record writes the head of a record: how much of the key before is shared, the
// rest of the key, and the kind.
func record(shared int, rest string, kind uint64) []byte {
	b := appendVarint(nil, uint64(shared))
	b = appendVarint(b, uint64(len(rest))<<3|kind)
	return append(b, rest...)
}

func refRecord(shared int, rest string, kind uint64, value ...byte) []byte {
	return append(appendVarint(record(shared, rest, kind), 0), value...)
}

// logKey is the key of a log record, inverted so that the newest comes first.
func logKey(ref string, update uint64) string {
	return ref + "\x00" + string(binary.BigEndian.AppendUint64(nil, ^update))
}

func logRecord(key string, oldID, newID []byte, message string) []byte {
	b := append(append(record(0, key, 1), oldID...), newID...)
	for _, text := range []string{"A U Thor", "author@example.com"} {
		b = append(appendVarint(b, uint64(len(text))), text...)
	}
	b = appendVarint(b, 1700000000)
	west := int16(-800) // as git writes it
	b = binary.BigEndian.AppendUint16(b, uint16(west))
	return append(appendVarint(b, uint64(len(message))), message...)
}

func TestReftableByHand(t *testing.T) {
	for _, c := range []struct {
		format    string
		version   byte
		blockSize int
	}{{"sha1", 1, 0}, {"sha1", 1, 256}, {"sha1", 2, 0}, {"sha256", 2, 512}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			size := map[string]int{"sha1": 20, "sha256": 32}[c.format]
			id := func(b byte) []byte { return bytes.Repeat([]byte{b}, size) }
			zero := id(0)
			base := &tableWriter{version: c.version, blockSize: c.blockSize, idSize: size, refs: [][]byte{
				slices.Concat(
					refRecord(0, "HEAD", 3, []byte("\x0frefs/heads/main")...),
					refRecord(0, "refs/heads/gone", 1, id(1)...),
					refRecord(11, "main", 1, id(2)...)),
				slices.Concat(
					refRecord(0, "refs/tags/v1", 2, append(id(3), id(4)...)...),
					refRecord(11, "2", 1, id(5)...)),
			}, logs: [][]byte{
				slices.Concat(
					logRecord(logKey("refs/heads/main", 3), id(1), id(2), "second\n"),
					logRecord(logKey("refs/heads/main", 2), zero, id(1), "first")),
				logRecord(logKey("refs/stash", 4), zero, id(6), "to be dropped"),
			}}
			newer := &tableWriter{version: c.version, idSize: size, refs: [][]byte{slices.Concat(
				refRecord(0, "refs/heads/gone", 0),
				refRecord(11, "main", 1, id(7)...))}}
			logOnly := &tableWriter{version: c.version, idSize: size, logs: [][]byte{
				logRecord(logKey("refs/heads/main", 5), id(2), id(7), "third"),
				record(0, logKey("refs/stash", 4), 0),
			}}
			empty := &tableWriter{version: c.version, idSize: size}
			tables := map[string][]byte{"a.ref": base.bytes(), "b.ref": newer.bytes(), "c.log": logOnly.bytes(), "d.ref": empty.bytes()}
			list := []string{"a.ref", "b.ref", "c.log", "d.ref"}
			r := reftableRepo(t, c.format, tables, list...)
			refs, problems, err := r.Refs()
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			hex := func(b byte) string { return strings.Repeat(fmt.Sprintf("%02x", b), size) }
			var got []string
			for _, ref := range refs {
				got = append(got, fmt.Sprintf("%s %s %s %s", ref.Name, ref.ID, ref.Target, ref.Peeled))
			}
			wantLines(t, "refs", got, []string{
				"HEAD " + hex(7) + " refs/heads/main ", "refs/heads/main " + hex(7) + "  ",
				"refs/tags/v1 " + hex(3) + "  " + hex(4), "refs/tags/v2 " + hex(5) + "  ",
			})
			logs, problems, err := r.Reflogs()
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			got = nil
			for _, log := range logs {
				for _, e := range log.Entries {
					got = append(got, fmt.Sprintf("%s %s %s %s", log.Ref, e.New, e.Time.Format("-0700"), e.Message))
				}
			}
			want := []string{"refs/heads/main " + hex(1) + " -0800 first", "refs/heads/main " + hex(2) + " -0800 second", "refs/heads/main " + hex(7) + " -0800 third"}
			if !slices.Equal(got, want) {
				t.Errorf("logs are %q, want %q", got, want)
			}

			// Damage anywhere is noticed or harmless, and the other tables
			// are still read.
			for i := range tables["a.ref"] {
				broken := bytes.Clone(tables["a.ref"])
				broken[i] ^= 0x55
				parseReftable(broken, r.Format)
				if _, err := parseReftable(broken[:i], r.Format); err == nil {
					t.Fatalf("cut to %d bytes: no error", i)
				}
			}
			tables["a.ref"] = tables["a.ref"][:40]
			refs, problems, err = reftableRepo(t, c.format, tables, list...).Refs()
			if err != nil || len(problems) != 1 || !strings.HasSuffix(problems[0].Path, "a.ref") || len(refs) != 1 || refs[0].Name != "refs/heads/main" {
				t.Errorf("with one table damaged: %v, %v, %v", refs, problems, err)
			}
			delete(tables, "a.ref")
			if _, problems, _ = reftableRepo(t, c.format, tables, list...).Refs(); len(problems) != 1 {
				t.Errorf("with one table gone: %v", problems)
			}
		})
	}
	r := reftableRepo(t, "sha1", nil)
	if err := os.Remove(filepath.Join(r.CommonDir, "reftable/tables.list")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Refs(); err == nil {
		t.Error("tables.list is gone, and no error")
	}
}

func TestReftableRefusals(t *testing.T) {
	w := tableWriter{version: 2, idSize: 20}
	long := strings.Repeat("a", 10000)
	for name, c := range map[string]struct {
		data   []byte
		format gitobj.Format
		want   string
	}{
		"other hash":      {w.bytes(), gitobj.SHA256, `"sha1"`},
		"version 1":       {(&tableWriter{version: 1, idSize: 20}).bytes(), gitobj.SHA256, "version 1"},
		"unknown version": {(&tableWriter{version: 3, idSize: 20}).bytes(), gitobj.SHA1, "version 3"},
		"value type":      {(&tableWriter{version: 1, idSize: 20, refs: [][]byte{refRecord(0, "a", 5)}}).bytes(), gitobj.SHA1, "type 5"},
		"prefix":          {(&tableWriter{version: 1, idSize: 20, refs: [][]byte{refRecord(3, "a", 0)}}).bytes(), gitobj.SHA1, "prefix"},
		"expansion":       {(&tableWriter{version: 1, idSize: 20, refs: [][]byte{append(refRecord(0, long, 0), bytes.Repeat(refRecord(len(long), "", 0), 20000)...)}}).bytes(), gitobj.SHA1, "expand"},
		"no table":        {[]byte("hello"), gitobj.SHA1, "header"},
	} {
		if _, err := parseReftable(c.data, c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func FuzzReftable(f *testing.F) {
	id := bytes.Repeat([]byte{7}, 20)
	f.Add((&tableWriter{version: 1, idSize: 20, refs: [][]byte{refRecord(0, "refs/heads/a", 1, id...)}, logs: [][]byte{logRecord(logKey("a", 1), id, id, "x")}}).bytes())
	f.Add((&tableWriter{version: 2, idSize: 20, logs: [][]byte{logRecord(logKey("a", 1), id, id, "x")}}).bytes())
	paths, _ := filepath.Glob("testdata/reftable-*/*.ref")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []gitobj.Format{gitobj.SHA1, gitobj.SHA256} {
			// The fuzzer can't find checksums: give it the one that fits.
			if size := map[gitobj.Format]int{gitobj.SHA1: 68, gitobj.SHA256: 72}[format]; len(data) >= size {
				data = bytes.Clone(data)
				footer := data[len(data)-size:]
				copy(footer, data[:size-44])
				binary.BigEndian.PutUint32(footer[size-4:], crc32.ChecksumIEEE(footer[:size-4]))
			}
			table, _ := parseReftable(data, format)
			for _, ref := range table.refs {
				if n := len(ref.ID.Bytes()); n != 0 && n != format.Size() {
					t.Fatalf("id of %d bytes", n)
				}
			}
			if len(table.refs) > len(data) {
				t.Fatalf("%d refs in %d bytes", len(table.refs), len(data))
			}
		}
	})
}
