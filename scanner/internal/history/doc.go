// Package history searches what a repository remembers: every object of its
// store, reachable or not, its index, and the names of its refs. It says of
// each key which commit brought it in, which one took it out, under which paths
// it lay, and what still reaches it.
//
// A scan of everything has two passes. The first walks the store, in the order
// of its packs, and needs no commit to make sense: it proves that nothing was
// left unread. Only if it found something, the second one follows the trees up
// from the blobs to the commits (paths, graph) and tells the story of each
// place (attribution). A scan of a range works the other way round: it takes the
// commits that are in the range and looks at what each of them brought in.
package history
