// Floor does the least that any program can do that looks at all of a Git
// history: it maps the packs of a repository and inflates every entry once,
// with libdeflate, on as many threads as it is told. It rebuilds no delta,
// checks no checksum and searches nothing. What petrascan takes beyond that is
// what petrascan's own work costs.
//
// It is built with -tags libdeflate and needs Debian's libdeflate-dev. Without
// the tag it only counts (-count), which needs no C compiler.
//
// Formats: gitformat-pack(5), "pack-*.pack files have the following format" and
// "Version 2 pack-*.idx files". Packs of SHA-1 repositories with an idx of
// version 2 are read; anything else is an error, since a floor that leaves
// something out is none.
package main
