package literal

// spelled appends the spelling of petra_ whose t and r meet in the window at
// character 0: each letter for itself or escaped.
func (v view) spelled(dst []Hit) []Hit {
	for r := 1; r <= 5; r++ { // where t ends and r begins
		a := v.letter(r, 'r')
		if a == r {
			continue
		}
		t := v.before(r, 't')
		if t == r {
			continue
		}
		e := v.before(t, 'e')
		if e == t {
			continue
		}
		p := v.before(e, 'p')
		if p == e {
			continue
		}
		last := v.letter(a, 'a')
		if last == a {
			continue
		}
		end := v.letter(last, '_')
		if end == last || (end-p)*v.step > MaxLen {
			continue
		}
		kind := Escape
		if end-p == len("petra_") {
			kind = Plain
		}
		dst = append(dst, v.hit(p, end, kind, 0))
	}
	return dst
}

// maxLetter is the length of the longest spelling of one letter.
const maxLetter = 24

// before returns where the spelling of c begins that ends at character end, or
// end if there is none. Of several it takes the longest, so that a backslash
// that is itself escaped belongs to its escape.
func (v view) before(end int, c byte) int {
	whole := end
	end = v.softBreakBefore(end)
	if v.at(end-1) == int(c) {
		return end - 1
	}
	start := whole
	for i := end - 1; i >= end-maxLetter; i-- {
		switch x := v.at(i); {
		case x == '\\' || x == '%' || x == '=' || x == '&':
			if v.spelling(i, c) == end {
				start = i
			}
		case digit(x) == notDigit && !inEscape(x):
			return start
		}
	}
	return start
}

// inEscape reports whether x, no digit, may stand in an escape behind what it
// begins with.
func inEscape(x int) bool {
	switch x {
	case '{', '}', ';', '#', 'x', 'X', 'u', 'U', 'o', 'm', 'p':
		return true
	}
	return false
}

// letter returns where the spelling of c ends that begins at character i, or i
// if there is none.
func (v view) letter(i int, c byte) int {
	whole := i
	i = v.softBreak(i)
	if end := v.spelling(i, c); end > i {
		return end
	}
	return whole
}

// softBreak passes over the soft line break of quoted-printable that begins at
// character i, if one does.
func (v view) softBreak(i int) int {
	if v.at(i) != '=' {
		return i
	}
	switch v.at(i + 1) {
	case '\n':
		return i + 2
	case '\r':
		if v.at(i+2) == '\n' {
			return i + 3
		}
	}
	return i
}

// softBreakBefore passes over the one that ends at character end.
func (v view) softBreakBefore(end int) int {
	for _, n := range [...]int{2, 3} {
		if v.at(end-n) == '=' && v.softBreak(end-n) == end {
			return end - n
		}
	}
	return end
}

// spelling is letter where no line breaks.
func (v view) spelling(i int, c byte) int {
	switch v.at(i) {
	case int(c):
		return i + 1
	case '\\':
		return v.backslash(i, c)
	case '%':
		return v.percent(i, c)
	case '=':
		if end := v.number(i+1, 16, 2, 2, c); end > i+1 {
			return end
		}
	case '&':
		return v.entity(i, c)
	}
	return i
}

// backslash reads \u0070, \u{70}, \U00000070, \x70, \x{70}, \160, \0160,
// \o{160} and \_. Text that was quoted more than once has more than one backslash.
func (v view) backslash(i int, c byte) int {
	j := i + 1
	for v.at(j) == '\\' && j < i+8 {
		j++
	}
	kind := v.at(j)
	base := 16
	var end int
	switch kind {
	case 'u':
		end = v.number(j+1, 16, 4, 4, c)
	case 'U':
		end = v.number(j+1, 16, 8, 8, c)
	case 'x', 'X':
		end = v.number(j+1, 16, 2, 2, c)
	case '_': // Markdown and TeX
		if c == '_' {
			return j + 1
		}
		return i
	case 'o':
		base, end = 8, j+1
	case '0', '1':
		if end = v.number(j, 8, 3, 4, c); end > j {
			return end
		}
		return i
	default:
		return i
	}
	if end > j+1 {
		return end
	}
	if v.at(j+1) == '{' {
		if end = v.number(j+2, base, 2, 8, c); end > j+2 && v.at(end) == '}' {
			return end + 1
		}
	}
	return i
}

// percent reads %70, %u0070 and, of text that was quoted more than once,
// %2570.
func (v view) percent(i int, c byte) int {
	j := i + 1
	for v.at(j) == '2' && v.at(j+1) == '5' && j < i+8 {
		j += 2
	}
	if end := v.number(j, 16, 2, 2, c); end > j {
		return end
	}
	if v.at(j) == 'u' {
		if end := v.number(j+1, 16, 4, 4, c); end > j+1 {
			return end
		}
	}
	return i
}

