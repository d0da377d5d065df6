package layer

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// An encoded text, made for a test.
type encoded struct {
	text string
	at   []int // for each byte of the payload, its first source byte in text
	hit  literal.Hit
}

// An encoder encodes a payload and says where a literal for payload[a:b], the
// prefix of a key or of its encoded form, is hit.
type encoder struct {
	layer  string
	name   string
	encode func(rng *rand.Rand, payload string, a, b int) encoded
	ascii  bool // for ASCII payloads only
}

// wrapSymbols puts a gap after every width symbols and returns where each
// symbol is.
func wrapSymbols(s string, width int, gap string) (string, []int) {
	var out strings.Builder
	pos := make([]int, 0, len(s)+1)
	for i := range len(s) {
		if width > 0 && i > 0 && i%width == 0 {
			out.WriteString(gap)
		}
		pos = append(pos, out.Len())
		out.WriteByte(s[i])
	}
	return out.String(), append(pos, out.Len())
}

func base64Encoder(name string, enc *base64.Encoding, width int, gap string) encoder {
	return encoder{layer: "base64", name: "base64 " + name, encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		text, pos := wrapSymbols(enc.EncodeToString([]byte(payload)), width, gap)
		e := encoded{text: text}
		for k := range len(payload) {
			e.at = append(e.at, pos[k/3*4+k%3])
		}
		first, last := (8*a+5)/6, 8*b/6
		e.hit = literal.Hit{Pos: pos[first], Len: pos[last-1] + 1 - pos[first], Kind: literal.Base64}
		return e
	}}
}

func hexEncoder(name string, upper bool, width int, gap string) encoder {
	return encoder{layer: "hex", name: "hex " + name, encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		s := hex.EncodeToString([]byte(payload))
		if upper {
			s = strings.ToUpper(s)
		}
		text, pos := wrapSymbols(s, width, gap)
		e := encoded{text: text}
		for k := range len(payload) {
			e.at = append(e.at, pos[2*k])
		}
		e.hit = literal.Hit{Pos: pos[2*a], Len: pos[2*b-1] + 1 - pos[2*a], Kind: literal.Hex}
		return e
	}}
}

// listEncoder writes each byte with the format, sep between two and rowEnd
// after every 16th.
func listEncoder(name, format, sep, rowEnd string) encoder {
	return encoder{layer: "hex", name: "hex list " + name, encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		var out strings.Builder
		var e encoded
		for k := range len(payload) {
			if k > 0 {
				if k%16 == 0 {
					out.WriteString(rowEnd)
				} else {
					out.WriteString(sep)
				}
			}
			item := fmt.Sprintf(format, payload[k])
			e.at = append(e.at, out.Len()+len(item)-2)
			out.WriteString(item)
		}
		e.text = out.String()
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b-1] + 2 - e.at[a], Kind: literal.HexList}
		return e
	}}
}

// numbersEncoder writes each byte as a decimal number with the format.
func numbersEncoder(name, format, sep, rowEnd string) encoder {
	return encoder{layer: "decimal", name: "decimal " + name, encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		var out strings.Builder
		var e encoded
		for k := range len(payload) {
			if k > 0 && k%16 == 0 {
				out.WriteString(rowEnd)
			} else if k > 0 {
				out.WriteString(sep)
			}
			item := fmt.Sprintf(format, payload[k])
			e.at = append(e.at, out.Len()+strings.IndexAny(item, "0123456789"))
			out.WriteString(item)
		}
		e.text = out.String()
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b-1] + 2 - e.at[a], Kind: literal.Numbers}
		return e
	}}
}

// rowsEncoder writes rows of bytes behind an address, which may be seen as text
// at their ends.
func rowsEncoder(name, address string, group int, text bool) encoder {
	return encoder{layer: "hex", name: name, encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		var out strings.Builder
		var e encoded
		for i := 0; i < len(payload); i += 16 {
			row := payload[i:min(i+16, len(payload))]
			fmt.Fprintf(&out, address, i)
			for j := range len(row) {
				if j > 0 && j%group == 0 {
					out.WriteByte(' ')
				}
				e.at = append(e.at, out.Len())
				fmt.Fprintf(&out, "%02x", row[j])
			}
			if text {
				out.WriteString("  " + strings.Map(func(r rune) rune {
					if r < ' ' || r > '~' {
						return '.'
					}
					return r
				}, row))
			}
			out.WriteByte('\n')
		}
		e.text = out.String()
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b-1] + 2 - e.at[a], Kind: literal.HexList}
		return e
	}}
}

