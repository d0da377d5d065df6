package detect

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

func testOptions() Options {
	return Options{Rules: rules.Builtin(), Confidence: finding.Medium, DecodeDepth: 4, Limits: layer.DefaultLimits}
}

// offsets turns hits into what the acceptance test compares: where each key
// begins, found again from line and column.
func offsets(t *testing.T, content []byte, hits []Hit) []rulestest.Found {
	t.Helper()
	var found []rulestest.Found
	for _, h := range hits {
		found = append(found, rulestest.Found{Key: h.Key.ID(), Start: offsetOf(t, content, h.Line, h.Column)})
	}
	return found
}

// offsetOf is the plain way from a line and a column in UTF-16 units to an
// offset: one character after the other.
func offsetOf(t *testing.T, content []byte, line, column int) int {
	t.Helper()
	offset := 0
	for range line - 1 {
		i := bytes.IndexByte(content[offset:], '\n')
		if i < 0 {
			t.Fatalf("there is no line %d", line)
		}
		offset += i + 1
	}
	text := content[offset:]
	if offset == 0 {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		offset = len(content) - len(text)
	}
	for at := 1; at < column; {
		r, size := rune(text[0]), 1
		if text[0] >= 0x80 {
			for i, c := range string(text) {
				if i > 0 {
					size = i
					break
				}
				r = c
				size = len(text)
			}
		}
		at++
		if r > 0xffff {
			at++
		}
		text = text[size:]
		offset += size
	}
	return offset
}

func TestAcceptBytes(t *testing.T) {
	w := New(testOptions()).NewWorker()
	rulestest.Accept(t, 0, func(content []byte) []rulestest.Found {
		out, err := w.Bytes(context.Background(), content)
		if err != nil {
			t.Fatal(err)
		}
		return offsets(t, content, out.Hits)
	})
}

// TestAcceptStream reads in small chunks, and through readers that give one
// byte or half of what is asked for at a time.
func TestAcceptStream(t *testing.T) {
	e := New(testOptions())
	e.chunk, e.margin = 2048, 1024
	w := e.NewWorker()
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r },
		"half":  iotest.HalfReader,
	} {
		t.Run(name, func(t *testing.T) {
			rulestest.Accept(t, e.chunk, func(content []byte) []rulestest.Found {
				out, err := w.Stream(context.Background(), wrap(bytes.NewReader(content)), int64(len(content)))
				if err != nil {
					t.Fatal(err)
				}
				if out.Bytes != int64(len(content)) {
					t.Errorf("%d bytes were counted, want %d", out.Bytes, len(content))
				}
				return offsets(t, content, out.Hits)
			})
		})
	}
}

// TestStreamEqualsBytes puts every kind of layer at every distance from the
// edges of chunks: what a stream shows must be what the whole shows.
func TestStreamEqualsBytes(t *testing.T) {
	e := New(testOptions())
	e.chunk, e.margin = 4096, 2048
	key := rulestest.Key("stream")
	for _, name := range []string{"plain", "base64", "hex", "utf-16le", "percent", "json-escape"} {
		piece := encode(t, name, []byte("\nK="+key+"\n"))
		for at := e.chunk - len(piece) - 3; at <= e.chunk+3; at += 2 {
			content := append(bytes.Repeat([]byte("line é\n"), at/8), bytes.Repeat([]byte(" "), at%8)...)
			content = append(content, piece...)
			content = append(content, bytes.Repeat([]byte("more\n"), 3000)...)
			whole, err := e.NewWorker().Bytes(context.Background(), content)
			if err != nil {
				t.Fatal(err)
			}
			parts, err := e.NewWorker().Stream(context.Background(), bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			if len(whole.Hits) != 1 {
				t.Fatalf("%s at %d: %d hits", name, at, len(whole.Hits))
			}
			if got, want := describe(parts.Hits), describe(whole.Hits); got != want {
				t.Errorf("%s at %d: the stream gives %s, want %s", name, at, got, want)
			}
		}
	}
}

// TestStreamOpensContainers: what can be read only once is opened all the same,
// however short or long it is.
func TestStreamOpensContainers(t *testing.T) {
	key := rulestest.Key("stream of a container")
	for _, size := range []int{10, 1000, 100_000} {
		for _, name := range allContainers {
			if name == "bzip2" && size > 1000 {
				continue // the test's own encoder is slow
			}
			content := encode(t, name, []byte("K="+key+"\n"+rulestest.Body("filler", "abcdefgh \n", size)))
			out, err := New(testOptions()).NewWorker().Stream(context.Background(), iotest.HalfReader(bytes.NewReader(content)), -1)
			if err != nil || len(out.Hits) != 1 {
				t.Errorf("%s of %d bytes: %s, %v", name, len(content), describe(out.Hits), err)
			}
		}
	}
}

func describe(hits []Hit) string {
	var b strings.Builder
	for _, h := range hits {
		fmt.Fprintf(&b, "%s %d:%d-%d:%d %v %s #%d; ", h.Key, h.Line, h.Column, h.EndLine, h.EndColumn, h.Layers, h.Member, h.Ordinal)
	}
	return b.String()
}

func TestPositions(t *testing.T) {
	key := rulestest.Key("position")
	n := len(key)
	for name, test := range map[string]struct {
		content                 string
		line, column, endColumn int
	}{
		"first":             {key, 1, 1, 1 + n},
		"CRLF":              {"a\r\nb\r\n" + key + "\r\n", 3, 1, 1 + n},
		"lone CR":           {"a\rb\r" + key, 1, 5, 5 + n},
		"byte order mark":   {"\ufeff" + key, 1, 1, 1 + n},
		"mark, second line": {"\ufeffa\n" + key, 2, 1, 1 + n},
		"two bytes":         {"éé" + " " + key, 1, 4, 4 + n},
		"surrogates":        {"😀 " + key, 1, 4, 4 + n},
		"combining":         {"e\u0301 " + key, 1, 4, 4 + n},
		"not UTF-8":         {"\xff\xfe\xff " + key, 1, 5, 5 + n},
		"tab":               {"\t" + key, 1, 2, 2 + n},
	} {
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(test.content))
		if err != nil || len(out.Hits) != 1 {
			t.Errorf("%s: %d hits, %v", name, len(out.Hits), err)
			continue
		}
		h := out.Hits[0]
		if h.Line != test.line || h.Column != test.column || h.EndLine != test.line || h.EndColumn != test.endColumn {
			t.Errorf("%s: %d:%d-%d:%d, want %d:%d-%d", name, h.Line, h.Column, h.EndLine, h.EndColumn, test.line, test.column, test.endColumn)
		}
	}
}

