package report

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

func TestParseFormat(t *testing.T) {
	for _, f := range Formats() {
		if got, err := ParseFormat(string(f)); err != nil || got != f {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for name, near := range map[string]string{"sarf": "sarif", "JSON": "json", "markdwn": "markdown", "xyzzy": ""} {
		_, err := ParseFormat(name)
		if err == nil {
			t.Errorf("ParseFormat(%q): no error", name)
			continue
		}
		for _, f := range Formats() {
			if !strings.Contains(err.Error(), string(f)) {
				t.Errorf("ParseFormat(%q): %v: lacks %s", name, err, f)
			}
		}
		if suggests := strings.Contains(err.Error(), "did you mean"); suggests != (near != "") || !strings.Contains(err.Error(), near) {
			t.Errorf("ParseFormat(%q): %v: want suggestion %q", name, err, near)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"a/b.json": JSON, "x.sarif": SARIF, "X.sarif.JSON": SARIF, "X.HTML": HTML, "out.xml": JUnit, "r.md": Markdown,
		"r.ndjson": JSONL, "gl-secret-detection-report.json": GitLab, "r.txt": Table, "r.csv": CSV, "r": "", "r.pdf": "",
	} {
		if got, ok := FormatOf(name); got != want || ok != (want != "") {
			t.Errorf("FormatOf(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 日本 👩\u200d💻 नमस्\u200dते": "plain é 日本 👩\u200d💻 नमस्\u200dते",
		"a\nb\r\tc":              `a\nb\r\tc`,
		"\x1b[2J\x7f\x00":        `\x1b[2J\x7f\x00`,
		"\u009b31m":              `\u009b31m`,
		"\u202eevil\u2066\u200b": `\u202eevil\u2066\u200b`,
		"\u2028\ufeff\U000e0041": `\u2028\ufeff\U000e0041`,
		"\xff\xc3(\ufffd":        `\xff\xc3(` + "\ufffd",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Add("\xff\u202e\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, hidden) {
			t.Errorf("Clean(%q) = %q", s, got)
		}
		if Clean(got) != got {
			t.Errorf("Clean(%q) is not final", s)
		}
		quick := escapeJSON([]byte(strings.ToValidUTF8(s, "?")))
		if strings.ContainsFunc(string(quick), func(r rune) bool { return r >= 0x7f && hidden(r) }) {
			t.Errorf("escapeJSON(%q) = %q", s, quick)
		}
	})
}

func TestWrap(t *testing.T) {
	for _, width := range []int{12, 20, 33, 60} {
		text := strings.Repeat("日本語 word longerthananyline"+strings.Repeat("x", 40)+" ", 3)
		joined := ""
		for i, l := range wrap(text, width, 2, 4) {
			indent := 4
			if i == 0 {
				indent = 2
			}
			if w := columns(l) + indent; w > width {
				t.Errorf("width %d: line %d takes %d columns: %q", width, i, w, l)
			}
			joined += strings.ReplaceAll(l, " ", "")
		}
		if joined != strings.ReplaceAll(text, " ", "") {
			t.Errorf("width %d: text got lost: %q", width, joined)
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, s := range []string{"short", "a/long/path/with/many/parts/file.go:12:3", "日本語日本語日本語日本語日本語日本語", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"} {
		for width := 8; width < 50; width++ {
			got := middle(s, width)
			if columns(got) > width {
				t.Errorf("middle(%q, %d) = %q takes %d columns", s, width, got, columns(got))
			}
			if columns(s) <= width && got != s {
				t.Errorf("middle(%q, %d) = %q", s, width, got)
			}
		}
	}
}

// TestRepeatable writes each format twice, and from two reports, and expects
// the same bytes and an untouched report.
func TestRepeatable(t *testing.T) {
	for _, f := range Formats() {
		r := rich()
		first := written(t, f, r, Options{})
		if !reflect.DeepEqual(r, rich()) {
			t.Errorf("%s: the report was changed", f)
		}
		if !bytes.Equal(first, written(t, f, rich(), Options{})) {
			t.Errorf("%s: two runs differ", f)
		}
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteError(t *testing.T) {
	for _, f := range Formats() {
		size := len(written(t, f, rich(), Options{}))
		for _, room := range []int{0, size / 2, size - 1} {
			if err := Write(&fullDisk{room}, f, rich(), Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s, room for %d bytes: error %v", f, room, err)
			}
		}
	}
	if err := Write(&bytes.Buffer{}, "nonsense", rich(), Options{}); err == nil {
		t.Error("unknown format: no error")
	}
}

// TestNoRawKey looks for each key in each format, plain and in the encodings
// that a writer could use, and lets only --show-keys through.
func TestNoRawKey(t *testing.T) {
	seeds := []string{"active", "unverified", "unknown", "deleted", "split", "part"}
	byID := map[finding.ID]finding.Key{}
	for _, seed := range seeds {
		k := finding.NewKey(rulestest.Key(seed))
		byID[k.ID()] = k
	}
	reveal := func(id finding.ID) (finding.Key, bool) { k, ok := byID[id]; return k, ok }
	mayShow := map[Format]bool{Table: true, JSON: true, JSONL: true, CSV: true}
	for _, f := range Formats() {
		masked := written(t, f, rich(), Options{ShowSuppressed: true})
		shown := written(t, f, rich(), Options{Reveal: reveal})
		for _, seed := range seeds {
			raw := rulestest.Key(seed)
			body := strings.TrimPrefix(raw, finding.Prefix)
			for _, form := range []string{body[:8], body[16:24], body[32:], base64.StdEncoding.EncodeToString([]byte(raw))[8:16], hex.EncodeToString([]byte(body[8:16]))} {
				if bytes.Contains(masked, []byte(form)) {
					t.Errorf("%s holds a part of key %s", f, seed)
				}
			}
			if got := bytes.Contains(shown, []byte(raw)); got != mayShow[f] {
				t.Errorf("%s with Reveal shows key %s: %v, want %v", f, seed, got, mayShow[f])
			}
		}
	}
}

// forged returns a report all of whose texts are hostile, as a saved report
// from elsewhere may be.
func forged() *finding.Report {
	r := rich()
	var forge func(v reflect.Value)
	forge = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(hostile)
		case reflect.Pointer:
			if !v.IsNil() {
				forge(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				forge(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				forge(v.Index(i))
			}
		}
	}
	forge(reflect.ValueOf(r))
	return r
}

// TestHarmless expects that no format lets a control, a bidirectional override
// or a broken byte of repository text through, nor what a runner in CI would
// take for a command.
func TestHarmless(t *testing.T) {
	for name, r := range map[string]*finding.Report{"rich": rich(), "forged": forged()} {
		for _, f := range Formats() {
			for _, o := range []Options{{ShowSuppressed: true}, {Width: 60}, {Width: 100}} {
				got := string(written(t, f, r, o))
				if !utf8.ValidString(got) {
					t.Errorf("%s, %s is not UTF-8", name, f)
				}
				for i, c := range got {
					if c != '\n' && c != '\t' && hidden(c) {
						t.Errorf("%s, %s holds %U: %q", name, f, c, got[max(0, i-40):i+1])
						break
					}
				}
				for l := range strings.Lines(got) {
					if (f == Table || f == GitHub) && strings.Contains(l, "##[") || f == Table && strings.HasPrefix(strings.TrimSpace(l), "::") {
						t.Errorf("%s, %s, width %d: a command in %q", name, f, o.Width, l)
					}
				}
			}
		}
	}
}
