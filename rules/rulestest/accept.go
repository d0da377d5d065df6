package rulestest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/finding"
)

// Found is one key that a detector under test reported.
type Found struct {
	Key   finding.ID
	Start int // offset of the key's first byte in the content, prefix included
}

// Accept holds a detector to what every one of them must do with plain text: it
// plants keys at the start, in the middle and at the end of the content, one
// after the other, and across every edge of chunks of the given size (0 if the
// detector reads the content in one piece), and near misses that are no keys.
// find returns what was reported with medium confidence or more, in any order;
// it must not keep the content. Accept never prints a key.
func Accept(t *testing.T, chunk int, find func(content []byte) []Found) {
	t.Helper()
	for _, c := range acceptance(chunk) {
		t.Run(c.name, func(t *testing.T) {
			got := find([]byte(c.text))
			slices.SortFunc(got, func(a, b Found) int { return a.Start - b.Start })
			if want := c.want(); !slices.Equal(got, want) {
				t.Errorf("in %d bytes: got %s, want %s", len(c.text), places(got, want), places(want, want))
			}
		})
	}
}

// places lists finds by offset and says whether the key is a wanted one.
func places(found, wanted []Found) string {
	var b strings.Builder
	b.WriteString("[")
	for i, f := range found {
		if i > 0 {
			b.WriteString(" ")
		}
		n := slices.IndexFunc(wanted, func(w Found) bool { return w.Key == f.Key })
		if n < 0 {
			fmt.Fprintf(&b, "%d:other", f.Start)
		} else {
			fmt.Fprintf(&b, "%d:key%d", f.Start, n)
		}
	}
	b.WriteString("]")
	return b.String()
}

type acceptCase struct {
	name string
	text string
	keys []string
}

// want finds every key of the case in its text.
func (c acceptCase) want() []Found {
	var want []Found
	for _, k := range c.keys {
		for from := 0; ; {
			i := strings.Index(c.text[from:], k)
			if i < 0 {
				break
			}
			want = append(want, Found{finding.NewKey(k).ID(), from + i})
			from += i + len(k)
		}
	}
	slices.SortFunc(want, func(a, b Found) int { return a.Start - b.Start })
	return want
}

func acceptance(chunk int) []acceptCase {
	a, b, c := Key("accept a"), KeyN("accept b", 24), finding.Prefix+"live_"+Body("accept c", Alphabet("hex"), 32)
	prose := strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 40)
	cases := []acceptCase{
		{"empty", "", nil},
		{"nothing", prose, nil},
		{"only", a, []string{a}},
		{"start", a + "\n" + prose, []string{a}},
		{"middle", prose + "token: " + a + "\n" + prose, []string{a}},
		{"end", prose + a, []string{a}},
		{"end of line", prose + a + "\r\n", []string{a}},
		{"quoted", `{"a":"` + a + `","b":'` + b + `'}`, []string{a, b}},
		{"back to back", a + " " + b + "," + c + "\n" + a, []string{a, b, c}},
		{"same key on every line", strings.Repeat(a+"\n", 50), []string{a}},
		{"binary", "\x00\x01\x7fELF\x00\xff\xfe" + a + "\x00\x00" + b + "\x00", []string{a, b}},
		{"not UTF-8", "\xff\xc3\x28" + a + "\xff", []string{a}},
		{"long line", strings.Repeat("x=1;", 5000) + "k='" + a + "';" + strings.Repeat("y=2;", 5000), []string{a}},
	}
	for i, miss := range []string{
		"Petra_" + a[6:], "PETRA_" + a[6:], "petra-" + a[6:], "petr_" + a[6:], "petra " + a[6:], "petra" + a[6:],
		finding.Prefix + a[6:12], finding.Prefix, finding.Prefix + "secretKey", "Epetra_CrsMatrix",
		finding.Prefix + "sim_configuration_loader_v2", finding.Prefix + "YOUR_API_KEY", finding.Prefix + strings.Repeat("x", 32),
		finding.Prefix + "1234567890abcdef1234567890abcdef", finding.Prefix + "${TOKEN}", finding.Prefix + a[6:10] + "…" + a[40:],
	} {
		cases = append(cases,
			acceptCase{fmt.Sprintf("near miss %d", i), miss + "\n", nil},
			acceptCase{fmt.Sprintf("near miss %d before a key", i), miss + "\n" + b + "\n", []string{b}})
	}
	if chunk > 0 {
		filler := strings.Repeat("lorem ipsum dolor sit amet\n", 3*chunk/27+10)
		for _, edge := range []int{chunk, 2 * chunk} {
			for shift := -len(a) - 2; shift <= 2; shift++ {
				if at := edge + shift; at > 0 {
					text := filler[:at-1] + "\n" + a + "\n" + filler[:chunk]
					cases = append(cases, acceptCase{fmt.Sprintf("edge %d%+d", edge, shift), text, []string{a}})
				}
			}
		}
	}
	return cases
}

// Places returns the offset of every "petra_" in content.
func Places(content []byte) []int {
	var at []int
	for from := 0; ; {
		i := bytes.Index(content[from:], []byte(finding.Prefix))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(finding.Prefix)
	}
}
