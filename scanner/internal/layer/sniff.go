package layer

import (
	"bytes"
	"encoding/binary"
)

// A Format is a kind of container, known by its magic bytes, never by a name.
// The zero Format is no container.
type Format uint8

// The formats that Unpack opens.
const (
	Gzip Format = iota + 1
	Zlib
	Bzip2
	XZ
	Zstd
	Zip
	Tar
	Ar
	Cpio
	PDF
	PNG
	SQLite
	GitPack
	GitBundle
	UTF32LE
	UTF32BE
	IntelHex
	SRecord

	firstOpaque // the formats from here on are recognised and not opened
)

// The formats that are recognised but not opened.
const (
	SevenZip = firstOpaque + iota
	Rar
	LZ4
	Lzip
	LZMA
	Lzop
	Compress
	Lrzip
	Snappy
	RPM
	Cabinet
	ISO9660
	SquashFS
	DMG
	Xar
	Wim
	LHA
	QCOW
	VMDK
	VHDX
	LUKS
	Parquet

	endOfFormats
)

var formatNames = [endOfFormats]string{
	Gzip: "gzip", Zlib: "zlib", Bzip2: "bzip2", XZ: "xz", Zstd: "zstd", Zip: "zip", Tar: "tar", Ar: "ar", Cpio: "cpio",
	PDF: "pdf", PNG: "png", SQLite: "sqlite", GitPack: "git-pack", GitBundle: "git-bundle",
	UTF32LE: "utf-32le", UTF32BE: "utf-32be", IntelHex: "intel-hex", SRecord: "s-record",
	SevenZip: "7z", Rar: "rar", LZ4: "lz4", Lzip: "lzip", LZMA: "lzma", Lzop: "lzop", Compress: "compress", Lrzip: "lrzip",
	Snappy: "snappy", RPM: "rpm", Cabinet: "cab", ISO9660: "iso9660", SquashFS: "squashfs", DMG: "dmg", Xar: "xar", Wim: "wim",
	LHA: "lha", QCOW: "qcow2", VMDK: "vmdk", VHDX: "vhdx", LUKS: "luks", Parquet: "parquet",
}

// String returns the format's name as reports write it, such as "gzip"; it is
// the name of the layer.
func (f Format) String() string {
	if f < endOfFormats && formatNames[f] != "" {
		return formatNames[f]
	}
	return "unknown"
}

// Records tells whether f is lines of hex and nothing else: where all of them can
// be read, no byte stands in the container that is not in its member.
func (f Format) Records() bool { return f == IntelHex || f == SRecord }

// Opaque tells whether f is recognised but not opened: Unpack only reports it.
func (f Format) Opaque() bool { return f >= firstOpaque && f < endOfFormats }

// SniffLen is how many of the first bytes of a content, if it has that many,
// Sniff needs. With more it also knows ISO 9660, whose magic stands at 32769.
const SniffLen = 512

// SniffTailLen is how many of the last bytes of a content, if it has that
// many, SniffTail needs.
const SniffTailLen = 1024

// Sniff tells which container begins with head. It costs a switch over the
// first byte for all but a few contents, so it may be asked about everything.
func Sniff(head []byte) (Format, bool) {
	if len(head) < 4 {
		return 0, false
	}
	if f := sniffMagic(head); f != 0 {
		return f, true
	}
	if f := looksLikeUTF32(head); f != 0 {
		return f, true
	}
	if f := looksLikeRecords(head); f != 0 {
		return f, true
	}
	if looksLikeTar(head) {
		return Tar, true
	}
	if len(head) >= 32774 && string(head[32769:32774]) == "CD001" {
		return ISO9660, true
	}
	return 0, false
}

func has(b []byte, at int, magic string) bool {
	return len(b) >= at+len(magic) && string(b[at:at+len(magic)]) == magic
}

