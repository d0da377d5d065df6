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

	"github.com/petrascan/petrascan/scanner/internal/layer"
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
// The walkers ask first whether there is a literal or a container at all; what
// detection costs without that question is told apart. Of each way the fastest
// round counts.
func BenchmarkClean(b *testing.B) {
	const most, total = 32 << 20, 1 << 30
	files, size := sources(b, most)
	engine := New(testOptions())
	w := engine.NewWorker()
	var buf []literal.Hit
	search := func(content []byte) {
		if out, err := w.Bytes(context.Background(), content); err != nil || len(out.Hits) > 0 {
			b.Fatalf("%d keys, %v", len(out.Hits), err)
		}
	}
	ways := [...]struct {
		name string
		run  func([]byte)
	}{
		{"literal", func(content []byte) { buf = literal.All(buf[:0], content) }},
		{"walk", func(content []byte) {
			head, tail := content[:min(len(content), layer.SniffLen)], content[max(0, len(content)-layer.SniffTailLen):]
			if engine.Candidate(content) || engine.Whole(head, tail) {
				search(content)
			}
		}},
		{"detect", search},
	}
	var fastest [len(ways)]time.Duration
	b.SetBytes(total)
	for b.Loop() {
		for range max(1, total/size) {
			for i, way := range ways {
				start := time.Now()
				for _, content := range files {
					way.run(content)
				}
				if took := time.Since(start); fastest[i] == 0 || took < fastest[i] {
					fastest[i] = took
				}
			}
		}
	}
	for i, way := range ways {
		b.ReportMetric(float64(size)/1e9/fastest[i].Seconds(), way.name+"-GB/s")
		if i > 0 {
			b.ReportMetric(float64(fastest[i])/float64(fastest[0]), way.name+"/literal")
		}
	}
}
