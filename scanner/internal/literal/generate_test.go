package literal

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// This file generates table.go. It is a test so that the generator is neither
// a second main package nor linked into the scanner, and so that a table that
// does not fit its generator fails.

var update = flag.Bool("update", false, "write table.go anew")

func TestTableIsGenerated(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("table.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("table.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Fatal("table.go is not what the generator writes: run go generate")
	}
}

// maxText cuts literals of a second level: so many characters are more than
// enough to be sure, and every further one widens the overlap of chunks.
const maxText = 22

const (
	prefix = "petra_"
	// wide is what UTF-16LE and UTF-16BE have in common.
	wide = "p\x00e\x00t\x00r\x00a\x00_"
)

// A source is text that a literal is cut from: the bytes, how many bits of the
// byte behind them are certain too, and that byte.
type source struct {
	text     string
	bits     int
	next     byte
	from     string
	fragment bool // a part of a literal that a line end cut: stays whole
}

// base64Cut returns those characters of the base64 of s that do not depend on
// its neighbours, when align bytes of its first group precede it.
func base64Cut(s source, align int, enc *base64.Encoding) (text string, phase int) {
	data := make([]byte, align, align+len(s.text)+3)
	data = append(data, s.text...)
	data = append(data, s.next, 0, 0)
	first := (8*align + 5) / 6
	last := (8*(align+len(s.text)) + s.bits) / 6
	return enc.EncodeToString(data)[first:last], first % 4
}

func widen(s string) string {
	return strings.Join(strings.Split(s, ""), "\x00")
}

// closure returns the rows. The UTF-16 forms of rows are not in it: every row
// is searched for as bytes and as UTF-16 of both orders.
func closure() []row {
	var out []row
	seen := map[string]bool{}
	add := func(r row) {
		if len(r.text) > maxText {
			r.text = r.text[:maxText]
		}
		if len(r.text) < 4 || r.breaks && len(r.text) < 7 {
			panic("too short a literal: " + r.from)
		}
		if r.breaks && strings.ContainsAny(r.text, "+/-_") {
			panic("a character that may also join lines: " + r.from) // see lineEnd
		}
		if !seen[r.text] {
			seen[r.text] = true
			out = append(out, r)
		}
	}
	encode := func(s source) {
		for align := range 3 {
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				text, phase := base64Cut(s, align, enc)
				add(row{text, Base64, uint8(phase), !s.fragment, fmt.Sprintf("base64+%d of %s", align, s.from)})
			}
		}
		digits := hex.EncodeToString([]byte(s.text))
		add(row{digits, Hex, 0, !s.fragment, "hex of " + s.from})
		add(row{strings.ToUpper(digits), Hex, 0, !s.fragment, "HEX of " + s.from})
	}

	for _, s := range []source{{text: prefix, from: "petra_"}, {text: wide, from: "UTF-16 petra_"}} {
		encode(s)
	}
	first := slices.Clone(out)
	for _, r := range first {
		text := r.text
		if r.kind == Hex { // the last digit has two cases
			text = text[:len(text)-1]
		}
		encode(source{text: text, from: r.from})
		encode(source{text: widen(text), from: "UTF-16 of " + r.from})
		// A line end in the inner text leaves four characters or more of it
		// whole on one side.
		half := len(text) / 2
		encode(source{text: text[:max(4, half)], from: "the first half of " + r.from, fragment: true})
		encode(source{text: text[min(half, len(text)-4):], from: "the second half of " + r.from, fragment: true})
	}

	heads := compressedHeads()
	for _, r := range heads {
		add(r)
	}
	for _, r := range heads {
		// What the heads of one format have in common, the second time.
		s := source{text: r.text, from: r.from, fragment: true}
		if strings.HasPrefix(r.text, "H4sI") { // A to H follow
			s.text, s.bits, s.next = "H4sI", 4, 'A'
			for align := range 3 {
				text, phase := base64Cut(source{text: widen("H4sI"), bits: 8}, align, base64.StdEncoding)
				add(row{text, Base64, uint8(phase), true, fmt.Sprintf("base64+%d of UTF-16 of base64 of gzip", align)})
			}
		}
		if strings.HasPrefix(r.text, "Qlpo") { // M, N or O follow
			s.text, s.bits, s.next = "Qlpo", 6, 'M'
		}
		for align := range 3 {
			text, phase := base64Cut(s, align, base64.StdEncoding)
			add(row{text, Base64, uint8(phase), false, fmt.Sprintf("base64+%d of %s", align, s.from)})
		}
	}
	return out
}

