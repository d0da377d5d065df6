package detect

import (
	"context"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// none stands for "no comment".
const none = "(none)"

// TestMisspelt: what was perhaps meant as a comment of ours is told, and nothing
// else is.
func TestMisspelt(t *testing.T) {
	for text, want := range map[string]string{
		"k = '{{key:a}}' # petrascan: allow a fixture":                      "petrascan: allow",
		"k = '{{key:a}}' # PETRASCAN:ALLOW a fixture":                       "PETRASCAN:ALLOW",
		"k = '{{key:a}}' # Petrascan-Allow":                                 "Petrascan-Allow",
		"k = '{{key:a}}' # petrascan allow: a fixture":                      "petrascan allow",
		"# petrascan = allow a fixture\nk = '{{key:a}}'":                    "petrascan = allow",
		"/* petrascan: allow */ k = '{{key:a}}'":                            "petrascan: allow",
		"k = '{{key:a}}' # petrascan:allow it":                              "",
		"k = '{{key:a}}' # petrascan: allow it, petrascan:allow a fixture":  "",
		"k = '{{key:a}}' # petrascan: allowance":                            "",
		"k = '{{key:a}}' # xpetrascan: allow":                               "",
		"k = '{{key:a}}' # petrascan finds it; allow":                       "",
		"k = '{{key:a}}' # petrascan: disallow":                             "",
		"k = '{{key:a}}' # petrascan":                                       "",
		"x = 1 # petrascan: allow, on another line's code\nk = '{{key:a}}'": "",
		"k = '{{key:a}}'\n# petrascan: allow, too late":                     "",
		"k = '{{key:a}}' # İ petrascan: allow":                              "",
	} {
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(rulestest.Expand(text)))
		if err != nil || len(out.Hits) != 1 {
			t.Errorf("%q: %d hits, %v", text, len(out.Hits), err)
			continue
		}
		if got := out.Hits[0].Meant; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func inlineOf(h Hit) string {
	if h.Inline == nil {
		return none
	}
	return *h.Inline
}

func TestInline(t *testing.T) {
	far := strings.Repeat("x ", allowReach)
	for _, test := range []struct{ text, want string }{
		{"k = '{{key:a}}' # petrascan:allow a fixture", "a fixture"},
		{"k = '{{key:a}}' // petrascan:allow: a fixture\r\nnext", "a fixture"},
		{"k = '{{key:a}}' -- petrascan:allow -- a fixture", "a fixture"},
		{"k = '{{key:a}}' ; petrascan:allow (a fixture)", "a fixture"},
		{"k = '{{key:a}}' /* petrascan:allow a fixture */ + more()", "a fixture"},
		{"/* petrascan:allow a fixture */ k = '{{key:a}}'", "a fixture"},
		{"<p>{{key:a}}</p> <!-- petrascan:allow a fixture --> text", "a fixture"},
		{"{# petrascan:allow a fixture #} {{key:a}}", "a fixture"},
		{`{"key": "{{key:a}}", "note": "petrascan:allow a fixture"}`, "a fixture"},
		{"# petrascan:allow a fixture\nk = '{{key:a}}'", "a fixture"},
		{"  // petrascan:allow a fixture\r\n  k = '{{key:a}}'", "a fixture"},
		{"REM petrascan:allow a fixture\nset K={{key:a}}", "a fixture"},
		{"(* petrascan:allow a fixture *)\nlet k = \"{{key:a}}\"", "a fixture"},
		{"petrascan:allow наш тест\n{{key:a}}", "наш тест"},
		{"key: petra_{{body:a:20}}\\\n{{body:b:20}} # petrascan:allow split", "split"},

		// A reason is asked for, and the key itself is none.
		{"k = '{{key:a}}' # petrascan:allow", ""},
		{"k = '{{key:a}}' # petrascan:allow --- 123", ""},
		{"/* petrascan:allow */ k = '{{key:a}}'", ""},
		{"# petrascan:allow\nk = '{{key:a}}'", ""},
		{"petrascan:allow {{key:a}}", ""},

		// What is no comment for this key.
		{"k = '{{key:a}}'", none},
		{"k = '{{key:a}}'\n# petrascan:allow the line after", none},
		{"# petrascan:allow two lines before\n\nk = '{{key:a}}'", none},
		{"x = 1 # petrascan:allow for the code on that line\nk = '{{key:a}}'", none},
		{"k = '{{key:a}}' # petrascan:allowance is another word", none},
		{"k = '{{key:a}}' # xpetrascan:allow is another word", none},
		{"k = '{{key:a}}' # my_petrascan:allow is another word", none},
		{"k = '{{key:a}}' # petrascan:allowance is none, petrascan:allow is one", "is one"},
		{"k = '{{key:a}}' --petrascan:allow a fixture", "a fixture"},
		{"k = '{{key:a}}' # petrascan:allow-all is another word", none},
		{"k = '{{key:a}}' # PETRASCAN:ALLOW in capitals", none},
		{"k = '{{key:a}}' # petrascan: allow a fixture", none},
		{"k = '{{key:a}}' " + far + "# petrascan:allow too far away", none},
		{"# petrascan:allow too far away\n" + far + " k = '{{key:a}}'", none},
	} {
		text := []byte(rulestest.Expand(test.text))
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), text)
		if err != nil || len(out.Hits) == 0 {
			t.Errorf("%.60q: %d hits, %v", test.text, len(out.Hits), err)
			continue
		}
		if got := inlineOf(out.Hits[0]); got != test.want {
			t.Errorf("%.60q: reason %q, want %q", test.text, got, test.want)
		}
	}
}

