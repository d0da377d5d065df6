//go:build ignore

// This program makes words_table.go: how many bits the letters and the shape
// of names and words cost under a model of third order. It counts
//
//   - the identifiers and the words of the comments of the standard library's
//     Go sources (BSD licence), and
//   - the words of the lists that the packages named below ship for languages
//     other than English (MIT licence), most frequent first.
//
// Both are freely redistributable; only counts go into the table. Every
// distinct name or word weighs the logarithm of how often it was seen, or of
// how early its list has it.
//
// Run it with "go generate" in this directory; it asks npm for the packages.
// The table's header names the Go version whose sources were counted: the same
// version makes the same table.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"io/fs"
	"log"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// lists names npm packages with lists of words, and how many words of a list
// are read. German joins its words, so it takes more of them to know it.
var lists = []struct {
	name, version string
	most          int
}{
	{"@zxcvbn-ts/language-de", "3.0.2", 30000},
	{"@zxcvbn-ts/language-nl-be", "3.0.2", 6000},
	{"@zxcvbn-ts/language-fr", "3.0.2", 4000},
	{"@zxcvbn-ts/language-it", "3.0.2", 4000},
	{"@zxcvbn-ts/language-es-es", "3.0.2", 4000},
	{"@zxcvbn-ts/language-pt-br", "3.0.2", 4000},
	{"@zxcvbn-ts/language-cs", "3.0.1", 4000},
}

// hexWords are the words that programmers write in hex digits.
var hexWords = []string{"deadbeef", "cafebabe", "feedface", "deadbeefcafebabe", "cafebabedeadbeef", "deadcafe", "facefeed", "beefcafe", "deadfeed"}

const hexWeight = 40

