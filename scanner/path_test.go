package scanner

import (
	"encoding/json"
	"testing"
)

func TestReportPath(t *testing.T) {
	for path, want := range map[string]string{
		"":                 "",
		"a/b.env":          "a/b.env",
		"naïve/😀":          "naïve/😀",
		`back\slash`:       `back\slash`,
		"a\ufffdb":         "a\ufffdb",
		"caf\xe9/x":        `caf\xe9/x`,
		"\xff\\\xfe":       `\xff\\\xfe`,
		"é\xc3":            `é\xc3`,
		"\xed\xa0\x80":     `\xed\xa0\x80`,
		"ends in \xf0\x9f": `ends in \xf0\x9f`,
	} {
		got := reportPath(path)
		if got != want {
			t.Errorf("reportPath(%q) is %q, want %q", path, got, want)
		}
		data, err := json.Marshal(got)
		var back string
		if err != nil || json.Unmarshal(data, &back) != nil || back != got {
			t.Errorf("%q comes back from JSON as %q", got, back)
		}
	}
}
