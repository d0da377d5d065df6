package layer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/literal"
)

const testLimit = 1 << 20

// find returns the index in text of the byte that payload byte a became, given
// where its first source byte is, or -1.
func find(text *Text, off int, c byte) int {
	for j := text.From; j < text.To; j++ {
		if text.Offset(j) == off && text.Bytes[j] == c {
			return j
		}
	}
	return -1
}

// checkText asks whether text shows payload[a:b] as the encoder placed it, with
// up to 64 bytes of the payload in front, and returns where in text.Bytes.
func checkText(t *testing.T, text *Text, payload string, e encoded, base, a, b int) (int, bool) {
	t.Helper()
	j := find(text, base+e.at[a], payload[a])
	if j < 0 {
		t.Errorf("the hit is not in the Text")
		return 0, false
	}
	if j+b-a > len(text.Bytes) {
		t.Errorf("the Text ends within the key: %d of %d bytes", len(text.Bytes)-j, b-a)
		return 0, false
	}
	from := max(0, a-64)
	if e.hit.Kind == literal.Base64 || e.hit.Kind == literal.Hex {
		from = max(from, 2) // an edge's byte may be lost to a neighbour
	}
	for k := min(from, a); k < b; k++ {
		i := j + k - a
		if i < 0 || text.Bytes[i] != payload[k] {
			t.Errorf("byte %d of %d..%d, %d from the key, differs", k, a, b, k-a)
			return 0, false
		}
		if got := text.Offset(i); got != base+e.at[k] {
			t.Errorf("byte %d of the payload: offset %d, want %d", k, got, base+e.at[k])
			return 0, false
		}
	}
	return j, true
}

// checkShape asks for what holds of every Text.
func checkShape(t *testing.T, text *Text, content []byte) {
	t.Helper()
	if text.From < 0 || text.From > text.To || text.To > len(text.Bytes) {
		t.Fatalf("From %d, To %d, %d bytes", text.From, text.To, len(text.Bytes))
	}
	last := 0
	for i := 0; i <= len(text.Bytes); i++ {
		off := text.Offset(i)
		if off < last || off > len(content) {
			t.Fatalf("Offset(%d) = %d after %d, content has %d", i, off, last, len(content))
		}
		last = off
	}
	if text.Layer == "" {
		t.Fatal("no layer")
	}
}

// before and after are what may stand around an encoded text.
var before = []string{"", "x=", "key: ", "\n", `{"k":"`, "<a b='", "Authorization: Basic ", "\x00\x00", "é ", "a\n\n", "(", "//host?q="}
var after = []string{"", "\n", `","v":1}`, "'/>", " \n", "\x00\x00", "\r\nnext: 1\n", ")", ";\nreturn\n", "\n\nEOF\n"}

// payload returns a text with a key in it and where the key is.
func payload(rng *rand.Rand, seed string) (text string, from, to int) {
	front := []string{"", "K=", "user:", "A=1\nB=2\nTOKEN=", "{\"token\": \"", strings.Repeat("# some words\n", rng.IntN(20)), "kl\xc3\xa4r: "}
	back := []string{"", "\n", "\"}", "\nC=3\n# end of it\n", "&x=1", strings.Repeat("\nMORE=lines of it", rng.IntN(20))}
	head := front[rng.IntN(len(front))]
	key := rulestest.KeyN(seed, 8+rng.IntN(60))
	return head + key + back[rng.IntN(len(back))], len(head), len(head) + len(key)
}

func TestPeelEveryEncoding(t *testing.T) {
	for _, enc := range encoders() {
		t.Run(enc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range 60 {
				text, from, to := payload(rng, fmt.Sprint(enc.name, i))
				if enc.ascii && strings.Contains(text, "\xc3") {
					text, from, to = text[6:], from-6, to-6
					text = "k" + text[1:]
				}
				b := from + len(finding.Prefix) - 1
				e := enc.encode(rng, text, from, b)
				head, tail := before[rng.IntN(len(before))], after[rng.IntN(len(after))]
				content := []byte(head + e.text + tail)
				hit := e.hit
				hit.Pos += len(head)
				p := NewPeeler(testLimit)
				p.Reset(content)
				got, ok := p.Peel(hit)
				if !ok {
					t.Fatalf("%d: not peeled", i)
				}
				checkShape(t, &got, content)
				if got.Layer != enc.layer {
					t.Errorf("%d: layer %q, want %q", i, got.Layer, enc.layer)
				}
				j, ok := checkText(t, &got, text, e, len(head), from, to)
				if !ok {
					t.Fatalf("%d: payload %d bytes, key at %d, head %q, tail %q", i, len(text), from, head, tail)
				}
				// Nothing that could belong to the key may follow it.
				if end := j + to - from; end < len(got.Bytes) && isKeyByte(got.Bytes[end]) {
					t.Fatalf("%d: the key goes on with %q, tail %q", i, got.Bytes[end], tail)
				}
				if _, again := p.Peel(hit); again {
					t.Errorf("%d: peeled twice", i)
				}
			}
		})
	}
}

// TestAddressesOfRows puts a key over two rows of a dump, of which the second has
// the address given.
func TestAddressesOfRows(t *testing.T) {
	for _, c := range []struct {
		form   string
		second int
		text   bool
	}{
		{"%04x   ", 0x0010, false}, {"%04x   ", 0x1000, false}, {"%04x   ", 0x7060, false}, {"%04x   ", 0xfff0, false}, {"%06x   ", 0x10000, false},
		{"%08x  ", 0x10, true}, {"%08x  ", 0x10000000, true}, {"%08x  ", 0xfffffff0, true},
		{"%08x: ", 0x10000000, true}, {"%07o ", 0o20, false}, {"%07o ", 0o1000000, false}, {"%07o ", 0o10000000, false}, {"%07o ", 0o70000000, false},
	} {
		key := rulestest.KeyN("address", 20)
		payload := strings.Repeat("a", 16) + key + "."
		var content strings.Builder
		pos := 0
		for i := 0; i < len(payload); i += 16 {
			row := payload[i:min(i+16, len(payload))]
			fmt.Fprintf(&content, c.form, c.second-32+i)
			if i == 16 {
				pos = content.Len()
			}
			content.WriteString(strings.TrimRight(fmt.Sprintf("% x", row), " "))
			if c.text {
				content.WriteString("  " + row)
			}
			content.WriteByte('\n')
		}
		p := NewPeeler(testLimit)
		p.Reset([]byte(content.String()))
		got, ok := p.Peel(literal.Hit{Pos: pos, Len: 14, Kind: literal.HexList})
		if !ok || !bytes.Contains(got.Bytes, []byte(key+".")) {
			t.Errorf("%s at %#x: %t", c.form, c.second, ok)
		}
	}
}
