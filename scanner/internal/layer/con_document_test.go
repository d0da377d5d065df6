package layer

import (
	"bytes"
	"encoding/ascii85"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

func pdfStream(dict string, data []byte) []byte {
	return fmt.Appendf(nil, "<< /Length %d %s >>\nstream\n%s\nendstream", len(data), dict, data)
}

func TestPDFFilters(t *testing.T) {
	content := []byte(strings.Repeat("content of a page ", 20))
	var a85 bytes.Buffer
	w := ascii85.NewEncoder(&a85)
	w.Write(layertest.Zlib(content))
	w.Close()
	hexed := hex.EncodeToString(layertest.Zlib(content))
	hexed = hexed[:11] + "\n  " + hexed[11:]
	zip := layertest.Zip(layertest.File{Name: "a", Data: content})
	for name, object := range map[string][]byte{
		"flate":             pdfStream("/Filter /FlateDecode", layertest.Zlib(content)),
		"in an array":       pdfStream("/Filter [ /FlateDecode ] /DecodeParms [ null ]", layertest.Zlib(content)),
		"no space":          pdfStream("/Filter/FlateDecode/X<</Y 1>>", layertest.Zlib(content)),
		"ASCII85":           pdfStream("/Filter [/ASCII85Decode /FlateDecode]", append(a85.Bytes(), "~>"...)),
		"ASCIIHex":          pdfStream("/Filter [/ASCIIHexDecode /FlateDecode]", []byte(hexed+">")),
		"flate of an image": pdfStream("/Filter [/FlateDecode /DCTDecode]", layertest.Zlib(content)),
		"filter elsewhere":  pdfStream("/Filter 9 0 R", layertest.Zlib(content)),
		"twice":             pdfStream("/Filter [/FlateDecode /FlateDecode]", layertest.Zlib(layertest.Zlib(content))),
		"attachment, flate": pdfStream("/Type /EmbeddedFile /Filter /FlateDecode", layertest.Zlib(zip)),
		"attachment, raw":   pdfStream("/Type /EmbeddedFile", zip),
		"carriage return":   bytes.Replace(pdfStream("/Filter /FlateDecode", layertest.Zlib(content)), []byte("stream\n"), []byte("stream\r"), 1),
		"behind another":    concat(pdfStream("", []byte("a raw one")), []byte("\nendobj\n7 0 obj\n"), pdfStream("/Filter /FlateDecode", layertest.Zlib(content))),
	} {
		for how, src := range sources(t, layertest.PDFObjects("", object)) {
			r := walk(t, PDF, src, DefaultLimits)
			if !r.holds(string(content)) || len(r.faults) > 0 {
				t.Errorf("%s from %s: %q, %v", name, how, r.contents, r.faults)
			}
		}
	}
	broken := pdfStream("/Filter /FlateDecode", layertest.Zlib(noise(900))[:300])
	r := walk(t, PDF, bytesSource(layertest.PDFObjects("", broken, pdfStream("/Filter /FlateDecode", layertest.Zlib(content)))), DefaultLimits)
	if r.contents["object 3"] != string(content) || len(r.faults) != 1 || r.faults[0].Member != "object 2" {
		t.Errorf("behind a broken one: %q, %v", r.members, r.faults)
	}
	r = walk(t, PDF, bytesSource(layertest.PDFObjects("", pdfStream("/Filter /LZWDecode", content))), DefaultLimits)
	if len(r.faults) != 1 || r.faults[0].Kind != Opaque || r.faults[0].Member != "object 2" {
		t.Errorf("LZW: %v", r.faults)
	}
	r = walk(t, PDF, bytesSource(layertest.PDFObjects("", pdfStream("/Filter /DCTDecode", content))), DefaultLimits)
	if len(r.faults)+len(r.members) > 0 {
		t.Errorf("an image: %q, %v", r.members, r.faults)
	}
}

func TestPDFEncrypted(t *testing.T) {
	var objects [][]byte
	for range 50 {
		objects = append(objects, pdfStream("/Filter /FlateDecode", noise(400)))
	}
	r := walk(t, PDF, bytesSource(layertest.PDFObjects("/Encrypt 9 0 R ", objects...)), DefaultLimits)
	if len(r.faults) != 1 || r.faults[0].Kind != Opaque || r.faults[0].Reason != "encrypted" {
		t.Errorf("faults %v", r.faults)
	}
}

// Every filter of PNG, and TIFF's, undone row by row.
func TestPDFPredictors(t *testing.T) {
	content := []byte(strings.Repeat("rows of text that a predictor took apart; ", 9))
	const columns, colors = 7, 3
	row := columns * colors
	content = content[:len(content)/row*row]
	apart := func(png bool) []byte {
		var out []byte
		prior := make([]byte, row)
		for y := 0; y*row < len(content); y++ {
			line := content[y*row:][:row]
			filter := 1
			if png {
				filter = y % 5
				out = append(out, byte(filter))
			}
			for i, c := range line {
				var left, corner byte
				if i >= colors {
					left, corner = line[i-colors], prior[i-colors]
				}
				up := prior[i]
				out = append(out, c-[]byte{0, left, up, byte((int(left) + int(up)) / 2), paeth(left, up, corner)}[filter])
			}
			prior = line
		}
		return out
	}
	for predictor, png := range map[int]bool{2: false, 12: true, 15: true} {
		parms := fmt.Sprintf("/Filter /FlateDecode /DecodeParms << /Predictor %d /Columns %d /Colors %d >>", predictor, columns, colors)
		r := walk(t, PDF, bytesSource(layertest.PDFObjects("", pdfStream(parms, layertest.Zlib(apart(png))))), DefaultLimits)
		if !r.holds(string(content)) || len(r.faults) > 0 {
			t.Errorf("predictor %d: %q, %v", predictor, r.contents, r.faults)
		}
	}
	huge := "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 9999999 >>"
	r := walk(t, PDF, bytesSource(layertest.PDFObjects("", pdfStream(huge, layertest.Zlib(content)))), DefaultLimits)
	if len(r.faults) != 1 || len(r.members) != 0 {
		t.Errorf("huge rows: %v", r.faults)
	}
}

func TestPaeth(t *testing.T) {
	for _, tc := range [][4]byte{{10, 20, 15, 15}, {10, 20, 10, 20}, {50, 60, 90, 50}, {60, 50, 90, 50}, {5, 5, 5, 5}, {0, 255, 128, 128}} {
		if got := paeth(tc[0], tc[1], tc[2]); got != tc[3] {
			t.Errorf("paeth(%d, %d, %d) = %d, want %d", tc[0], tc[1], tc[2], got, tc[3])
		}
	}
}

func TestSQLiteValues(t *testing.T) {
	var rows [][]byte
	for i := range 60 {
		rows = append(rows, fmt.Appendf(nil, "row %d %s end", i, noise(i*97)))
	}
	data := layertest.SQLite("secrets", rows...)
	for how, src := range sources(t, data) {
		r := walk(t, SQLite, src, DefaultLimits)
		if len(r.faults) > 0 {
			t.Errorf("%s: %v", how, r.faults)
		}
		if want := string(bytes.Join(rows, []byte("\n"))) + "\n"; r.contents["secrets"] != want {
			t.Errorf("%s: %d bytes, want %d", how, len(r.contents["secrets"]), len(want))
		}
		if !strings.Contains(r.contents["sqlite_schema"], "CREATE TABLE secrets") {
			t.Errorf("%s: schema %q", how, r.contents["sqlite_schema"])
		}
	}
}

func TestSQLiteContainersAreMembers(t *testing.T) {
	data := layertest.SQLite("t", []byte("text"), layertest.Gzip("", noise(5000)), []byte("more"), layertest.Zip(layertest.File{Name: "a", Data: []byte("zipped")}))
	r := walk(t, SQLite, bytesSource(data), DefaultLimits)
	if r.contents["t"] != "text\nmore\n" || r.contents["t row 2 column 1!"] != string(noise(5000)) || r.contents["t row 4 column 1!a"] != "zipped" || len(r.faults) > 0 {
		t.Errorf("%q, %v", r.members, r.faults)
	}
}

// A table that the schema does not name is found all the same; a page that
// names itself, or one that is not there, ends nothing but itself.
func TestSQLiteDamage(t *testing.T) {
	const page = 512
	var rows [][]byte
	for i := range 40 {
		rows = append(rows, fmt.Appendf(nil, "row %d %s end", i, noise(i*40)))
	}
	whole := layertest.SQLite("t", rows...)
	text := strings.Join(strings.Fields(string(bytes.Join(rows, []byte(" ")))), " ")
	words := strings.Fields(text)

	lost := bytes.Clone(whole)
	clear(lost[100:page])
	r := walk(t, SQLite, bytesSource(lost), DefaultLimits)
	for _, w := range words {
		if !strings.Contains(r.contents["(pages of no table)"], w) {
			t.Fatalf("without a schema: %.20q... is lost; %q %v", w, r.members, r.faults)
		}
	}
	if len(r.faults) != 1 {
		t.Errorf("without a schema: %v", r.faults)
	}

	circle := bytes.Clone(whole)
	binary.BigEndian.PutUint32(circle[page+8:], 2) // the root's child on the right is the root
	r = walk(t, SQLite, bytesSource(circle), DefaultLimits)
	if !r.holds("row 0 ") || !r.holds("row 39 ") || len(r.faults) == 0 {
		t.Errorf("circle: %q, %v", r.members, r.faults)
	}

	outside := bytes.Clone(whole)
	binary.BigEndian.PutUint32(outside[page+8:], 1<<30)
	r = walk(t, SQLite, bytesSource(outside), DefaultLimits)
	if !r.holds("row 0 ") || !r.holds("row 39 ") || len(r.faults) == 0 {
		t.Errorf("outside: %q, %v", r.members, r.faults)
	}
}

// Cells that share one payload are not parsed once for each: a page has no room
// for that. Where nothing comes out of them, no other limit would end it.
func TestSQLiteSharedCells(t *testing.T) {
	data := layertest.SQLite("t", noise(400))
	leaf := data[512:1024]
	cell := binary.BigEndian.Uint16(leaf[8:])
	const n = 40
	binary.BigEndian.PutUint16(leaf[3:], n)
	for i := range n {
		binary.BigEndian.PutUint16(leaf[8+2*i:], cell)
	}
	r := walk(t, SQLite, bytesSource(data), DefaultLimits)
	if r.bytes > int64(len(data)) || len(r.faults) != 1 || !strings.Contains(r.faults[0].Reason, "cells of page 2 overlap") {
		t.Errorf("%d bytes, %v", r.bytes, r.faults)
	}
}

func TestSQLiteVarint(t *testing.T) {
	for _, tc := range []struct {
		hex string
		v   int64
		n   int
	}{{"00", 0, 1}, {"7f", 127, 1}, {"8100", 128, 2}, {"ffffffffffffffffff", -1, 9}, {"80808080808080807f", 127, 9}, {"81", 1, 1}, {"", 0, 0}} {
		b, _ := hex.DecodeString(tc.hex)
		if v, n := sqliteVarint(b); v != tc.v || n != tc.n {
			t.Errorf("%s: %d in %d bytes, want %d in %d", tc.hex, v, n, tc.v, tc.n)
		}
	}
}