// entity reads &#112;, &#x70; and &lowbar;, also without the semicolon, which
// HTML forgives, and with zeros in front. Text that was quoted more than once
// has &amp; for &.
func (v view) entity(i int, c byte) int {
	j := i + 1
	for v.has(j, "amp;") && j < i+9 {
		j += 4
	}
	end := j
	switch {
	case v.at(j) == '#' && (v.at(j+1) == 'x' || v.at(j+1) == 'X'):
		if end = v.number(j+2, 16, 2, 8, c); end == j+2 {
			return i
		}
	case v.at(j) == '#':
		if end = v.number(j+1, 10, 2, 8, c); end == j+1 {
			return i
		}
	case c == '_' && v.has(j, "lowbar"):
		end = j + len("lowbar")
	case c == '_' && v.has(j, "UnderBar"):
		end = j + len("UnderBar")
	default:
		return i
	}
	if v.at(end) == ';' {
		end++
	}
	return end
}

func (v view) has(i int, text string) bool {
	for k := range len(text) {
		if v.at(i+k) != int(text[k]) {
			return false
		}
	}
	return true
}

// number returns the end of a number of least to most digits that begins at
// character i and is c, or i if there is none.
func (v view) number(i, base, least, most int, c byte) int {
	n := 0
	for j := i; j < i+most; j++ {
		d := digit(v.at(j))
		if d >= base {
			return i
		}
		n = n*base + d
		// c is not 0, so that longer numbers with the same value don't exist.
		if n == int(c) && j+1-i >= least {
			return j + 1
		}
		if n > int(c) {
			return i
		}
	}
	return i
}

const notDigit = 99

// digit returns the value of a hex digit, or notDigit.
func digit(c int) int {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return notDigit
}

// hexList appends the spelling of petra_ as hex bytes, of its own or of its
// UTF-16 forms, whose t stands in the window at character 0 and where at least
// two bytes are apart.
func (v view) hexList(dst []Hit) []Hit {
	for t := 0; t <= 2; t++ {
		if v.at(t) != '7' || v.at(t+1) != '4' {
			continue
		}
		for _, zero := range []bool{false, true} {
			if start, end, ok := v.hexBytes(t, zero); ok && (end-start)*v.step <= MaxLen {
				dst = append(dst, v.hit(start, end, HexList, 0))
			}
		}
	}
	return dst
}

// hexBytes reads outwards from t; if zero is true, a byte 00 stands between
// any two.
func (v view) hexBytes(t int, zero bool) (start, end int, ok bool) {
	apart := false
	end = t + 2
	for _, want := range []byte("ra_") {
		if zero {
			if end, ok = v.hexByte(end, 0, &apart); !ok {
				return 0, 0, false
			}
		}
		if end, ok = v.hexByte(end, want, &apart); !ok {
			return 0, 0, false
		}
	}
	start = t
	for _, want := range []byte("ep") {
		if zero {
			if start, ok = v.hexByteBefore(start, 0, &apart); !ok {
				return 0, 0, false
			}
		}
		if start, ok = v.hexByteBefore(start, want, &apart); !ok {
			return 0, 0, false
		}
	}
	return start, end, apart
}

// hexByte reads separators, if there are any, and a byte that is want.
func (v view) hexByte(i int, want byte, apart *bool) (end int, ok bool) {
	if v.isByte(i, want) {
		return i + 2, true
	}
	j := i
	for j < i+MaxLen && v.separates(j) {
		j++
	}
	if j == i {
		return 0, false
	}
	*apart = true
	if c := v.at(j); (c == 'x' || c == 'X') && v.at(j-1) == '\\' {
		j++
	} else if c := v.at(j + 1); (c == 'x' || c == 'X') && v.at(j) == '0' {
		j += 2
	}
	if !v.isByte(j, want) {
		j = v.nextRow(i)
	}
	return j + 2, v.isByte(j, want)
}

// hexByteBefore reads the same backwards, from character i.
func (v view) hexByteBefore(i int, want byte, apart *bool) (start int, ok bool) {
	if v.isByte(i-2, want) {
		return i - 2, true
	}
	j := i
	if c := v.at(j - 1); c == 'x' || c == 'X' {
		switch v.at(j - 2) {
		case '\\':
			j--
		case '0':
			j -= 2
		}
	}
	end := j
	for j > i-MaxLen && v.separates(j-1) {
		j--
	}
	*apart = true
	if j == end || !v.isByte(j-2, want) {
		end, j = i, v.rowBefore(i)
	}
	return j - 2, j < end && v.isByte(j-2, want)
}

// longestRow is how long a row of a hex dump is at most, and longestAddress what
// it begins with.
const (
	longestRow     = 120
	longestAddress = 16
)

// nextRow passes from the end of the bytes of a row of a hex dump to those of the
// next: over the row as text, if it is there, the line end and the address. It
// returns i if there is no such thing.
func (v view) nextRow(i int) int {
	j := i
	for v.at(j) != '\n' {
		if v.at(j) < 0 || j == i && v.at(j) != ' ' && v.at(j) != '\r' || j > i+longestRow {
			return i
		}
		j++
	}
	if row := v.address(j + 1); row > j+1 {
		return row
	}
	return i
}

