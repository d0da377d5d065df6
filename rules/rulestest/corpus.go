package rulestest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A Case is one piece of content of the labelled corpus.
type Case struct {
	Class string
	Text  string
	Keys  []string // the raw keys it holds, in order; none in a negative case

	// Encodings names what a test of encodings may wrap the text in, outermost
	// first; the names are those of layers. Most positive cases have some.
	Encodings []string
}

// kinds lists the bodies that keys may have, as templates; %s is the seed.
var kinds = []string{
	"{{body:%s:40}}",
	"{{body:%s:32:hex}}",
	"{{body:%s:24}}",
	"live_{{body:%s:32}}",
	"{{body:%s:32:base32}}",
	"{{body:%s:43:base64url}}",
	"{{uuid:%s}}",
	"{{body:%s:32:base36}}",
	"test_{{body:%s:24:hex}}",
	"{{body:%s:32:lower}}",
	"{{body:%s:64:hex}}",
	"{{body:%s:44:base58}}",
	"{{body:%s:28:digits}}",
	"sk_live_{{body:%s:24:base36}}",
	"{{body:%s:32:upper}}",
	"{{body:%s:128}}",
	"{{body:%s:32:HEX}}",
	"prod-{{body:%s:36:letters}}",
	"{{body:%s:17}}",
	"eu1_{{body:%s:26:lower}}",
	"{{body:%s:256:base64url}}",
	"live_{{uuid:%s}}",
	"test_{{body:%s:32:hex}}",
	"{{body:%s a:5:base32}}-{{body:%s b:5:base32}}-{{body:%s c:5:base32}}-{{body:%s d:5:base32}}-{{body:%s e:5:base32}}",
	"{{body:%s a:8:hex}}_{{body:%s b:48:hex}}",
}

// encodings lists what positive cases are to be wrapped in, in turn.
var encodings = [][]string{
	nil, {"base64"}, {"gzip"}, {"hex"}, {"utf-16le"}, {"base64", "gzip"}, {"zip"}, {"base64url"},
	{"percent"}, {"tar", "gzip"}, {"base64", "base64"}, {"json-escape"}, {"zstd"}, {"quoted-printable"},
	{"base64", "utf-16le"}, {"xz"}, {"utf-16be"}, {"entity"}, {"bzip2"}, {"base64", "base64", "gzip"},
}

// everyPlace is how many kinds of key stand in every place of the corpus.
const everyPlace = 4

// Positives reads positive.txt in the corpus's directory, testdata/keys at the
// top of the module, and returns it with keys put in: everyPlace cases for each
// place, and all kinds of keys between them. The same files give the same cases.
func Positives(dir string) ([]Case, error) {
	places, err := sections(filepath.Join(dir, "positive.txt"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for i, p := range places {
		for j := range everyPlace {
			n := i*everyPlace + j
			seed := "corpus " + strconv.Itoa(n)
			key := finding.Prefix + Expand(strings.ReplaceAll(kinds[n%len(kinds)], "%s", seed))
			if strings.Contains(p.text, "{{KEY2}}") || strings.Contains(p.text, "{{BODY}}") {
				key = finding.Prefix + Expand("{{body:"+seed+":40}}")
			}
			// Not right after the prefix, and not so late that the first piece is a key of its own.
			cut := min(len(finding.Prefix)+4*(j+1), len(key)-8)
			text := strings.NewReplacer(
				"{{KEY}}", key, "{{KEY1}}", key[:cut], "{{KEY2}}", key[cut:],
				"{{BODY}}", key[len(finding.Prefix):],
				"{{NUL}}", "\x00", "{{ESC}}", "\x1b",
			).Replace(p.text)
			c := Case{Class: p.class, Text: text, Encodings: encodings[n%len(encodings)]}
			if hidesBreak(p.text, c.Encodings) {
				c.Encodings = nil
			}
			for range max(1, strings.Count(p.text, "{{KEY}}")) {
				c.Keys = append(c.Keys, key)
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// hidesBreak reports whether the encodings leave the key in plain sight and hide
// what stands between its pieces: quoted-printable writes = as =3D.
func hidesBreak(place string, encodings []string) bool {
	if !strings.Contains(place, "{{KEY2}}") && !strings.Contains(place, "{{BODY}}") || len(encodings) == 0 {
		return false
	}
	return encodings[len(encodings)-1] == "quoted-printable"
}

// Negatives reads negative.txt in the corpus's directory, one case a line.
func Negatives(dir string) ([]Case, error) {
	parts, err := sections(filepath.Join(dir, "negative.txt"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, p := range parts {
		for line := range strings.Lines(p.text) {
			line = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\0`, "\x00", `\e`, "\x1b").Replace(strings.TrimSuffix(line, "\n"))
			cases = append(cases, Case{Class: p.class, Text: Expand(line) + "\n"})
		}
	}
	return cases, nil
}

type section struct{ class, text string }

// sections cuts a corpus file at its lines "=== class".
func sections(path string) ([]section, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []section
	for line := range strings.Lines(string(data)) {
		if class, ok := strings.CutPrefix(line, "=== "); ok {
			out = append(out, section{class: strings.TrimSpace(class)})
		} else if n := len(out); n > 0 {
			out[n-1].text += line
		}
	}
	return out, nil
}
