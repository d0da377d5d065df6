package repo

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkIgnore asks git which of the paths are ignored.
func checkIgnore(t *testing.T, dir string, env []string, paths []string) map[string]bool {
	t.Helper()
	out, err := tryGit(dir, strings.Join(paths, "\x00")+"\x00", env, "check-ignore", "--no-index", "-v", "-n", "-z", "--stdin")
	if err != nil && !strings.Contains(err.Error(), "exit status 1:") {
		t.Fatal(err)
	}
	ignored := map[string]bool{}
	fields := strings.Split(out, "\x00")
	for ; len(fields) >= 4; fields = fields[4:] {
		pattern, path := fields[2], fields[3]
		ignored[path] = pattern != "" && pattern[0] != '!'
	}
	if len(ignored) != len(paths) {
		t.Fatalf("git answered for %d paths of %d", len(ignored), len(paths))
	}
	return ignored
}

// ignoreGen makes patterns and paths of few letters, so that they meet.
type ignoreGen struct{ *rand.Rand }

func (g ignoreGen) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g ignoreGen) name() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.pick("a", "b", "c", "A", "B", ".", "-", "1", "]", "!", "#", "é", " ", "^", "x"))
	}
	name := b.String()
	if name == "." || name == ".." || strings.HasSuffix(name, " ") {
		return "ab"
	}
	return name
}

func (g ignoreGen) piece() string {
	return g.pick("a", "b", "c", "ab", "A", "B", ".", "1", "-", "*", "*", "?", "**", "***",
		"[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]a]", "[a-]", "[-a]", "[a\\]b]", "[[:alpha:]]", "[[:digit:]b]", "[[:punct:]]",
		"[[:upper:]]", "[[:lower:]]", "[[:space:]]", "[[:nope:]]", "[[:alpha:]", "[[:]", "[[:]a]", "[[]", "[a", "[c-a]", "[A-C]", "[a-c-x]", "[\\a-\\c]", "[/]", "[.-/]",
		"\\a", "\\*", "\\?", "\\[", "\\!", "\\#", "\\ ", "\\", "é", "]", "!", "#", "^", " ", "x")
}

func (g ignoreGen) pattern() string {
	var b strings.Builder
	b.WriteString(g.pick("", "", "", "", "!", "!", "/", "/", "**/", "!/", "#", " "))
	for i := range 1 + g.IntN(5)/2 {
		if i > 0 {
			b.WriteString(g.pick("/", "/", "/", "/**/", "/**/", "/*/", "//", "\\/"))
		}
		for range 1 + g.IntN(5)/2 {
			b.WriteString(g.piece())
		}
	}
	b.WriteString(g.pick("", "", "", "", "/", "/", "/**", "/*", " ", "  ", "\\ ", "\r", "\t", "\\"))
	return b.String()
}

// afterLiteral tells whether a pattern has ** right behind the literal text it
// begins with. Older versions of git take it for one that spans directories
// there, against their documentation; newer ones don't.
func afterLiteral(line string) bool {
	line = strings.TrimPrefix(line, "!")
	i := strings.IndexAny(line, "*?[\\")
	return i > 0 && strings.HasPrefix(line[i:], "**") && line[i-1] != '/'
}

func (g ignoreGen) file(n int) string {
	var b strings.Builder
	if g.IntN(8) == 0 {
		b.WriteString("\ufeff")
	}
	for range n {
		p := g.pattern()
		for afterLiteral(p) {
			p = g.pattern()
		}
		b.WriteString(p + g.pick("\n", "\n", "\n", "\r\n", "\n\n"))
	}
	return strings.TrimSuffix(b.String(), g.pick("\n", ""))
}

