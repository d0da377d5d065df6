package layer

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// TestEveryNeighbour puts every byte in front of and behind encoded keys, at
// every alignment: the key must come out whole and must end.
func TestEveryNeighbour(t *testing.T) {
	p := NewPeeler(testLimit)
	for _, enc := range []encoder{
		base64Encoder("raw", base64.RawStdEncoding, 0, ""),
		base64Encoder("std", base64.StdEncoding, 0, ""),
		hexEncoder("", false, 0, ""),
		listEncoder("", "%02x", " ", " "),
		utf16Encoder(false, false),
		utf16Encoder(true, false),
		escapeEncoder("unicode-escape", "", 1, spellings[0].way),
		escapeEncoder("percent", "", 1, spellings[12].way),
		escapeEncoder("html-entity", "", 1, spellings[15].way),
	} {
		for shift := range 3 {
			text := "::"[:min(shift, 2)] + rulestest.KeyN("neighbour", 20+shift) + "\n"
			from, to := min(shift, 2), len(text)-1
			e := enc.encode(seeded(), text, from, from+5)
			for c := range 256 {
				for _, side := range []string{"front", "back"} {
					if c == '\\' && side == "front" && enc.ascii {
						continue // escapes what begins the first escape: a nest
					}
					content, head := e.text+string([]byte{byte(c)}), 0
					if side == "front" {
						content, head = string([]byte{byte(c)})+e.text, 1
					}
					hit := e.hit
					hit.Pos += head
					p.Reset([]byte(content))
					got, ok := p.Peel(hit)
					if !ok {
						t.Fatalf("%s, %#x in %s: not peeled", enc.name, c, side)
					}
					checkShape(t, &got, []byte(content))
					j := find(&got, head+e.at[from], text[from])
					if j < 0 || j+to-from+1 > len(got.Bytes) || string(got.Bytes[j:j+to-from]) != text[from:to] {
						t.Fatalf("%s, %#x in %s: not the key", enc.name, c, side)
					}
					if isKeyByte(got.Bytes[j+to-from]) {
						t.Fatalf("%s, %#x in %s: the key does not end", enc.name, c, side)
					}
				}
			}
		}
	}
}

// TestLinesApart checks that encoded values which stand on lines beside other
// text are not taken for one wrapped text.
func TestLinesApart(t *testing.T) {
	// Bodies that leave no padding, so that nothing but the line end separates.
	key := rulestest.KeyN("apart", 42)
	b64, hx := base64.StdEncoding.EncodeToString([]byte(key)), hex.EncodeToString([]byte(key))
	if strings.HasSuffix(b64, "=") {
		t.Fatal("padded")
	}
	other := base64.StdEncoding.EncodeToString([]byte(rulestest.KeyN("other", 42)))
	for _, text := range []string{
		"%s", "%s\n", "%s\nEOF\n", "%s\nother: YWJj\n", "a: %s\n  b: c\n", "cat <<EOF\n%s\nEOF\n", "%s\n" + other + "\n", other + "\n%s\n",
		"TOKEN=%s\nOTHER=x\n", "- %s\n- " + other + "\n", "[\"%s\",\n \"" + other + "\"]", "[\"%s\", \"" + other + "\"]", "'%s' '" + other + "'",
		"-----BEGIN X-----\n%s\n-----END X-----\n", "%s\n\n\nSome words here.\n", "%s\nkey = 1\n", "%s.%s", "%s:%s", "%s\n}\n", "password\n%s\n", "x\n%s\nx\n",
		"<a>%s</a>\n<b>abc</b>", "%s\ndone\n", "%s\nexit\n", "%s\\nexit\\n", "token\\n%s\\nnext line",
	} {
		for _, v := range []struct {
			kind    literal.Kind
			encoded string
			lit     int
		}{{literal.Base64, b64, 6}, {literal.Hex, hx, 10}} {
			content := strings.ReplaceAll(text, "%s", v.encoded)
			p := NewPeeler(testLimit)
			p.Reset([]byte(content))
			got, ok := p.Peel(literal.Hit{Pos: strings.Index(content, v.encoded), Len: v.lit, Kind: v.kind})
			if !ok {
				t.Errorf("%q: not peeled", text)
				continue
			}
			i := bytes.Index(got.Bytes, []byte(key))
			if i < got.From || i >= got.To {
				t.Errorf("%q: no key", text)
				continue
			}
			if end := i + len(key); end < len(got.Bytes) && isKeyByte(got.Bytes[end]) {
				t.Errorf("%q, kind %d: the key goes on with %q", text, v.kind, got.Bytes[end])
			}
			if i > 0 && isKeyByte(got.Bytes[i-1]) {
				t.Errorf("%q, kind %d: %q is in front of the key", text, v.kind, got.Bytes[i-1])
			}
		}
	}
}

