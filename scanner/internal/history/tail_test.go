package history

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A zip that stands behind something else, as in an executable jar, is opened
// where no literal leads to it: in a whole blob, and in a delta that is not built
// for anything else.
func TestZipBehindAProgram(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("app.env")
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		fmt.Fprintf(w, "N%d=%x\n", noise.Uint32(), noise.Uint64())
	}
	fmt.Fprintf(w, "K=%s\n", fileKeys[0])
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	program.WriteString("#!/bin/sh\n")
	for i := range 300 {
		fmt.Fprintf(&program, "echo line %d\n", i)
	}

	g := newGit(t)
	tree := ""
	for i := range 6 {
		text := strings.Replace(program.String(), "echo line 7\n", fmt.Sprintf("echo version %d\n", i), 1)
		blob := g.feed(text+archive.String(), "hash-object", "-w", "--stdin")
		tree += fmt.Sprintf("100755 blob %s\tapp-%d.jar\n", blob, i)
	}
	g.run("update-ref", "HEAD", g.run("commit-tree", "-m", "jars", g.feed(tree, "mktree")))
	g.run("repack", "-adfq", "--depth=3")
	if deltas := strings.Count(g.run("cat-file", "--batch-all-objects", "--batch-check=%(deltabase)"), strings.Repeat("0", 40)); deltas > 4 {
		t.Fatalf("%d of 8 objects are whole: no jar is a delta", deltas)
	}
	if r := g.scan(); len(r.Sightings) != 6 {
		t.Errorf("the key was found at %d of 6 paths", len(r.Sightings))
	}
}