// TestInlineIsForOneLine has several keys, of which some are allowed.
func TestInlineIsForOneLine(t *testing.T) {
	text := rulestest.Expand("a = '{{key:a}}' # petrascan:allow first\nb = '{{key:b}}'\n# petrascan:allow third\nc = '{{key:c}}'\nd = '{{key:d}}'\n")
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(text))
	if err != nil || len(out.Hits) != 4 {
		t.Fatalf("%d hits, %v", len(out.Hits), err)
	}
	for i, want := range []string{"first", none, "third", none} {
		if got := inlineOf(out.Hits[i]); got != want {
			t.Errorf("key %d: reason %q, want %q", i, got, want)
		}
	}
}

// TestInlineUTF16 has the comment in the encoding of its text.
func TestInlineUTF16(t *testing.T) {
	var text []byte
	for _, u := range utf16.Encode([]rune("\ufeff# petrascan:allow a fixture\r\nk = '" + rulestest.Key("wide") + "'\r\nl = '" + rulestest.Key("other") + "'\r\n")) {
		text = append(text, byte(u), byte(u>>8))
	}
	out, err := New(testOptions()).NewWorker().Bytes(context.Background(), text)
	if err != nil || len(out.Hits) != 2 {
		t.Fatalf("%d hits, %v", len(out.Hits), err)
	}
	if got := inlineOf(out.Hits[0]); got != "a fixture" {
		t.Errorf("reason %q", got)
	}
	if got := inlineOf(out.Hits[1]); got != none {
		t.Errorf("the second key has the reason %q", got)
	}
}

// TestInlineMasksKeys has a reason with another key in it, at the end of what is
// kept.
func TestInlineMasksKeys(t *testing.T) {
	for n := range maxReason + 20 {
		key := rulestest.Key("poison")
		text := "k = '" + rulestest.Key("a") + "' # petrascan:allow " + strings.Repeat("y ", n/2) + key
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(text))
		if err != nil || len(out.Hits) == 0 || out.Hits[0].Inline == nil {
			t.Fatalf("%d: %d hits, %v", n, len(out.Hits), err)
		}
		if reason := *out.Hits[0].Inline; strings.Contains(reason, key[:len(finding.Prefix)+6]) || len(reason) > maxReason {
			t.Fatalf("%d: a part of the key stands in the reason", n)
		}
	}
}

// TestInlineInStreams has comments beside keys wherever chunks end.
func TestInlineInStreams(t *testing.T) {
	e := New(testOptions())
	e.chunk, e.margin = 64<<10, 16<<10
	line := rulestest.Expand("# petrascan:allow before\nk = '{{key:a}}'\nk = '{{key:b}}' # petrascan:allow same\nk = '{{key:c}}'\n")
	var text strings.Builder
	lines := 0
	for text.Len() < 5*e.chunk {
		text.WriteString(line + strings.Repeat("padding that moves the lines\n", 7+lines%5))
		lines++
	}
	out, err := e.NewWorker().Stream(context.Background(), strings.NewReader(text.String()), -1)
	if err != nil || len(out.Hits) != 3*lines {
		t.Fatalf("%d hits of %d, %v", len(out.Hits), 3*lines, err)
	}
	for i, h := range out.Hits {
		if want := [...]string{"before", "same", none}[i%3]; inlineOf(h) != want {
			t.Fatalf("hit %d: %q, want %q", i, inlineOf(h), want)
		}
	}
}

// FuzzInline holds the search for comments to what it must never do: fail, keep
// a key, or find a comment that is not there.
func FuzzInline(f *testing.F) {
	for _, s := range []string{"# petrascan:allow reason\n", " // petrascan:allow x */", "petrascan:allow", "# PETRASCAN : allow", "\n\n", "\x00p\x00e"} {
		f.Add(s, s, false)
	}
	f.Fuzz(func(t *testing.T, before, after string, wide bool) {
		key := rulestest.Key("fuzz")
		text := []byte(before + key + after)
		w := New(testOptions()).NewWorker()
		given, meant := w.comments(text, len(before), len(before)+len(key), wide)
		reason := meant
		if given != nil {
			reason += *given
		}
		if given != nil && !strings.Contains(strings.ReplaceAll(before+"\n"+after, "\x00", ""), string(allowMarker)) {
			t.Fatal("a comment that is not there")
		}
		if strings.Contains(reason, key[len(finding.Prefix):len(finding.Prefix)+8]) || len(reason) > maxReason {
			t.Fatal("a part of the key, or too long a reason")
		}
	})
}
