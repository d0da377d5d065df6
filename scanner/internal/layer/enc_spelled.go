package layer

import "github.com/petrascan/petrascan/scanner/internal/literal"

// peelEscapes decodes the escapes in and around a key. Which dialects they
// belong to is read off the key itself, so that its surroundings are not bent
// by another one: in token=ab%5Fc the equals sign begins nothing.
//
// What was decoded ends where neither an escape nor a character of a key
// follows.
func (p *Peeler) peelEscapes(hit literal.Hit) (Text, bool) {
	if p.escaped.has(hit.Pos) {
		return Text{}, false
	}
	b := p.content
	start := escapeStart(b, hit.Pos)
	dialects := keyDialects(b, start, hit)
	if dialects == 0 {
		return Text{}, false
	}
	p.out, p.marks = p.out[:0], p.marks[:0]
	t := Text{Layer: dialects.name(), per: 1}
	run, stop := start, -1 // what is decoded, in the content; stop is unknown at first
	i, last := start, len(b)
	for i < len(b) && (stop < 0 || len(p.out) < last) {
		e, spelled := tokenAt(b[i:], dialects)
		switch goesOn := spelled || isKeyByte(b[i]); {
		case stop >= 0:
		case i < hit.Pos && !goesOn:
			run, t.From = i+1, len(p.out)+1
		case i >= hit.Pos+escapedSpan:
			stop, t.To = i, len(p.out)
			last = t.To + keySpan
		case i >= hit.Pos+hit.Len && !goesOn:
			stop, t.To = i, len(p.out)
			last = t.To + rawSpan
		}
		for _, c := range e.text() {
			p.marks = addMark(p.marks, len(p.out), i)
			p.out = append(p.out, c)
		}
		i += e.len
	}
	if stop < 0 {
		stop, t.To = len(b), len(p.out)
	}
	p.escaped = span{run, stop}
	t.Bytes, t.hi, t.after, t.marks = p.out, len(p.out), i, p.marks
	return t, true
}

// tokenAt decodes the escape that b begins with, or takes b[0] for what it is.
func tokenAt(b []byte, among dialect) (e escape, spelled bool) {
	if isEscapeStart(b[0]) {
		if e, spelled = escapeAt(b, among); spelled {
			return e, true
		}
	}
	return byteEscape(0, 1, b[0]), false
}

// contextSpan has room for 64 characters, all of them spelled.
const contextSpan = 64 * len(`\U00000070`)

// escapeStart returns where to begin decoding in front of a hit: contextSpan in
// front of what may belong to the same word, and not between a backslash and
// what it escapes, as far as backslashes alone can tell.
func escapeStart(b []byte, pos int) int {
	start := pos
	for start > 0 && pos-start < leftSpan && (isKeyByte(b[start-1]) || isEscapePart(b[start-1])) {
		start--
	}
	start = max(0, start-contextSpan)
	for n := 0; n < rawSpan && start > 0 && b[start-1] == '\\'; n++ {
		start--
	}
	return start
}

// isEscapePart tells whether an escape may contain c, letters and digits aside.
func isEscapePart(c byte) bool {
	return isEscapeStart(c) || c == '{' || c == '}' || c == '#' || c == ';'
}

// longestPrefix is how many characters of the prefix may stand in front of a
// hit.
const longestPrefix = 5

// keyDialects returns the dialects of the escapes that spell characters of the
// key around a hit, or none if no escape does.
func keyDialects(b []byte, start int, hit literal.Hit) dialect {
	i := hit.Pos + hit.Len
	if hit.Kind == literal.Plain {
		// Most keys are plain: look no further than their end.
		for i < len(b) && isKeyByte(b[i]) {
			i++
		}
		if i == len(b) || !isEscapeStart(b[i]) {
			return 0
		}
	}
	var before [longestPrefix]dialect // of the characters in front, latest first
	var all dialect
	useful := false
	for i = start; i < len(b) && i < hit.Pos+escapedSpan; {
		e, spelled := tokenAt(b[i:], everyDialect)
		inKey := spelled && (spellsKey(b[i:], e)) || !spelled && isKeyByte(b[i])
		switch {
		case i+e.len <= hit.Pos:
			if !inKey {
				before = [longestPrefix]dialect{}
			} else if e.size > 0 {
				copy(before[1:], before[:])
				before[0] = e.dialect
			}
		case inKey || i < hit.Pos+hit.Len:
			all |= e.dialect
			useful = useful || spelled && inKey
		default:
			i = len(b)
		}
		i += e.len
	}
	if hit.Kind != literal.Plain {
		for _, d := range before {
			all |= d
			useful = useful || d != 0
		}
	}
	if !useful {
		return 0
	}
	return all
}

// spellsKey tells whether the escape e at b[0] may be part of how a key is
// spelled: it stands for a character of a key, for nothing (a soft line break),
// or for the character that begins another escape of a nest, as %25 does in
// %2570.
func spellsKey(b []byte, e escape) bool {
	if e.size == 0 {
		return e.len < len(b) && (isKeyByte(b[e.len]) || isEscapeStart(b[e.len]))
	}
	if e.size > 1 {
		return false
	}
	if c := e.out[0]; !isEscapeStart(c) {
		return isKeyByte(c)
	}
	inner := append(make([]byte, 0, 48), e.out[0])
	for i := e.len; i < len(b) && len(inner) < 40; {
		next, _ := tokenAt(b[i:], e.dialect)
		inner = append(inner, next.text()...)
		i += next.len
	}
	next, ok := escapeAt(inner, everyDialect)
	return ok && spellsKey(inner, next)
}
