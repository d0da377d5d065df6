package rules

import (
	"math/bits"
	"strconv"
)

// Made-up keys in documentation are typed, not drawn: abc123, 1234567890,
// qwerty, a1b2c3d4, xxxx, deadbeefdeadbeef. What follows a pattern costs little.

const (
	follows   = bit         // the pattern goes on
	resumes   = 2 * bit     // the pattern goes on after a repetition
	begins    = 9 * bit / 2 // a pattern may have begun here
	breaks    = 8 * bit     // nothing foretold this character
	separates = 4 * bit     // _ or -
	turns     = 2 * bit     // from small letters to capitals or back
	leastRun  = 4           // characters in a row that make a repetition
)

// neighbours holds, for every letter and digit, the one to its right on the
// keyboard's rows; 0 without one.
var neighbours = func() (t [256]byte) {
	for _, row := range []string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"} {
		for i := range len(row) - 1 {
			t[row[i]] = row[i+1]
		}
	}
	return t
}()

// fold maps capital letters to small ones and leaves the rest.
func fold(b byte) byte {
	if classOf[b] == upper {
		return b | 0x20
	}
	return b
}

// A step is how one character follows from another of its class.
type step uint8

const (
	noStep step = iota
	same
	up
	down
	right
	left
)

// stepBetween says how b follows from a, both folded and of one class.
func stepBetween(a, b byte) step {
	switch {
	case a == b:
		return same
	case b == a+1, a == '9' && b == '0', a == 'z' && b == 'a', a == 'f' && b == 'a':
		return up
	case a == b+1, a == '0' && b == '9', a == 'a' && b == 'z', a == 'a' && b == 'f':
		return down
	case neighbours[a] == b:
		return right
	case neighbours[b] == a:
		return left
	}
	return noStep
}

// patternCosts sets cost[i] to what body[i] costs as a part of a pattern.
// Letters and digits run on separately, as they do in a1b2c3 and abc123def456.
func patternCosts(cost []int32, body []byte) {
	type run struct {
		last    byte // folded; 0 at the start
		class   uint8
		step    step
		move    step // the last one to another character
		doubled bool // a character was repeated
	}
	var letters, digits run
	before := uint8(sep)
	for i, b := range body {
		class := classOf[b]
		r := &letters
		switch class {
		case sep:
			cost[i] = separates
			before = sep
			continue
		case digit:
			r = &digits
		}
		b = fold(b)
		s := noStep
		turn := int32(0)
		if r.last != 0 && r.class != class && class != digit {
			turn = turns
		}
		if r.last != 0 {
			s = stepBetween(r.last, b)
		}
		switch {
		case s == noStep:
			cost[i] = breaks
		case s == r.step:
			cost[i] = follows
		case s == same && r.doubled, s == r.move: // 112233
			cost[i] = resumes
		default:
			cost[i] = begins
		}
		cost[i] += turn
		if class == digit != (before == digit) {
			cost[i] += bit
		}
		r.last, r.class, r.step = b, class, s
		if s == same {
			r.doubled = true
		} else {
			r.move = s
		}
		before = class
	}
	repetition(cost, body)
	datesAndHashes(cost, body)
}

// repetition makes cheap what stood in body before: leastRun characters or more.
func repetition(cost []int32, body []byte) {
	var seen [256]uint16 // where four characters ended last, by hash
	run := 0             // how long body[:i] has been a copy
	from := 0            // of what ends here
	for i := leastRun - 1; i < len(body); i++ {
		if run > 0 && fold(body[i]) == fold(body[from]) {
			cost[i] = min(cost[i], follows)
			run++
			from++
		} else {
			run = 0
		}
		var h uint32
		for _, b := range body[i-leastRun+1 : i+1] {
			h = h*31 + uint32(fold(b))
		}
		slot := &seen[h*2654435761>>24]
		if j := int(*slot); run == 0 && j > 0 && sameRun(body[i-leastRun+1:i+1], body[j-leastRun+1:j+1]) {
			run, from = leastRun, j+1
			cost[i-leastRun+1] = min(cost[i-leastRun+1], begins)
			for k := i - leastRun + 2; k <= i; k++ {
				cost[k] = min(cost[k], follows)
			}
		}
		*slot = uint16(i)
	}
}

// sameRun reports whether two runs of characters are equal but for case.
func sameRun(a, b []byte) bool {
	for i := range a {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

// datesAndHashes makes cheap the long numbers that names hold: calendar dates,
// clock times, the time since 1970, the limits of integers; and the hash with
// which Rust ends a mangled name.
func datesAndHashes(cost []int32, body []byte) {
	for i := 0; i < len(body); i++ {
		if classOf[body[i]] != digit {
			continue
		}
		j := i
		for j < len(body) && classOf[body[j]] == digit {
			j++
		}
		time := isTime(body[i:j])
		if time && j-i == len("20060102") {
			j += clockLen(body[j:])
		}
		whole := (i == 0 || classOf[body[i-1]] == sep) && (j == len(body) || classOf[body[j]] == sep)
		if whole && time || isPower(body[i:j]) {
			for ; i < j; i++ {
				cost[i] = follows
			}
		}
		i = j
	}
	if n := len(body); n >= 20 && string(body[n-20:n-17]) == "17h" && body[n-1] == 'E' {
		for _, b := range body[n-17 : n-1] {
			if classOf[b] == upper || classOf[b] == sep || b > 'f' {
				return
			}
		}
		for i := n - 20; i < n; i++ {
			cost[i] = follows
		}
	}
}

// isPower reports whether digits are a number that programs know: one that lies
// within three of a power of two, or of the difference of two.
func isPower(digits []byte) bool {
	if len(digits) < 9 || len(digits) > 20 {
		return false
	}
	v, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return false
	}
	for d := range uint64(4) {
		for _, w := range [2]uint64{v + d, v - d} {
			// The set bits of such a number are one run.
			if ones := w >> bits.TrailingZeros64(w); ones&(ones+1) == 0 {
				return true
			}
		}
	}
	return false
}

// clockLen returns the length of the time of day at the start of b, in the basic
// format of ISO 8601: T1504, T150405 or T150405Z; 0 without one.
func clockLen(b []byte) int {
	if len(b) == 0 || b[0] != 'T' {
		return 0
	}
	n := 1
	for n < len(b) && classOf[b[n]] == digit {
		n++
	}
	if n != len("T1504") && n != len("T150405") {
		return 0
	}
	if n < len(b) && b[n] == 'Z' {
		n++
	}
	return n
}

// isTime reports whether digits are a date with or without time of day, or a
// Unix time in seconds, milliseconds, microseconds or nanoseconds.
func isTime(digits []byte) bool {
	switch len(digits) {
	case 10, 13, 16, 19:
		return digits[0] == '1' && digits[1] >= '5'
	case 8, 12, 14, 17:
		century, month, day := digits[:2], digits[4:6], digits[6:8]
		return (string(century) == "19" || string(century) == "20") &&
			string(month) >= "01" && string(month) <= "12" && string(day) >= "01" && string(day) <= "31"
	}
	return false
}
