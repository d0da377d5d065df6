package files

import (
	"os"
	"strings"
)

// gitDirParts counts how many of the three things that Git asks of a Git
// directory are among the entries: HEAD, objects and refs
// (gitrepository-layout).
func gitDirParts(entries []os.DirEntry) int {
	n := 0
	for _, e := range entries {
		switch e.Name() {
		case "HEAD", "objects", "refs":
			n++
		}
	}
	return n
}

// isFanout tells whether name is one of the 256 directories of loose objects.
func isFanout(name string) bool { return len(name) == 2 && isHex(name) }

// isObject tells whether name is a file of the object store that package
// history reads: a loose object, a pack or what belongs to one. Leftovers of
// interrupted commands (tmp_pack_*, tmp_obj_*) are not; they are searched as
// files.
func isObject(name string) bool {
	if isHex(name) && (len(name) == 38 || len(name) == 62) {
		return true
	}
	if name == "multi-pack-index" || strings.HasPrefix(name, "multi-pack-index-") {
		return true
	}
	return strings.HasPrefix(name, "pack-")
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
