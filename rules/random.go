package rules

// What is random is found by the shortest description: every character is
// described as a part of names and words, as a part of a pattern, or as drawn
// evenly from one of several alphabets; to change the manner costs, too. The
// characters that the cheapest description calls drawn are the random ones.
//
// A string that was drawn from one of the alphabets costs its length there, and
// what it would cost as words is, but for rounding, the negative logarithm of a
// probability; so the chance that words undercut it by n bits is at most 1 in
// 2 to the n (Markov's inequality).
//
// Measured, all in one run, on random keys without a telling name before them. Of a
// million with 24 characters these many were called less than medium: 0 of digits,
// hex, and hex after test_; 2 to 8 of letters, or letters and digits, in one case
// or two; 28 of base64url, whose - and _ can cut it into words; 392 of groups of
// five capitals and digits. UUIDs, with - or _, alone or after live_: none. Of
// 500,000 with 32 characters: 23 of such groups, else none. With 16 characters 1
// in 20,000 of hex, 2 in 1000 of small letters, 4 in 1000 to 3 in 100 of the
// others, 5 in 100 of digits, which may be a time; with 12, up to 21 in 100. Hex in
// groups of four is an identifier as likely: 7 in 10 with 16 digits, none of a
// million with 24. After Bearer or a telling name 8 random characters are enough:
// there, with 10, up to 2 in 100 are missed, and 5 in 100 of digits; with 8, up to
// 6 in 100. Of 179,945 names and words in Go's source tree, once petra_ is put
// before them, 99 are taken for keys; all but a handful are hashes and encoded
// data.

// The ways to describe a character.
const (
	words = iota
	pattern
	drawn // from the first alphabet; the others follow
)

// An alphabet is a set of characters and what each costs when drawn evenly.
type alphabet struct {
	class [4]int32 // cost by class
	last  byte     // the last letter, folded
}

const (
	barred      = 1 << 29  // for a way that is not open
	never       = 1 << 20  // more than any body costs
	grouped     = 16 * bit // a separator in an alphabet that has none, as in a UUID
	underscored = 12 * bit // how much more it costs if it is _, which groups the words of names
)

var alphabets = [...]alphabet{
	{[4]int32{grouped, 27, never, never}, 'z'}, // digits
	{[4]int32{grouped, 32, 32, never}, 'f'},    // hex
	{[4]int32{grouped, 32, never, 32}, 'f'},    // hex in capitals
	{[4]int32{grouped, never, 38, never}, 'z'}, // small letters
	{[4]int32{grouped, never, never, 38}, 'z'}, // capitals
	{[4]int32{grouped, 41, 41, never}, 'z'},    // small letters and digits
	{[4]int32{grouped, 41, never, 41}, 'z'},    // capitals and digits
	{[4]int32{grouped, never, 46, 46}, 'z'},    // letters
	{[4]int32{48, 48, 48, 48}, 'z'},            // base64url
}

const (
	base64url = drawn + len(alphabets) - 1
	ways      = drawn + len(alphabets)
)

// What it costs to begin other than with words, and to change the manner of
// description in the midst of letters and digits, or beside a separator.
const (
	toBegin = 12 * bit
	midst   = 32 * bit
	apart   = 20 * bit
)

// maxBody is the length of the longest body.
const maxBody = 256

// A sketch is the cheapest description of a body.
type sketch struct {
	n        int
	way      [maxBody]uint8
	evidence int32 // how much dearer the body is as names and words throughout
	cost     int32 // of the description
}

// draw finds the cheapest description of body, at most maxBody long. It may
// begin with drawn characters at the cost of begin.
func (s *sketch) draw(body []byte, begin int32) {
	var word, patt [maxBody]int32
	n := len(body)
	wordCosts(word[:n], body)
	patternCosts(patt[:n], body)
	if wordsThroughout(word[:n], patt[:n], begin, body) {
		s.n, s.evidence, s.cost = n, 0, 0
		for i := range n {
			s.cost += min(word[i], patt[i])
		}
		clear(s.way[:n])
		return
	}
	s.search(body, word[:n], patt[:n], begin)
}