func TestWidePositions(t *testing.T) {
	key := rulestest.Key("wide")
	for _, name := range []string{"utf-16le", "utf-16be"} {
		for _, mark := range []string{"", "\ufeff"} {
			content := encode(t, name, []byte(mark+"first é😀\r\nsecond: "+key+" and\r\n"+key+"\r\n"))
			out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s 2:9-2:%d [%s]  #0; %s 3:1-3:%d [%s]  #1; ", out.Hits[0].Key, 9+len(key), name, out.Hits[0].Key, 1+len(key), name)
			if got := describe(out.Hits); got != want {
				t.Errorf("%s%q: got %s, want %s", name, mark, got, want)
			}
		}
	}
}

// TestPlacesInTextContainers: lines and columns of what is text in another form are
// those of the text.
func TestPlacesInTextContainers(t *testing.T) {
	key := rulestest.Key("text container")
	text := "first é😀\r\nsecond é😀: " + key + " and\r\n" + key + "\r\n"
	for _, name := range []string{"utf-32le", "utf-32be", "intel-hex", "s-record"} {
		for _, mark := range []string{"", "\ufeff"} {
			if mark == "" && strings.HasPrefix(name, "utf-32") {
				mark = "plain text first, " // as long as its first letters are
			}
			content := encode(t, name, []byte(mark+text))
			out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
			if err != nil || len(out.Hits) != 2 {
				t.Errorf("%s%q: %d hits, %v", name, mark, len(out.Hits), err)
				continue
			}
			masked := out.Hits[0].Key
			want := fmt.Sprintf("%s 2:%d-2:%d [%s]  #0; %s 3:1-3:%d [%s]  #1; ", masked, 13, 13+len(key), name, masked, 1+len(key), name)
			if got := describe(out.Hits); got != want {
				t.Errorf("%s%q: got %s, want %s", name, mark, got, want)
			}
		}
	}
}

// TestPlacesInLists: a number that stands for a character is its place.
func TestPlacesInLists(t *testing.T) {
	key := rulestest.Key("list")
	for name, layer := range map[string]string{"decimal": "decimal", "hex-list": "hex"} {
		list := string(encode(t, name, []byte("K="+key+"\n")))
		items := strings.Split(list, ", ")
		items[2+len(key)/2] = "\n\t" + items[2+len(key)/2] // two lines
		first := strings.Join(items[:2], ", ") + ", "
		second := strings.Join(items[2+len(key)/2:len(items)-1], ", ")[2:]
		content := "a\né😀 = [" + strings.Join(items, ", ") + "]\n"
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(content))
		if err != nil || len(out.Hits) != 1 {
			t.Errorf("%s: %d hits, %v", name, len(out.Hits), err)
			continue
		}
		column := len("eSS = [") + 1 + len(first)
		if layer == "hex" {
			column += len("0x")
		}
		h := out.Hits[0]
		if h.Line != 2 || h.Column != column || h.EndLine != 3 || h.EndColumn < 2+len(second) || h.EndColumn > 2+len(second)+len(", 0x") || !slices.Equal(h.Layers, []string{layer}) {
			t.Errorf("%s: %s, want 2:%d-3:%d", name, describe(out.Hits), column, 2+len(second))
		}
	}
}

