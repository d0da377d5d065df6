package layer

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSniffKnowsOpaqueFormats(t *testing.T) {
	iso := make([]byte, 32780)
	copy(iso[32768:], "\x01CD001\x01")
	for want, head := range map[Format]string{
		SevenZip: "7z\xbc\xaf\x27\x1c\x00\x04", Rar: "Rar!\x1a\x07\x01\x00", LZ4: "\x04\x22M\x18\x64\x40\xa7", Lzip: "LZIP\x01\x0c",
		LZMA: "]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x20", Lzop: "\x89LZO\x00\r\n\x1a\n", Compress: "\x1f\x9d\x90abc",
		Lrzip: "LRZI\x00\x06", Snappy: "\xff\x06\x00\x00sNaPpY", RPM: "\xed\xab\xee\xdb\x03\x00", Cabinet: "MSCF\x00\x00\x00\x00",
		ISO9660: string(iso), SquashFS: "hsqs" + strings.Repeat("\x01", 24) + "\x04\x00\x00\x00", Xar: "xar!\x00\x1c\x00\x01",
		Wim: "MSWIM\x00\x00\x00\xd0", LHA: "\x20\x10-lh5-" + strings.Repeat("\x00", 20), QCOW: "QFI\xfb\x00\x00\x00\x03",
		VMDK: "KDMV\x01\x00\x00\x00", VHDX: "vhdxfile", LUKS: "LUKS\xba\xbe\x00\x02", Parquet: "PAR1\x15\x04",
	} {
		if got, ok := Sniff([]byte(head)); !ok || got != want {
			t.Errorf("%v: sniffed as %v", want, got)
		}
	}
	dmg := append([]byte("koly\x00\x00\x00\x04"), make([]byte, 504)...)
	if got, ok := SniffTail(append(noise(100), dmg...)); !ok || got != DMG {
		t.Errorf("dmg: sniffed as %v", got)
	}
}

// Text and source are no container, nor is what only begins like one.
func TestSniffKnowsWhatIsNone(t *testing.T) {
	long := strings.Repeat("some text, 0644 and 0000755\n", 40)
	for _, head := range []string{
		"", "x", "PK", "package main\n", "#!/bin/sh\n", "# v2 git bundles are described here\n", "BZh9 is how bzip2 begins\n", "PACKAGE",
		"x^2 + y^2 = z^2, as everybody knows\n", "x^", "!<arch>", "070701 is the magic of cpio, and is followed by thirteen fields of eight digits, which these are not",
		"%PDF", "\x1f\x8b", "\x1f\x8b\x08\xff", "GIF89a", "\x7fELF\x02\x01\x01", "MZ\x90\x00", "{\"a\":1}", "<!DOCTYPE html>", "[core]\n", "SQLite format 3 is a format",
		"]\x00\x00 is no lzma header", "-lh5-", "hsqs", "Lorem ipsum", long, "7z", "Rar!", "QFI", "PAR1", "\x78\x9c", "xar! and such",
		"--lh5- in text that goes on for a while and on and on",
	} {
		if f, ok := Sniff([]byte(head)); ok {
			t.Errorf("%.40q is sniffed as %v", head, f)
		}
		if f, ok := SniffTail([]byte(head)); ok {
			t.Errorf("the tail of %.40q is sniffed as %v", head, f)
		}
	}
	if f, ok := SniffTail([]byte("PK\x05\x06" + strings.Repeat("text", 10))); ok {
		t.Errorf("a signature in text is sniffed as %v", f)
	}
}

// Chance makes few containers out of noise.
func TestSniffByChance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	head := make([]byte, SniffLen)
	hits := map[Format]int{}
	const n = 200_000
	for range n {
		for i := 0; i < 24; i += 8 {
			v := rnd.Uint64()
			for j := range 8 {
				head[i+j] = byte(v >> (8 * j))
			}
		}
		if f, ok := Sniff(head); ok {
			hits[f]++
		}
	}
	total := 0
	for _, k := range hits {
		total += k
	}
	if total > n/5000 {
		t.Errorf("%d of %d: %v", total, n, hits)
	}
}

func TestSniffDoesNotAllocate(t *testing.T) {
	head := noise(SniffLen)
	if n := testing.AllocsPerRun(100, func() { Sniff(head); SniffTail(head) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSniff(b *testing.B) {
	head := []byte(strings.Repeat("// a line of source\n", 30))[:SniffLen]
	for b.Loop() {
		if _, ok := Sniff(head); ok {
			b.Fatal("text is no container")
		}
	}
}
