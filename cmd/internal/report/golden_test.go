package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrascan/petrascan/scanner/finding"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const goldenDir = "../../../testdata/golden/report"

// TestGolden keeps what people read, and what .ci/run hands to the SARIF
// validator and the browser, under their eyes.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file    string
		format  Format
		report  *finding.Report
		options Options
	}{
		{"piped.txt", Table, rich(), Options{}},
		{"60.txt", Table, rich(), Options{Width: 60}},
		{"100.txt", Table, rich(), Options{Width: 100}},
		{"200.txt", Table, rich(), Options{Width: 200, ShowSuppressed: true}},
		{"clear.txt", Table, clear(), Options{}},
		{"rich.sarif", SARIF, rich(), Options{ExitStatus: 3}},
		{"tree.sarif", SARIF, rich(), Options{ExitStatus: 3, SARIFCategory: "petrascan/tree", OmitHistory: true}},
		{"clear.sarif", SARIF, clear(), Options{}},
		{"rich.json", JSON, rich(), Options{}},
		{"rich.jsonl", JSONL, rich(), Options{}},
		{"rich.csv", CSV, rich(), Options{}},
		{"rich.xml", JUnit, rich(), Options{}},
		{"clear.xml", JUnit, clear(), Options{}},
		{"rich.gitlab.json", GitLab, rich(), Options{}},
		{"clear.gitlab.json", GitLab, clear(), Options{}},
		{"rich.md", Markdown, rich(), Options{}},
		{"rich.github.txt", GitHub, rich(), Options{}},
		{"rich.html", HTML, rich(), Options{}},
		{"clear.html", HTML, clear(), Options{}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := written(t, c.format, c.report, c.options)
			file := filepath.Join(goldenDir, c.file)
			if *update {
				if err := os.WriteFile(file, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test -update writes it)", err)
			}
			if !bytes.Equal(got, want) {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				from := max(0, bytes.LastIndexByte(got[:i], '\n'))
				t.Errorf("differs at byte %d: got\n%s\n(go test -update rewrites it)", i, got[from:min(len(got), i+200)])
			}
		})
	}
}

func written(t testing.TB, f Format, r *finding.Report, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
