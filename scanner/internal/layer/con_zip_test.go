package layer

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

func bytesSource(b []byte) Source { return SourceAt(bytes.NewReader(b), int64(len(b))) }

// zipMethodsWritten are compressors of methods that archive/zip does not know.
var zipMethodsWritten = map[uint16]func([]byte) []byte{
	zipBzip2: layertest.Bzip2, zipZstd: layertest.Zstd, zipOldZstd: layertest.Zstd, zipXZ: layertest.XZ,
}

// rawZip writes a zip whose members are compressed by the method already.
func rawZip(t *testing.T, method uint16, flags uint16, name string, data, packed []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	m, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: method, Flags: flags, CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write(packed); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestZipMethods(t *testing.T) {
	content := []byte(strings.Repeat("content of a zip ", 30))
	for method, compress := range zipMethodsWritten {
		data := rawZip(t, method, 0, "a", content, compress(content))
		for how, data := range map[string][]byte{"whole": data, "by local headers": data[:len(data)-zipEndLen]} {
			r := walk(t, Zip, bytesSource(data), DefaultLimits)
			if r.contents["a"] != string(content) {
				t.Errorf("method %d, %s: %q, %v", method, how, r.contents, r.faults)
			}
			if r.budget.memory != maxMemory {
				t.Errorf("method %d: memory not given back", method)
			}
		}
	}
	for method, word := range map[uint16]string{9: "deflate64", 14: "lzma", 98: "ppmd", 77: "method 77"} {
		r := walk(t, Zip, bytesSource(rawZip(t, method, 0, "a", content, content)), DefaultLimits)
		if len(r.faults) != 1 || r.faults[0].Kind != Opaque || r.faults[0].Member != "a" || !strings.Contains(r.faults[0].Reason, word) {
			t.Errorf("method %d: %v", method, r.faults)
		}
	}
}

func TestZipEncrypted(t *testing.T) {
	for name, data := range map[string][]byte{
		"traditional": rawZip(t, zipDeflate, 1, "a", []byte("x"), []byte("sealed bytes")),
		"AES":         rawZip(t, zipAES, 1, "a", []byte("x"), []byte("sealed bytes")),
	} {
		r := walk(t, Zip, bytesSource(data), DefaultLimits)
		if len(r.members) != 0 || len(r.faults) != 1 || r.faults[0].Reason != "encrypted" || r.faults[0].Member != "a" {
			t.Errorf("%s: %q, %v", name, r.members, r.faults)
		}
	}
}

// Whatever stands before or behind a zip, it is found and opened; so is one
// without its directory, and one that is a stream too long to hold.
func TestZipWays(t *testing.T) {
	files := []layertest.File{
		{Name: "one", Data: []byte(strings.Repeat("first content ", 50))},
		{Name: "dir/", Data: nil},
		{Name: "dir/two", Data: noise(5000)},
		{Name: "three", Data: []byte("a PK\x03\x04 and PK\x07\x08 within, and 'PK'")},
	}
	var comment bytes.Buffer
	w := zip.NewWriter(&comment)
	for _, f := range files {
		m, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetComment("a comment with PK\x05\x06 in it"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	program := concat([]byte("#!/bin/sh\nexec unzip $0\n"), noise(3000))
	for _, pack := range []func(...layertest.File) []byte{layertest.Zip, layertest.ZipStored} {
		whole := pack(files...)
		end := bytes.LastIndex(whole, []byte(zipEnd))
		dir := bytes.Index(whole, []byte(zipCentral))
		for name, tc := range map[string]struct {
			data   []byte
			faults int
		}{
			"plain":            {whole, 0},
			"comment":          {comment.Bytes(), 0},
			"program before":   {concat(program, whole), 0},
			"garbage behind":   {concat(whole, []byte("garbage")), 0},
			"no end record":    {whole[:end], 1},
			"no directory":     {whole[:dir], 1},
			"spoilt directory": {concat(whole[:dir+1], []byte("!"), whole[dir+2:]), 1},
		} {
			r := walk(t, Zip, bytesSource(tc.data), DefaultLimits)
			checkFiles(t, name, r, files)
			if len(r.faults) != tc.faults {
				t.Errorf("%s: %v", name, r.faults)
			}
		}
		for _, b := range [][]byte{whole, concat(program, whole), comment.Bytes()} {
			if f, ok := SniffTail(b[max(len(b)-SniffTailLen, 0):]); !ok || f != Zip {
				t.Errorf("the tail of a zip is sniffed as %v", f)
			}
		}
		// A stream for which there is no memory is read by its local headers.
		r := &found{contents: map[string]string{}, budget: NewBudget(DefaultLimits), limit: 1 << 20}
		r.budget.memory = spoolPiece - 1
		if err := r.open(Zip, SourceStream(bytes.NewReader(whole)), ""); err != nil {
			t.Fatal(err)
		}
		checkFiles(t, "stream", r, files)
		if len(r.faults) != 0 {
			t.Errorf("stream: %v", r.faults)
		}
	}
}

func checkFiles(t *testing.T, what string, r *found, files []layertest.File) {
	t.Helper()
	var want []string
	for _, f := range files {
		if len(f.Data) > 0 {
			want = append(want, f.Name)
			if r.contents[f.Name] != string(f.Data) {
				t.Errorf("%s: %s: %.60q", what, f.Name, r.contents[f.Name])
			}
		}
	}
	if !slices.Equal(r.members, want) {
		t.Errorf("%s: members %q, want %q", what, r.members, want)
	}
}

// archive/zip is the judge of many random zips, of stored members with
// descriptors among them.
func TestZipLikeTheStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		var files []layertest.File
		for i := range rnd.IntN(6) {
			files = append(files, layertest.File{Name: fmt.Sprintf("%s%d", strings.Repeat("d/", rnd.IntN(9)), i), Data: noise(1 + rnd.IntN(40_000))})
		}
		pack := layertest.Zip
		if rnd.IntN(2) == 0 {
			pack = layertest.ZipStored
		}
		data := concat(noise(rnd.IntN(3)*100), pack(files...))
		zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var want []layertest.File
		for _, f := range zr.File {
			rc, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(rc)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, layertest.File{Name: f.Name, Data: b})
		}
		r := walk(t, Zip, bytesSource(data), DefaultLimits)
		checkFiles(t, "random zip", r, want)
		if len(r.faults) > 0 {
			t.Error(r.faults)
		}
	}
}

