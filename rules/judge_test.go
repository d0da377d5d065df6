package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

func TestAccept(t *testing.T) {
	s := rules.Builtin()
	rulestest.Accept(t, 512, func(content []byte) []rulestest.Found {
		var found []rulestest.Found
		for _, at := range rulestest.Places(content) {
			if v := s.Judge(content, at, rules.Context{Least: finding.Medium}); v.Confidence >= finding.Medium {
				found = append(found, rulestest.Found{Key: v.Key.ID(), Start: v.Start})
			}
		}
		return found
	})
}

// judge judges the first candidate of a template.
func judge(template string, c rules.Context) (rules.Verdict, string) {
	text := rulestest.Expand(template)
	c.Explain = true
	return rules.Builtin().Judge([]byte(text), strings.Index(text, finding.Prefix), c), text
}

func TestConfidence(t *testing.T) {
	for _, tt := range []struct {
		text string
		want finding.Confidence
	}{
		{"petra_{{body:a:7}}", finding.None},
		{"petra_", finding.None},
		{"petra_{{body:a:8}}", finding.Low},
		{"petra_{{body:a:11}}", finding.Low},
		{"petra_{{body:a:14}}", finding.Medium},
		{"petra_{{body:a:19}}", finding.Medium},
		{"petra_{{body:a:20}}", finding.High},
		{"petra_{{body:a:256}}", finding.High},
		{"petra_live_{{body:a:20}}", finding.High},
		{"petra_sk_test_{{body:a:24:hex}}", finding.High},
		{"petra_prod-{{body:a:24:lower}}", finding.High},
		{"petra_{{uuid:a}}", finding.High},
		{"petra_live_{{uuid:b}}", finding.High},
		{"petra_sk_test_{{uuid:c}}", finding.High},
		{"petra_{{body:a:8:hex}}_{{body:b:4:hex}}_{{body:c:4:hex}}_{{body:d:4:hex}}_{{body:e:12:hex}}", finding.High},
		{"petra_{{body:a:4:hex}}-{{body:b:4:hex}}-{{body:c:4:hex}}-{{body:d:4:hex}}-{{body:e:4:hex}}-{{body:f:4:hex}}", finding.High},
		{"petra_{{body:a:5:base32}}-{{body:b:5:base32}}-{{body:c:5:base32}}-{{body:d:5:base32}}-{{body:e:5:base32}}", finding.High},

		// What the value is called.
		{"Authorization: Bearer petra_{{body:b:10}}", finding.Medium},
		{"authorization: bearer%20petra_{{body:b:10}}", finding.Medium},
		{"PETRA_TOKEN=petra_{{body:b:10}}", finding.Medium},
		{"export PETRA_API_KEY='petra_{{body:b:10}}'", finding.Medium},
		{`apiKey: "petra_{{body:b:10}}",`, finding.Medium},
		{`"petra-api-key" => "petra_{{body:b:10}}"`, finding.Medium},
		{`<apiKey>petra_{{body:b:10}}</apiKey>`, finding.Medium},
		{`<add key="PetraApiKey" value="petra_{{body:b:10}}"/>`, finding.Medium},
		{"<key>PetraToken</key>\n<string>petra_{{body:b:10}}</string>", finding.Medium},
		{"- name: PETRA_TOKEN\n  value: petra_{{body:b:10}}", finding.Medium},
		{`os.Setenv("PETRA_SECRET", "petra_{{body:b:10}}")`, finding.Medium},
		{"petra --token petra_{{body:b:10}} usage", finding.Medium},
		{"ENV PETRA_TOKEN petra_{{body:b:10}}", finding.Medium},
		{"https://api/beta/usage?api_key=petra_{{body:b:10}}&x=1", finding.Medium},
		{"https://petra_{{body:b:10}}:x@host/", finding.Medium},
		{"https://user:petra_{{body:b:10}}@host/", finding.Medium},
		{"api_key = petra_{{body:b:10}}", finding.Medium},
		{"tokens:\n  - petra_{{body:b:10}}", finding.Medium},
		{`{\"token\":\"petra_{{body:b:10}}\"}`, finding.Medium},
		{"keyboard: petra_{{body:b:10}}", finding.Low},
		{"layout: petra_{{body:b:10}}", finding.Low},
		{"api_key: petra_wallet_connect", finding.Low},

		// What stands to the left.
		{"x{{key:c}}", finding.Medium},
		{"7{{key:c}}", finding.Medium},
		{"my_{{key:c}}", finding.Medium},
		{"--{{key:c}}", finding.High},
		{"_{{key:c}}", finding.High},
		{`\n{{key:c}}`, finding.High},
		{`\\n{{key:c}}`, finding.High},
		{`\t{{key:c}}`, finding.High},
		{`\u0041{{key:c}}`, finding.Medium},
		{`\u0020{{key:c}}`, finding.High},
		{`\x41{{key:c}}`, finding.Medium},
		{`\x3d{{key:c}}`, finding.High},
		{`\101{{key:c}}`, finding.Medium},
		{`%41{{key:c}}`, finding.Medium},
		{`%3D{{key:c}}`, finding.High},
		{`%253D{{key:c}}`, finding.High},
		{`&quot;{{key:c}}`, finding.High},
		{`&#65;{{key:c}}`, finding.Medium},
		{`&#x3d;{{key:c}}`, finding.High},
		{"\x1b[31m{{key:c}}\x1b[0m", finding.High},
		{`\033[0;31m{{key:c}}`, finding.High},
		{"a\x1b[1m{{key:c}}", finding.Medium},
		{"鍵{{key:c}}", finding.High},

		// What is typed, not drawn.
		{"token=petra_abc123def456ghi789", finding.Low},
		{"token=petra_1234567890", finding.Low},
		{"token=petra_qwertyuiopasdfghjkl", finding.Low},
		{"token=petra_abcdefghijklmnopqrstuvwxyz", finding.Low},
		{"token=petra_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", finding.Low},
		{"token=petra_a1b2c3d4e5f6g7h8i9j0k1l2", finding.Low},
		{"token=petra_deadbeefdeadbeefdeadbeefdeadbeef", finding.Low},
		{"token=petra_00000000000000000000000000000000", finding.Low},
		{"token=petra_live_xxxxxxxxxxxxxxxxxxxxxxxx", finding.Low},
		{"token=petra_XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX", finding.Low},
		{"token=petra_your_api_key_here", finding.Low},
		{"token=petra_EXAMPLE_{{body:d}}", finding.Low},
		{"token=petra_fake_{{body:d}}", finding.Low},
		{"petra_backup_20240131123456", finding.Low},
		{"petra_snapshot_1706659200123", finding.Low},
		{"petra_run_20240131T235959Z", finding.Low},
		{"token=petra_s3cr3t_p4ssw0rd_v4lu3", finding.Low},
		{"token=petra_deadbeef-cafe-babe-f00d-c0ffee123456", finding.Low},
		{"petra_worker-7d9f8b6c5-x2x4z", finding.Low},
		{"petra_nightly-28439520-lx7bz", finding.Low},
		{"petra_core3foo17h{{body:e:16:hex}}E", finding.Low},

		// Noise that holds the prefix by chance, and what only stands beside a name.
		{"data:;base64,{{body:n:60:base62}}petra_{{body:m:60:base64url}}", finding.Low},
		{"{{body:n:30:base62}}petra_{{body:m:40}}", finding.Medium},
		{"{{body:n:64:hex}}petra_{{body:m:40}}", finding.Medium},
		{"{{key:n:60}}{{key:m}}", finding.High}, // judged is the first

		// The name of a line's variable.
		{"const token = process.env.T || 'petra_{{body:b:10}}'", finding.Medium},
		{"let apiKey: string = given ?? 'petra_{{body:b:10}}'", finding.Medium},
		{"if token == name || 'petra_{{body:b:10}}'", finding.Low},
		{"const token = 1; f('petra_{{body:b:10}}')", finding.Low},
		{"petra_core-{{body:e:16:hex}}.rlib", finding.Low},
	} {
		if v, _ := judge(tt.text, rules.Context{}); v.Confidence != tt.want {
			t.Errorf("%s: %v, want %v\n%s", tt.text, v.Confidence, tt.want, strings.Join(v.Steps, "\n"))
		}
	}
}

