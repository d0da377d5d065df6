package layer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// fuzzPeel peels hits of some kinds all over a content and checks what holds
// of every Text.
func fuzzPeel(f *testing.F, layers []string, kinds ...literal.Kind) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, enc := range encoders() {
		for _, layer := range layers {
			if enc.layer == layer {
				text, from, _ := payload(rng, enc.name)
				if enc.ascii && strings.Contains(text, "\xc3") {
					continue
				}
				e := enc.encode(rng, text, from, from+5)
				f.Add([]byte(e.text), uint16(e.hit.Pos), uint8(e.hit.Len), uint16(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, pos uint16, n uint8, limit uint16) {
		before := bytes.Clone(content)
		p := NewPeeler(int(limit))
		p.Reset(content)
		for _, kind := range kinds {
			for _, at := range []int{int(pos), int(pos), int(pos) + 1, int(pos) + 7, 0, len(content) - int(n)} {
				got, ok := p.Peel(literal.Hit{Pos: at, Len: int(n), Kind: kind})
				if ok {
					checkShape(t, &got, content)
				}
			}
		}
		if !bytes.Equal(before, content) {
			t.Fatal("Peel wrote to the content")
		}
	})
}

func FuzzBase64(f *testing.F) {
	fuzzPeel(f, []string{"base64"}, literal.Base64, literal.Compressed)
}

func FuzzHex(f *testing.F) { fuzzPeel(f, []string{"hex"}, literal.Hex, literal.HexList) }

func FuzzDecimal(f *testing.F) { fuzzPeel(f, []string{"decimal"}, literal.Numbers) }

func FuzzUTF16(f *testing.F) {
	fuzzPeel(f, []string{"utf-16le", "utf-16be"}, literal.UTF16LE, literal.UTF16BE)
}

func FuzzEscapes(f *testing.F) {
	fuzzPeel(f, []string{"unicode-escape", "hex-escape", "octal-escape", "percent", "html-entity", "quoted-printable", "escape"},
		literal.Escape, literal.Plain)
}

// FuzzRoundTrip puts arbitrary bytes around a key, encodes all of it and
// expects the key back.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint8(0), []byte("a"), []byte("b"), "x=", "\n", int64(1))
	all := encoders()
	f.Fuzz(func(t *testing.T, which uint8, front, back []byte, head, tail string, seed int64) {
		enc := all[int(which)%len(all)]
		rng := rand.New(rand.NewPCG(uint64(seed), 13))
		if one := strings.Contains(enc.name, "one line"); !one {
			// Text: what is none ends UTF-16, may end a text of several lines,
			// and escapes would be decoded.
			front, back = readable(front), readable(back)
			head, tail = head+">", "<"+tail
		}
		key := rulestest.Key(fmt.Sprint(seed))
		text := string(front) + " " + key + "\n:" + string(back) // a digit might go on an octal escape
		from := len(front) + 1
		e := enc.encode(rng, text, from, from+5)
		hit := e.hit
		hit.Pos += len(head)
		p := NewPeeler(testLimit)
		p.Reset([]byte(head + e.text + tail))
		got, ok := p.Peel(hit)
		if !ok {
			if enc.ascii && strings.ContainsAny(head, `\%&=`) {
				t.Skip("the text in front escapes the escape")
			}
			t.Fatalf("%s: not peeled", enc.name)
		}
		checkShape(t, &got, []byte(head+e.text+tail))
		if i := bytes.Index(got.Bytes, []byte(key+"\n")); i < 0 {
			if enc.ascii && strings.ContainsAny(head, `\%&=`) {
				t.Skip("the text in front escapes the escape")
			}
			t.Fatalf("%s: not the key", enc.name)
		}
	})
}

func readable(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' || isEscapeStart(byte(r)) {
			return '.'
		}
		return r
	}, b)
}

