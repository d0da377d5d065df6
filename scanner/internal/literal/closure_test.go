package literal

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
)

// A text is bytes in which the prefix of a key stands, encoded, at [lo:hi].
type text struct {
	data   string
	lo, hi int
	kind   Kind
}

// encoders are the steps of the closure.
var encoders = map[string]func(text) text{
	"utf-16le": func(t text) text {
		var out strings.Builder
		for i := range len(t.data) {
			out.WriteByte(t.data[i])
			out.WriteByte(0)
		}
		return text{out.String(), 2 * t.lo, 2 * t.hi, UTF16LE}
	},
	"utf-16be": func(t text) text {
		var out strings.Builder
		for i := range len(t.data) {
			out.WriteByte(0)
			out.WriteByte(t.data[i])
		}
		return text{out.String(), 2 * t.lo, 2 * t.hi, UTF16BE}
	},
	"base64":    func(t text) text { return encodeBase64(t, base64.StdEncoding) },
	"base64url": func(t text) text { return encodeBase64(t, base64.RawURLEncoding) },
	"hex":       func(t text) text { return text{hex.EncodeToString([]byte(t.data)), 2 * t.lo, 2 * t.hi, Hex} },
	"HEX": func(t text) text {
		return text{strings.ToUpper(hex.EncodeToString([]byte(t.data))), 2 * t.lo, 2 * t.hi, Hex}
	},
}

func encodeBase64(t text, enc *base64.Encoding) text {
	return text{enc.EncodeToString([]byte(t.data)), t.lo * 8 / 6, (t.hi*8 + 5) / 6, Base64}
}

// chains are all ways through the closure: UTF-16 or not, an encoder, UTF-16
// or not, an encoder, UTF-16 or not, and the shorter ones.
func chains() [][]string {
	wide := []string{"", "utf-16le", "utf-16be"}
	coded := []string{"base64", "base64url", "hex", "HEX"}
	var out [][]string
	for _, a := range wide {
		out = append(out, []string{a})
		for _, b := range coded {
			for _, c := range wide {
				out = append(out, []string{a, b, c})
				for _, d := range coded {
					for _, e := range wide {
						out = append(out, []string{a, b, c, d, e})
					}
				}
			}
		}
	}
	return out
}

func encode(t text, chain []string) text {
	for _, name := range chain {
		if name != "" {
			t = encoders[name](t)
		}
	}
	return t
}

// shows reports whether hits have one of the kind that overlaps the prefix.
func shows(hits []Hit, t text) bool {
	for _, h := range hits {
		if h.Kind == t.kind && h.Pos < t.hi && h.Pos+h.Len > t.lo {
			return true
		}
	}
	return false
}

