package layer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// A stream format is parts back to back, perhaps with padding and garbage.
func TestStreamsOfManyParts(t *testing.T) {
	one, two := []byte("first content, which ends in pet"), []byte("ra_ and goes on")
	gz := func(b []byte) []byte { return layertest.Gzip("n", b) }
	skippable := concat([]byte("\x53*M\x18\x05\x00\x00\x00"), []byte("hello"))
	for name, tc := range map[string]struct {
		format Format
		data   []byte
	}{
		"gzip":                    {Gzip, concat(gz(one), gz(two))},
		"gzip, zeros between":     {Gzip, concat(gz(one), make([]byte, 700), gz(two), make([]byte, 9))},
		"gzip, garbage":           {Gzip, concat(gz(one), gz(two), []byte("garbage"))},
		"gzip, a byte of garbage": {Gzip, concat(gz(one), gz(two), []byte("\x1f"))},
		"gzip, empty part":        {Gzip, concat(gz(nil), gz(one), gz(nil), gz(two))},
		"zlib, garbage":           {Zlib, concat(layertest.Zlib(concat(one, two)), []byte("garbage"))},
		"bzip2":                   {Bzip2, concat(layertest.Bzip2(one), layertest.Bzip2(two))},
		"bzip2, garbage":          {Bzip2, concat(layertest.Bzip2(one), layertest.Bzip2(two), []byte("garbage"))},
		"xz":                      {XZ, concat(layertest.XZ(one), layertest.XZ(two))},
		"xz, zeros between":       {XZ, concat(layertest.XZ(one), make([]byte, 8), layertest.XZ(two))},
		"xz, garbage":             {XZ, concat(layertest.XZ(one), layertest.XZ(two), []byte("garbage that is long enough"))},
		"xz, a byte of garbage":   {XZ, concat(layertest.XZ(one), layertest.XZ(two), []byte("\n"))},
		"zstd":                    {Zstd, concat(layertest.Zstd(one), layertest.Zstd(two))},
		"zstd, skippable frames":  {Zstd, concat(skippable, layertest.Zstd(one), skippable, layertest.Zstd(two), skippable)},
		"zstd, garbage":           {Zstd, concat(layertest.Zstd(one), layertest.Zstd(two), []byte("garbage"))},
	} {
		for how, src := range sources(t, tc.data) {
			r := walk(t, tc.format, src, DefaultLimits)
			if len(r.faults) > 0 {
				t.Errorf("%s from %s: %v", name, how, r.faults)
			}
			if !r.holds(string(one) + string(two)) {
				t.Errorf("%s from %s: content %q", name, how, r.contents)
			}
		}
	}
}

// What bzip2 and xz themselves wrote, of harmless text.
func TestStreamsOfOtherWriters(t *testing.T) {
	want := strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 3)
	for f, text := range map[Format]string{
		Bzip2: bzip2Fixture,
		XZ:    xzFixture,
		Zstd:  zstdFixture,
	} {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		r := walk(t, f, SourceStream(bytes.NewReader(data)), DefaultLimits)
		if len(r.faults) > 0 || !r.holds(want) {
			t.Errorf("%v: %q, %v", f, r.contents, r.faults)
		}
	}
}

func TestChecksumsAreVerifiedAndContentKept(t *testing.T) {
	content := []byte(strings.Repeat("content under a checksum, ", 20))
	for f, fromEnd := range map[Format]int{Gzip: 8, Zlib: 4, Bzip2: 1, XZ: 26} {
		data := wraps[f](content)
		data[len(data)-fromEnd] ^= 0x10
		r := walk(t, f, SourceStream(bytes.NewReader(data)), DefaultLimits)
		if len(r.faults) != 1 || r.faults[0].Kind != Opaque {
			t.Errorf("%v: faults %v", f, r.faults)
		}
		if !r.holds(string(content)) {
			t.Errorf("%v: content lost: %q", f, r.contents)
		}
	}
	data := concat(layertest.Gzip("", content), layertest.Gzip("", []byte("second")))
	data[len(layertest.Gzip("", content))-8] ^= 1
	r := walk(t, Gzip, SourceStream(bytes.NewReader(data)), DefaultLimits)
	if !r.holds("second") || len(r.faults) != 1 {
		t.Errorf("gzip behind a bad checksum: %q, %v", r.contents, r.faults)
	}
}

func TestZlibByChanceIsNoDamage(t *testing.T) {
	for _, tail := range []string{"", "\x05", "\x05\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		data := []byte("x\x9c" + tail)
		r := walk(t, Zlib, SourceStream(strings.NewReader(string(data))), DefaultLimits)
		if len(r.faults) > 0 {
			t.Errorf("%q: %v", data, r.faults)
		}
	}
}

