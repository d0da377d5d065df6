package rules

//go:generate go run words_gen.go

// Names and words are told from random text by what they cost to describe. The
// model has two parts, both of third order and both trained by words_gen.go:
// the shape (is the next character a separator, a digit, a small or a capital
// letter?) and the spelling (which letter follows two others; the edge of a
// word stands for what is no letter). Costs are in eighths of a bit.

const bit = 8

// The classes of characters. Whatever is neither letter nor digit separates.
const (
	sep = iota
	digit
	lower
	upper
)

const edge = 26 // of a word, among the letters 0 to 25

// classOf holds the class of every byte.
var classOf = func() (t [256]uint8) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z':
			t[c] = lower
		case 'A' <= c && c <= 'Z':
			t[c] = upper
		case '0' <= c && c <= '9':
			t[c] = digit
		}
	}
	return t
}()

// letterCost is the cost of letter x after q, and p before that.
func letterCost(p, q, x uint8) int32 {
	return int32(letterCosts[(int(p)*27+int(q))*26+int(x)])
}

// seenFour tells whether letter x was seen after three others, q the latest.
func seenFour(o, p, q, x uint8) bool {
	i := ((int(o)*27+int(p))*27+int(q))*26 + int(x)
	return seenFours[i/8]>>(i%8)&1 != 0
}

const unseen = 5 * bit // what a letter costs more that no name or word has after these three

// shapeCost is the cost of a character's class after three others, latest last.
func shapeCost(k [3]uint8, class uint8) int32 {
	return int32(classCosts[(int(k[0])*16+int(k[1])*4+int(k[2]))*4+int(class)])
}

const (
	digitCost     = 27      // log2(10)
	longDigitCost = 3 * bit // what a fourth digit in a row and any later one costs more
	scrapCost     = 5 * bit // a number, or one or two letters between other characters
	fewScraps     = 3
	forgiven      = 2   // scraps at each separator
	sepCost       = bit // _ or -
)

// wordCosts sets cost[i] to what body[i] costs as a part of names and words.
//
// Names have few scraps between other letters and digits, sha256rsa4096 has
// two; whatever has more pays for each.
func wordCosts(cost []int32, body []byte) {
	k := [3]uint8{sep, sep, sep}
	o, p, q := uint8(edge), uint8(edge), uint8(edge)
	digits, letters, scraps := 0, 0, 0
	for i, b := range body {
		class := classOf[b]
		c := shapeCost(k, class)
		begun := false // a word or a number, right after another
		switch class {
		case lower, upper:
			// LoaderFactory, HTTPServer: a capital begins a word after a small
			// letter, and before one.
			if class == upper && (k[2] == lower || k[2] == upper && i+1 < len(body) && classOf[body[i+1]] == lower) {
				o, p, q = edge, edge, edge
				begun = k[2] == lower
			}
			x := b&^0x20 - 'A'
			c += letterCost(p, q, x)
			if !seenFour(o, p, q, x) {
				c += unseen
			}
			o, p, q = p, q, x
			begun = begun || k[2] == digit
		case digit:
			c += digitCost
			if digits++; digits > 3 {
				c += longDigitCost
			}
			o, p, q = edge, edge, edge
			begun = k[2] >= lower
		default:
			c += sepCost
			o, p, q = edge, edge, edge
			digits, letters = 0, 0
			scraps = max(0, scraps-forgiven)
		}
		if begun {
			if letters <= 2 {
				if scraps++; scraps > fewScraps {
					c += scrapCost
				}
			}
			letters, digits = 0, 0
			if class == digit {
				digits = 1
			}
		}
		if class >= lower {
			letters++
		}
		cost[i] = c
		k[0], k[1], k[2] = k[1], k[2], class
	}
}
