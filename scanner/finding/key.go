package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// Prefix is what every Petra API key begins with.
const Prefix = "petra_"

// A Key is the text of one API key. The text can be had from [Key.Reveal]
// alone: under every fmt verb, in JSON, text and slog a Key shows its masked
// form, and where reflection cannot call its methods (an unexported field of
// another package's struct) it shows a function's address.
//
// The zero Key holds the empty text.
type Key struct {
	// A closure, since a string or a byte slice would be printed by fmt
	// whenever the Key sits in a field that fmt may not call methods on.
	text func() string
}

// NewKey returns the key with the given text, prefix included.
func NewKey(text string) Key {
	return Key{text: func() string { return text }}
}

// Reveal returns the raw text of the key. The caller must not let it reach a
// report, log, error or file, but for the verification request and --show-keys.
func (k Key) Reveal() string {
	if k.text == nil {
		return ""
	}
	return k.text()
}

// An ID is a key id: the lower-case hex SHA-256 of the key's text.
type ID string

// ID returns the key's id.
func (k Key) ID() ID {
	sum := sha256.Sum256([]byte(k.Reveal()))
	return ID(hex.EncodeToString(sum[:]))
}

// Masked returns the key with the middle of its body replaced by an ellipsis.
// The characters shown of the body are its first and last ones, together at
// most four and never more than a quarter of it.
func (k Key) Masked() string {
	text := k.Reveal()
	if len(text) < len(Prefix) {
		return "…"
	}
	prefix, body := text[:len(Prefix)], text[len(Prefix):]
	shown := min(4, len(body)/4)
	last := shown / 2
	return prefix + body[:shown-last] + "…" + body[len(body)-last:]
}

// String returns the masked key.
func (k Key) String() string { return k.Masked() }

// Format writes the masked key whatever the verb.
func (k Key) Format(s fmt.State, verb rune) { fmt.Fprint(s, k.Masked()) }

// MarshalText returns the masked key; encoding/json uses it too.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.Masked()), nil }

// LogValue returns the masked key.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.Masked()) }
