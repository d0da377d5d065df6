package report

import (
	"regexp"
	"strings"
	"testing"
)

// TestTableFits expects every line to fit its terminal, colours and links not
// counted, and the piped table to hold every place whole.
func TestTableFits(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m|\x1b\\]8;;[^\x1b]*\x1b\\\\")
	for _, width := range []int{60, 72, 80, 100, 120, 160, 200} {
		plain := string(written(t, Table, rich(), Options{Width: width}))
		styled := string(written(t, Table, rich(), Options{Width: width, Color: true, Links: true, Dir: "/srv/app", Host: "host"}))
		if escapes.ReplaceAllString(styled, "") != plain {
			t.Errorf("width %d: colours and links change the text", width)
		}
		if !strings.Contains(styled, "\x1b]8;;https://github.com/acme/app/commit/") || !strings.Contains(styled, "\x1b]8;;file://host/srv/other%20dir/bin/app\x1b\\") && !strings.Contains(styled, "file://host/srv/app/config/prod.env") {
			t.Errorf("width %d: links are missing", width)
		}
		for l := range strings.Lines(plain) {
			if w := columns(strings.TrimRight(l, "\n")); w > width {
				t.Errorf("width %d: a line takes %d: %s", width, w, l)
			}
		}
	}
	piped := string(written(t, Table, rich(), Options{}))
	v := newView(rich(), Options{})
	for i := range v.report.Findings {
		f := &v.report.Findings[i]
		row := "  " + short(string(f.Key)) + "  " + actionSafe(v.place(f))
		if !strings.Contains(piped, row+" ") {
			t.Errorf("the piped table lacks %q", row)
		}
	}
}

// TestTableLinesUp expects a column to begin at the same place in every batch.
func TestTableLinesUp(t *testing.T) {
	at := -1
	n := 0
	for l := range strings.Lines(string(written(t, Table, many(3*batch+1), Options{}))) {
		if i := strings.Index(l, "  2024-01-02\n"); i >= 0 && strings.Contains(l, "/config.env:") {
			if n++; at >= 0 && i != at {
				t.Fatalf("SINCE begins at %d and at %d", at, i)
			}
			at = i
		}
	}
	if n != 3*batch+1 {
		t.Errorf("%d rows of %d", n, 3*batch+1)
	}
}