// plain returns a key between neighbours.
func plain(left, key, right string) text {
	return text{left + key + right, len(left), len(left) + len("petra_"), Plain}
}

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func randomBytes(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestClosureIsFound(t *testing.T) {
	r := testRand()
	chains := chains()
	for i, chain := range chains {
		for left := range 10 { // every alignment at both levels
			key := rulestest.Key(strconv.Itoa(i % 7))
			x := encode(plain(randomBytes(r, left), key, randomBytes(r, r.IntN(9))), chain)
			if hits := All(nil, []byte(x.data)); !shows(hits, x) {
				t.Errorf("%q, %d bytes before: no %v at [%d:%d]: %v", chain, left, x.kind, x.lo, x.hi, hits)
			}
		}
	}
	t.Logf("%d chains", len(chains))
}

func TestEveryNeighbour(t *testing.T) {
	key := rulestest.KeyN("neighbour", 8)
	for _, chain := range chains() {
		if len(chain) > 3 {
			continue
		}
		for c := range 256 {
			for align := range 3 {
				left := strings.Repeat("x", align) + string([]byte{byte(c)})
				// The byte behind the prefix is never part of its literal
				// either, although in a key it is one of 64.
				for _, after := range []string{key[6:], string([]byte{byte(c)}) + key[6:]} {
					x := encode(plain(left, "petra_", after), chain)
					if hits := All(nil, []byte(x.data)); !shows(hits, x) {
						t.Fatalf("%q beside %#x: no %v at [%d:%d]: %v", chain, c, x.kind, x.lo, x.hi, hits)
					}
				}
			}
		}
	}
}

var lineEnds = []string{"\n", "\r\n", `\n`, `\r\n`, `\\n`, `\\r\\n`, "\n    ", "\r\n\t\t", "\n                    ", `\n  `, "\" +\n\t\"", "\\\n"}

func TestBrokenAnywhere(t *testing.T) {
	for _, chain := range chains() {
		coded := 0
		for _, name := range chain {
			if name != "" && !strings.HasPrefix(name, "utf-16") {
				coded++
			}
		}
		if coded == 0 {
			continue
		}
		// The text is broken before its own UTF-16 form, if it has one.
		last := chain[len(chain)-1]
		for align := range 3 {
			x := encode(plain(strings.Repeat("x", align+3), rulestest.KeyN("broken", 8), ""), chain[:len(chain)-1])
			for at := x.lo; at <= min(x.hi, x.lo+maxText+6); at++ {
				for i, end := range lineEnds {
					if coded == 2 && i != at%4 {
						continue // enough of them
					}
					y := text{x.data[:at] + end + x.data[at:], x.lo, x.hi + len(end), x.kind}
					y = encode(y, []string{last})
					if hits := All(nil, []byte(y.data)); !shows(hits, y) {
						t.Fatalf("%q broken at %d of [%d:%d] by %q: %v\n%q", chain, at, x.lo, x.hi, end, hits, x.data[x.lo:x.hi])
					}
				}
			}
		}
	}
}

func TestBrokenWithin(t *testing.T) {
	for _, inner := range []string{"base64", "base64url", "hex", "HEX"} {
		for _, wide := range []string{"", "utf-16le", "utf-16be"} {
			for align := range 9 {
				x := encode(plain(strings.Repeat("x", align), rulestest.Key("within"), ""), []string{wide, inner})
				for at := x.lo; at <= x.hi; at++ {
					for _, end := range []string{"\n", "\r\n"} {
						for _, outer := range []string{"base64", "base64url", "hex", "HEX"} {
							y := text{x.data[:at] + end + x.data[at:], x.lo, x.hi + len(end), x.kind}
							y = encode(y, []string{outer})
							if hits := All(nil, []byte(y.data)); !shows(hits, y) {
								t.Fatalf("%s of %s %s broken at %d of [%d:%d] by %q: %v", outer, inner, wide, at, x.lo, x.hi, end, hits)
							}
						}
					}
				}
			}
		}
	}
}

// spellings returns the ways to escape c.
func spellings(c byte) []string {
	var out []string
	for _, form := range []string{
		`\u%04x`, `\u%04X`, `\\u%04x`, `\\\\u%04x`, `\U%08x`, `\U%08X`, `\x%02x`, `\x%02X`, `\X%02X`, `\\x%02x`, `\u{%x}`, `\u{%06X}`, `\x{%02x}`, `\x{%04X}`,
		`\%o`, `\%04o`, `\o{%o}`, `\\%o`, `%%%02x`, `%%%02X`, `%%25%02x`, `%%2525%02X`, `%%u%04x`, `%%u%04X`, `=%02X`, `=%02x`,
		`&#%d;`, `&#%04d;`, `&#%07d;`, `&#x%x;`, `&#x%X;`, `&#X%x;`, `&#x%04x;`, `&#x%06X;`, `&#%d`, `&#x%x`, `&amp;#%d;`, `&amp;#x%x;`,
	} {
		out = append(out, fmt.Sprintf(form, c))
	}
	if c == '_' {
		out = append(out, "&lowbar;", "&UnderBar;", "&amp;lowbar;", `\_`, `\\_`)
	}
	return out
}

// expectSpelling looks for the spelling in every order of bytes.
func expectSpelling(t *testing.T, left, spelling, right string, kind Kind) {
	t.Helper()
	for _, wide := range []string{"", "utf-16le", "utf-16be"} {
		x := encode(text{left + spelling + right, len(left), len(left) + len(spelling), kind}, []string{wide})
		if x.hi-x.lo > MaxLen {
			continue
		}
		found := false
		hits := All(nil, []byte(x.data))
		for _, h := range hits {
			found = found || h == Hit{x.lo, x.hi - x.lo, x.kind, 0}
		}
		if !found {
			t.Fatalf("%s %q %q %q: no %v at [%d:%d]: %v", wide, left, spelling, right, x.kind, x.lo, x.hi, hits)
		}
	}
}

func TestEscapes(t *testing.T) {
	body := "+" + rulestest.Body("escape", "ABCDEFGHKMN", 12)
	// One letter escaped, two letters escaped: all ways.
	const prefix = "petra_"
	for i := range len(prefix) {
		for _, s := range spellings(prefix[i]) {
			if s[0] == '\\' || !strings.ContainsAny(s[len(s)-1:], "}; ") { // ends are clear
				expectSpelling(t, "x", prefix[:i]+s+prefix[i+1:], body, Escape)
			}
			expectSpelling(t, " ", prefix[:i]+s+prefix[i+1:], body, Escape)
			for j := i + 1; j < len(prefix); j++ {
				for _, s2 := range spellings(prefix[j]) {
					expectSpelling(t, " ", prefix[:i]+s+prefix[i+1:j]+s2+prefix[j+1:], body, Escape)
				}
			}
		}
	}
	// Any letters, any ways.
	r := testRand()
	for range 20000 {
		var b strings.Builder
		for i := range len(prefix) {
			if all := spellings(prefix[i]); r.IntN(2) == 0 {
				b.WriteString(all[r.IntN(len(all))])
			} else {
				b.WriteByte(prefix[i])
			}
		}
		if b.String() != prefix {
			expectSpelling(t, "\"", b.String(), body, Escape)
		}
	}
}

// The soft line break of quoted-printable may stand between any two letters,
// escaped or not.
func TestSoftLineBreaks(t *testing.T) {
	const prefix = "petra_"
	for _, end := range []string{"=\n", "=\r\n"} {
		for at := 1; at < len(prefix); at++ {
			expectSpelling(t, " ", prefix[:at]+end+prefix[at:], "x", Escape)
			for i := range len(prefix) {
				coded := fmt.Sprintf("=%02X", prefix[i])
				switch {
				case i < at:
					expectSpelling(t, "x", prefix[:i]+coded+prefix[i+1:at]+end+prefix[at:], "x", Escape)
				default:
					expectSpelling(t, "x", prefix[:at]+end+prefix[at:i]+coded+prefix[i+1:], "x", Escape)
				}
			}
		}
	}
}

func TestNumberLists(t *testing.T) {
	for _, form := range []string{"%d", "%03d", "%du8", "chr(%d)", "(byte) %d", "Chr(%d)"} {
		for _, sep := range []string{", ", ",", " ", ",\n    ", ",\r\n\t", " + ", " & ", "\n"} {
			if strings.HasSuffix(form, "u8") && sep == " " {
				continue // no language has that
			}
			var items []string
			for _, c := range []byte("petra_") {
				items = append(items, fmt.Sprintf(form, c))
			}
			list := strings.Join(items, sep)
			first := strings.Index(list, "112")
			last := strings.LastIndex(list, "95") + 2
			for _, around := range [][2]string{{"[", "]"}, {"{1, 34, ", ", 65, 66}"}, {" ", "\n"}} {
				data := around[0] + list + around[1]
				want := Hit{len(around[0]) + first, last - first, Numbers, 0}
				hits := All(nil, []byte(data))
				if first > 0 && form[0] != '%' && !strings.ContainsAny(sep+form, " ,(\n\t") {
					continue
				}
				if len(hits) != 1 || hits[0] != want {
					t.Errorf("%q: %v, want %v", data, hits, want)
				}
			}
		}
	}
	for _, data := range []string{
		"112, 101, 116, 114, 97, 951", "1112, 101, 116, 114, 97, 95", "112, 101, 116.0, 114, 97, 95", "112, 101, 116, 114, 197, 95", "112=101, 116, 114, 97, 95",
	} {
		if hits := All(nil, []byte(data)); len(hits) > 0 {
			t.Errorf("%q: %v", data, hits)
		}
	}
}

// dumps writes bytes as programs show them, row by row, and tells where the two
// digits of each byte stand.
var dumps = map[string]func(data string) (string, []int){
	"hexdump -C": func(data string) (string, []int) { return dump(data, "%08x  ", 1, 8, "  |", "|") },
	"xxd":        func(data string) (string, []int) { return dump(data, "%08x: ", 2, 16, "  ", "") },
	"xxd -g 1":   func(data string) (string, []int) { return dump(data, "%08x: ", 1, 16, "  ", "") },
	"od -tx1":    func(data string) (string, []int) { return dump(data, "%07o ", 1, 16, "", "-") },
	"wireshark":  func(data string) (string, []int) { return dump(data, "%04x   ", 1, 16, "", "-") },
	"od -tx1z":   func(data string) (string, []int) { return dump(data, "%06x ", 1, 16, "  >", "<") },
}

func dump(data, address string, group, half int, left, right string) (string, []int) {
	var b strings.Builder
	var at []int
	for i := 0; i < len(data); i += 16 {
		row := data[i:min(i+16, len(data))]
		fmt.Fprintf(&b, address, i)
		for j := range len(row) {
			if j > 0 && j%group == 0 {
				b.WriteByte(' ')
			}
			if j > 0 && j%half == 0 {
				b.WriteByte(' ')
			}
			at = append(at, b.Len())
			fmt.Fprintf(&b, "%02x", row[j])
		}
		if right != "-" {
			b.WriteString(left)
			for _, c := range []byte(row) {
				b.WriteByte(max(c, '.'))
			}
			b.WriteString(right)
		}
		b.WriteByte('\n')
	}
	return b.String(), at
}

// A dump breaks the prefix by the end of a row, its text and an address.
func TestDumps(t *testing.T) {
	for name, write := range dumps {
		for shift := range 48 {
			data, at := write(strings.Repeat("x", shift) + "petra_" + strings.Repeat("ace\x00", 8))
			x := text{data, at[shift], at[shift+5] + 2, HexList}
			broken := text{x.data, x.lo, x.hi, Hex}
			if hits := All(nil, []byte(data)); !shows(hits, x) && !shows(hits, broken) {
				t.Errorf("%s, %d before: %v\n%s", name, shift, hits, data)
			}
		}
	}
}

func TestHexLists(t *testing.T) {
	narrow, le, be := "petra_", "p\x00e\x00t\x00r\x00a\x00_", "\x00p\x00e\x00t\x00r\x00a\x00_"
	for _, data := range []string{narrow, le, be} {
		for _, form := range []string{"%02x", "%02X", "0x%02x", "0x%02X", "0X%02X", `\x%02x`, `\x%02X`, `\\x%02x`} {
			for _, sep := range []string{" ", ",", ", ", ":", "-", ";", "", "\n", ",\n\t\t", ",\r\n        ", "\",\"", `,\n  `, ",\\\r\n  ", "\n    "} {
				for group := 1; group <= 4; group++ {
					if strings.HasPrefix(strings.ToLower(form), "0x") && (group > 1 || sep == "") {
						continue
					}
					for shift := range group {
						var b strings.Builder
						apart := false
						for i := range len(data) {
							if i > 0 && (group == 1 || (i+shift)%group == 0) {
								b.WriteString(sep)
								apart = apart || sep != ""
							}
							fmt.Fprintf(&b, form, data[i])
						}
						hits := All(nil, []byte(b.String()))
						x := text{b.String(), 0, b.Len(), HexList}
						broken := text{x.data, x.lo, x.hi, Hex}
						if apart = apart || strings.Contains(form, "x%"); !apart && len(form) == 4 || strings.Trim(sep, "\r\n\t ") == "" && strings.Contains(sep, "\n") {
							if !shows(hits, broken) && !shows(hits, x) {
								t.Errorf("%q: %v", x.data, hits)
							}
						} else if !shows(hits, x) && b.Len() <= MaxLen {
							t.Errorf("%q: %v", x.data, hits)
						}
					}
				}
			}
		}
	}
}

func TestCompressedHeads(t *testing.T) {
	r := testRand()
	for name, head := range map[string]string{
		"gzip":             "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
		"gzip with a name": "\x1f\x8b\x08\x08abcd\x02\x03name\x00",
		"zstd":             "\x28\xb5\x2f\xfd\x04",
		"xz":               "\xfd7zXZ\x00\x00\x04",
		"bzip2":            "BZh91AY&SY",
		"bzip2, fast":      "BZh11AY&SY",
		"zip":              "PK\x03\x04\x14\x00\x08",
	} {
		for _, chain := range [][]string{
			{"base64"}, {"base64url"}, {"base64", "utf-16le"}, {"base64", "utf-16be"},
			{"base64", "base64"}, {"base64", "base64", "utf-16le"},
		} {
			x := encode(text{head + randomBytes(r, 30), 0, len(head), Compressed}, chain)
			if len(chain) == 1 || chain[1] != "base64" && x.kind == Base64 {
				x.kind = Compressed
			}
			if hits := All(nil, []byte(x.data)); !shows(hits, x) || hits[0].Pos != 0 {
				t.Errorf("%s, %q: no %v: %v", name, chain, x.kind, hits)
			}
		}
		for left := range 3 { // within base64 text of other text
			x := text{base64.StdEncoding.EncodeToString([]byte(head + randomBytes(r, 30))), 0, 12, Compressed}
			x = text{strings.Repeat("x", left) + x.data, left, left + 12, Compressed}
			x = encode(x, []string{"base64"})
			if hits := All(nil, []byte(x.data)); !shows(hits, x) {
				t.Errorf("%s in base64+%d: %v", name, left, hits)
			}
		}
	}
}