func TestExtent(t *testing.T) {
	for _, tt := range []struct {
		text string
		c    rules.Context
		want finding.Extent
	}{
		{"{{key:a}}", rules.Context{}, finding.Exact},
		{"{{key:a}}.", rules.Context{}, finding.Exact},
		{"{{key:a}}. Then", rules.Context{}, finding.Exact},
		{"{{key:a}}.txt", rules.Context{}, finding.Exact},
		{"{{key:a}}/usage", rules.Context{}, finding.Exact},
		{"{{key:a}}=", rules.Context{}, finding.Uncertain},
		{"{{key:a}}==\"", rules.Context{}, finding.Uncertain},
		{"{{key:a}}.{{body:b:20}}", rules.Context{}, finding.Uncertain},
		{"{{key:a}}/{{body:b:12}}", rules.Context{}, finding.Uncertain},
		{"{{key:a}}+{{body:b:12}}==", rules.Context{}, finding.Uncertain},
		{"{{key:a}}~{{body:b:9}}", rules.Context{}, finding.Uncertain},
		{"{{key:a}}%2B{{body:b:9}}", rules.Context{}, finding.Uncertain},
		{"{{key:a}}%20{{body:b:9}}", rules.Context{}, finding.Exact},
		{"{{key:a}}...", rules.Context{}, finding.Uncertain},
		{"{{key:a}}", rules.Context{Binary: true}, finding.Uncertain},
		{"{{key:a}}", rules.Context{Cut: true}, finding.Uncertain},
		{"{{key:a}} ", rules.Context{Cut: true}, finding.Exact},
		{"{{key:a}}\n{{body:b:20}}\n", rules.Context{}, finding.Uncertain},
		{"// {{key:a}}\r\n// {{body:b:20}}", rules.Context{}, finding.Uncertain},
		{"{{key:a}}\n{{key:b}}\n", rules.Context{}, finding.Exact},
		{"{{key:a}}\nTOKEN={{body:b:20}}\n", rules.Context{}, finding.Exact},
		{"{{key:a}}\nand_then_some_words\n", rules.Context{}, finding.Exact},
		{"{{key:a:256}}", rules.Context{}, finding.Exact},
		{"{{key:a:257}}", rules.Context{}, finding.Uncertain},
	} {
		if v, _ := judge(tt.text, tt.c); v.Extent != tt.want {
			t.Errorf("%s: %v, want %v", tt.text, v.Extent, tt.want)
		}
	}
	text := []byte(rulestest.Expand("{{key:a}}{{key:b:60}}{{key:c}}"))
	for _, at := range rulestest.Places(text)[1:] {
		if v := rules.Builtin().Judge(text, at, rules.Context{}); v.Confidence != finding.Medium {
			t.Errorf("keys in a row: the one at %d is %v", at, v.Confidence)
		}
	}
	if v, text := judge("{{key:a}}{{key:b}}", rules.Context{}); v.End != len(text)/2 || v.Extent != finding.Uncertain {
		t.Errorf("two keys in a row: end %d of %d, %v", v.End, len(text), v.Extent)
	}
	if v, _ := judge("{{key:a:300}}", rules.Context{}); v.End != len(finding.Prefix)+256 {
		t.Errorf("a long run ends at %d", v.End)
	}
}