// compressedHeads returns the base64 of how compressed data begins, at
// alignment 0. zlib is not among them: two bytes are certain, too few.
func compressedHeads() []row {
	var out []row
	seen := map[string]bool{}
	head := func(from string, data string, bits int, next byte) {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			text, _ := base64Cut(source{text: data, bits: bits, next: next}, 0, enc)
			if !seen[text] {
				seen[text] = true
				out = append(out, row{text, Compressed, 0, false, "base64 of " + from})
			}
		}
	}
	for flags := range byte(0x20) { // RFC 1952, 2.3.1: three flag bits are reserved
		head("gzip", "\x1f\x8b\x08", 6, flags)
	}
	head("zstd", "\x28\xb5\x2f\xfd", 0, 0)
	head("xz", "\xfd7zXZ\x00", 0, 0)
	for level := byte('1'); level <= '9'; level++ {
		head("bzip2", "BZh"+string(rune(level))+"1A", 0, 0)
	}
	head("zip", "PK\x03\x04", 0, 0)
	return out
}

// product returns all words of one character of each set.
func product(sets ...string) []string {
	words := []string{""}
	for _, set := range sets {
		var longer []string
		for _, w := range words {
			for _, c := range set {
				longer = append(longer, w+string(c))
			}
		}
		words = longer
	}
	return words
}

// spelled returns windows of which one stands in every spelling of petra_ as
// letters, for themselves or escaped. All lie where t meets r.
func spelled() []string {
	const (
		escape = "\\%=&" // begins an escape
		eEnd   = "e51};" // ends e, 65, 101, 145, …} and …;
	)
	return slices.Concat(
		// t and r stand for themselves; a may not. A soft line break may be in
		// front of t.
		product(eEnd+"\n", "t", "r", "a"+escape),
		product("\n", "t", "=", "7"),
		// Or between t and r.
		product(eEnd+"\n", "t", "=", "\r\n"),
		// t stands for itself, r does not.
		product(eEnd, "t", "\\", "uUxX01o\\"),
		product(eEnd, "t", "%", "72u"),
		product(eEnd, "t", "=", "7"),
		product(eEnd, "t", "&", "#a"),
		// t is 74, 116 or 164.
		product("xX0{%5=", "7", "4", "r};"+escape),
		product("#0", "1", "1", "6"),
		product("\\0{", "1", "6", "4"),
	)
}

// listed returns windows of which one stands in every list of hex bytes: t
// stands alone, or together with a neighbour.
func listed() []string {
	const separator = " \t\r\n,:;-|\"'\\"
	return append(product(separator+"xX0nrt", "7", "4", separator), "6574", "7472", "7400")
}

// numbered returns windows of which one stands in every list of decimal numbers:
// t, behind the separators that are met. Every further one costs speed.
func numbered() []string { return product(" ,(\n\t", "1", "1", "6") }

// spelledWide and listedWide return such windows for UTF-16, where a window is
// two characters.
func spelledWide() []string { return []string{"16", "74", "t%", "t&", "t=", "t\\", "tr"} }

func listedWide() []string { return []string{"74"} }

// cover chooses windows of n characters so that every row, broken by at most
// one line end, holds one that is whole. Windows in given are there already.
func cover(rows []row, n int, given []string, cost func(string) float64) map[string][]ref {
	type need struct{ row, gap int }
	open := map[need]bool{}
	where := map[string][]ref{}
	for i, r := range rows {
		open[need{i, 0}] = true
		if r.breaks {
			for gap := 1; gap < len(r.text); gap++ {
				open[need{i, gap}] = true
			}
		}
		// In UTF-16 a window ends with the zero byte of its last character or,
		// in the other order, of the one behind it.
		end := len(r.text) - n
		if n == 2 {
			end--
		}
		for off := 0; off <= end; off++ {
			w := r.text[off : off+n]
			where[w] = append(where[w], ref{uint16(i), uint8(off)})
		}
	}
	covers := func(w string) []need {
		var out []need
		for _, at := range where[w] {
			i, off := int(at.row), int(at.off)
			if open[need{i, 0}] {
				out = append(out, need{i, 0})
			}
			for gap := 1; gap < len(rows[i].text); gap++ {
				if (gap <= off || gap >= off+n) && open[need{i, gap}] {
					out = append(out, need{i, gap})
				}
			}
		}
		return out
	}
	chosen := map[string][]ref{}
	take := func(w string) {
		for _, x := range covers(w) {
			delete(open, x)
		}
		chosen[w] = where[w]
	}
	for _, w := range given {
		take(w)
	}
	words := slices.Sorted(maps.Keys(where))
	for len(open) > 0 {
		best, value := "", 0.0
		for _, w := range words {
			if v := float64(len(covers(w))) / cost(w); v > value {
				best, value = w, v
			}
		}
		if best == "" {
			panic("no window covers what is left")
		}
		take(best)
	}
	return chosen
}

