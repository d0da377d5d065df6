// Package gitobj reads Git object stores and searches whole packs at the speed
// of their deltas. It reads only; it needs no git binary, never runs anything
// the repository configures and never fetches.
//
// # Formats
//
// Git describes them in gitformat-pack (Documentation/gitformat-pack.adoc),
// gitrepository-layout and gitformat-loose. All numbers are big-endian.
//
// Pack (gitformat-pack, "pack-*.pack files have the following format"): "PACK",
// version 2 or 3, number of entries; the entries; the hash of all that. An
// entry is a type and a size, in groups of seven bits of which the first holds
// three bits of type and four of size, and a zlib stream of that size when
// inflated. Types 1 to 4 are whole objects. Types 6 and 7 are deltas: before
// the stream stands where the base is, either as a distance backwards in the
// same pack (OFS_DELTA, "offset encoding") or as an object id (REF_DELTA).
//
// Delta (gitformat-pack, "Deltified representation"): the size of the base, the
// size of the result, and instructions that copy a stretch of the base (high
// bit set; size 0 means 0x10000) or insert up to 127 bytes that follow.
// Instruction 0 is reserved and refused. Every object of a delta tree has the
// type of the tree's root.
//
// Index (gitformat-pack, "Original (version 1)" and "Version 2 pack-*.idx
// files"): a fan-out of 256 counts by first byte of the id, then in version 1
// pairs of a 4-byte offset and an id, in version 2 tables of ids, of CRC-32s of
// the raw entries, of 4-byte offsets, and of 8-byte offsets for those whose
// high bit is set; then the pack's trailer once more and the hash of the index.
// A pack without usable index is indexed in memory by inflating it from front
// to back.
//
// Loose object (gitformat-loose): a file xx/yyyy… named by its id, one zlib
// stream of "type SP size NUL" and the content.
//
// Alternates (gitrepository-layout, objects/info/alternates): further objects
// directories, one a line, "#" begins a comment, a path in double quotes is
// quoted as in C; relative ones are relative to the objects directory that names
// them. They may name others in turn.
//
// Object formats: sha1 (ids of 20 bytes) and sha256 (32 bytes); a store holds
// one of them (gitformat-pack, "pack, idx and other files … hash").
//
// The files beside a pack (.keep, .promisor, .mtimes, .rev, .bitmap) and the
// multi-pack-index repeat what packs and indexes say, so they are not read; of
// .promisor the presence counts.
//
// # The walk
//
// [Store.Walk] takes one pack after the other, with all workers in the same
// one. It sorts the offsets, reads every entry's header, and has a forest: an
// edge from each delta to its base. Workers take roots and go through each tree
// depth first with the parent's bytes in hand, so every entry is inflated
// exactly once. Where the base holds no literal, only what the delta inserted
// and the seams between its copies are searched, with a margin on each side.
//
// The heaviest child of an object is always walked last, and an object's bytes
// are let go when its last child is built. What has to be kept on the way down
// are thus only the objects where the way leaves the heaviest child; each such
// step at least halves what lies below, so no more than log2(entries) objects
// are held, however deep the chain. A budget holds for them too: over it, the
// oldest are dropped and built again when they are needed.
//
// A worker that runs out of roots waits for another to give away a subtree: its
// shallowest object with children left, buffer and all.
//
// # Records
//
// A pack never changes, so that what a walk found out about one can be kept:
// [WalkResult].Records holds a [PackRecord] of each pack that was read to its
// end without a fault, and [WalkOptions].Recall gives it back to a later walk.
// That walk takes the record's counts, shows what it lists from the pack itself,
// and looks up again what the pack's objects name and the pack lacks. Before it
// believes a record it compares the checksums at the ends of pack and index and
// what the system says of the files; if the files were written to, it reads both
// to their ends and believes their checksums. Loose objects are always read.
package gitobj
