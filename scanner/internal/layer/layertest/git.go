package layertest

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
)

// Pack returns a Git pack of blobs, each whole and compressed.
func Pack(blobs ...[]byte) []byte {
	entries := make([][]byte, len(blobs))
	for i, b := range blobs {
		entries[i] = PackEntry(3, len(b), nil, b)
	}
	return PackEntries(entries...)
}

// PackEntry returns an entry of the type (1 to 4; 6 and 7 for deltas) and
// size. For a delta, base is its base: the raw id or the coded offset.
func PackEntry(kind, size int, base, data []byte) []byte {
	head := byte(kind<<4 | size&15)
	var out []byte
	for size >>= 4; size > 0; size >>= 7 {
		out = append(out, head|0x80)
		head = byte(size & 0x7f)
	}
	out = append(append(out, head), base...)
	return append(out, Zlib(data)...)
}

// PackEntries returns a pack of version 2.
func PackEntries(entries ...[]byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(entries)))
	out = append(out, bytes.Join(entries, nil)...)
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}

// Bundle returns a Git bundle of a pack, with one ref of no object.
func Bundle(pack []byte) []byte {
	return append(fmt.Appendf(nil, "# v2 git bundle\n%040x refs/heads/main\n\n", 1), pack...)
}