// TestRecordHeader: the header of S-records is text as well.
func TestRecordHeader(t *testing.T) {
	key := rulestest.Key("record header")
	b := append([]byte{byte(len(key) + 3), 0, 0}, key...)
	sum := byte(0xff)
	for _, c := range b {
		sum -= c
	}
	content := append(fmt.Appendf(nil, "S0%X%02X\n", b, sum), encode(t, "s-record", []byte("no key\n"))...)
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
	if want := out0(out.Hits) + " 1:1-1:" + fmt.Sprint(1+len(key)) + " [s-record]  #0; "; err != nil || describe(out.Hits) != want {
		t.Errorf("got %s, want %s, %v", describe(out.Hits), want, err)
	}
}

// TestKeysEndWithTheirLayer: what was decoded is not joined to the raw lines that
// follow it as a key that a line end split.
func TestKeysEndWithTheirLayer(t *testing.T) {
	records := encode(t, "s-record", []byte("K="+rulestest.Key("records")+"\n"))
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), append([]byte("no record\n"), records...))
	if err != nil || len(out.Hits) != 0 {
		t.Errorf("%s, %v", describe(out.Hits), err)
	}
}

// TestSnippetsAreMasked looks for any trace of a key in what is shown of its
// surroundings, doubtful and encoded keys among them.
func TestSnippetsAreMasked(t *testing.T) {
	a, b, c := rulestest.Key("a"), rulestest.Key("b"), rulestest.KeyN("c", 10)
	content := []byte("before " + b + "\nK=" + a + " and " + c + " " + string(encode(t, "base64", []byte(" "+b+" "))) + "\nafter " + a + "\nfar away\n")
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), content)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, h := range out.Hits {
		if h.Snippet == nil {
			continue
		}
		shown++
		text := h.Snippet.Text
		if strings.Count(text, "\n") > 2 {
			t.Errorf("a snippet has more than three lines: %q", text)
		}
		if h.Snippet.StartLine > h.Line || h.Snippet.StartLine < h.Line-1 {
			t.Errorf("a snippet for line %d begins at line %d", h.Line, h.Snippet.StartLine)
		}
		if !strings.Contains(text, h.Key.Masked()) {
			t.Errorf("a snippet does not show its masked key")
		}
		for _, key := range []string{a, b, c} {
			if strings.Contains(text, key[8:]) || strings.Contains(text, key[:len(key)/2+3]) {
				t.Errorf("a snippet shows a key")
			}
		}
		if strings.Contains(text, string(encode(t, "base64", []byte(" "+b+" "))[8:24])) {
			t.Errorf("a snippet shows an encoded key")
		}
	}
	if shown != 3 {
		t.Errorf("%d snippets, want 3", shown)
	}
}

func TestMask(t *testing.T) {
	key := rulestest.Key("path")
	w := New(testOptions()).NewWorker()
	for _, text := range []string{"conf/" + key + ".env", key, "a" + string(encode(t, "base64", []byte(key))) + "b", string(encode(t, "percent", []byte(key)))} {
		masked := w.Mask(text)
		if strings.Contains(masked, key[6:]) || masked == text {
			t.Error("a key in a path was not masked")
		}
	}
	if got := w.Mask("src/petra_config.go"); got != "src/petra_config.go" {
		t.Errorf("a path without a key became %q", got)
	}
}

// TestCorpus runs the labelled corpus, plain and in the layers that each case
// asks for.
func TestCorpus(t *testing.T) {
	dir := "../../../testdata/keys"
	positives, err := rulestest.Positives(dir)
	if err != nil {
		t.Fatal(err)
	}
	negatives, err := rulestest.Negatives(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := New(testOptions()).NewWorker()
	search := func(content []byte) []finding.ID {
		out, err := w.Bytes(context.Background(), content)
		if err != nil {
			t.Fatal(err)
		}
		var ids []finding.ID
		for _, h := range out.Hits {
			ids = append(ids, h.Key.ID())
		}
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	for i, c := range positives {
		var want []finding.ID
		for _, k := range c.Keys {
			want = append(want, finding.NewKey(k).ID())
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if got := search([]byte(c.Text)); !slices.Equal(got, want) {
			t.Errorf("case %d, %s: %d keys of %d found, or others", i, c.Class, len(got), len(want))
		}
		content := []byte(c.Text)
		for _, name := range slices.Backward(c.Encodings) {
			content = encode(t, name, content)
		}
		if got := search(content); !slices.Equal(got, want) {
			t.Errorf("case %d, %s in %v: %d keys of %d found, or others", i, c.Class, c.Encodings, len(got), len(want))
		}
	}
	for i, c := range negatives {
		if got := search([]byte(c.Text)); len(got) > 0 {
			t.Errorf("negative %d, %s: taken for a key: %q", i, c.Class, c.Text)
		}
	}
	t.Logf("%d positive and %d negative cases", len(positives), len(negatives))
}
