package detect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

// encode puts data into one layer. The encodings are those that people's tools
// make; escapes are made of every character that matters.
func encode(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	escape := func(format string) []byte {
		var b bytes.Buffer
		for _, c := range data {
			fmt.Fprintf(&b, format, c)
		}
		return b.Bytes()
	}
	file := layertest.File{Name: "inner", Data: data}
	switch name {
	case "plain":
		return data
	case "base64":
		return []byte(base64.StdEncoding.EncodeToString(data))
	case "base64url":
		return []byte(base64.RawURLEncoding.EncodeToString(data))
	case "hex":
		return []byte(hex.EncodeToString(data))
	case "utf-16le", "utf-16be":
		var b []byte
		for _, u := range utf16.Encode([]rune(string(data))) {
			if name == "utf-16le" {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return b
	case "percent":
		return escape("%%%02X")
	case "json-escape", "unicode-escape":
		return escape(`\u%04x`)
	case "hex-escape":
		return escape(`\x%02x`)
	case "octal-escape":
		return escape(`\%03o`)
	case "entity", "html-entity":
		return escape("&#%d;")
	case "quoted-printable":
		return escape("=%02X")
	case "gzip":
		return layertest.Gzip("", data)
	case "zlib":
		return layertest.Zlib(data)
	case "bzip2":
		return layertest.Bzip2(data)
	case "xz":
		return layertest.XZ(data)
	case "zstd":
		return layertest.Zstd(data)
	case "zip":
		return layertest.Zip(file)
	case "zip-stored":
		return layertest.ZipStored(file)
	case "tar":
		return layertest.Tar(file)
	case "ar":
		return layertest.Ar(file)
	case "cpio":
		return layertest.Cpio(file)
	case "pdf":
		return layertest.PDF(data)
	case "png":
		return layertest.PNG("zTXt", data, nil)
	case "sqlite":
		return layertest.SQLite("t", data)
	case "git-pack":
		return layertest.Pack(data)
	case "git-bundle":
		return layertest.Bundle(layertest.Pack(data))
	case "utf-32le", "utf-32be":
		return layertest.UTF32(data, name == "utf-32be")
	case "intel-hex":
		return layertest.IntelHex(data)
	case "s-record":
		return layertest.SRecords(data)
	case "decimal":
		return bytes.TrimSuffix(escape("%d, "), []byte(", "))
	case "hex-list":
		return bytes.TrimSuffix(escape("0x%02x, "), []byte(", "))
	case "backslash-escape":
		return bytes.ReplaceAll(data, []byte("_"), []byte(`\_`))
	case "escape":
		return bytes.Replace(bytes.Replace(data, []byte("_"), []byte("%5F"), 1), []byte("p"), []byte("&#112;"), 1)
	}
	t.Fatalf("no encoder for %q", name)
	return nil
}

var (
	allEncodings = []string{
		"base64", "base64url", "hex", "hex-list", "decimal", "utf-16le", "utf-16be", "percent", "unicode-escape",
		"hex-escape", "octal-escape", "backslash-escape", "html-entity", "quoted-printable", "escape",
	}
	allContainers = []string{
		"gzip", "zlib", "bzip2", "xz", "zstd", "zip", "zip-stored", "tar", "ar", "cpio", "pdf", "png", "sqlite", "git-pack", "git-bundle",
		"utf-32le", "utf-32be", "intel-hex", "s-record",
	}
)

// TestAllAreListed: the lists above have every container that is opened.
func TestAllAreListed(t *testing.T) {
	for f := layer.Gzip; !f.Opaque(); f++ {
		if !slices.Contains(allContainers, f.String()) {
			t.Errorf("no test has %s", f)
		}
	}
}

// TestEveryEncodingInEveryContainer finds a key on the second line of an
// encoded text in every container, once, with its place in the member.
func TestEveryEncodingInEveryContainer(t *testing.T) {
	key := rulestest.Key("nest")
	w := New(testOptions()).NewWorker()
	for _, container := range allContainers {
		for _, encoding := range append([]string{"plain"}, allEncodings...) {
			text := "first line\nvalue: "
			inner := append([]byte(text), encode(t, encoding, []byte("K="+key+"\n"))...)
			content := encode(t, container, inner)
			out, err := w.Bytes(context.Background(), content)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Hits) != 1 {
				t.Errorf("%s in %s: %d hits: %s", encoding, container, len(out.Hits), describe(out.Hits))
				continue
			}
			h := out.Hits[0]
			want := []string{strings.TrimSuffix(container, "-stored")}
			if encoding != "plain" {
				want = append(want, encoding)
			}
			switch encoding {
			case "hex-list":
				want[1] = "hex"
			case "base64url":
				want[1] = h.Layers[len(h.Layers)-1] // without - or _ it is base64 as well
			}
			if !slices.Equal(h.Layers, want) {
				t.Errorf("%s in %s: layers %v, want %v", encoding, container, h.Layers, want)
			}
			if h.Line != 2 || h.Key.Reveal() != key {
				t.Errorf("%s in %s: line %d", encoding, container, h.Line)
			}
			if column := len("value: ") + 1; encoding != "plain" && (h.Column < column || h.Column > column+len("0x00, 0x00, 0x")) || encoding == "plain" && h.Column != column+2 {
				t.Errorf("%s in %s: column %d", encoding, container, h.Column)
			}
		}
	}
}

// TestEveryContainerInEveryContainer nests them two deep.
func TestEveryContainerInEveryContainer(t *testing.T) {
	key := rulestest.Key("nests")
	w := New(testOptions()).NewWorker()
	for _, outer := range allContainers {
		for _, inner := range allContainers {
			content := encode(t, inner, []byte("K="+key+"\n"))
			if strings.HasPrefix(outer, "utf-32") && (!utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0) {
				continue // it is for text
			}
			out, err := w.Bytes(context.Background(), encode(t, outer, content))
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Hits) != 1 || out.Hits[0].Key.Reveal() != key {
				t.Errorf("%s in %s: %s", inner, outer, describe(out.Hits))
			}
		}
	}
}

