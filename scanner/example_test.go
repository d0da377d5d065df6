package scanner_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner"
)

// A program that has petrascan for a library makes a scan, gives it targets and
// takes the report.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	text := "PETRA_TOKEN=" + rulestest.Key("example") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "app.env"), []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}

	scan, err := scanner.New("scan", scanner.Defaults())
	if err != nil {
		log.Fatal(err)
	}
	if err := scan.Tree(context.Background(), dir); err != nil {
		log.Fatal(err)
	}
	result := scan.Finish()
	for _, f := range result.Report.Findings {
		fmt.Printf("%s:%d:%d: %s\n", f.Path, f.Line, f.Column, f.Masked)
	}
	fmt.Println("complete:", result.Report.Scan.Complete)
	// Output:
	// app.env:1:13: petra_k4…AP
	// complete: true
}