func TestBroken(t *testing.T) {
	const a, b, whole = "{{key:s:0-18}}", "{{body:s:18-40}}", "{{key:s:40}}"
	for _, joined := range []string{
		`k = "` + a + `" + "` + b + `"`,
		"k = '" + a + "' +\n    '" + b + "';",
		`$k = "` + a + `" . "` + b + `";`,
		`k = "` + a + `" .. "` + b + `"`,
		`k = "` + a + `" & "` + b + `"`,
		"k = \"" + a + "\" & _\r\n    \"" + b + "\"",
		`k = '` + a + `' || '` + b + `'`,
		`k = "` + a + `" <> "` + b + `"`,
		`k = "` + a + `" ~ "` + b + `"`,
		"k = (\"" + a + "\"\n     \"" + b + "\")",
		"k = \"" + a + "\" \\\n    \"" + b + "\"",
		"+k = \"" + a + "\" +\n+    \"" + b + "\"",
		"-k = \"" + a + "\" +\n-    \"" + b + "\"",
		"k = " + a + "\\\n" + b,
		"k: >-\n  " + a + "\n  " + b + "\n",
		"> the key is\n> " + a + "\n> " + b + "\n",
		`{\"k\": \"` + a + `\" + \"` + b + `\"}`,
		`k = "petra_" + "{{body:s:40}}"`,
		`concat!("petra_", "{{body:s:40}}")`,
		`k = strcat(k, "` + a + `", "` + b + `");`,
		`SELECT CONCAT('` + a + `', '` + b + `')`,
		`k = fmt.Sprint("` + a + `", "` + b + `")`,
		`k := strings.Join([]string{"` + a + `", "` + b + `"}, "")`,
		`k = "".join(["` + a + `", "` + b + `"])`,
		`k = ["` + a + `", "` + b + `"].join("")`,
		`key = join("", ["petra_", "{{body:s:40}}"])`,
		`"` + a + `".concat("` + b + `")`,
		`sb.append("` + a + `").append("` + b + `")`,
		`k = "petra_%s" % "{{body:s:40}}"`,
		`k = fmt.Sprintf("petra_%s", "{{body:s:40}}")`,
		`k = "petra_{}".format('{{body:s:40}}')`,
		`printf 'petra_%s' '{{body:s:40}}'`,
		"k=\"" + a + "\"\nk+=\"" + b + "\"\n",
		"$k = '" + a + "';\n$k .= '" + b + "';\n",
		"k = \"" + a + "\"\nk = k + \"" + b + "\"\n",
		"k = '" + a + "'; k += '" + b + "';",
		`k << "` + a + `" << "` + b + `"`,
		"k = \"" + a + "\" + // of production\n    \"" + b + "\"",
		`k = "` + a + `" /* and */ "` + b + `"`,
		"k = (\"" + a + "\"  # the beginning\n     \"" + b + "\")",
		"echo '{{key:s:0-26}}''{{body:s:26-40}}'",
		`print(f"{{key:s:0-26}}" f"{{body:s:26-40}}")`,
		`k = @"{{key:s:0-26}}" @"{{body:s:26-40}}";`,
		`{{key:s:0-26}}<wbr>{{body:s:26-40}}`,
		"{{key:s:0-26}}&shy;{{body:s:26-40}}",
		"{{key:s:0-26}}\u200b{{body:s:26-40}}",
		"\x1b[01;31m\x1b[Kpetra_\x1b[m\x1b[K{{body:s:40}}",
		"<em>petra_</em>{{body:s:40}}",
		`k = "{{key:s:0-10}}" + "{{body:s:10-20}}" + "{{body:s:20-30}}" + "{{body:s:30-40}}"`,
		"A line of a mail that the sender's program wrapped where it was too long: {{key:s:0-30}}\n{{body:s:30-40}} is it.",
	} {
		v, _ := judge(joined, rules.Context{})
		if v.Rule != "petra-api-key-split" || v.Confidence != finding.Medium || v.Key.Reveal() != rulestest.Expand(whole) {
			t.Errorf("%s: %s, %v, right key: %t\n%s", joined, v.Rule, v.Confidence, v.Key.Reveal() == rulestest.Expand(whole), strings.Join(v.Steps, "\n"))
		}
	}
	// A key that something else follows stays what it is.
	for _, apart := range []string{
		whole + "\n" + "{{body:t:40:hex}}\n",
		whole + "\nnext_line = 1\n",
		`f("` + whole + `", "{{body:t:20}}")`,
		`"` + whole + `" + "\n"`,
		`"` + whole + `" + suffix`,
		`run "` + whole + `" "{{body:t:20}}"`,
		`["` + whole + `", "{{body:t:20}}"]`,
		"k = \"" + whole + "\"\nhash += \"{{body:t:20}}\"\n",
		"\x1b[31m" + whole + "\x1b[m{{body:t:20}}",
		"<b>" + whole + "</b>{{body:t:20}}",
		"['" + whole + "',\n '{{key:t}}']",
		whole + "\n{{key:t}}\n",
		whole + "\\n{{body:t:20}}",
	} {
		if v, _ := judge(apart, rules.Context{}); v.Rule != "petra-api-key" || v.Key.Reveal() != rulestest.Expand(whole) {
			t.Errorf("%s: %s, right key: %t", apart, v.Rule, v.Key.Reveal() == rulestest.Expand(whole))
		}
	}
}