// TestEveryContainerBehindBase64 is how Helm, cloud-init and Kubernetes keep
// what they compress.
func TestContainersBehindBase64(t *testing.T) {
	key := rulestest.Key("behind")
	w := New(testOptions()).NewWorker()
	for _, container := range []string{"gzip", "xz", "zstd", "bzip2", "zip"} {
		for _, depth := range []int{1, 2} {
			run := encode(t, container, []byte(strings.Repeat("filler text\n", 20)+"K="+key+"\n"))
			layers := []string{container}
			for range depth {
				run = encode(t, "base64", run)
				layers = append([]string{"base64"}, layers...)
			}
			content := []byte("kind: Secret\ndata:\n  release: " + string(run) + "\n")
			out, err := w.Bytes(context.Background(), content)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s 3:12-3:%d %v ", out0(out.Hits), 12+len(run), layers)
			if got := describe(out.Hits); !strings.HasPrefix(got, want) || len(out.Hits) != 1 {
				t.Errorf("%s behind base64 %d times: got %s, want %s", container, depth, got, want)
			}
		}
	}
}

// TestZipBehindBase64IsOne: every member's local header begins like a zip.
func TestZipBehindBase64IsOne(t *testing.T) {
	key := rulestest.Key("one zip")
	file := layertest.File{Name: "app.env", Data: []byte("K=" + key + "\n")}
	for n := range 6 {
		// Two of the six put the second header where a group of base64 begins.
		filler := layertest.File{Name: "filler", Data: bytes.Repeat([]byte("x"), 90+n)}
		content := append([]byte("data: "), encode(t, "base64", layertest.ZipStored(filler, file))...)
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
		if err != nil || len(out.Hits) != 1 || out.Hits[0].Key.Reveal() != key || out.Hits[0].Column != len("data: ")+1 {
			t.Errorf("filler of %d: %s, %v", 90+n, describe(out.Hits), err)
		}
	}
}