// TestIgnoreAsGit makes random trees with random rules in every place that rules
// can stand, and compares with git for each file and directory of them.
func TestIgnoreAsGit(t *testing.T) {
	t.Parallel()
	asked, ignored := 0, 0
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g := ignoreGen{rand.New(rand.NewPCG(seed, 7))}
			dir := initRepo(t)
			home := tempDir(t)
			env := []string{"HOME=" + home, "GIT_CONFIG_GLOBAL=" + filepath.Join(home, ".gitconfig")}
			write(t, filepath.Join(home, ".gitconfig"), "[core]\n\texcludesFile = ~/ex\n")
			write(t, filepath.Join(home, "ex"), g.file(3))
			write(t, filepath.Join(dir, ".git/info/exclude"), g.file(3))
			if seed%3 == 0 {
				git(t, dir, "config", "core.ignoreCase", "true")
			} else {
				git(t, dir, "config", "core.ignoreCase", "false")
			}
			isDir := map[string]bool{}
			for range 160 {
				var parts []string
				for range 1 + g.IntN(4) {
					parts = append(parts, g.name())
				}
				path := filepath.Join(dir, filepath.Join(parts...))
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
					os.WriteFile(path, nil, 0o666) // fails where a directory is: no matter
				}
			}
			var paths []string
			err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
				rel, _ := filepath.Rel(dir, path)
				if err != nil || rel == ".git" {
					return fs.SkipDir
				}
				if e.IsDir() && g.IntN(3) == 0 || rel == "." {
					write(t, filepath.Join(path, ".gitignore"), g.file(1+g.IntN(6)))
				}
				if rel != "." {
					paths = append(paths, filepath.ToSlash(rel))
					isDir[filepath.ToSlash(rel)] = e.IsDir()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			want := checkIgnore(t, dir, env, paths)
			top, err := mustOpen(t, dir).Ignore(getenvOf(env...))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				asked++
				if want[path] {
					ignored++
				}
				if got := top.Match(path, isDir[path]); got != want[path] {
					t.Errorf("%q: ignored %v, git says %v", path, got, want[path])
				}
			}
		})
	}
	t.Logf("%d paths, %d ignored", asked, ignored)
	if ignored < asked/10 || ignored > asked*9/10 {
		t.Errorf("%d of %d paths are ignored: proves little", ignored, asked)
	}
}

// TestPatternsAsGit compares single patterns with git, thousands of them: each in
// a directory of its own against all paths of a fixed tree.
func TestPatternsAsGit(t *testing.T) {
	t.Parallel()
	dir := initRepo(t)
	git(t, dir, "config", "core.ignoreCase", "false")
	g := ignoreGen{rand.New(rand.NewPCG(1, 1))}
	tree := []string{"a", "b", "ab", "A", "a/b", "a/b/c", "ab/c", "x/a/b", "x/y/a/b", "a.c", ".a", "a b", "é", "]", "!a", "#a", "a1", "-", "x/ab"}
	type probe struct {
		dir, pattern string
		glob         []rule
	}
	var probes []probe
	var paths []string
	for i := range 600 {
		p := g.pattern()
		if afterLiteral(p) {
			continue
		}
		sub := fmt.Sprintf("d%d", i)
		write(t, filepath.Join(dir, sub, ".gitignore"), p+"\n")
		probes = append(probes, probe{sub, p, parseRules([]byte(p+"\n"), false)})
		for _, path := range tree {
			paths = append(paths, sub+"/"+path)
		}
	}
	want := checkIgnore(t, dir, nil, paths)
	wrong, hits := 0, 0
	for _, p := range probes {
		g := &Ignore{rules: p.glob}
		for _, path := range tree {
			w := want[p.dir+"/"+path]
			if w {
				hits++
			}
			// The directories do not exist, so git takes all paths for files.
			if got := matchFlat(g, path); got != w {
				wrong++
				t.Errorf("pattern %q, path %q: %v, git says %v", p.pattern, path, got, w)
			}
		}
	}
	t.Logf("%d patterns, %d paths, %d ignored, %d wrong", len(probes), len(paths), hits, wrong)
	if hits < 150 {
		t.Errorf("only %d hits", hits)
	}
}

// matchFlat is Match for one node of rules and directories without rules.
func matchFlat(g *Ignore, path string) bool {
	for {
		name, rest, more := strings.Cut(path, "/")
		if !more {
			return g.Ignored(name, false)
		}
		g = &Ignore{parent: g, name: name, all: g.Ignored(name, true)}
		path = rest
	}
}