// dumpEncoder writes rows as hexdump -C does.
func dumpEncoder() encoder {
	return encoder{layer: "hex", name: "hexdump", encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		var e encoded
		text := hex.Dump([]byte(payload))
		for k := range len(payload) {
			col := 10 + k%16*3
			if k%16 >= 8 {
				col++
			}
			row := k / 16
			start := 0
			for range row {
				start += strings.IndexByte(text[start:], '\n') + 1
			}
			e.at = append(e.at, start+col)
		}
		e.text = text
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b-1] + 2 - e.at[a], Kind: literal.HexList}
		return e
	}}
}

func utf16Encoder(bigEndian, mark bool) encoder {
	layer, kind := "utf-16le", literal.UTF16LE
	if bigEndian {
		layer, kind = "utf-16be", literal.UTF16BE
	}
	return encoder{layer: layer, name: fmt.Sprint(layer, " mark ", mark), encode: func(_ *rand.Rand, payload string, a, b int) encoded {
		var out []byte
		put := func(u uint16) {
			if bigEndian {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		var e encoded
		if mark {
			put(0xFEFF)
		}
		for _, r := range payload {
			for range utf8.RuneLen(r) {
				e.at = append(e.at, len(out))
			}
			for _, u := range utf16.Encode([]rune{r}) {
				put(u)
			}
		}
		e.text = string(out)
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b-1] + 2 - e.at[a], Kind: kind}
		if bigEndian {
			// The literal may leave out the first high byte.
			e.hit.Pos++
			e.hit.Len--
		}
		return e
	}}
}

// escapeEncoder spells a share of the characters, one at least of
// payload[a:b], in the given ways.
func escapeEncoder(layer, name string, share float64, ways ...func(byte) string) encoder {
	return encoder{layer: layer, name: fmt.Sprint("escape ", name, " ", share), ascii: true, encode: func(rng *rand.Rand, payload string, a, b int) encoded {
		var out strings.Builder
		var e encoded
		must := a + rng.IntN(b-a)
		used := 0
		for k := range len(payload) {
			e.at = append(e.at, out.Len())
			c := payload[k]
			switch {
			case k == must || k > must && used < len(ways) || rng.Float64() < share:
				out.WriteString(ways[used%len(ways)](c))
				used++
			case isEscapeStart(c):
				out.WriteString(ways[0](c))
			default:
				out.WriteByte(c)
			}
		}
		e.text = out.String()
		e.at = append(e.at, out.Len())
		e.hit = literal.Hit{Pos: e.at[a], Len: e.at[b] - e.at[a], Kind: literal.Escape}
		return e
	}}
}

var spellings = []struct {
	layer, name string
	way         func(byte) string
}{
	{"unicode-escape", `\u`, func(c byte) string { return fmt.Sprintf(`\u%04x`, c) }},
	{"unicode-escape", `\u upper`, func(c byte) string { return fmt.Sprintf(`\u%04X`, c) }},
	{"unicode-escape", `\uu`, func(c byte) string { return fmt.Sprintf(`\uu%04X`, c) }},
	{"unicode-escape", `\u{}`, func(c byte) string { return fmt.Sprintf(`\u{%x}`, c) }},
	{"unicode-escape", `\u{} padded`, func(c byte) string { return fmt.Sprintf(`\u{%06X}`, c) }},
	{"unicode-escape", `\U`, func(c byte) string { return fmt.Sprintf(`\U%08X`, c) }},
	{"hex-escape", `\x`, func(c byte) string { return fmt.Sprintf(`\x%02x`, c) }},
	{"hex-escape", `\x upper`, func(c byte) string { return fmt.Sprintf(`\x%02X`, c) }},
	{"hex-escape", `\x{}`, func(c byte) string { return fmt.Sprintf(`\x{%x}`, c) }},
	{"octal-escape", `\ooo`, func(c byte) string { return fmt.Sprintf(`\%03o`, c) }},
	{"octal-escape", `\0ooo`, func(c byte) string {
		if v := c >> 3; v == '\t' || v == '\n' || v == '\r' {
			return fmt.Sprintf(`\%03o`, c) // C reads white space and a digit
		}
		return fmt.Sprintf(`\0%03o`, c)
	}},
	{"octal-escape", `\o{}`, func(c byte) string { return fmt.Sprintf(`\o{%o}`, c) }},
	{"percent", "%", func(c byte) string { return fmt.Sprintf("%%%02X", c) }},
	{"percent", "% lower", func(c byte) string { return fmt.Sprintf("%%%02x", c) }},
	{"percent", "%u", func(c byte) string { return fmt.Sprintf("%%u%04x", c) }},
	{"html-entity", "decimal", func(c byte) string { return fmt.Sprintf("&#%d;", c) }},
	{"html-entity", "decimal padded", func(c byte) string { return fmt.Sprintf("&#%07d;", c) }},
	{"html-entity", "hex", func(c byte) string { return fmt.Sprintf("&#x%x;", c) }},
	{"html-entity", "hex upper padded", func(c byte) string { return fmt.Sprintf("&#X%04X;", c) }},
	{"quoted-printable", "=", func(c byte) string { return fmt.Sprintf("=%02X", c) }},
}

