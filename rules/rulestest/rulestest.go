// Package rulestest makes keys for tests. No raw key stands in a file of this
// project: fixtures are templates, and a test expands them.
package rulestest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"

	"github.com/petrascan/petrascan/scanner/finding"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Key returns a made-up key with a body of 40 random letters and digits, the
// same for the same seed.
func Key(seed string) string { return KeyN(seed, 40) }

// KeyN returns a made-up key with a body of n random letters and digits.
func KeyN(seed string, n int) string { return finding.Prefix + Body(seed, alphabet, n) }

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

var template = regexp.MustCompile(`\{\{key:([^:{}]+)(?::(\d+))?\}\}`)

// Expand replaces every {{key:SEED}} in text by Key(SEED), and every
// {{key:SEED:N}} by KeyN(SEED, N).
func Expand(text string) string {
	return template.ReplaceAllStringFunc(text, func(m string) string {
		sub := template.FindStringSubmatch(m)
		if sub[2] == "" {
			return Key(sub[1])
		}
		n, err := strconv.Atoi(sub[2])
		if err != nil {
			panic(fmt.Sprintf("rulestest: bad template %q: %v", m, err))
		}
		return KeyN(sub[1], n)
	})
}
