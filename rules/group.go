package rules

// Keys may be written in groups, as UUIDs are and licence keys, and may begin
// with what they are for: live_, sk_test_, v2-.

// uuid holds how long the groups of a UUID are (RFC 9562, section 4).
var uuid = [...]int{8, 4, 4, 4, 12}

const (
	leastGroups  = 4
	leastGroup   = 4          // characters
	leastGrouped = manyRandom // characters in all groups: pbe0_def2_tzvp_d3bj is a name
	betweenCost  = 2 * bit
)

// groupMarks sets mark[i] where body[i] separates groups of equal length, or
// those of a UUID, and reports whether it set any. A digit must stand among them:
// four words of five letters are a name.
func groupMarks(mark []bool, body []byte) bool {
	var ends [maxBody + 1]int // of the parts between separators
	n := 0
	for i, b := range body {
		if classOf[b] == sep {
			ends[n] = i
			n++
		}
	}
	if n+1 < leastGroups {
		return false
	}
	ends[n] = len(body)
	n++
	begin := func(part int) int {
		if part == 0 {
			return 0
		}
		return ends[part-1] + 1
	}
	length := func(part int) int { return ends[part] - begin(part) }
	alike := func(first, part int) bool { return part == first || body[ends[part-1]] == body[ends[first]] }
	found := false
	for first := 0; first+leastGroups <= n; {
		groups := 1
		for first+groups < n && alike(first, first+groups) && length(first+groups) == length(first) {
			groups++
		}
		isUUID := first+len(uuid) <= n
		for i := 0; isUUID && i < len(uuid); i++ {
			isUUID = alike(first, first+i) && length(first+i) == uuid[i]
		}
		switch {
		case isUUID:
			groups = len(uuid)
		case groups < leastGroups || length(first) < leastGroup || groups*length(first) < leastGrouped || !hasDigit(body[begin(first):ends[first+groups-1]]):
			first++
			continue
		}
		for part := first; part < first+groups-1; part++ {
			mark[ends[part]] = true
		}
		found = true
		first += groups
	}
	return found
}

// hasDigit reports whether body holds a digit.
func hasDigit(body []byte) bool {
	for _, b := range body {
		if classOf[b] == digit {
			return true
		}
	}
	return false
}

// farthestPurpose is the most characters that say what a key is for.
const farthestPurpose = 16

// purpose returns how long the beginning of body is that may say what the key
// is for: one or two short words in small letters, each before a separator.
func purpose(body []byte) int {
	end, parts, letters := 0, 0, 0
	for i, b := range body[:min(len(body), farthestPurpose)] {
		switch class := classOf[b]; {
		case class == lower && i > 0 && classOf[body[i-1]] == digit:
			return end // no word
		case class == lower:
			letters++
		case class == digit && letters > 0:
		case class == sep && letters > 1 && parts < 2:
			end, parts, letters = i+1, parts+1, 0
		default:
			return end
		}
	}
	return end
}