// encoders is every encoding in every dress.
func encoders() []encoder {
	all := []encoder{
		utf16Encoder(false, false), utf16Encoder(false, true), utf16Encoder(true, false), utf16Encoder(true, true),
		listEncoder("spaces", "%02x", " ", " "),
		listEncoder("escaped rows", "0x%02x", ", ", `,\n`),
		listEncoder("bars", "%02x", "|", "|"),
		listEncoder(`\x list`, `\x%02x`, ", ", ",\n"),
		listEncoder("spaces, rows", "%02X", " ", "\n"),
		listEncoder("colons", "%02x", ":", ":\n    "),
		listEncoder("commas", "%02x", ",", ",\r\n"),
		listEncoder("dashes", "%02X", "-", "-"),
		listEncoder("0x", "0x%02x", ", ", ",\n\t"),
		listEncoder("0X", "0X%02X", ",", ","),
		listEncoder("0x spaces", "0x%02x", " ", " "),
		dumpEncoder(),
		rowsEncoder("xxd", "%08x: ", 2, true),
		rowsEncoder("xxd -g 1", "%08x: ", 1, true),
		rowsEncoder("od -tx1", "%07o ", 1, false),
		rowsEncoder("wireshark", "%04x   ", 1, false),
		numbersEncoder("JSON", "%d", ", ", ",\n    "),
		numbersEncoder("tight", "%d", ",", ","),
		numbersEncoder("spaces", "%03d", " ", "\n"),
		numbersEncoder("Rust", "%du8", ", ", ",\r\n\t"),
		numbersEncoder("Java", "(byte) %d", ", ", ",\n  "),
		numbersEncoder("chr", "chr(%d)", " + ", " +\n"),
	}
	gaps := []struct {
		name, gap string
		width     int
	}{
		{"one line", "", 0},
		{"LF", "\n", 76},
		{"LF, odd width", "\n", 37},
		{"CRLF", "\r\n", 64},
		{"indented", "\n        ", 60},
		{"tabs", "\r\n\t\t", 50},
		{"escaped LF", `\n`, 76},
		{"escaped LF, spaces", `\n    `, 61},
		{"escaped CRLF", `\r\n`, 64},
		{"LF escaped twice", `\\n`, 64},
		{"CRLF escaped twice", `\\r\\n`, 64},
		{"LF as \\u000a", `\u000a`, 64},
		{"continued line", "\\\n", 64},
		{"plus", "\" +\n    \"", 40},
		{"plus, no line end", "' + '", 40},
		{"dot", "' .\n    '", 40},
		{"adjacent", "\"\n    \"", 40},
		{"escaped quotes", `\" +\n  \"`, 40},
		{"comment", "\n# ", 64},
		{"slashes", "\n// ", 64},
		{"quotation", "\n> ", 64},
		{"doubled quotation", "\n>> ", 64},
		{"semicolon", "\n; ", 64},
		{"dashes", "\n-- ", 64},
		{"bar", "\r\n | ", 64},
		{"added by a patch", "\n+    ", 76},
		{"removed by a patch", "\n-\t", 76},
		{"array", "\",\n  \"", 64},
		{"underscore", "\" & _\n  \"", 64},
		{"entity", "&#10;", 64},
		{"entity hex", "&#xD;&#xA;", 64},
		{"percent", "%0A", 64},
		{"percent CRLF", "%0D%0A", 64},
	}
	for _, g := range gaps {
		all = append(all,
			base64Encoder("std "+g.name, base64.StdEncoding, g.width, g.gap),
			base64Encoder("raw url "+g.name, base64.RawURLEncoding, g.width, g.gap),
			hexEncoder(g.name, g.width%2 == 0, g.width, g.gap))
	}
	all = append(all,
		base64Encoder("url", base64.URLEncoding, 0, ""),
		base64Encoder("raw std", base64.RawStdEncoding, 0, ""))
	for _, s := range spellings {
		for _, share := range []float64{0, 0.5, 1} {
			all = append(all, escapeEncoder(s.layer, s.name, share, s.way))
		}
	}
	mixes := [][]int{{0, 6}, {9, 12}, {15, 17, 0}, {12, 0, 9, 6}}
	for _, mix := range mixes {
		var ways []func(byte) string
		name := "mixed"
		layers := map[string]bool{}
		for _, i := range mix {
			ways = append(ways, spellings[i].way)
			name += " " + spellings[i].name
			layers[spellings[i].layer] = true
		}
		layer := "escape"
		if len(layers) == 1 {
			layer = spellings[mix[0]].layer
		}
		all = append(all, escapeEncoder(layer, name, 0.5, ways...))
	}
	return all
}