// TestUTF16EndsWithTheKey: read with its bytes swapped, big-endian text that ends
// with a key shows a key that is one character shorter.
func TestUTF16EndsWithTheKey(t *testing.T) {
	key := rulestest.Key("ends")
	wide := encode(t, "utf-16be", []byte("K="+key))
	for name, content := range map[string][]byte{
		"even":         append(bytes.Clone(wide), 5),
		"odd":          append(append([]byte{1, 2, 3}, wide...), 5),
		"zero":         append(append([]byte{1, 2, 3}, wide...), 0, 0, 5),
		"end":          append([]byte{1, 2, 3}, wide...),
		"title in hex": []byte("/Title<FEFF" + strings.ToUpper(hex.EncodeToString(wide)) + ">"),
		"base64":       append([]byte("v: "), encode(t, "base64", append([]byte{1}, wide...))...),
	} {
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
		if err != nil || len(out.Hits) != 1 || out.Hits[0].Key.Reveal() != key {
			t.Errorf("%s: %s, %v", name, describe(out.Hits), err)
		}
	}
}

// TestCellsWithoutSeparator: in a database the length of one row stands right
// behind the text of another, and may look like a letter of it. A key that is much
// longer than a value of a row is another one.
func TestCellsWithoutSeparator(t *testing.T) {
	key := rulestest.Key("cell")
	other := bytes.Repeat([]byte("x "), 52) // its length is a letter
	content := layertest.SQLite("t", other, []byte("K="+key), other)
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
	if err != nil || len(out.Hits) != 1 || out.Hits[0].Key.Reveal() != key {
		t.Errorf("%s, %v", describe(out.Hits), err)
	}
	content = append(layertest.SQLite("t", []byte("K="+key[:len(key)-3])), "\x00deleted: "+key+"\x01"...)
	out, err = New(testOptions()).NewWorker().Bytes(context.Background(), content)
	if err != nil || len(out.Hits) != 2 {
		t.Errorf("a key of which a row holds a part: %s, %v", describe(out.Hits), err)
	}
}

// TestProgramsWithArchives: a self-extracting program is known by its end, and
// a walk over a store that sees the beginning only must not pass it by.
func TestProgramsWithArchives(t *testing.T) {
	key := rulestest.Key("behind a program")
	archive := encode(t, "zip", []byte("K="+key+"\n"))
	e := New(testOptions())
	for _, program := range []string{"MZ\x90\x00", "\x7fELF\x02\x01", "#!/usr/bin/env python3\n"} {
		content := []byte(program)
		if program[0] != '#' {
			content = append(content, bytes.Repeat([]byte("code\x00"), 1000)...)
		}
		content = append(content, archive...)
		out, err := e.NewWorker().Bytes(context.Background(), content)
		if err != nil || len(out.Hits) != 1 {
			t.Errorf("%q: %d hits, %v", program, len(out.Hits), err)
		}
		if !e.Whole(content[:min(len(content), 1024)], nil) {
			t.Errorf("%q: a walk would pass it by", program)
		}
	}
	if e.Whole([]byte("#!/bin/sh\necho hello\n"), []byte("echo hello\n")) {
		t.Error("every script would be searched whole")
	}
	if !e.Whole([]byte("#!/bin/sh\n# a long program\n"), archive[len(archive)-22:]) {
		t.Error("a walk would pass by a zip behind a long program")
	}
}

// TestUnopenedMembersAreMasked: a member that can't be opened is named in the
// coverage, and its name may be a key.
func TestUnopenedMembersAreMasked(t *testing.T) {
	key := rulestest.Key("member name")
	archive := layertest.ZipStored(layertest.File{Name: key + ".txt", Data: []byte("text")})
	archive[8] = 99 // the method, in the local header and in the central directory
	central := bytes.Index(archive, []byte("PK\x01\x02"))
	archive[central+10] = 99
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), archive)
	if err != nil || len(out.Opaque) == 0 {
		t.Fatalf("%d opaque members, %v", len(out.Opaque), err)
	}
	for _, g := range out.Opaque {
		if strings.Contains(g.Member+g.Reason, key[8:]) {
			t.Error("a member's name shows a key")
		}
	}
}

func out0(hits []Hit) string {
	if len(hits) == 0 {
		return "none"
	}
	return hits[0].Key.Masked()
}
