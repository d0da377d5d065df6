// Package rulestest makes keys for tests. No raw key stands in a file of this
// project: fixtures are templates, and a test expands them.
package rulestest

import (
	"github.com/petrascan/petrascan/rules/internal/template"
)

// Key returns a made-up key with a body of 40 random letters and digits, the
// same for the same seed.
func Key(seed string) string { return KeyN(seed, 40) }

// KeyN returns a made-up key with a body of n random letters and digits.
func KeyN(seed string, n int) string { return template.Key(seed, n) }

// Body returns n random characters of the alphabet, the same for the same
// arguments.
func Body(seed, alphabet string, n int) string { return template.Body(seed, alphabet, n) }

// Alphabet returns the characters of a named alphabet: digits, hex, HEX, lower,
// upper, letters, base32, base36, base58, base62 or base64url.
func Alphabet(name string) string { return template.Alphabet(name) }

// Expand replaces the templates in text:
//
//	{{key:SEED}}             a key with 40 random letters and digits
//	{{key:SEED:N}}           a key with N of them
//	{{key:SEED:N:ALPHABET}}  a key with N characters of the alphabet
//	{{body:SEED:N:ALPHABET}} the same without prefix; :N and :ALPHABET may be left out
//	{{uuid:SEED}}            a random UUID in small letters, without prefix
//
// N may be a range FROM-TO, so that {{key:s:0-20}} and {{body:s:20-40}} are the
// pieces of {{key:s:40}}. Expand panics if a template is wrong.
func Expand(text string) string {
	out, err := template.Expand(text)
	if err != nil {
		panic("rulestest: " + err.Error())
	}
	return out
}