// Memory is refused before it is allocated.
func TestWindowsAreBounded(t *testing.T) {
	frame := func(windowLog byte) []byte {
		return concat([]byte(zstdMagic), []byte{0, (windowLog - 10) << 3, 1<<0 | 5<<3, 0, 0}, []byte("hello"))
	}
	for name, tc := range map[string]struct {
		format Format
		data   []byte
		fits   bool
	}{
		"zstd 64 MiB":        {Zstd, frame(26), true},
		"zstd 128 MiB":       {Zstd, frame(27), false},
		"zstd 2 TiB":         {Zstd, frame(41), false},
		"zstd single 16 EiB": {Zstd, concat([]byte(zstdMagic), []byte{0xe0}, bytes.Repeat([]byte{0xff}, 8), []byte{1, 0, 0}), false},
		"zstd later frame":   {Zstd, concat(frame(20), frame(30)), false},
		"xz 64 MiB":          {XZ, layertest.XZDict([]byte("hello"), 1<<26), true},
		"xz 128 MiB":         {XZ, layertest.XZDict([]byte("hello"), 1<<27), false},
		"xz later stream":    {XZ, concat(layertest.XZ([]byte("hello")), layertest.XZDict([]byte("hello"), 1<<27)), false},
	} {
		r := walk(t, tc.format, SourceStream(bytes.NewReader(tc.data)), DefaultLimits)
		if tc.fits && (len(r.faults) > 0 || !r.holds("hello")) {
			t.Errorf("%s: %q, %v", name, r.contents, r.faults)
		}
		if !tc.fits && (len(r.faults) != 1 || r.faults[0].Kind == Unreadable) {
			t.Errorf("%s: %v", name, r.faults)
		}
		if r.budget.memory != maxMemory {
			t.Errorf("%s: %d bytes of memory were not given back", name, maxMemory-r.budget.memory)
		}
	}
	// A nest may not have a window at every level.
	nest := []byte("hello")
	for range 3 {
		nest = layertest.XZDict(nest, 1<<26)
	}
	r := walk(t, XZ, SourceStream(bytes.NewReader(nest)), DefaultLimits)
	if len(r.faults) != 1 || r.faults[0].Kind != Cut {
		t.Errorf("nest: %v", r.faults)
	}
}

func TestZstdDictionary(t *testing.T) {
	data := concat([]byte(zstdMagic), []byte{1, 0, 7, 1<<0 | 5<<3, 0, 0}, []byte("hello"))
	r := walk(t, Zstd, SourceStream(bytes.NewReader(data)), DefaultLimits)
	if len(r.faults) != 1 || !strings.Contains(r.faults[0].Reason, "dictionary") {
		t.Errorf("faults %v", r.faults)
	}
}

// The frame reader's idea of where frames end is that of the encoder.
func TestZstdFramesEndWhereTheyEnd(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 65535, 65792, 200_000} {
		for _, content := range [][]byte{make([]byte, n), noise(n)} {
			data := concat(layertest.Zstd(content), layertest.Zstd([]byte("behind")))
			r := walk(t, Zstd, SourceStream(bytes.NewReader(data)), DefaultLimits)
			if len(r.faults) > 0 || len(r.contents[""]) != n+len("behind") || !r.holds("behind") {
				t.Errorf("%d bytes: got %d, %v", n, len(r.contents[""]), r.faults)
			}
		}
	}
}

func TestXZDictionarySizes(t *testing.T) {
	for log := 20; log < 32; log++ {
		data := layertest.XZDict([]byte("x"), 1<<log)
		if got := xzDictionary(buffered(data)); got != 1<<log {
			t.Errorf("2^%d: %d", log, got)
		}
	}
	// Sizes of compressed and uncompressed data, and a BCJ filter, come first.
	block := []byte{3, 0xc1}
	block = binary.AppendUvarint(block, 1<<40)
	block = binary.AppendUvarint(block, 1<<50)
	block = append(block, 4, 0, 0x21, 1, 37)
	data := concat(make([]byte, 12), block, make([]byte, 64))
	data[12] = 7
	if got := xzDictionary(buffered(data)); got != 3<<29 {
		t.Errorf("with sizes and a filter: %d", got)
	}
}

const (
	bzip2Fixture = "425a6839314159265359d4edd8f600001053800010400104003ffffff02000415feaa140068d34d368da90a0000000146087c43c2c9acf6eafaeec936525d468d98aee0cd3510d1560b36558b55d5421e9296eddfc5dc914e1424353b763d8"
	xzFixture    = "fd377a585a000004e6d6b446020021011c00000010cf58cce0008600335d002a1a08a2032566f14b78c5a205ff2ee6d9d2201aad34f8e21de84136fadc0669bb3ce410342709ebb366e3ec98fb7a471000000000a460a5246bf2328000014f870100000083672186b1c467fb020000000004595a"
	zstdFixture  = "28b52ffd0460ad0100d40254686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e0a01003d38a9321544371c"
)

func buffered(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }
