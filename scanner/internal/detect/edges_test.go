package detect

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/internal/layer/layertest"
)

// noise is data that compression does not make shorter.
func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// TestCompressedRunsAtEdges: base64 of compressed data may be much longer than a
// margin. Wherever the chunks of a stream end, the key at its end is found, once.
func TestCompressedRunsAtEdges(t *testing.T) {
	e := New(testOptions())
	e.chunk, e.margin = 64<<10, 4<<10
	key := rulestest.Key("end of a run")
	run := encode(t, "base64", layertest.Gzip("", append(noise(24<<10), []byte("\nK="+key+"\n")...)))
	for at := 0; at < 2*e.chunk; at += 5003 {
		content := append(bytes.Repeat([]byte("filler\n"), at/7), "x: "...)
		line, column := at/7+1, len("x: ")+1
		content = append(append(content, run...), '\n')
		content = append(content, bytes.Repeat([]byte("filler\n"), 20_000)...)
		out, err := e.NewWorker().Stream(context.Background(), bytes.NewReader(content), int64(len(content)))
		if err != nil || len(out.Hits) != 1 || len(out.Cut)+len(out.Opaque) > 0 {
			t.Errorf("at %d: %s, cut %v, opaque %v, %v", at, describe(out.Hits), out.Cut, out.Opaque, err)
		} else if h := out.Hits[0]; h.Line != line || h.Column != column || h.Key.Reveal() != key {
			t.Errorf("at %d: %s, want %d:%d", at, describe(out.Hits), line, column)
		}
	}
}

// TestCompressedRunsAreNamed: of a run that is longer than what is decoded at a
// time, and of one that is damaged, the coverage tells.
func TestCompressedRunsAreNamed(t *testing.T) {
	e := New(testOptions())
	e.chunk, e.margin = 64<<10, 4<<10
	packed := layertest.Gzip("", noise(200<<10))
	content := append(encode(t, "base64", packed), '\n')
	out, err := e.NewWorker().Stream(context.Background(), bytes.NewReader(content), int64(len(content)))
	if err != nil || len(out.Cut) != 1 {
		t.Errorf("a long run in a stream: cut %v, %v", out.Cut, err)
	}
	p := e.Parts(content[:16])
	p.Search(context.Background(), e.NewWorker(), content[:64<<10], 0, 60<<10, Start)
	if out := p.Outcome(); len(out.Cut) != 1 {
		t.Errorf("a long run in parts: cut %v", out.Cut)
	}
	content = append(encode(t, "base64", layertest.Gzip("", noise(encodedLimit))), '\n')
	out, err = New(testOptions()).NewWorker().Bytes(context.Background(), content)
	if err != nil || len(out.Cut) != 1 {
		t.Errorf("a run beyond the limit: cut %v, %v", out.Cut, err)
	}
	out, err = e.NewWorker().Bytes(context.Background(), encode(t, "base64", packed[:3000]))
	if err != nil || len(out.Opaque) != 1 || len(out.Cut) != 0 {
		t.Errorf("a damaged run: opaque %v, cut %v, %v", out.Opaque, out.Cut, err)
	}
	out, err = e.NewWorker().Bytes(context.Background(), []byte("H4sIAAAAAAAA"+base64.StdEncoding.EncodeToString(noise(300))))
	if err != nil || len(out.Opaque)+len(out.Cut) != 0 {
		t.Errorf("letters by chance: opaque %v, cut %v, %v", out.Opaque, out.Cut, err)
	}
	out, err = e.NewWorker().Bytes(context.Background(), bytes.Repeat([]byte("H4sIAAAAAAAA"), 100))
	if err != nil || len(out.Cut) != 1 {
		t.Errorf("too many heads: cut %v, %v", out.Cut, err)
	}
}

// TestListOfCompressed: lines without padding look like one text. Each is opened.
func TestListOfCompressed(t *testing.T) {
	const count = 40
	for _, sep := range []string{"\n", "\",\n  \"", " \n"} {
		var lines []string
		for i := range count {
			content := "K=" + rulestest.KeyN(fmt.Sprint("list", i), 32) + "\n"
			for pad := ""; len(lines) == i; pad += "n" {
				if line := encode(t, "base64", layertest.Gzip("n"+pad, []byte(content))); line[len(line)-1] != '=' {
					lines = append(lines, string(line))
				}
			}
		}
		out, err := New(testOptions()).NewWorker().Bytes(context.Background(), []byte(strings.Join(lines, sep)))
		if err != nil || len(out.Hits) != count || len(out.Cut) > 0 {
			t.Errorf("%q: %d of %d keys, cut %v, %v", sep, len(out.Hits), count, out.Cut, err)
		}
	}
}

// TestArchivesBehindStreams: an archive that only its end shows is opened where
// the content is at hand, however short, and named where it is not.
func TestArchivesBehindStreams(t *testing.T) {
	archive := encode(t, "zip", []byte("K="+rulestest.Key("behind a stream")+"\n"))
	short := append([]byte("#!/usr/bin/env python3\n# "+strings.Repeat("x", 500)+"\n"), archive...)
	if len(short) >= 1024 {
		t.Fatal("not short")
	}
	out, err := New(testOptions()).NewWorker().Stream(context.Background(), bytes.NewReader(short), int64(len(short)))
	if err != nil || len(out.Hits) != 1 {
		t.Errorf("short: %d hits, %v", len(out.Hits), err)
	}
	e := New(testOptions())
	e.chunk, e.margin = 16<<10, 4<<10
	program := append([]byte("MZ\x90\x00"), bytes.Repeat([]byte("code\x00"), 10_000)...)
	program = append(program, archive...)
	for name, content := range map[string][]byte{"program": program, "tar": layertest.Tar(layertest.File{Name: "a.exe", Data: program})} {
		out, err := e.NewWorker().Stream(context.Background(), io.MultiReader(bytes.NewReader(content)), -1)
		if err != nil || len(out.Opaque) != 1 || !strings.HasPrefix(out.Opaque[0].Reason, "zip behind other content") {
			t.Errorf("%s: opaque %v, %v", name, out.Opaque, err)
		}
	}
}