func TestPartial(t *testing.T) {
	for _, hidden := range []string{
		"petra_{{body:a:2}}…{{body:b:2}}", "petra_{{body:a:4}}****{{body:b:4}}", "petra_{{body:a:4}}...", "petra_••••••••", "petra_****************",
		"petra_{{body:a:4}}●●●●", "petra_{{body:a:3}}[REDACTED]", "petra_{{body:a:3}}<redacted>", `petra_{{body:a:3}}\u2026`, "petra_{{body:a:4}}xxxxxxxxxxxxxxxx",
	} {
		v, _ := judge(hidden, rules.Context{})
		if v.Rule != "petra-api-key-partial" || v.Confidence != finding.Low {
			t.Errorf("%s: %q, %v", hidden, v.Rule, v.Confidence)
		}
	}
	for _, template := range []string{"petra_${X}", "petra_{{x}}", "petra_<key>", "petra_%s", "petra_$KEY", "petra_{x}", "petra_#{x}", "petra_...", "petra_*", "petra_"} {
		if v, _ := judge(template, rules.Context{}); v.Confidence != finding.None {
			t.Errorf("%s: %q, %v", template, v.Rule, v.Confidence)
		}
	}
}

// Steps must not give a key away.
func TestStepsAreMasked(t *testing.T) {
	for _, tt := range []string{"token={{key:a}}", "petra_{{body:a:12}}...", `"{{key:a:0-20}}" + "{{body:a:20-40}}"`, "petra_{{body:a:7}}"} {
		v, text := judge(tt, rules.Context{})
		if len(v.Steps) == 0 {
			t.Errorf("%s: no steps", tt)
		}
		said := strings.Join(v.Steps, "\n")
		at := strings.Index(text, finding.Prefix) + len(finding.Prefix)
		if piece := text[at : at+5]; strings.Contains(said, piece) {
			t.Errorf("%s: the steps hold a part of the key", tt)
		}
	}
}

