package rules

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/finding"
)

// names returns the identifiers of the standard library's sources.
func names(t *testing.T) map[string]bool {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no go command here: %v", err)
	}
	seen := map[string]bool{}
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var s scanner.Scanner
		s.Init(token.NewFileSet().AddFile(path, -1, len(src)), src, nil, 0)
		for {
			_, tok, lit := s.Scan()
			if tok == token.EOF {
				return nil
			}
			if tok == token.IDENT {
				seen[lit] = true
			}
		}
	})
	if err != nil || len(seen) == 0 {
		t.Skipf("no sources of the standard library here: %v", err)
	}
	return seen
}

// Names of real code, each made to look like a key, are none. The few that are
// taken for one are long and hardly made of words, such as
// TestX86ifAVX512VLhasAVX512F.
func TestNamesAreNoKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the standard library's sources")
	}
	s := Builtin()
	var wrong []string
	all := names(t)
	for name := range all {
		if v := s.Judge([]byte("petra_"+name), 0, Context{Least: finding.High}); v.Confidence > finding.Low {
			wrong = append(wrong, name)
		}
	}
	if len(wrong)*25000 > len(all) {
		t.Errorf("of %d names %d are taken for keys: %q", len(all), len(wrong), wrong)
	}
}

// The short cut must agree with the search it spares.
func TestShortCutAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var bodies []string
	const abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	words := []string{"loader", "Get", "x86", "_", "-", "42", "HTTP", "verzeichnis", "q", "Zx9", "abc", "aaaa", "2024"}
	for range 20000 {
		var b strings.Builder
		for b.Len() < 4+rng.IntN(40) {
			if rng.IntN(4) == 0 {
				b.WriteByte(abc[rng.IntN(len(abc))])
			} else {
				b.WriteString(words[rng.IntN(len(words))])
			}
		}
		bodies = append(bodies, b.String())
	}
	short := 0
	for _, body := range bodies {
		b := []byte(body)
		var word, patt [maxBody]int32
		wordCosts(word[:len(b)], b)
		patternCosts(patt[:len(b)], b)
		for _, begin := range []int32{0, toBegin} {
			if !wordsThroughout(word[:len(b)], patt[:len(b)], begin, b) {
				continue
			}
			short++
			var s sketch
			if s.search(b, word[:len(b)], patt[:len(b)], begin); s.random(0, len(b)) > 0 {
				t.Fatalf("%s: the short cut overlooks %d drawn characters", body, s.random(0, len(b)))
			}
		}
	}
	if short < 1000 {
		t.Errorf("the short cut was taken %d times only", short)
	}
}

// What describes words is a probability: the letters that may follow, and the
// classes, sum to one but for rounding.
func TestCostsAreProbabilities(t *testing.T) {
	var exp [256]float64
	for c := range exp {
		exp[c] = 1
		for range c {
			exp[c] *= 0.9170040432046712 // 2 to the -1/8
		}
	}
	for ctx := range 27 * 27 {
		sum := 0.0
		for x := range 26 {
			sum += exp[letterCosts[ctx*26+x]]
		}
		if sum > 1.08 || sum < 0.9 {
			t.Errorf("letters after %d sum to %.3f", ctx, sum)
		}
	}
}

func TestGroupMarks(t *testing.T) {
	for body, want := range map[string]string{
		"aaaaaaaa-1bbb-cccc-dddd-eeeeeeeeeeee":      "........-....-....-....-............",
		"live_aaaaaaaa-1bbb-cccc-dddd-eeeeeeeeeeee": ".............-....-....-....-............",
		"a1bbb-c1ddd-e1fff-g1hhh":                   ".....-.....-.....-.....",
		"x-a1bbb-c1ddd-e1fff-g1hhh-yz":              ".......-.....-.....-........",
		"a1bbb_c1ddd-e1fff-g1hhh":                   "", // not one separator
		"aabbb-ccddd-eefff-gghhh":                   "", // four words
		"pbe0_def2_tzvp_d3bj":                       "", // too few characters
		"aaaaaaaa-1bbb-cccc-dddd-eeeee":             "",
	} {
		var mark [maxBody]bool
		found := groupMarks(mark[:len(body)], []byte(body))
		got := []byte(strings.Repeat(".", len(body)))
		for i := range body {
			if mark[i] {
				got[i] = '-'
			}
		}
		if found != (want != "") || found && string(got) != want {
			t.Errorf("%s: %v %s, want %s", body, found, got, want)
		}
	}
}

func TestPurpose(t *testing.T) {
	for body, want := range map[string]int{
		"live_x": 5, "sk_live_x": 8, "sk_live_eu_x": 8, "eu1-x": 4, "v2_x": 0, "x_y": 0,
		"LIVE_x": 0, "a1b_x": 0, "configuration_x": 14, "configurationfile_x": 0, "live": 0,
	} {
		if got := purpose([]byte(body)); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
}
