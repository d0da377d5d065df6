package inflate

import (
	"errors"
	"fmt"
)

// The errors that say which of the two sizes was wrong, or that a zlib wrapper
// can't be read. Data that makes no sense is a [*CorruptError].
var (
	// ErrTruncated: the input ends before the stream does.
	ErrTruncated = errors.New("inflate: the input ends before the compressed stream does")
	// ErrTooLong: the stream expands to more than the size it was said to have.
	ErrTooLong = errors.New("inflate: the stream expands to more than the stated size")
	// ErrTooShort: the stream ends before it has the size it was said to have.
	ErrTooShort = errors.New("inflate: the stream expands to less than the stated size")
	// ErrHeader: the first two bytes are no zlib header.
	ErrHeader = errors.New("inflate: not a zlib stream")
	// ErrDictionary: the stream needs a preset dictionary, which Git never uses.
	ErrDictionary = errors.New("inflate: the zlib stream asks for a preset dictionary")
	// ErrChecksum: the expanded data has another Adler-32 than the stream states.
	ErrChecksum = errors.New("inflate: the Adler-32 checksum of the zlib stream does not match")
)

// A CorruptError reports data that no compressor makes.
type CorruptError struct {
	// Offset is the number of input bytes that had been taken, wholly or in
	// part, when the fault was met.
	Offset int
	// What names the fault.
	What string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("inflate: corrupt stream before offset %d: %s", e.Offset, e.What)
}