// TestWorkIsLinear gives contents that are nothing but hits and counts the
// bytes of all Texts.
func TestWorkIsLinear(t *testing.T) {
	lits := base64Literals("petra")
	for name, unit := range map[string]string{
		"one phase":      lits[0] + "xx",
		"all phases":     lits[0] + lits[1] + lits[2] + "x",
		"odd":            lits[0] + "x",
		"lines":          lits[0] + "\n",
		"bad lines":      lits[0] + "x\n:",
		"compressed":     "H4sIAAAA",
		"compressed odd": "/H4sIx",
	} {
		kind := literal.Base64
		find := lits
		if strings.HasPrefix(name, "compressed") {
			kind, find = literal.Compressed, []string{"H4sI"}
		}
		content := []byte(strings.Repeat(unit, 10_000))
		p := NewPeeler(testLimit)
		p.Reset(content)
		hits, total := 0, 0
		for i := range content {
			for _, lit := range find {
				if bytes.HasPrefix(content[i:], []byte(lit)) {
					hits++
					got, _ := p.Peel(literal.Hit{Pos: i, Len: len(lit), Kind: kind})
					total += len(got.Bytes)
				}
			}
		}
		// A text on a line of its own costs its context.
		if most := 16*len(content) + 3*rawSpan*hits; total > most {
			t.Errorf("%s: %d bytes decoded from %d with %d hits", name, total, len(content), hits)
		}
	}
	for name, unit := range map[string]string{
		"all escaped": `\x70etra_`, "two dialects": `%70etra_abc \u0070etra_abc `, "no space": `%70etra_\u0070etra_&`,
	} {
		content := []byte(strings.Repeat(unit, 5_000))
		p := NewPeeler(testLimit)
		p.Reset(content)
		hits, total := 0, 0
		for i := range content {
			if bytes.HasPrefix(content[i:], []byte("etra_")) {
				hits++
				got, _ := p.Peel(literal.Hit{Pos: i - 1, Len: 6, Kind: literal.Escape})
				total += len(got.Bytes)
			}
		}
		if most := 2*len(content) + (leftSpan+rawSpan)*hits; total > most {
			t.Errorf("%s: %d bytes decoded from %d with %d hits", name, total, len(content), hits)
		}
	}
}

func BenchmarkPeel(b *testing.B) {
	rng := rand.New(rand.NewPCG(14, 15))
	filler := strings.Repeat("export SOME_SETTING=value # and a remark on it\n", 40)
	text := "TOKEN=" + rulestest.Key("bench") + "\nMORE=1\n"
	for _, enc := range []encoder{
		base64Encoder("std", base64.StdEncoding, 0, ""),
		base64Encoder("wrapped", base64.StdEncoding, 76, "\n"),
		hexEncoder("plain", false, 0, ""),
		listEncoder("0x", "0x%02x", ", ", ",\n"),
		utf16Encoder(false, false),
		escapeEncoder("", `\u one`, 0, spellings[0].way),
		escapeEncoder("", `\u all`, 1, spellings[0].way),
	} {
		b.Run(enc.name, func(b *testing.B) {
			e := enc.encode(rng, text, 6, 11)
			content := []byte(filler + "v: \"" + e.text + "\"\n" + filler)
			hit := e.hit
			hit.Pos += len(filler) + 4
			p := NewPeeler(testLimit)
			b.ReportAllocs()
			for b.Loop() {
				p.Reset(content)
				if _, ok := p.Peel(hit); !ok {
					b.Fatal("not peeled")
				}
			}
		})
	}
	b.Run("plain", func(b *testing.B) {
		content := []byte(filler + text + filler)
		hit := literal.Hit{Pos: len(filler) + 6, Len: 6}
		p := NewPeeler(testLimit)
		b.ReportAllocs()
		for b.Loop() {
			p.Reset(content)
			if _, ok := p.Peel(hit); ok {
				b.Fatal("peeled")
			}
		}
	})
	b.Run("base64 1 MiB", func(b *testing.B) {
		big := make([]byte, 3<<18)
		for i := range big {
			big[i] = byte(rng.Uint32())
		}
		e := base64Encoder("", base64.StdEncoding, 76, "\n").encode(rng, text+string(big), 6, 11)
		content := []byte(e.text)
		p := NewPeeler(4 << 20)
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			p.Reset(content)
			if _, ok := p.Peel(e.hit); !ok {
				b.Fatal("not peeled")
			}
		}
	})
	b.Run("adversarial", func(b *testing.B) {
		lits := base64Literals("petra")
		content := []byte(strings.Repeat(lits[0]+lits[1]+"\n:"+lits[2]+"x", 1<<15))
		p := NewPeeler(4 << 20)
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			p.Reset(content)
			for i := range content {
				if c := content[i]; c == 'c' || c == 'B' || c == 'w' {
					p.Peel(literal.Hit{Pos: i, Len: 6, Kind: literal.Base64})
				}
			}
		}
	})
}