// What follows is a rough model of source code, counted over the sources of
// Go, C headers and Python: classes of bytes, how often one class follows
// another, and how the bytes share their class. The generator prefers windows
// and buckets that are rare in it.
const (
	lower = iota
	upper
	digits
	blank
	mark
	other
	classes
)

var follows = [classes][classes]float64{
	lower:  {0.72, 0.02, 0.03, 0.10, 0.10, 0.03},
	upper:  {0.17, 0.53, 0.04, 0.05, 0.11, 0.10},
	digits: {0.16, 0.04, 0.41, 0.08, 0.23, 0.08},
	blank:  {0.27, 0.08, 0.05, 0.43, 0.15, 0.02},
	mark:   {0.23, 0.12, 0.04, 0.27, 0.24, 0.10},
	other:  {0.09, 0.08, 0.03, 0.02, 0.10, 0.68},
}

var classShare = [classes]float64{0.40, 0.11, 0.05, 0.15, 0.14, 0.15}

func class(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return lower
	case 'A' <= c && c <= 'Z':
		return upper
	case '0' <= c && c <= '9':
		return digits
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return blank
	case c < ' ':
		return other
	}
	return mark
}

// share of a byte in its class.
func share(c byte) float64 {
	switch class(c) {
	case lower:
		return [...]float64{
			0.06, 0.02, 0.05, 0.04, 0.11, 0.03, 0.02, 0.03, 0.07, 0.005, 0.01, 0.04, 0.03,
			0.07, 0.06, 0.03, 0.005, 0.07, 0.07, 0.09, 0.03, 0.01, 0.01, 0.02, 0.02, 0.005,
		}[c-'a']
	case upper:
		return 1.0 / 26
	case digits:
		return [...]float64{0.26, 0.14, 0.11, 0.08, 0.08, 0.07, 0.07, 0.06, 0.07, 0.06}[c-'0']
	case blank:
		if c == ' ' {
			return 0.77
		}
		return 0.1
	case mark:
		if c == '_' {
			return 0.15
		}
		return 0.03
	}
	return 0.03
}

// A bucket is what one bit of the vector filter stands for: sets of low and
// high halves of bytes at the places of a window.
type bucket struct {
	lo, hi [4]uint16
	grams  []string
}

func bucketOf(grams ...string) bucket {
	b := bucket{grams: grams}
	for _, g := range grams {
		for j := range 4 {
			b.lo[j] |= 1 << (g[j] & 15)
			b.hi[j] |= 1 << (g[j] >> 4)
		}
	}
	return b
}

func (b bucket) plus(c bucket) bucket {
	for j := range 4 {
		b.lo[j] |= c.lo[j]
		b.hi[j] |= c.hi[j]
	}
	b.grams = slices.Concat(b.grams, c.grams)
	return b
}

// passes estimates how often source code passes the bucket.
func (b bucket) passes() float64 {
	var before [classes]float64
	for j := range 4 {
		var accepted, now [classes]float64
		for c := range byte(0x80) {
			if b.lo[j]>>(c&15)&1 != 0 && b.hi[j]>>(c>>4)&1 != 0 {
				accepted[class(c)] += share(c)
			}
		}
		for k := range classes {
			sum := classShare[k]
			if j > 0 {
				sum = 0
				for i := range classes {
					// The conversion keeps every processor to the same rounding.
					sum += float64(before[i] * follows[i][k])
				}
			}
			now[k] = sum * accepted[k]
		}
		before = now
	}
	sum := 0.0
	for _, p := range before {
		sum += p
	}
	return sum
}

// cost of a window: how often others with the same high halves stand in source
// code, as a bucket fills up with all low halves, and something for each one.
func cost(w string) float64 {
	b := bucketOf(w)
	b.lo = [4]uint16{0xffff, 0xffff, 0xffff, 0xffff}
	p := float64(60 * b.passes())
	return 1 + p
}

