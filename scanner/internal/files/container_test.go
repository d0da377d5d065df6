package files

import (
	"archive/zip"
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// containers are options with which they are opened.
func containers() Options {
	return Options{Engine: detect.New(detect.Options{Rules: rules.Builtin(), Confidence: finding.Medium, DecodeDepth: 4, Limits: layer.DefaultLimits}), Containers: true}
}

// TestContainers has archives, known by their first or by their last bytes
// alone, that are held in memory and that are not. No literal stands in them.
func TestContainers(t *testing.T) {
	root := t.TempDir()
	noise := make([]byte, inMemory+1000)
	r := rand.NewChaCha8([32]byte{})
	if _, err := r.Read(noise); err != nil {
		t.Fatal(err)
	}
	archive := func(padding []byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, data := range map[string][]byte{"k": []byte("K=" + rulestest.Key("k") + "\n"), "noise": padding} {
			f, err := w.Create(name)
			if err == nil {
				_, err = f.Write(data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	launcher := []byte("#!/bin/sh\nexit\n")
	for name, data := range map[string][]byte{
		"small": archive(nil), "small-behind": append(launcher, archive(nil)...),
		"large": archive(noise), "large-behind": append(bytes.Repeat(launcher, 100), archive(noise)...),
	} {
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found := walkTree(t, root, containers())
	want(t, found, "file small", "file small-behind", "file large", "file large-behind")
	for _, s := range found.Sightings {
		if s.Member != "k" {
			t.Errorf("%s: member %q", s.Path, s.Member)
		}
	}
}
