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
// in it, only ids, numbers, names of members of containers that could not be
// opened or were cut, and names of files and directories, and those only if no
// literal stands in them.
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
// # Stories
//
// Where something was found, a scan tells which commits brought it in and where
// it lay. That needs all commits and the trees that lead to it, and none of it
// changes while the packs of the store are the same. So there is one more file
// for the packs of a store together, named by theirs and ending in ".story":
//
//	"petrascan story record 1\n"
//	SHA-256 of its name and of what follows
//	number of commits; id, tree, committer date and parents of each, a parent as
//	how many commits back it is, or 0 and its id
//	SHA-256 of the ids of the objects in which something was found
//	number of steps from a tree to an entry; name and id of each
//	number of trees; the first bytes of its id, whether it is loose, and its
//	steps, each as the distance from the one before
//
// Its trees are used only for the same objects, only while all packs are known to
// be those that were read, and if no tree in a pack can lead to loose ones that
// are new. It is not written if a literal stands in a name of it.
//
// Numbers are varints as in encoding/binary, ids are raw. A file that is not as
// it should be is no entry.
package cache