// buckets shares out windows among eight buckets. First those join whose union
// lets the least through; then single windows move while that helps.
func buckets(grams []string) []bucket {
	middles := map[string]int{}
	for _, g := range grams {
		middles[g[1:3]]++
	}
	alike := map[string][]string{}
	for _, g := range grams {
		// Many windows with one middle are rare together, whatever is around
		// it; of the others those with the same high halves.
		key := g[1:3]
		if middles[key] < 20 {
			key = ""
			for j := range 4 {
				key += string(rune('0' + g[j]>>4))
			}
		}
		alike[key] = append(alike[key], g)
	}
	var list []bucket
	for _, key := range slices.Sorted(maps.Keys(alike)) {
		list = append(list, bucketOf(alike[key]...))
	}
	worse := map[[2]int]float64{} // by the numbers of two buckets, as they are
	added := func(i, j int) float64 {
		w, ok := worse[[2]int{i, j}]
		if !ok {
			w = list[i].plus(list[j]).passes() - list[i].passes() - list[j].passes()
			worse[[2]int{i, j}] = w
		}
		return w
	}
	open := make([]int, len(list))
	for i := range open {
		open[i] = i
	}
	for len(open) > 8 {
		bi, bj, least := 0, 1, added(open[0], open[1])
		for i := range open {
			for j := i + 1; j < len(open); j++ {
				if w := added(open[i], open[j]); w < least {
					bi, bj, least = i, j, w
				}
			}
		}
		list = append(list, list[open[bi]].plus(list[open[bj]]))
		open[bi] = len(list) - 1
		open = slices.Delete(open, bj, bj+1)
	}
	var eight []bucket
	for _, i := range open {
		eight = append(eight, list[i])
	}
	for range 3 {
		for _, g := range grams {
			refine(eight, g)
		}
	}
	return eight
}

// refine moves one window to the bucket where it lets the least through.
func refine(list []bucket, g string) {
	one := bucketOf(g)
	from := slices.IndexFunc(list, func(b bucket) bool { return slices.Contains(b.grams, g) })
	without := bucketOf(slices.DeleteFunc(slices.Clone(list[from].grams), func(s string) bool { return s == g })...)
	best, least := from, list[from].passes()-without.passes()
	if least == 0 {
		return
	}
	for i, b := range list {
		if i != from {
			if w := b.plus(one).passes() - b.passes(); w < least {
				best, least = i, w
			}
		}
	}
	if best != from {
		list[from] = without
		list[best] = list[best].plus(one)
	}
}

func generate(t *testing.T) []byte {
	rows := closure()
	var out bytes.Buffer
	out.WriteString("// Code generated by generate_test.go. DO NOT EDIT.\n\npackage literal\n\n")
	names := map[Kind]string{Base64: "Base64", Hex: "Hex", Compressed: "Compressed"}
	out.WriteString("var rows = [...]row{\n")
	for _, r := range rows {
		fmt.Fprintf(&out, "{%q, %s, %d, %t, %q},\n", r.text, names[r.kind], r.phase, r.breaks, r.from)
	}
	out.WriteString("}\n\n")

	type gram struct {
		spelled, listed, numbered bool
		refs                      []ref
	}
	all := map[string]gram{}
	for w, refs := range cover(rows, 4, slices.Concat(spelled(), listed(), numbered()), cost) {
		all[w] = gram{slices.Contains(spelled(), w), slices.Contains(listed(), w), slices.Contains(numbered(), w), refs}
	}
	for w, refs := range cover(rows, 2, spelledWide(), func(string) float64 { return 1 }) {
		all[w[:1]+"\x00"+w[1:]+"\x00"] = gram{slices.Contains(spelledWide(), w), slices.Contains(listedWide(), w), false, refs}
	}
	list := buckets(slices.Sorted(maps.Keys(all)))
	var refs []ref
	out.WriteString("var windows = [...]window{\n")
	for i, b := range list {
		t.Logf("bucket %d: %d windows, passes %.2g: %.200q", i, len(b.grams), b.passes(), b.grams)
		slices.Sort(b.grams)
		for _, w := range b.grams {
			g := all[w]
			slices.SortFunc(g.refs, func(a, b ref) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.off, b.off)) })
			fmt.Fprintf(&out, "{%q, %d, %t, %t, %t, %d, %d},\n", w, i, g.spelled, g.listed, g.numbered, len(refs), len(refs)+len(g.refs))
			refs = append(refs, g.refs...)
		}
	}
	out.WriteString("}\n\nvar refs = [...]ref{\n")
	for i, r := range refs {
		fmt.Fprintf(&out, "{%d, %d},", r.row, r.off)
		if i%12 == 11 {
			out.WriteByte('\n')
		}
	}
	out.WriteString("\n}\n")
	t.Logf("%d rows, %d windows, %d references", len(rows), len(all), len(refs))
	code, err := format.Source(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return code
}