// changeCost is what it costs to change the manner of description before
// body[i]; purpose is the length of what may say what the key is for.
func changeCost(body []byte, i, purpose int, begin int32) int32 {
	switch {
	case i == 0:
		return never
	case classOf[body[i-1]] == sep && i <= purpose:
		return min(apart, begin)
	case classOf[body[i]] == sep || classOf[body[i-1]] == sep:
		return apart
	}
	return midst
}

// search is draw without its short cut (Viterbi's algorithm).
func (s *sketch) search(body []byte, word, patt []int32, begin int32) {
	n := len(body)
	// total is what the body costs up to here if it ends in each way, plain what
	// it costs as names and words throughout.
	var total [ways]int32
	for w := pattern; w < ways; w++ {
		total[w] = begin
	}
	if !mixedCase(body) {
		total[base64url] = barred // 64 characters, and it did without capitals?
	}
	plain := int32(0)
	var from [maxBody][ways]uint8
	var between [maxBody]bool
	groupMarks(between[:n], body)
	purpose := purpose(body)
	for i, b := range body {
		class, folded := classOf[b], fold(b)
		best := least(total[:])
		limit := total[best] + changeCost(body, i, purpose, begin)
		for w := range total {
			from[i][w] = uint8(w)
			if total[w] > limit && total[w] < barred {
				total[w] = limit
				from[i][w] = uint8(best)
			}
			switch {
			case w == words:
				total[w] += word[i]
			case w == pattern:
				total[w] += patt[i]
			case between[i]:
				total[w] += betweenCost
			case class >= lower && folded > alphabets[w-drawn].last:
				total[w] += never
			default:
				total[w] += alphabets[w-drawn].class[class]
				if b == '_' && w != base64url {
					total[w] += underscored
				}
			}
		}
		plain += word[i]
	}
	s.n = n
	best := least(total[:])
	s.evidence, s.cost = plain-total[best], total[best]
	for i := n - 1; i >= 0; i-- {
		s.way[i] = uint8(best)
		best = int(from[i][best])
	}
}

// wordsThroughout reports whether no stretch of body can be so much cheaper in
// another way that it pays for the change. It spares names the whole search,
// and never says so of a body that has anything drawn.
func wordsThroughout(word, patt []int32, begin int32, body []byte) bool {
	var between [maxBody]bool
	if groupMarks(between[:len(body)], body) {
		return false
	}
	purpose := purpose(body)
	var gain, prefixGain int32
	for i, b := range body {
		if i > 0 && i <= purpose && classOf[body[i-1]] == sep {
			prefixGain = max(0, prefixGain) // it may begin here at the same cost
		}
		cheapest := min(patt[i], leastDrawn[b])
		prefixGain += word[i] - cheapest
		gain = max(0, gain) + word[i] - cheapest
		if prefixGain > begin || gain > apart && i > 0 {
			return false
		}
	}
	return true
}

// leastDrawn holds what each character costs in the cheapest alphabet.
var leastDrawn = func() (t [256]int32) {
	for c := range t {
		t[c] = never
		for _, a := range alphabets {
			if classOf[c] < lower || fold(byte(c)) <= a.last {
				t[c] = min(t[c], a.class[classOf[c]])
			}
		}
	}
	return t
}()

// mixedCase reports whether body has small letters and capitals.
func mixedCase(body []byte) bool {
	var seen [4]bool
	for _, b := range body {
		seen[classOf[b]] = true
	}
	return seen[lower] && seen[upper]
}

func least(costs []int32) int {
	best := 0
	for i, c := range costs {
		if c < costs[best] {
			best = i
		}
	}
	return best
}

// random counts the characters of the body from i up to j that were drawn.
func (s *sketch) random(i, j int) int {
	n := 0
	for _, w := range s.way[i:j] {
		if w >= drawn {
			n++
		}
	}
	return n
}

// capitals reports whether all letters that were drawn are capitals, and counts
// the digits that were.
func (s *sketch) capitals(body []byte) (only bool, digits int) {
	only = true
	for i, w := range s.way[:s.n] {
		if w < drawn {
			continue
		}
		switch classOf[body[i]] {
		case lower:
			only = false
		case digit:
			digits++
		}
	}
	return only, digits
}
