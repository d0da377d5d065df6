package literal

// A Kind says what a literal shows: how the key behind it is encoded,
// outermost encoding first.
type Kind uint8

// The kinds of literal.
const (
	Plain      Kind = iota // petra_ itself
	UTF16LE                // petra_ in UTF-16, low byte first
	UTF16BE                // petra_ in UTF-16, high byte first
	Base64                 // a base64 or base64url form of any other kind's bytes
	Hex                    // a run of hex digits, bare
	HexList                // hex bytes with separators: spaces, 0x.., \x..
	Escape                 // petra_ with one or more characters escaped: \u, \x, octal, %, &#..;, =XX
	Compressed             // the base64 of the head of compressed data
)

// A Hit is one match of a literal.
type Hit struct {
	Pos  int  // offset of the literal's first byte
	Len  int  // its length in bytes
	Kind Kind // what it shows
}