// TestWrappedBinary checks that a key which a line end breaks is whole though
// binary data follows it.
func TestWrappedBinary(t *testing.T) {
	rng := seeded()
	noise := make([]byte, 300)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	key := rulestest.Key("wrapped")
	for _, width := range []int{60, 64, 76} {
		for lead := range 60 {
			if (lead+1)%(width/4*3) == 0 {
				continue // the key begins a line, as one in a list of values does
			}
			for _, trail := range []int{1, 2, 3, 30, 40, 100, 200} {
				text := string(noise[:lead]) + "\x12" + key + "\x18" + string(noise[lead:lead+trail])
				e := base64Encoder("", base64.StdEncoding, width, "\n").encode(rng, text, lead+1, lead+6)
				p := NewPeeler(testLimit)
				p.Reset([]byte("data: " + e.text + "\nnext: 1\n"))
				e.hit.Pos += 6
				got, ok := p.Peel(e.hit)
				if !ok || !bytes.Contains(got.Bytes, []byte(key+"\x18")) {
					t.Errorf("width %d, %d bytes in front, %d behind: not the whole key", width, lead, trail)
				}
			}
		}
	}
}

// TestPlainIsLeftAlone lists texts whose key needs no decoding, though escapes
// stand beside it.
func TestPlainIsLeftAlone(t *testing.T) {
	key := rulestest.Key("plain")
	for _, text := range []string{
		"%s", `"%s"`, `"%s\n"`, `%s\u0026b=1`, "%s&amp;b=1", "%s%%20b", "%s%%26b=c", "%s=", "%s==\n", "%s=\n\nx", "%s&lt;", `C:\%s\new`, `%s\`, "%s&", "%s%%", `\n%s\r\n`,
		"%%22%s%%22", "%s%%", "%s%%2", `%s\x`, `%s\u00`, `%s\\n`, `%s\"`, "%s=zz", "%s&#10;", "%s&nbsp;",
	} {
		content := []byte(fmt.Sprintf(text, key))
		p := NewPeeler(testLimit)
		p.Reset(content)
		for _, n := range []int{len(finding.Prefix) - 1, len(finding.Prefix)} {
			if got, ok := p.Peel(literal.Hit{Pos: bytes.Index(content, []byte(key)), Len: n}); ok {
				t.Errorf("%q: peeled as %s", text, got.Layer)
			}
		}
	}
}

// TestContextKeepsItsMeaning checks that escapes of a dialect that the key does
// not use are left as they are around it.
func TestContextKeepsItsMeaning(t *testing.T) {
	key := rulestest.Key("context")
	content := []byte(`token=ab&amp;\x41=20 ` + strings.Replace(key, "_", "%5F", 1) + ` =41&lt;\u0041%41`)
	p := NewPeeler(testLimit)
	p.Reset(content)
	got, ok := p.Peel(literal.Hit{Pos: bytes.Index(content, []byte("petra%")), Len: 6, Kind: literal.Escape})
	if want := `token=ab&amp;\x41=20 ` + key + ` =41&lt;\u0041A`; !ok || string(got.Bytes) != want {
		t.Errorf("peeled %v", ok)
	}
	if i := bytes.Index(got.Bytes, []byte(key)); got.From != i || got.To != i+len(key) {
		t.Errorf("decoded part %d to %d, key at %d", got.From, got.To, i)
	}
}

// TestNestedEscapes peels escapes of escapes one at a time.
func TestNestedEscapes(t *testing.T) {
	key := rulestest.Key("nested")
	rest := key[1:]
	for _, tt := range []struct {
		text   string
		lit    string
		layers string
	}{
		{"%2570" + rest, "%2570", "percent percent"},
		{"%252570" + rest, "%252570", "percent percent percent"},
		{`\\u0070` + rest, `\\u0070`, "backslash-escape unicode-escape"},
		{`\\\\u0070` + rest, `\\\\u0070`, "backslash-escape backslash-escape unicode-escape"},
		{"&amp;#112;" + rest, "&amp;#112;", "html-entity html-entity"},
		{"%26%23112%3B" + rest, "%26%23112%3B", "percent html-entity"},
		{"=5Cu0070" + rest, "=5Cu0070", "quoted-printable unicode-escape"},
		{"%5Cx70" + rest, "%5Cx70", "percent hex-escape"},
		{`\u005cx70` + rest, `\u005cx70`, "unicode-escape hex-escape"},
		{`\u0025` + "70" + rest, `\u002570`, "unicode-escape percent"},
	} {
		content := []byte(`x "` + tt.text + `" y`)
		hit := literal.Hit{Pos: 3, Len: len(tt.lit), Kind: literal.Escape}
		var layers []string
		for len(layers) < 5 {
			p := NewPeeler(testLimit)
			p.Reset(content)
			got, ok := p.Peel(hit)
			if !ok {
				break
			}
			layers = append(layers, got.Layer)
			content = bytes.Clone(got.Bytes)
			hit = literal.Hit{Pos: 3, Len: 6, Kind: literal.Escape}
		}
		if strings.Join(layers, " ") != tt.layers || string(content) != `x "`+key+`" y` {
			t.Errorf("%s: layers %v", tt.layers, layers)
		}
	}
}

