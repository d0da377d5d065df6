package detect

import (
	"context"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// TestWrappedKeys: the first line of a key that was wrapped is a key of its own to
// look at, and a 401 for it says nothing.
func TestWrappedKeys(t *testing.T) {
	key, other := rulestest.KeyN("wrapped", 40), rulestest.KeyN("other", 40)
	first, rest := key[:len(key)-16], key[len(key)-16:]
	for name, test := range map[string]struct {
		content string
		want    finding.Extent
	}{
		"wrapped":           {first + "\n" + rest + "\n", finding.Uncertain},
		"at the end":        {first + "\n" + rest, finding.Uncertain},
		"CRLF":              {first + "\r\n" + rest + "\r\nRegards\r\n", finding.Uncertain},
		"a paragraph":       {first + "\n\n" + rest + "\n", finding.Exact},
		"another variable":  {"A=" + first + "\nB=" + rest + "\n", finding.Exact},
		"a list of keys":    {key + "\n" + other + "\n", finding.Exact},
		"a word":            {key + "\nproduction-2024\n", finding.Exact},
		"a name":            {key + "\nDATABASE_URL\n", finding.Exact},
		"two words":         {key + "\nKind Regards4U\n", finding.Exact},
		"in quotes":         {`"` + key + "\"\n" + rest + "\n", finding.Exact},
		"more on its line":  {key + " \n" + rest + "\n", finding.Exact},
		"nothing follows":   {key + "\n", finding.Exact},
		"no line end":       {key, finding.Exact},
		"the rest is short": {key + "\nok\n", finding.Exact},
	} {
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte("Your key:\n"+test.content))
		if err != nil || len(out.Hits) == 0 {
			t.Errorf("%s: %d hits, %v", name, len(out.Hits), err)
			continue
		}
		if got := out.Hits[0].Extent; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
