// Package inflate undoes DEFLATE compression (RFC 1951), bare or in a zlib
// wrapper (RFC 1950), for one shape of data: the whole stream lies in memory,
// its expanded size is known, and there are millions of them, most of a few
// hundred bytes. That is the shape of a Git pack.
//
// The design is that of libdeflate. Bits are taken from a 64-bit buffer that is
// refilled eight bytes at a time; a table entry says at once what a code means,
// how many bits to take and how many of those are extra bits; one loop runs
// while input and output have slack (fast.go), another does the rest with every
// check in place (careful.go). What is particular to small streams is how a
// dynamic block's tables come about, which costs more than decoding them does:
// symbols are sorted by code length while the lengths are being read, tables
// are no larger than the longest code needs, and they grow by doubling, so that
// most entries are copied, not computed (header.go, table.go).
//
// What is accepted and what is not is decided as compress/flate and
// compress/zlib decide it, with one exception: a stream that asks for a preset
// dictionary is always refused, where compress/zlib lets it pass if it names
// the empty one.
package inflate