// TestManyHits peels long texts with very many hits. Each key must be whole in
// the own part of exactly one Text, also where Texts were cut at the limit, and
// the Texts together must not be much longer than the content.
func TestManyHits(t *testing.T) {
	const keys = 100
	var plain strings.Builder
	var at []int
	for i := range keys {
		fmt.Fprintf(&plain, "%0*d=", 3+i%90, i)
		at = append(at, plain.Len())
		plain.WriteString(rulestest.KeyN(fmt.Sprint("many", i), 40) + "\n")
	}
	text := plain.String()
	for _, enc := range []encoder{
		base64Encoder("one line", base64.StdEncoding, 0, ""),
		base64Encoder("wrapped", base64.StdEncoding, 76, "\r\n"),
		hexEncoder("one line", false, 0, ""),
		hexEncoder("wrapped", false, 60, "\n"),
		listEncoder("0x", "0x%02x", ", ", ",\n"),
		numbersEncoder("JSON", "%d", ", ", ",\n    "),
		utf16Encoder(false, true), utf16Encoder(true, false),
		escapeEncoder("", "all", 1, spellings[6].way),
	} {
		for _, limit := range []int{3 * keySpan, testLimit} {
			p := NewPeeler(limit)
			found := make([]int, keys)
			total := 0
			var content string
			for i, a := range at {
				e := enc.encode(seeded(), text, a, a+5)
				if content != e.text {
					content = e.text
					p.Reset([]byte(content))
				}
				got, ok := p.Peel(e.hit)
				if !ok {
					continue
				}
				total += len(got.Bytes)
				for k := max(0, i-20); k < keys; k++ {
					key := text[at[k] : at[k]+46]
					if j := bytes.Index(got.Bytes, []byte(key+"\n")); j >= got.From && j < got.To {
						found[k]++
						if got.Offset(j) != e.at[at[k]] {
							t.Fatalf("%s, limit %d: key %d has offset %d, want %d", enc.name, limit, k, got.Offset(j), e.at[at[k]])
						}
					}
				}
				if found[i] == 0 {
					t.Fatalf("%s, limit %d: key %d was hit and not found", enc.name, limit, i)
				}
			}
			for k, n := range found {
				if n == 0 || n > 2 {
					t.Errorf("%s, limit %d: key %d is in %d Texts", enc.name, limit, k, n)
				}
			}
			if total > 2*len(content) {
				t.Errorf("%s, limit %d: %d bytes decoded of %d", enc.name, limit, total, len(content))
			}
		}
	}
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(9, 10)) }

// TestManyHeads: each line of a list of compressed data is decoded, however many
// there are. Heads within one line are decoded a few times, and then named.
func TestManyHeads(t *testing.T) {
	const lines = 100
	line := "H4sIAAAA" + strings.Repeat("abcd", 20)
	content := []byte(strings.Repeat(line+"\n", lines))
	p := NewPeeler(testLimit)
	p.Reset(content)
	for i := range lines {
		got, ok := p.Peel(literal.Hit{Pos: i * (len(line) + 1), Len: 5, Kind: literal.Compressed})
		if !ok || got.Cut || len(got.Bytes) != len(line)/4*3 {
			t.Fatalf("line %d: %v, cut %v, %d bytes", i, ok, got.Cut, len(got.Bytes))
		}
	}
	content = []byte(strings.Repeat("H4sIAAAA", lines))
	p.Reset(content)
	cut := 0
	for i := range lines {
		if got, ok := p.Peel(literal.Hit{Pos: i * 8, Len: 5, Kind: literal.Compressed}); !ok {
			t.Fatal("a head was dropped in silence")
		} else if got.Cut {
			cut++
			if len(got.Bytes) != 0 || got.Offset(0) != i*8 {
				t.Fatalf("head %d: %d bytes at %d", i, len(got.Bytes), got.Offset(0))
			}
		}
	}
	if cut < lines/2 {
		t.Errorf("%d of %d heads were cut", cut, lines)
	}
}
