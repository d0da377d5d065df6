package layer

import "github.com/petrascan/petrascan/scanner/internal/literal"

// peelNumbers decodes bytes that are written as decimal numbers: 112, 101 or
// chr(112) + chr(101). What stands between two numbers must look like a
// separator; a number above 255 ends the list.
func (p *Peeler) peelNumbers(hit literal.Hit) (Text, bool) {
	if p.numbers.has(hit.Pos) {
		return Text{}, false
	}
	b := p.content[:min(len(p.content), hit.Pos+p.limit)]
	start := hit.Pos
	for start > 0 && hit.Pos-start < leftSpan {
		before, ok := byteBefore(b, start)
		if !ok {
			break
		}
		start = before
	}
	t := p.begin("decimal", start)
	p.marks = p.marks[:0]
	cut := len(b) < len(p.content)
	i, stop, own := start, start, -1
	for n := 0; ; n++ {
		if cut && own < 0 && i >= len(b)-keySpan {
			own, t.To = i, len(p.out) // a Text to come owns what is close to the cut
		}
		value, end := byteNumber(b, i)
		if end == 0 {
			break
		}
		p.marks = addMark(p.marks, n, i)
		p.out = append(p.out, value)
		stop = end
		if i = end + numberGap(b[end:]); i == end {
			break
		}
	}
	if stop <= hit.Pos {
		return Text{}, false
	}
	t.marks = p.marks
	owned := t.To
	p.end(&t, stop)
	p.numbers = span{start, stop}
	if t.Cut = cut && stop > len(b)-longestNumberGap; t.Cut {
		p.numbers.to, t.To = own, owned
	}
	return t, true
}

// longestNumberGap bounds what may stand between two numbers.
const longestNumberGap = 64

// byteNumber reads the number at b[i], which must be that of a byte; an end of 0
// says that it is none.
func byteNumber(b []byte, i int) (value byte, end int) {
	n, end := 0, i
	for end < len(b) && end < i+3 && isDecimal(b[end]) {
		n = n*10 + int(b[end]-'0')
		end++
	}
	if end == i || n > 255 || end < len(b) && (isDecimal(b[end]) || b[end] == '.') {
		return 0, 0
	}
	return byte(n), end
}

// byteBefore returns where the number begins behind which, after a separator,
// b[i:] begins.
func byteBefore(b []byte, i int) (int, bool) {
	j := i
	for j > 0 && i-j < longestNumberGap && !isDecimal(b[j-1]) {
		j--
	}
	if j >= 2 && b[j-1] == '8' && b[j-2] == 'u' {
		j -= 2
	}
	start := j
	for start > 0 && j-start < 4 && isDecimal(b[start-1]) {
		start--
	}
	_, end := byteNumber(b, start)
	if start == j || end != j || numberGap(b[end:]) != i-end {
		return 0, false
	}
	return start, true
}

// numberGap returns the length of the separator that b begins with and a number
// follows, else 0. It may have letters, those of a type or a function.
func numberGap(b []byte) int {
	i := 0
	if has(b, 0, "u8") {
		i = 2
	}
	first := i
	for ; i < len(b) && i < longestNumberGap; i++ {
		c := b[i]
		switch {
		case isDecimal(c):
			if i == first {
				return 0
			}
			return i
		case 'a' <= c|0x20 && c|0x20 <= 'z', inGap(c) && c != '.' && c != '-', c == '&':
		default:
			return 0
		}
	}
	return 0
}

func isDecimal(c byte) bool { return '0' <= c && c <= '9' }