func main() {
	log.SetFlags(0)
	c := counts{names: map[string]int{}, words: map[string]int{}, joined: map[string]int{}, listed: map[string]float64{}}
	c.goSources(filepath.Join(runtime.GOROOT(), "src"))
	for _, l := range lists {
		c.list(l.name, l.version, l.most)
	}
	for _, w := range hexWords {
		c.listed[w] = hexWeight
	}
	m := train(c)
	if err := os.WriteFile("words_table.go", m.source(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// counts is what was read, by how often.
type counts struct {
	names  map[string]int     // identifiers as written
	words  map[string]int     // words of prose, lower case, ASCII
	joined map[string]int     // two or three neighbouring words of prose, written as one
	listed map[string]float64 // words of lists, by weight
}

func (c counts) goSources(root string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		// Tables of opcodes and of Unicode would outweigh names that people choose.
		if !strings.HasSuffix(path, ".go") || strings.Contains(filepath.Base(path), "zerrors") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		var s scanner.Scanner
		s.Init(fset.AddFile(path, -1, len(src)), src, nil, scanner.ScanComments)
		for {
			_, tok, lit := s.Scan()
			switch tok {
			case token.EOF:
				return nil
			case token.IDENT:
				c.names[lit]++
			case token.COMMENT:
				c.prose(lit)
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
}

// list reads all lists of a package.
func (c counts) list(name, version string, most int) {
	dir, err := os.MkdirTemp("", "words")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	pack := exec.Command("npm", "pack", "--silent", name+"@"+version)
	pack.Dir = dir
	file, err := pack.Output()
	if err != nil {
		log.Fatalf("npm pack %s: %v", name, err)
	}
	unpack := exec.Command("tar", "xzf", strings.TrimSpace(string(file)))
	unpack.Dir = dir
	if err := unpack.Run(); err != nil {
		log.Fatalf("unpack %s: %v", name, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "package", "src", "*.json"))
	if err != nil || len(files) == 0 {
		log.Fatalf("no lists in %s", name)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			log.Fatal(err)
		}
		var words []string
		if err := json.Unmarshal(src, &words); err != nil {
			log.Fatalf("%s: %v", f, err)
		}
		for i, w := range words[:min(len(words), most)] {
			w = ascii.Replace(strings.ToLower(w))
			if len(w) > 1 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" {
				c.listed[w] = max(c.listed[w], math.Log2(2+float64(most)/float64(1+i)))
			}
		}
	}
}

// ascii spells the letters of European languages the way file names do.
var ascii = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"à", "a", "â", "a", "á", "a", "ã", "a", "å", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c", "ę", "e", "ě", "e",
	"í", "i", "î", "i", "ï", "i", "ı", "i", "ł", "l", "ñ", "n", "ń", "n", "ó", "o", "ô", "o", "õ", "o", "ø", "o",
	"ř", "r", "š", "s", "ś", "s", "ş", "s", "ů", "u", "ú", "u", "û", "u", "ù", "u", "ý", "y", "ž", "z", "ź", "z",
	"ż", "z", "ğ", "g", "ő", "oe", "ű", "ue", "æ", "ae", "ò", "o", "ì", "i", "đ", "d")

func (c counts) prose(text string) {
	var before, last string
	for _, w := range strings.FieldsFunc(ascii.Replace(strings.ToLower(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	}) {
		if len(w) < 2 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			before, last = "", ""
			continue
		}
		c.words[w]++
		if last != "" {
			c.joined[last+w]++
		}
		if before != "" {
			c.joined[before+last+w]++
		}
		before, last = last, w
	}
}

// The model. See words.go for how it is read.

const (
	letters = 27 // a to z, and 26: the edge of a word
	classes = 4
	unit    = 8  // of a bit
	dearest = 14 // bits, the most one character may cost

	// Go's names never begin with a digit; other languages' may.
	dearestClass = 6 // bits

	attested = 2 // the least weight of a sequence of four letters that is called seen
)

type model struct {
	letter [letters * letters * 26]uint8
	class  [classes * classes * classes * classes]uint8
	seen   [(letters*letters*letters*26 + 7) / 8]uint8 // one bit for every letter after three
}

func train(c counts) *model {
	var tri [letters][letters][letters]float64
	var class [classes * classes * classes][classes]float64
	var quad [letters * letters * letters * 26]float64

	// learn counts one spelling: its shape and its letters, or one of them.
	learn := func(s string, weight float64, shape, spelling bool) {
		k := [3]int{sep, sep, sep}
		o, p, q := 26, 26, 26
		for i := range len(s) {
			cl := classOf(s[i])
			if shape {
				class[(k[0]*classes+k[1])*classes+k[2]][cl] += weight
			}
			if cl == lower || cl == upper {
				if k[2] == lower && cl == upper {
					o, p, q = 26, 26, 26
				}
				if k[1] == upper && k[2] == upper && cl == lower {
					o, p = 26, 26
				}
				x := int(s[i]|0x20) - 'a'
				if spelling {
					tri[p][q][x] += weight
					quad[((o*letters+p)*letters+q)*26+x] += weight
				}
				o, p, q = p, q, x
			} else {
				o, p, q = 26, 26, 26
			}
			k[0], k[1], k[2] = k[1], k[2], cl
		}
	}

	for _, name := range slices.Sorted(maps.Keys(c.names)) {
		n := c.names[name]
		w := math.Log2(1 + float64(n))
		learn(name, w, true, true)
		words := split(name)
		if len(words) > 1 {
			snake := strings.ToLower(strings.Join(words, "_"))
			learn(snake, w/2, true, false)
			learn(strings.ToLower(strings.Join(words, "")), w/2, true, true)
			learn(strings.ToUpper(snake), w/4, true, false)
		}
	}
	for _, word := range slices.Sorted(maps.Keys(c.words)) {
		learn(word, math.Log2(1+float64(c.words[word])), true, true)
	}
	for _, word := range slices.Sorted(maps.Keys(c.listed)) {
		learn(word, c.listed[word], true, true)
	}
	for _, word := range slices.Sorted(maps.Keys(c.joined)) {
		if n := c.joined[word]; n > 1 {
			learn(word, math.Log2(float64(n))/4, true, true)
		}
	}

	// Each order is smoothed by the next lower one (Witten and Bell).
	m := new(model)
	var uni [letters]float64
	var bi [letters][letters]float64
	for p := range letters {
		for q := range letters {
			for x := range 26 {
				uni[x] += tri[p][q][x]
				bi[q][x] += tri[p][q][x]
			}
		}
	}
	flat := make([]float64, 26)
	for x := range flat {
		flat[x] = 1.0 / 26
	}
	one := smooth(uni[:26], flat)
	for q := range letters {
		two := smooth(bi[q][:26], one)
		for p := range letters {
			three := smooth(tri[p][q][:26], two)
			for x := range 26 {
				m.letter[(p*letters+q)*26+x] = cost(three[x])
			}
		}
	}
	n := 0
	for k, w := range quad {
		if w >= attested {
			m.seen[k/8] |= 1 << (k % 8)
			n++
		}
	}
	log.Printf("%d of %d letters after three are attested", n, len(quad))
	for k := range class {
		even := []float64{.25, .25, .25, .25}
		for cl, p := range smooth(class[k][:], even) {
			m.class[k*classes+cl] = min(cost(p), unit*dearestClass)
		}
	}
	return m
}

func smooth(counts, lower []float64) []float64 {
	var n, kinds float64
	for _, c := range counts {
		n += c
		if c > 0 {
			kinds++
		}
	}
	out := make([]float64, len(counts))
	back := math.Max(kinds, 1)
	for i, c := range counts {
		out[i] = (c + back*lower[i]) / (n + back)
	}
	return out
}

func cost(p float64) uint8 {
	return uint8(math.Round(unit * math.Min(-math.Log2(p), dearest)))
}

// split cuts an identifier into its words.
func split(name string) []string {
	var words []string
	start := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || name[i] == '_' ||
			classOf(name[i]) == upper && classOf(name[i-1]) == lower ||
			i+1 < len(name) && classOf(name[i-1]) == upper && classOf(name[i]) == upper && classOf(name[i+1]) == lower {
			if w := strings.Trim(name[start:i], "_"); w != "" {
				words = append(words, w)
			}
			start = i
		}
	}
	return words
}

const (
	sep = iota
	digit
	lower
	upper
)

func classOf(b byte) int {
	switch {
	case 'a' <= b && b <= 'z':
		return lower
	case 'A' <= b && b <= 'Z':
		return upper
	case '0' <= b && b <= '9':
		return digit
	}
	return sep
}

func (m *model) source() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by words_gen.go from the sources of %s. DO NOT EDIT.\n\n", runtime.Version())
	b.WriteString("package rules\n\n")
	table := func(doc, name string, data []byte) {
		fmt.Fprintf(&b, "%s\nconst %s = \"\" +\n", doc, name)
		for len(data) > 0 {
			n := min(len(data), 52)
			fmt.Fprintf(&b, "\t%q", data[:n])
			if data = data[n:]; len(data) > 0 {
				b.WriteString(" +")
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	table("// letterCosts is read by letterCost.", "letterCosts", m.letter[:])
	table("// classCosts is read by shapeCost.", "classCosts", m.class[:])
	table("// seenFours is read by seenFour.", "seenFours", m.seen[:])
	src, err := format.Source(b.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	return src
}
