package repo

import "strings"

// A glob is a compiled pattern of gitignore. Patterns with a slash are matched
// by path: there * stops at a slash and ** spans directories. Others are matched
// against the last component, where both span everything.
//
// The matcher keeps two places to go back to, the last * and the last **, and
// never more: an earlier one can't succeed where the last one of its kind fails.
// So it needs no recursion, and hostile patterns can't make it explode.
type glob struct {
	tokens []token
	never  bool // malformed: matches nothing
	fold   bool
}

type token struct {
	kind tokenKind
	lit  byte
	set  *[256]bool
}

type tokenKind uint8

const (
	literal tokenKind = iota
	anyByte           // ?
	anySet            // [a-z]
	star              // * within a component
	span              // * across components: any bytes
	dirs              // "**/": nothing, or any bytes and a slash
)

// compile compiles a pattern; byPath tells whether slashes part it. fold ignores
// the case of ASCII letters.
func compile(pattern string, byPath, fold bool) *glob {
	g := &glob{fold: fold}
	for i := 0; i < len(pattern); {
		switch c := pattern[i]; c {
		case '*':
			i = g.stars(pattern, i, byPath)
		case '?':
			g.tokens = append(g.tokens, token{kind: anyByte})
			i++
		case '[':
			set, n := parseSet(pattern[i:], fold)
			if set == nil {
				g.never = true
				return g
			}
			g.tokens = append(g.tokens, token{kind: anySet, set: set})
			i += n
		case '\\':
			if i++; i == len(pattern) {
				g.never = true
				return g
			}
			c = pattern[i]
			fallthrough
		default:
			if fold {
				c = lower(c)
			}
			g.tokens = append(g.tokens, token{kind: literal, lit: c})
			i++
		}
	}
	return g
}

// stars compiles the run of stars at i and returns where the pattern goes on.
func (g *glob) stars(pattern string, i int, byPath bool) int {
	end := i
	for end < len(pattern) && pattern[end] == '*' {
		end++
	}
	rest := pattern[end:]
	atStart := i == 0 || pattern[i-1] == '/'
	switch {
	case !byPath:
		g.tokens = append(g.tokens, token{kind: span})
	case end-i >= 2 && atStart && strings.HasPrefix(rest, "/"):
		g.tokens = append(g.tokens, token{kind: dirs})
		end++
	case end-i >= 2 && atStart && (rest == "" || strings.HasPrefix(rest, `\/`)):
		g.tokens = append(g.tokens, token{kind: span})
	default:
		g.tokens = append(g.tokens, token{kind: star})
	}
	return end
}

// match tells whether the whole of text matches.
func (g *glob) match(text string) bool {
	if g.never {
		return false
	}
	// Places to go back to: the token after the star, and where in the text
	// that star ends. A token of 0 means there is none.
	var inner, outer struct{ token, text int }
	t, i := 0, 0
	for {
		if t < len(g.tokens) {
			switch tok := &g.tokens[t]; tok.kind {
			case star:
				t++
				inner.token, inner.text = t, i
				continue
			case span, dirs:
				t++
				outer.token, outer.text = t, i
				inner.token = 0
				continue
			default:
				if i < len(text) && g.matchByte(tok, text[i]) {
					if text[i] == '/' {
						inner.token = 0
					}
					t++
					i++
					continue
				}
			}
		} else if i == len(text) {
			return true
		}
		if inner.token > 0 && inner.text < len(text) && text[inner.text] != '/' {
			inner.text++
			t, i = inner.token, inner.text
			continue
		}
		if outer.token == 0 {
			return false
		}
		if g.tokens[outer.token-1].kind == dirs {
			slash := strings.IndexByte(text[outer.text:], '/')
			if slash < 0 {
				return false
			}
			outer.text += slash
		}
		if outer.text >= len(text) {
			return false
		}
		outer.text++
		inner.token = 0
		t, i = outer.token, outer.text
	}
}

func (g *glob) matchByte(tok *token, c byte) bool {
	switch tok.kind {
	case anyByte:
		return c != '/'
	case anySet:
		return c != '/' && tok.set[c]
	}
	if g.fold {
		c = lower(c)
	}
	return c == tok.lit
}

// parseSet reads the bracket expression that s begins with and returns its bytes
// and its length, or nil when it is malformed.
func parseSet(s string, fold bool) (*[256]bool, int) {
	var members [256]bool
	i := 1
	negated := i < len(s) && (s[i] == '!' || s[i] == '^')
	if negated {
		i++
	}
	prev := -1 // the byte that a range could begin with
	for first := true; ; first = false {
		if i >= len(s) {
			return nil, 0
		}
		c := s[i]
		switch {
		case c == ']' && !first:
			return foldSet(&members, negated, fold), i + 1
		case c == '-' && prev > 0 && i+1 < len(s) && s[i+1] != ']':
			if i++; s[i] == '\\' {
				i++
			}
			if i >= len(s) {
				return nil, 0
			}
			for b := prev; b <= int(s[i]); b++ {
				members[b] = true
				if fold && isAlpha(byte(b)) {
					members[lower(byte(b))] = true
				}
			}
			prev = -1
			i++
			continue
		case c == '[' && i+1 < len(s) && s[i+1] == ':':
			end := strings.IndexByte(s[i+2:], ']')
			if end < 0 {
				return nil, 0
			}
			if name, ok := strings.CutSuffix(s[i+2:i+2+end], ":"); ok {
				in := classes[name]
				if in == nil {
					return nil, 0
				}
				for b := range members {
					if in(byte(b)) || fold && name == "upper" && classes["lower"](byte(b)) {
						members[b] = true
					}
				}
				prev = -1
				i += 2 + end + 1
				continue
			}
		case c == '\\':
			if i++; i >= len(s) {
				return nil, 0
			}
			c = s[i]
		}
		members[c] = true
		prev = int(c)
		i++
	}
}

// foldSet turns the listed members into the bytes of a text that match. Git
// folds the text and not the set, so with fold a listed A matches nothing.
func foldSet(members *[256]bool, negated, fold bool) *[256]bool {
	var set [256]bool
	for b := range set {
		c := byte(b)
		if fold {
			c = lower(c)
		}
		set[b] = members[c] != negated
	}
	return &set
}

// classes are the character classes, ASCII only, by Git's own tables.
var classes = map[string]func(c byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < 0x20 || c == 0x7f },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return c > 0x20 && c < 0x7f },
	"lower":  func(c byte) bool { return c >= 'a' && c <= 'z' },
	"print":  func(c byte) bool { return c >= 0x20 && c < 0x7f },
	"punct":  func(c byte) bool { return c > 0x20 && c < 0x7f && !isAlpha(c) && !isDigit(c) },
	"space":  isConfigSpace,
	"upper":  func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
}
