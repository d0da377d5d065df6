// Package template makes up keys and expands the templates in which examples
// and fixtures are written, so that no raw key stands in a file.
package template

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// alphabets holds the characters of every alphabet a template can name.
var alphabets = map[string]string{
	"digits":    base62[:10],
	"hex":       "0123456789abcdef",
	"HEX":       "0123456789ABCDEF",
	"upper":     base62[10:36],
	"lower":     base62[36:],
	"letters":   base62[10:],
	"base32":    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	"base36":    "0123456789abcdefghijklmnopqrstuvwxyz",
	"base58":    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
	"base62":    base62,
	"base64url": base62 + "-_",
}

// Alphabets returns the names of the alphabets, sorted.
func Alphabets() []string { return slices.Sorted(maps.Keys(alphabets)) }

// Alphabet returns the characters of the named alphabet, none if there is no
// such alphabet.
func Alphabet(name string) string { return alphabets[name] }

// Body returns n random characters of the alphabet, the same for the same
// arguments.
func Body(seed, alphabet string, n int) string {
	body := make([]byte, n)
	for i := range body {
		sum := sha256.Sum256([]byte(seed + "\x00" + strconv.Itoa(i)))
		body[i] = alphabet[binary.LittleEndian.Uint64(sum[:])%uint64(len(alphabet))]
	}
	return string(body)
}

// Key returns a made-up key with a body of n random letters and digits, the
// same for the same arguments.
func Key(seed string, n int) string { return finding.Prefix + Body(seed, base62, n) }

var mark = regexp.MustCompile(`\{\{(key|body|uuid):([^:{}]+)(?::(\d+)(?:-(\d+))?(?::([A-Za-z0-9]+))?)?\}\}`)

// Expand replaces the templates in text:
//
//	{{key:SEED}}             a key with 40 random letters and digits
//	{{key:SEED:N}}           a key with N of them
//	{{key:SEED:N:ALPHABET}}  a key with N characters of the alphabet
//	{{body:SEED:N:ALPHABET}} the same without prefix; :N and :ALPHABET may be left out
//	{{uuid:SEED}}            a random UUID in small letters, without prefix
//
// N may be a range FROM-TO of the characters of a longer body, so that the
// pieces {{key:s:0-20}} and {{body:s:20-40}} make up one key. The second result
// names the first template that is wrong.
func Expand(text string) (string, error) {
	var failed error
	out := mark.ReplaceAllStringFunc(text, func(m string) string {
		part := mark.FindStringSubmatch(m)
		kind, seed, alphabet := part[1], part[2], base62
		from, to := 0, 40
		if part[3] != "" {
			to, _ = strconv.Atoi(part[3])
		}
		if part[4] != "" {
			from = to
			to, _ = strconv.Atoi(part[4])
		}
		if part[5] != "" {
			alphabet = alphabets[part[5]]
		}
		if alphabet == "" || to > 4096 || from > to {
			if failed == nil {
				failed = fmt.Errorf("bad template %q (alphabets: %s)", m, strings.Join(Alphabets(), ", "))
			}
			return m
		}
		switch kind {
		case "uuid":
			hex := Body(seed, alphabets["hex"], 32)
			return hex[:8] + "-" + hex[8:12] + "-4" + hex[13:16] + "-a" + hex[17:20] + "-" + hex[20:]
		case "key":
			return finding.Prefix + Body(seed, alphabet, to)[from:]
		}
		return Body(seed, alphabet, to)[from:]
	})
	return out, failed
}
