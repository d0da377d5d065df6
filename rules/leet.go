package rules

// Made-up passwords write words with digits for letters: s3cr3t, p4ssw0rd, c0ffee.

// leet holds the letter that a digit stands for; 0 for none.
var leet = [256]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't'}

const (
	toSpell   = 24 * bit // how much cheaper the words must be
	spellCost = 3 * bit  // for each digit that is a letter
)

// spelt reports whether a body with drawn characters, described by s, is better
// described as words some of whose letters are digits.
func (s *sketch) spelt(body []byte) bool {
	var buf [maxBody]byte
	letters := append(buf[:0], body...)
	changed := 0
	for i, b := range body {
		if leet[b] == 0 || i == 0 || classOf[body[i-1]] < lower && leet[body[i-1]] == 0 {
			continue
		}
		next := uint8(sep)
		if i+1 < len(body) {
			next = classOf[body[i+1]]
		}
		ends := next == sep && i > 1 && classOf[body[i-1]] >= lower && classOf[body[i-2]] != sep
		if next >= lower || ends || next == digit && leet[body[i+1]] != 0 && i+2 < len(body) && classOf[body[i+2]] >= lower {
			letters[i] = leet[b]
			changed++
		}
	}
	if changed == 0 {
		return false
	}
	var spelt sketch
	spelt.draw(letters, toBegin)
	return spelt.random(0, len(letters)) == 0 && spelt.cost+int32(changed)*spellCost+toSpell < s.cost
}
