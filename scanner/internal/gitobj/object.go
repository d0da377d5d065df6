package gitobj

import (
	"encoding/hex"
	"fmt"
)

// Format is the hash function of a repository's object ids.
type Format uint8

// The object formats.
const (
	SHA1 Format = iota
	SHA256
)

// Size returns the length of the format's ids in bytes.
func (f Format) Size() int {
	if f == SHA256 {
		return 32
	}
	return 20
}

// An ID is an object id of either format. It is comparable; the zero ID names
// nothing.
type ID struct {
	hash [32]byte
	size uint8
}

// MakeID returns the id whose raw bytes are b: 20 or 32 of them.
func MakeID(b []byte) ID {
	var id ID
	id.size = uint8(copy(id.hash[:], b))
	return id
}

// ParseID reads a whole id in hex.
func ParseID(s string) (ID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 20 && len(b) != 32 {
		return ID{}, fmt.Errorf("not an object id: %q", s)
	}
	return MakeID(b), nil
}

// Bytes returns the raw id: 0 (for the zero ID), 20 or 32 bytes.
func (id *ID) Bytes() []byte { return id.hash[:id.size] }

// IsZero tells whether id names nothing, that is, is the zero ID or all zero bytes.
func (id ID) IsZero() bool { return id.hash == [32]byte{} }

// String returns the id in hex.
func (id ID) String() string { return hex.EncodeToString(id.hash[:id.size]) }

// Type is the type of an object.
type Type uint8

// The object types, with the numbers that pack entries give them.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4
)

var typeNames = [...]string{1: "commit", 2: "tree", 3: "blob", 4: "tag"}

// String returns the type's name as Git writes it.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}
