package gitobj

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
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

// newHash returns the format's hash function.
func (f Format) newHash() hash.Hash {
	if f == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// NewHash returns a hash that has taken in the header of an object; written its
// size bytes of content, its sum is the object's id.
func (f Format) NewHash(t Type, size int64) hash.Hash {
	h := f.newHash()
	header := append([]byte(t.String()), ' ')
	header = strconv.AppendInt(header, size, 10)
	h.Write(append(header, 0))
	return h
}

// Sum returns the id of the object of type t with content data.
func (f Format) Sum(t Type, data []byte) ID {
	h := f.NewHash(t, int64(len(data)))
	h.Write(data)
	return MakeID(h.Sum(nil))
}

// Verify returns an error unless id is the id of the object of type t with
// content data. The format is that of the id.
func Verify(id ID, t Type, data []byte) error {
	f := SHA1
	if id.size == 32 {
		f = SHA256
	}
	if got := f.Sum(t, data); got != id {
		return fmt.Errorf("object %s is damaged: its content has the id %s", id, got)
	}
	return nil
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
	id, ok := DecodeID([]byte(s))
	if !ok {
		return ID{}, fmt.Errorf("not an object id: %q", s)
	}
	return id, nil
}

// DecodeID is [ParseID] for bytes; it is false where they are no id. It does not
// allocate: every commit holds two.
func DecodeID(b []byte) (id ID, ok bool) {
	if len(b) != 40 && len(b) != 64 {
		return ID{}, false
	}
	n, err := hex.Decode(id.hash[:], b)
	if err != nil {
		return ID{}, false
	}
	id.size = uint8(n)
	return id, true
}

// Bytes returns the raw id: 0 (for the zero ID), 20 or 32 bytes.
func (id *ID) Bytes() []byte { return id.hash[:id.size] }

// IsZero tells whether id names nothing, that is, is the zero ID or all zero bytes.
func (id ID) IsZero() bool { return id.hash == [32]byte{} }

// String returns the id in hex.
func (id ID) String() string { return hex.EncodeToString(id.hash[:id.size]) }

// Compare orders ids by their bytes, as Git's indexes do.
func (id ID) Compare(other ID) int { return bytes.Compare(id.Bytes(), other.Bytes()) }

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

// A TypeSet is a set of object types.
type TypeSet uint8

// AllTypes holds commits, trees, blobs and tags.
const AllTypes TypeSet = 1<<Commit | 1<<Tree | 1<<Blob | 1<<Tag

// Types returns the set of the types given.
func Types(types ...Type) TypeSet {
	var s TypeSet
	for _, t := range types {
		s |= 1 << t
	}
	return s
}

// Has tells whether t is in the set.
func (s TypeSet) Has(t Type) bool { return s>>t&1 != 0 }

// parseType reads a type's name.
func parseType(name []byte) (Type, bool) {
	for t := Commit; t <= Tag; t++ {
		if string(name) == typeNames[t] {
			return t, true
		}
	}
	return 0, false
}
