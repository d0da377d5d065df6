package layer

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// nestable are encodings whose output the others can take in: no line ends that
// the next would have to break at, and ASCII.
func nestable() []encoder {
	return []encoder{
		base64Encoder("std", base64.StdEncoding, 0, ""),
		base64Encoder("raw url", base64.RawURLEncoding, 0, ""),
		base64Encoder("wrapped", base64.StdEncoding, 76, "\n"),
		hexEncoder("lower", false, 0, ""),
		hexEncoder("upper", true, 0, ""),
		listEncoder("0x", "0x%02x", ", ", ",\n\t"),
		utf16Encoder(false, false),
		utf16Encoder(true, true),
		escapeEncoder("unicode-escape", `\u`, 1, spellings[0].way),
		escapeEncoder("hex-escape", `\x`, 1, spellings[6].way),
		escapeEncoder("percent", "%", 1, spellings[12].way),
	}
}

// TestPeelNests encodes keys four times over and peels them layer by layer, the
// caller's part (finding the literal of the next layer) being played with the
// help of the offsets.
func TestPeelNests(t *testing.T) {
	encs := nestable()
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 1500 {
		type level struct {
			enc      encoder
			payload  string // what was encoded
			from, to int    // the key in it, or what the key became
			a, b     int    // the literal in it
			e        encoded
			head     int // length of what stands in front of the encoded text
		}
		text, from, to := payload(rng, fmt.Sprint("nest", i))
		if strings.Contains(text, "\xc3") {
			continue
		}
		a, b := from, from+len(finding.Prefix)-1
		var levels []level
		for range 4 {
			enc := encs[rng.IntN(len(encs))]
			isWide := strings.HasPrefix(enc.layer, "utf-16")
			for (enc.ascii || isWide) && strings.Contains(text, "\x00") {
				enc = encs[rng.IntN(len(encs))] // neither is a text of NULs
				isWide = strings.HasPrefix(enc.layer, "utf-16")
			}
			e := enc.encode(rng, text, a, b)
			if enc.ascii && len(e.text) > 6000 {
				break
			}
			head := before[rng.IntN(len(before)-4)]
			if head != "" && (head[0] == 0 || head[0] >= utf8.RuneSelf) {
				head = ""
			}
			levels = append(levels, level{enc, text, from, to, a, b, e, len(head)})
			end := len(e.text)
			if to < len(e.at) {
				end = e.at[to]
			}
			from, a, b = len(head)+e.at[from], len(head)+e.hit.Pos, len(head)+e.hit.Pos+e.hit.Len
			to = len(head) + end
			text = head + e.text
		}
		var names []string
		content := []byte(text)
		shift := 0 // of what the encoder calls position 0 of content
		for k := len(levels) - 1; k >= 0; k-- {
			l := levels[k]
			names = append(names, l.enc.name)
			p := NewPeeler(testLimit)
			p.Reset(content)
			hit := l.e.hit
			hit.Pos += l.head + shift
			got, ok := p.Peel(hit)
			if !ok {
				t.Fatalf("%d: %v: not peeled", i, names)
			}
			if got.Layer != l.enc.layer {
				t.Fatalf("%d: %v: layer %q", i, names, got.Layer)
			}
			checkShape(t, &got, content)
			j := find(&got, l.head+shift+l.e.at[l.a], l.payload[l.a])
			if j < 0 {
				t.Fatalf("%d: %v: the hit is not in the Text", i, names)
			}
			shift = j - l.a
			for m := l.a; m < l.to; m++ {
				if got.Bytes[shift+m] != l.payload[m] {
					t.Fatalf("%d: %v: byte %d of %d to %d differs", i, names, m, l.a, l.to)
				}
				if off := got.Offset(shift + m); off != hit.Pos-l.e.hit.Pos+l.e.at[m] {
					t.Fatalf("%d: %v: byte %d: offset %d", i, names, m, off)
				}
			}
			content = append([]byte(nil), got.Bytes...)
		}
	}
}