// TestErrorRates measures how many random keys are missed, that is, are of less
// than medium confidence. The figures in random.go come from longer runs.
func TestErrorRates(t *testing.T) {
	n := 10000
	if testing.Short() {
		n = 2000
	}
	s := rules.Builtin()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"digits", "hex", "HEX", "lower", "upper", "letters", "base32", "base36", "base58", "base62", "base64url"} {
		abc := rulestest.Alphabet(name)
		for _, length := range []int{26, 32} {
			text := make([]byte, len(finding.Prefix)+length)
			copy(text, finding.Prefix)
			missed, notHigh := 0, 0
			for range n {
				for i := len(finding.Prefix); i < len(text); i++ {
					text[i] = abc[rng.IntN(len(abc))]
				}
				switch s.Judge(text, 0, rules.Context{Least: finding.High + 1}).Confidence {
				case finding.High:
				case finding.Medium:
					notHigh++
				default:
					missed++
				}
			}
			// Now and then - and _ cut 26 characters of base64url into what reads as words.
			forgiven := 0
			if name == "base64url" && length < 32 {
				forgiven = n / 5000
			}
			if missed > forgiven || notHigh*1000 > n {
				t.Errorf("%s, %d characters: of %d missed %d, called medium %d", name, length, n, missed, notHigh)
			}
		}
	}
}