func TestZipDamagedMemberDoesNotHideOthers(t *testing.T) {
	files := []layertest.File{{Name: "a", Data: noise(3000)}, {Name: "b", Data: noise(3000)}, {Name: "c", Data: noise(3000)}}
	whole := layertest.Zip(files...)
	second := bytes.Index(whole[4:], []byte(zipLocal)) + 4
	data := slices.Clone(whole)
	copy(data[second+200:], bytes.Repeat([]byte{0xff}, 50))
	r := walk(t, Zip, bytesSource(data), DefaultLimits)
	if r.contents["a"] != string(files[0].Data) || r.contents["c"] != string(files[2].Data) {
		t.Errorf("members %q", r.members)
	}
	if len(r.faults) != 1 || r.faults[0].Member != "b" || r.faults[0].Kind != Opaque {
		t.Errorf("faults %v", r.faults)
	}
	data = slices.Clone(whole)
	data[second] = 'X'
	r = walk(t, Zip, bytesSource(data), DefaultLimits)
	if len(r.members) != 2 || len(r.faults) != 1 || r.faults[0].Reason != "damaged: no local header" {
		t.Errorf("no local header: %q, %v", r.members, r.faults)
	}
}

// The 64 bit forms: 70,000 members need the end record's, and the entry's own
// is written by hand.
func TestZip64(t *testing.T) {
	if testing.Short() {
		t.Skip("70,000 members")
	}
	var files []layertest.File
	for i := range 70_000 {
		files = append(files, layertest.File{Name: fmt.Sprint(i), Data: []byte{'x'}})
	}
	data := layertest.ZipStored(files...)
	if !bytes.Contains(data, []byte(zip64End)) {
		t.Fatal("not a 64 bit zip")
	}
	for _, prefix := range []int{0, 100} {
		r := walk(t, Zip, bytesSource(concat(noise(prefix), data)), DefaultLimits)
		if len(r.members) != len(files) || len(r.faults) > 0 {
			t.Errorf("%d members, %v", len(r.members), r.faults)
		}
	}
}

func TestZip64Entry(t *testing.T) {
	content := []byte("content of an entry with wide fields")
	data := rawZip(t, zipStore, 0, "a", content, content)
	dir := bytes.Index(data, []byte(zipCentral))
	end := bytes.LastIndex(data, []byte(zipEnd))
	entry := slices.Clone(data[dir:end])
	for _, at := range []int{20, 24, 42} {
		binary.LittleEndian.PutUint32(entry[at:], 1<<32-1)
	}
	extra := []byte{0x55, 0x54, 1, 0, 9, 1, 0, 24, 0} // another field first
	for _, v := range []int{len(content), len(content), 0} {
		extra = binary.LittleEndian.AppendUint64(extra, uint64(v))
	}
	binary.LittleEndian.PutUint16(entry[30:], uint16(len(extra)))
	entry = append(entry, extra...)
	tail := slices.Clone(data[end:])
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(entry)))
	r := walk(t, Zip, bytesSource(concat(data[:dir], entry, tail)), DefaultLimits)
	if r.contents["a"] != string(content) || len(r.faults) > 0 {
		t.Errorf("%q, %v", r.contents, r.faults)
	}
}

// Stored members that overlap cost no more than the zip is long, plus the
// limit.
func TestZipOverlap(t *testing.T) {
	content := noise(100_000)
	one := rawZip(t, zipStore, 0, "a", content, content)
	dir := bytes.Index(one, []byte(zipCentral))
	end := bytes.LastIndex(one, []byte(zipEnd))
	const n = 1000
	entries := bytes.Repeat(one[dir:end], n)
	tail := slices.Clone(one[end:])
	binary.LittleEndian.PutUint16(tail[8:], n)
	binary.LittleEndian.PutUint16(tail[10:], n)
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(entries)))
	data := concat(one[:dir], entries, tail)
	limits := DefaultLimits
	limits.Bytes = 1 << 20
	r := walk(t, Zip, bytesSource(data), limits)
	if most := limits.Bytes + int64(len(data)); r.bytes > most {
		t.Errorf("%d bytes came out, %d may", r.bytes, most)
	}
	if len(r.faults) != 1 || r.faults[0].Kind != Cut {
		t.Errorf("faults %v", r.faults)
	}
}