// TestPeelRealTools peels what the standard library's encoders and well-known
// tools write.
func TestPeelRealTools(t *testing.T) {
	key := rulestest.Key("tools")
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	// Binary around the key makes base64 use + and /.
	rich := "\xff\xfe\xfb\xef\xbe??>>" + key + "\n??>>\xff\xff\xfb\xff\xff\xfb"
	slashes := strings.ReplaceAll(b64(rich), "/", `\/`)
	asJSON, _ := json.Marshal(map[string]string{"a": "<" + b64(rich) + ">"})
	var qp bytes.Buffer
	w := quotedprintable.NewWriter(&qp)
	fmt.Fprintf(w, "%s K=%s r\u00e9sum\u00e9\n", strings.Repeat("x", 50), key)
	w.Close()
	if !strings.Contains(qp.String(), "=\r\n") {
		t.Fatal("the quoted-printable text is not wrapped")
	}
	half := len(key) / 2
	tests := []struct {
		name, text string
		kind       literal.Kind
		literal    string
		layer      string
	}{
		{"slashes escaped as PHP does", `{"v":"` + slashes + `"}`, literal.Base64, "", "base64"},
		{"json.Marshal", string(asJSON), literal.Base64, "", "base64"},
		{"url.QueryEscape", "?q=" + url.QueryEscape(b64(rich)) + "&r=1", literal.Base64, "", "base64"},
		{"url.QueryEscape twice", "?q=" + url.QueryEscape(b64(rich[:len(rich)-3])) + "&r=1", literal.Base64, "", "base64"},
		{"quotedprintable.Writer", qp.String(), literal.Plain, "petra_", "quoted-printable"},
		{"RFC 2047", "=?utf-8?Q?" + strings.ReplaceAll(key, "_", "=5F") + "?=", literal.Escape, "petra=", "quoted-printable"},
		{"Markdown", "see " + strings.ReplaceAll(key, "_", `\_`) + ".", literal.Escape, `petra\`, "backslash-escape"},
		{"lowbar", "<p>" + strings.ReplaceAll(key, "_", "&lowbar;") + "</p>", literal.Escape, "petra&", "html-entity"},
		{"UnderBar", "<p>" + strings.ReplaceAll(key, "_", "&UnderBar;") + "</p>", literal.Escape, "petra&", "html-entity"},
		{"no semicolon", "<p>&#112etra" + key[5:] + "</p>", literal.Escape, "&#112etra", "html-entity"},
		{"escape in the body", `k="` + key[:half] + fmt.Sprintf(`\u%04x`, key[half]) + key[half+1:] + `"`, literal.Plain, "petra_", "unicode-escape"},
		{"escape at the end", `k="` + key[:len(key)-1] + fmt.Sprintf(`\x%02x`, key[len(key)-1]) + `"`, literal.Plain, "petra_", "hex-escape"},
		{"two dialects in the body", key[:10] + fmt.Sprintf(`&#%d;%%%02x`, key[10], key[11]) + key[12:], literal.Plain, "petra_", "escape"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hit := literal.Hit{Pos: strings.Index(tt.text, tt.literal), Len: len(tt.literal), Kind: tt.kind}
			if tt.kind == literal.Base64 {
				hit = base64Hit(tt.text)
			}
			p := NewPeeler(testLimit)
			p.Reset([]byte(tt.text))
			got, ok := p.Peel(hit)
			if !ok {
				t.Fatal("not peeled")
			}
			checkShape(t, &got, []byte(tt.text))
			if got.Layer != tt.layer {
				t.Errorf("layer %q, want %q", got.Layer, tt.layer)
			}
			i := bytes.Index(got.Bytes, []byte(key))
			if i < got.From || i >= got.To {
				t.Fatal("the key is not in what was decoded")
			}
			if end := i + len(key); end < len(got.Bytes) && isKeyByte(got.Bytes[end]) {
				t.Error("the key goes on")
			}
		})
	}
}

// base64Hit finds a literal of the prefix in base64, at any alignment.
func base64Hit(text string) literal.Hit {
	for _, lit := range base64Literals(finding.Prefix[:5]) {
		if i := strings.Index(text, lit); i >= 0 {
			return literal.Hit{Pos: i, Len: len(lit), Kind: literal.Base64}
		}
	}
	return literal.Hit{Pos: -1}
}

// base64Literals returns the symbols of s in base64 that are certain, for the
// three alignments.
func base64Literals(s string) []string {
	var lits []string
	for a := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("aaa"[:a] + s + "aa"))
		lits = append(lits, text[(8*a+5)/6:8*(a+len(s))/6])
	}
	return lits
}