// A short key is found where a key is expected.
func TestShortKeysInTheirPlace(t *testing.T) {
	s := rules.Builtin()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"hex", "base36", "base62"} {
		abc := rulestest.Alphabet(name)
		const n = 5000
		missed := 0
		for range n {
			text := []byte("PETRA_TOKEN=petra_")
			for range 10 {
				text = append(text, abc[rng.IntN(len(abc))])
			}
			if s.Judge(text, len("PETRA_TOKEN="), rules.Context{Least: finding.High}).Confidence < finding.Medium {
				missed++
			}
		}
		if missed*25 > n {
			t.Errorf("%s: of %d keys with 10 characters missed %d", name, n, missed)
		}
		t.Logf("%s: of %d missed %d", name, n, missed)
	}
}

func FuzzJudge(f *testing.F) {
	for _, r := range rules.Builtin().Rules() {
		for _, e := range append(r.Match, r.NoMatch...) {
			f.Add([]byte(rulestest.Expand(e)), false, false)
		}
	}
	s := rules.Builtin()
	f.Fuzz(func(t *testing.T, text []byte, binary, cut bool) {
		for at := -1; at <= len(text)+1; at++ {
			here := at >= 0 && at+len(finding.Prefix) <= len(text) && string(text[at:at+len(finding.Prefix)]) == finding.Prefix
			if !here && at > 0 && at < len(text) {
				continue
			}
			c := rules.Context{Binary: binary, Cut: cut}
			v := s.Judge(text, at, c)
			if !here {
				if v.Confidence != finding.None {
					t.Fatalf("a key where no prefix stands")
				}
				continue
			}
			if v.Start != at || v.End < at || v.End > len(text) {
				t.Fatalf("match %d to %d of %d", v.Start, v.End, len(text))
			}
			if (v.Confidence == finding.None) != (v.Rule == "") || v.Rule != "" && !strings.HasPrefix(v.Key.Reveal(), finding.Prefix) {
				t.Fatalf("rule %q, confidence %v", v.Rule, v.Confidence)
			}
			if v.Rule == "petra-api-key" && v.Key.Reveal() != string(text[v.Start:v.End]) {
				t.Fatal("the key is not what the text holds")
			}
			c.Explain = true
			if e := s.Judge(text, at, c); e.Confidence != v.Confidence || e.Rule != v.Rule || e.End != v.End || e.Extent != v.Extent {
				t.Fatal("explaining changes the verdict")
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	s := rules.Builtin()
	for _, bb := range []struct{ name, text string }{
		{"short name", "Epetra_Comm& comm"},
		{"name", "Epetra_CrsMatrix_getrow(A)"},
		{"long name", "petra_sim_configuration_loader_v2 = 1"},
		{"key", "token: {{key:a}}\n"},
		{"longest", "token: {{key:a:256}}\n"},
	} {
		text := []byte(rulestest.Expand(bb.text))
		at := rulestest.Places(text)[0]
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Judge(text, at, rules.Context{Least: finding.Medium})
			}
		})
	}
}

func TestRejectsWithoutAllocating(t *testing.T) {
	s := rules.Builtin()
	for _, text := range []string{"Epetra_Comm& comm", "Epetra_CrsMatrix_getrow(A)", "petra_sim_configuration_loader_v2 = 1", `"petra_secretKey": 1`} {
		b := []byte(text)
		at := rulestest.Places(b)[0]
		if n := testing.AllocsPerRun(100, func() { s.Judge(b, at, rules.Context{Least: finding.Medium}) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func ExampleSet_Judge() {
	text := []byte("PETRA_TOKEN=petra_your_token_here")
	v := rules.Builtin().Judge(text, 12, rules.Context{Explain: true})
	fmt.Println(v.Rule, v.Confidence)
	for _, step := range v.Steps {
		fmt.Println("-", step)
	}
	// Output:
	// petra-api-key low
	// - the body is 15 characters long and reads as words, a name or a pattern
	// - fewer than 8 random characters: low
}