// sniffMagic knows the formats whose first byte is part of a magic. Where the
// magic alone is short or could be text, the header behind it is judged too.
func sniffMagic(h []byte) Format {
	switch h[0] {
	case 0x1f:
		switch {
		case has(h, 0, "\x1f\x8b\x08") && h[3]&0xe0 == 0:
			return Gzip
		case h[1] == 0x9d && h[2]&0x60 == 0 && h[2]&0x1f >= 9 && h[2]&0x1f <= 16:
			return Compress
		}
	case 'x':
		if looksLikeZlib(h) {
			return Zlib
		}
		if has(h, 0, "xar!\x00\x1c\x00") {
			return Xar
		}
	case 'B':
		if has(h, 0, "BZh") && h[3] >= '1' && h[3] <= '9' &&
			(has(h, 4, "1AY&SY") || has(h, 4, "\x17\x72\x45\x38\x50\x90")) {
			return Bzip2
		}
	case 0xfd:
		if has(h, 0, "\xfd7zXZ\x00") {
			return XZ
		}
	case 0x28:
		if has(h, 0, zstdMagic) {
			return Zstd
		}
	case 'P':
		switch {
		case has(h, 0, zipLocal), has(h, 0, zipEnd), has(h, 0, zipDescriptor):
			return Zip
		case has(h, 0, "PACK\x00\x00\x00") && len(h) >= 12 && (h[7] == 2 || h[7] == 3):
			return GitPack
		case has(h, 1, "*M\x18"):
			return Zstd
		case has(h, 0, "PAR1\x15"):
			return Parquet
		}
	case 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '[', '\\', '^', '_':
		switch {
		case has(h, 1, "*M\x18"):
			return Zstd // a skippable frame
		case has(h, 0, "SQLite format 3\x00"):
			return SQLite
		case has(h, 0, "Rar!\x1a\x07"):
			return Rar
		case has(h, 0, "QFI\xfb\x00"):
			return QCOW
		}
	case ']':
		if has(h, 1, "*M\x18") {
			return Zstd
		}
		if looksLikeLZMA(h) {
			return LZMA
		}
	case '!':
		if has(h, 0, arMagic) {
			return Ar
		}
	case '0':
		if looksLikeCpio(h) {
			return Cpio
		}
	case '%':
		if has(h, 0, "%PDF-") {
			return PDF
		}
	case 0x89:
		switch {
		case has(h, 0, pngMagic):
			return PNG
		case has(h, 0, "\x89LZO\x00\r\n\x1a\n"):
			return Lzop
		}
	case '#':
		if has(h, 0, "# v2 git bundle\n") || has(h, 0, "# v3 git bundle\n") {
			return GitBundle
		}
	case '7':
		if has(h, 0, "7z\xbc\xaf\x27\x1c") {
			return SevenZip
		}
	case 0x04, 0x02:
		if has(h, 0, "\x04\x22M\x18") || has(h, 0, "\x02\x21L\x18") {
			return LZ4
		}
	case 'L':
		switch {
		case has(h, 0, "LZIP\x01"):
			return Lzip
		case has(h, 0, "LRZI\x00"):
			return Lrzip
		case has(h, 0, "LUKS\xba\xbe"):
			return LUKS
		}
	case 0xff:
		if has(h, 0, "\xff\x06\x00\x00sNaPpY") {
			return Snappy
		}
	case 0xed:
		if has(h, 0, "\xed\xab\xee\xdb") {
			return RPM
		}
	case 'M':
		switch {
		case has(h, 0, "MSCF\x00\x00\x00\x00"):
			return Cabinet
		case has(h, 0, "MSWIM\x00\x00\x00"):
			return Wim
		}
	case 'h':
		if has(h, 0, "hsqs") && has(h, 28, "\x04\x00") {
			return SquashFS
		}
	case 'K':
		if has(h, 0, "KDMV") && has(h, 5, "\x00\x00\x00") {
			return VMDK
		}
	case 'v':
		if has(h, 0, "vhdxfile") {
			return VHDX
		}
	}
	if h[2] == '-' && has(h, 3, "lh") && has(h, 6, "-") && h[5] >= '0' && h[5] <= '7' && len(h) > 20 && h[20] <= 2 {
		return LHA
	}
	return 0
}

// looksLikeZlib judges the two header bytes (RFC 1950 §2.2) and the head of
// the first deflate block (RFC 1951 §3.2): an x and some other byte are too
// little to go by.
func looksLikeZlib(h []byte) bool {
	if len(h) < 8 || binary.BigEndian.Uint16(h)%31 != 0 || h[1]&0x20 != 0 {
		return false
	}
	block := h[2:]
	if isPlainText(block[:min(len(block), 32)]) { // "x^2"
		return false
	}
	switch block[0] >> 1 & 3 {
	case 0:
		n := binary.LittleEndian.Uint16(block[1:])
		return block[0]>>3 == 0 && binary.LittleEndian.Uint16(block[3:]) == ^n
	case 1:
		return true
	case 2:
		literals := block[0] >> 3
		distances := block[1] & 0x1f
		return literals <= 29 && distances <= 29
	}
	return false
}

func isPlainText(b []byte) bool {
	for _, c := range b {
		if c < '\t' || c > '~' {
			return false
		}
	}
	return true
}

// looksLikeLZMA judges the 13 byte header of the .lzma format: the properties
// that every encoder writes by default, a dictionary size of one of the two
// shapes the format asks for, and a believable uncompressed size.
func looksLikeLZMA(h []byte) bool {
	if len(h) < 14 || h[13] != 0 {
		return false
	}
	dict := binary.LittleEndian.Uint32(h[1:])
	size := binary.LittleEndian.Uint64(h[5:])
	low := dict & -dict
	return dict >= 1<<12 && (dict == low || dict == low|low<<1) && (size == 1<<64-1 || size < 1<<38)
}

// SniffTail tells which container ends with tail: one that is known by its end
// because something else stands before it, such as the program of a
// self-extracting zip. tail must reach to the end of the content. Callers ask
// it about what Sniff does not know and about executables and images.
func SniffTail(tail []byte) (Format, bool) {
	if len(tail) >= 512 && has(tail, len(tail)-512, "koly\x00\x00\x00\x04") {
		return DMG, true
	}
	if i := findZipEnd(tail); i >= 0 {
		return Zip, true
	}
	return 0, false
}

// findZipEnd returns where the end record of a zip begins whose comment
// reaches exactly to the end of b, or -1.
func findZipEnd(b []byte) int {
	if bytes.IndexByte(b, zipEnd[2]) < 0 {
		return -1 // text has no such byte, and to look for it alone is ten times as fast
	}
	for end := len(b); ; {
		i := bytes.LastIndex(b[:end], []byte(zipEnd))
		if i < 0 {
			return -1
		}
		if len(b)-i >= zipEndLen && int(binary.LittleEndian.Uint16(b[i+20:])) == len(b)-i-zipEndLen {
			return i
		}
		end = i + len(zipEnd) - 1
	}
}