// TestPhase asks, for every form that base64 may hide, for all alignments and
// many neighbours, whether the units are found.
func TestPhase(t *testing.T) {
	prefix := finding.Prefix[:5]
	wide := func(s string, big bool) string {
		return utf16Encoder(big, false).encode(nil, s, 0, len(s)).text
	}
	forms := []string{prefix, wide(prefix, false), wide(prefix, true)}
	for _, s := range forms[:3] {
		forms = append(forms, base64Literals(s)...)
		forms = append(forms, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))))
	}
	for _, s := range append(base64Literals(prefix), hex.EncodeToString([]byte(prefix))) {
		forms = append(forms, wide(s, false), wide(s, true))
	}
	forms = append(forms, "H4sIA", "QlpoO", "/Td6WFo", "KLUv/")
	rng := rand.New(rand.NewPCG(5, 6))
	for _, form := range forms {
		for a := range 3 {
			for range 200 {
				noise := make([]byte, 40)
				readable := rng.IntN(2) == 0
				for i := range noise {
					noise[i] = byte(rng.Uint32())
					if readable {
						noise[i] = ' ' + noise[i]%95
					}
				}
				text := string(noise[:3+a]) + form + string(noise[8:])
				e := base64Encoder("", base64.RawStdEncoding, 0, "").encode(nil, text, 3+a, 3+a+len(form))
				junk := "abcd"[:rng.IntN(5)]
				e.hit.Pos += len(junk)
				p := NewPeeler(testLimit)
				p.Reset([]byte(junk + e.text))
				got, ok := p.Peel(e.hit)
				if !ok || !bytes.Contains(got.Bytes[got.From:got.To], []byte(form)) {
					t.Fatalf("form of %d bytes at alignment %d, %d symbols in front: not decoded", len(form), a, len(junk))
				}
			}
		}
	}
}

// TestPeelCompressed goes the way of a Helm release: base64 of base64 of gzip.
func TestPeelCompressed(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 3000 {
		fmt.Fprintf(w, "%d %x %s\n", i, rng.Uint64(), rulestest.Key("helm"))
	}
	w.Close()
	for _, gap := range []string{"", "\n", "\r\n    ", `\n`} {
		inner, _ := wrapSymbols(base64.StdEncoding.EncodeToString(zipped.Bytes()), 76*len(gap), gap)
		outer := "  release: " + base64.StdEncoding.EncodeToString([]byte(inner)) + "\ntype: helm\n"
		p1, p2 := NewPeeler(testLimit), NewPeeler(testLimit)
		p1.Reset([]byte(outer))
		lit := base64.StdEncoding.EncodeToString([]byte("H4sIAA"))[:7]
		first, ok := p1.Peel(literal.Hit{Pos: strings.Index(outer, lit), Len: len(lit), Kind: literal.Base64})
		if !ok {
			t.Fatal("outer text not peeled")
		}
		p2.Reset(first.Bytes)
		at := bytes.Index(first.Bytes, []byte("H4sI"))
		second, ok := p2.Peel(literal.Hit{Pos: at, Len: 4, Kind: literal.Compressed})
		if !ok || second.From != 0 || second.To != len(second.Bytes) || second.Cut {
			t.Fatalf("inner text not peeled: %v", ok)
		}
		checkShape(t, &second, first.Bytes)
		if !bytes.Equal(second.Bytes, zipped.Bytes()) {
			t.Fatalf("gap %q: %d bytes of compressed data, want %d", gap, len(second.Bytes), zipped.Len())
		}
	}
	// A list of them is not one wrapped text.
	small := zipped.Bytes()[:len(zipped.Bytes())/3*3]
	line := base64.StdEncoding.EncodeToString(small)
	list := strings.Repeat(line+"\n", 3)
	p := NewPeeler(testLimit)
	p.Reset([]byte(list))
	for i := range 3 {
		got, ok := p.Peel(literal.Hit{Pos: i * (len(line) + 1), Len: 4, Kind: literal.Compressed})
		if !ok || !bytes.Equal(got.Bytes, small) {
			t.Fatalf("line %d of a list: %v, %d bytes, want %d", i, ok, len(got.Bytes), len(small))
		}
	}
	// What is longer than the limit is marked so.
	p = NewPeeler(keySpan)
	p.Reset([]byte(line))
	if got, ok := p.Peel(literal.Hit{Len: 4, Kind: literal.Compressed}); !ok || !got.Cut {
		t.Errorf("beyond the limit: %v, cut %v", ok, got.Cut)
	}
}