// address passes over the address that a row of a hex dump begins with at i.
func (v view) address(i int) int {
	j := i
	for j < i+longestAddress && digit(v.at(j)) != notDigit {
		j++
	}
	if j < i+4 {
		return i
	}
	if v.at(j) == ':' {
		j++
	}
	if v.at(j) != ' ' {
		return i
	}
	for v.at(j) == ' ' {
		j++
	}
	return j
}

// rowBefore does what nextRow does the other way: from the first byte of a row,
// at i, to behind the last byte of the row before.
func (v view) rowBefore(i int) int {
	begins := i // of the line
	for v.at(begins-1) != '\n' {
		if begins--; begins < i-longestAddress-4 || v.at(begins) < 0 {
			return i
		}
	}
	if v.address(begins) != i {
		return i
	}
	above := begins - 1
	for v.at(above-1) != '\n' && v.at(above-1) >= 0 {
		if above--; above < begins-2*longestRow {
			return i
		}
	}
	// A byte is two digits; what is none ends them, as do two spaces in front
	// of a text that has no mark of its own.
	j := v.address(above)
	colon := v.at(above) >= 0 && j > above && v.colonBefore(j)
	end := i
	for j > above && j < begins {
		if digit(v.at(j)) == notDigit || digit(v.at(j+1)) == notDigit {
			break
		}
		j += 2
		end = j
		for n := 0; v.at(j) == ' ' && (n == 0 || !colon); n++ {
			j++
		}
	}
	return end
}

// colonBefore reports whether a colon stands in front of the spaces that end at
// character i.
func (v view) colonBefore(i int) bool {
	for v.at(i-1) == ' ' {
		i--
	}
	return v.at(i-1) == ':'
}

func (v view) isByte(i int, want byte) bool {
	hi := digit(v.at(i))
	return hi == int(want>>4) && digit(v.at(i+1)) == int(want&15)
}

// separates reports whether character i may stand between two hex bytes.
func (v view) separates(i int) bool {
	switch v.at(i) {
	case ' ', '\t', '\r', '\n', ',', ':', ';', '-', '|', '"', '\'', '\\':
		return true
	case 'n', 'r', 't':
		return v.at(i-1) == '\\'
	}
	return false
}

// numbers appends the spelling of petra_ as a list of decimal numbers, whose t
// stands in the window at character 0, behind a separator.
func (v view) numbers(dst []Hit) []Hit {
	const t = 1
	end, ok := t+3, true
	for _, want := range []byte("ra_") {
		if end, ok = v.numberAfter(end, want); !ok {
			return dst
		}
	}
	start := t
	for _, want := range []byte("ep") {
		if start, ok = v.numberBefore(start, want); !ok {
			return dst
		}
	}
	if (end-start)*v.step > MaxLen {
		return dst
	}
	return append(dst, v.hit(start, end, Numbers, 0))
}

// numberAfter reads what stands between two numbers and a number that is want.
func (v view) numberAfter(i int, want byte) (end int, ok bool) {
	if v.at(i) == 'u' && v.at(i+1) == '8' { // Rust's type of the number
		i += 2
	}
	j := i
	for ; j < i+MaxLen && !isDecimal(v.at(j)); j++ {
		if !betweenNumbers(v.at(j)) {
			return 0, false
		}
	}
	end = j
	n := 0
	for ; end < j+3 && isDecimal(v.at(end)); end++ {
		n = n*10 + v.at(end) - '0'
	}
	return end, j > i && n == int(want) && !isDecimal(v.at(end))
}

// numberBefore reads the same backwards, from character i.
func (v view) numberBefore(i int, want byte) (start int, ok bool) {
	j := i
	for ; j > i-MaxLen && !isDecimal(v.at(j-1)); j-- {
		if !betweenNumbers(v.at(j - 1)) {
			return 0, false
		}
	}
	if v.at(j-1) == '8' && v.at(j-2) == 'u' {
		j -= 2
	}
	n := 0
	scale := 1
	for start = j; start > j-3 && isDecimal(v.at(start-1)); start-- {
		n += (v.at(start-1) - '0') * scale
		scale *= 10
	}
	return start, j < i && n == int(want) && !isDecimal(v.at(start-1))
}

func isDecimal(c int) bool { return '0' <= c && c <= '9' }

// betweenNumbers reports whether c may stand between two numbers of a list:
// white space, marks that separate, and the names of types and functions.
func betweenNumbers(c int) bool {
	switch {
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return true
	}
	switch c {
	case ' ', '\t', '\r', '\n', ',', ';', ':', '|', '(', ')', '[', ']', '{', '}', '+', '&', '\\', '"', '\'':
		return true
	}
	return false
}
