package layer

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

// tarHeader returns a v7 header, whose only mark is the checksum.
func tarHeader(name string, size int, kind byte, magic string) []byte {
	h := make([]byte, tarBlock)
	copy(h, name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x0000000000000\x00        ", size))
	h[156] = kind
	copy(h[257:], magic)
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}

func tarMember(name string, kind byte, magic string, content []byte) []byte {
	return concat(tarHeader(name, len(content), kind, magic), content, make([]byte, -len(content)&(tarBlock-1)))
}

var tarEnd = make([]byte, 2*tarBlock)

func TestTarDialects(t *testing.T) {
	content := []byte("content of a tar member\n")
	long := strings.Repeat("directory/", 30) + "name"
	write := func(h *tar.Header) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, tc := range map[string]struct {
		data   []byte
		member string
	}{
		"v7":      {concat(tarMember("old", 0, "", content), tarEnd), "old"},
		"v7, cut": {tarMember("old", 0, "", content), "old"},
		"ustar":   {write(&tar.Header{Name: "new", Format: tar.FormatUSTAR}), "new"},
		"pax":     {write(&tar.Header{Name: long, Format: tar.FormatPAX}), long},
		"gnu":     {write(&tar.Header{Name: long, Format: tar.FormatGNU}), long},
	} {
		if f, ok := Sniff(tc.data[:SniffLen]); !ok || f != Tar {
			t.Errorf("%s: sniffed as %v", name, f)
		}
		r := walk(t, Tar, bytesSource(tc.data), DefaultLimits)
		if r.contents[tc.member] != string(content) || len(r.faults) > 0 {
			t.Errorf("%s: %q, %v", name, r.contents, r.faults)
		}
	}
}

func TestTarGoesOn(t *testing.T) {
	a, b, c := layertest.File{Name: "a", Data: noise(700)}, layertest.File{Name: "b", Data: noise(512)}, layertest.File{Name: "c", Data: noise(1)}
	spoilt := layertest.Tar(a, b, c)
	spoilt[3*tarBlock+148] ^= 1 // the checksum of the header of b
	for name, tc := range map[string]struct {
		data   []byte
		files  []layertest.File
		faults int
	}{
		"concatenated":    {concat(layertest.Tar(a), layertest.Tar(b, c)), []layertest.File{a, b, c}, 0},
		"zeros between":   {concat(layertest.Tar(a), make([]byte, 9*tarBlock), layertest.Tar(b)), []layertest.File{a, b}, 0},
		"garbage behind":  {concat(layertest.Tar(a), []byte("garbage")), []layertest.File{a}, 0},
		"a spoilt header": {spoilt, []layertest.File{a, c}, 1},
	} {
		for how, src := range sources(t, tc.data) {
			r := walk(t, Tar, src, DefaultLimits)
			checkFiles(t, name+" from "+how, r, tc.files)
			if len(r.faults) != tc.faults {
				t.Errorf("%s from %s: %v", name, how, r.faults)
			}
		}
	}
}

// A sparse file gives its data in place, and its holes are paid for.
func TestTarSparse(t *testing.T) {
	const hole = 1 << 30
	sparse := fmt.Sprintf("1\n%d\n5\n", hole)
	body := concat([]byte(sparse), make([]byte, tarBlock-len(sparse)), []byte("hello"))
	record := func(k, v string) string {
		s := fmt.Sprintf(" %s=%s\n", k, v)
		n := len(s) + 2
		return fmt.Sprint(n) + s
	}
	pax := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", "holes") +
		record("GNU.sparse.realsize", fmt.Sprint(hole+5))
	data := concat(tarMember("x", 'x', "ustar\x0000", []byte(pax)), tarMember("y", '0', "ustar\x0000", body), tarEnd)

	limits := DefaultLimits
	limits.Bytes = 1 << 20
	r := walk(t, Tar, bytesSource(data), limits)
	if len(r.faults) != 1 || r.faults[0].Kind != Cut || r.faults[0].Member != "holes" || r.bytes > limits.Bytes+int64(len(data)) {
		t.Errorf("%d bytes, %v", r.bytes, r.faults)
	}
	small := bytes.ReplaceAll(data, []byte(fmt.Sprint(hole)), []byte("0000001000"))
	small = bytes.ReplaceAll(small, []byte(fmt.Sprint(hole+5)), []byte("0000001005"))
	// The checksums of the headers did not change: only content did.
	r = walk(t, Tar, bytesSource(small), limits)
	if got := r.contents["holes"]; got != string(make([]byte, 1000))+"hello" {
		t.Errorf("content of %d bytes, %v", len(got), r.faults)
	}
}

func TestArNames(t *testing.T) {
	header := func(name string, size int) string {
		return fmt.Sprintf("%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, 0o100644, size)
	}
	bsd := arMagic + header("#1/20", 25) + "a-name-with-20-bytes" + "hello\n" + header("short", 2) + "hi"
	gnu := string(layertest.Ar(layertest.File{Name: "a-name-of-more-than-16", Data: []byte("hello")},
		layertest.File{Name: "short", Data: []byte("hi")}))
	symbols := arMagic + header("/", 3) + "abc\n" + gnu[len(arMagic):]
	for name, tc := range map[string]struct{ data, long string }{
		"BSD": {bsd, "a-name-with-20-bytes"}, "GNU": {gnu, "a-name-of-more-than-16"}, "symbols": {symbols, "a-name-of-more-than-16"},
	} {
		r := walk(t, Ar, bytesSource([]byte(tc.data)), DefaultLimits)
		if !slices.Equal(r.members, []string{tc.long, "short"}) || r.contents[tc.long] != "hello" || r.contents["short"] != "hi" || len(r.faults) > 0 {
			t.Errorf("%s: %q %q, %v", name, r.members, r.contents, r.faults)
		}
	}
	r := walk(t, Ar, bytesSource([]byte(bsd[:len(bsd)-62]+header("lost", 5)[:59]+"!")), DefaultLimits)
	if len(r.faults) != 1 || r.faults[0].Kind != Opaque || r.contents["a-name-with-20-bytes"] != "hello" {
		t.Errorf("a bad header: %q, %v", r.contents, r.faults)
	}
}

func TestCpioDialects(t *testing.T) {
	odc := func(name, content string) string {
		return fmt.Sprintf("070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o%s\x00%s", 0, 1, 0o100644, 0, 0, 1, 0, 0, len(name)+1, len(content), name, content)
	}
	old := odc("a.txt", "hello") + odc("TRAILER!!!", "")
	r := walk(t, Cpio, bytesSource([]byte(old)), DefaultLimits)
	if r.contents["a.txt"] != "hello" || len(r.faults) > 0 {
		t.Errorf("odc: %q, %v", r.contents, r.faults)
	}
	// The RAM disk of a kernel: an archive, padding, a compressed archive.
	micro := layertest.Cpio(layertest.File{Name: "microcode", Data: []byte("micro")})
	disk := layertest.Gzip("", layertest.Cpio(layertest.File{Name: "etc/secret", Data: []byte("hello")}))
	r = walk(t, Cpio, bytesSource(concat(micro, make([]byte, 512), micro, disk)), DefaultLimits)
	if !r.holds("hello") || len(r.faults) > 0 {
		t.Errorf("RAM disk: %q, %v", r.members, r.faults)
	}
}

func TestPNGText(t *testing.T) {
	for kind, member := range map[string]string{"tEXt": "tEXt Comment", "zTXt": "zTXt Comment", "iTXt": "iTXt Comment", "iTXt+": "iTXt Comment"} {
		data := layertest.PNG(kind, []byte("text of a picture"), []byte("what follows"))
		r := walk(t, PNG, bytesSource(data), DefaultLimits)
		if r.contents[member] != "text of a picture" || r.contents["(behind IEND)"] != "what follows" || len(r.faults) > 0 {
			t.Errorf("%s: %q, %v", kind, r.contents, r.faults)
		}
	}
	zipped := layertest.PNG("", nil, layertest.Zip(layertest.File{Name: "a", Data: []byte("hidden in a picture")}))
	if r := walk(t, PNG, bytesSource(zipped), DefaultLimits); r.contents["(behind IEND)!a"] != "hidden in a picture" {
		t.Errorf("zip behind: %q, %v", r.contents, r.faults)
	}
}
