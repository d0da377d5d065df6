package detect

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/literal"
)

// sources reads source code that every machine with Go has, and which holds no
// key: up to most bytes, file by file.
func sources(b *testing.B, most int) (files [][]byte, size int) {
	b.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip(err)
	}
	root := filepath.Join(string(bytes.TrimSpace(goroot)), "src")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err // among the rest there are archives
		}
		if size >= most {
			return fs.SkipAll
		}
		content, err := os.ReadFile(path)
		files, size = append(files, content), size+len(content)
		return err
	})
	if err != nil || size == 0 {
		b.Skipf("no source code in %s: %v", root, err)
	}
	return files, size
}

// BenchmarkClean compares the search for literals alone with detection, all layers
// on, over the same gigabyte of source code: one file after the other, in turns.
// Of each kind the fastest round counts.
func BenchmarkClean(b *testing.B) {
	const most, total = 32 << 20, 1 << 30
	files, size := sources(b, most)
	w := New(testOptions()).NewWorker()
	var buf []literal.Hit
	ways := [...]func([]byte){
		func(content []byte) { buf = literal.All(buf[:0], content) },
		func(content []byte) {
			if out, err := w.Bytes(context.Background(), content); err != nil || len(out.Hits) > 0 {
				b.Fatalf("%d keys, %v", len(out.Hits), err)
			}
		},
	}
	var fastest [len(ways)]time.Duration
	b.SetBytes(total)
	for b.Loop() {
		for range max(1, total/size) {
			for i, way := range ways {
				start := time.Now()
				for _, content := range files {
					way(content)
				}
				if took := time.Since(start); fastest[i] == 0 || took < fastest[i] {
					fastest[i] = took
				}
			}
		}
	}
	perByte := func(d time.Duration) float64 { return float64(size) / 1e9 / d.Seconds() }
	b.ReportMetric(perByte(fastest[0]), "literal-GB/s")
	b.ReportMetric(perByte(fastest[1]), "detect-GB/s")
	b.ReportMetric(float64(fastest[1])/float64(fastest[0]), "detect/literal")
}
