// Package cache remembers what a scan found out about packs, so that the next
// one need not read them again.
//
// A pack never changes: what Git adds goes into new packs and loose objects. An
// entry therefore belongs to the content of one pack and its index, which the
// checksums at their ends name, and holds what a walk over it brought up: how
// many objects of each type and how many bytes there are, which objects hold a
// literal or are containers, and which ids they name that the pack lacks. It is
// written only after everything in the pack was read without a fault. Loose
// objects, and packs without an entry, are read.
//
// Nothing that can change is remembered. Confidence, suppressions, refs,
// attribution and links between packs are worked out anew, from the objects
// themselves where something was found in them. Only of objects in which
// nothing was found, whatever the confidence, is the outcome kept, for the rules
// and limits that made it.
//
// # What is promised
//
// A scan with the cache reports what one without would. An entry is used
// without reading the pack only while size, modification time and, on Linux and
// macOS, the inode's change time of pack and index are those of when they were
// read, and the checksums at their ends are; a write to either moves them. When
// they moved (Git touches a pack whose objects are written again, and a copy
// has times of its own) both files are read to their ends and must have those
// checksums. What goes unnoticed is damage without a write: a disk that gives
// other bytes than it was given. A scan without the cache reads and checks
// everything.
//
// An entry belongs to one build of the program. There is no key and no content
// in it, only ids, numbers, and names of members of containers that could not be
// opened or were cut, and those only if no literal stands in them.
//
// # The file
//
// An entry is a file of its own in a directory that only the user can write to,
// named by the SHA-256 of what it belongs to:
//
//	"petrascan pack record 1\n"
//	SHA-256 of its name and of what follows
//	size, modification and change time of pack and index
//	number of commits, trees, blobs and tags; bytes searched
//	type of each object in the order of the index, two bits each
//	number of links; id, type and naming object's id of each
//	SHA-256 of the settings that the outcomes depend on
//	number of objects shown; flags, id and, if the flags say so, outcome of each
//
// Numbers are varints as in encoding/binary, ids are raw. A file that is not as
// it should be is no entry.
package cache
