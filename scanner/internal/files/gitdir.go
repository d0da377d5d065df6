package files

import (
	"os"
	"strings"
)

// isGitDir tells whether a directory with these entries has what Git asks of a
// Git directory: HEAD, objects and refs (gitrepository-layout).
func isGitDir(entries []os.DirEntry) bool {
	n := 0
	for _, e := range entries {
		switch e.Name() {
		case "HEAD", "objects", "refs":
			n++
		}
	}
	return n == 3
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
