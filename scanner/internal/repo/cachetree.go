package repo

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// errCacheTree says that the extension TREE is damaged.
var errCacheTree = errors.New("cache tree is damaged")

// maxCacheDepth bounds how deep directories of a cache tree lie; paths are no
// longer than four thousand bytes on any system that Git runs on.
const maxCacheDepth = 2048

// parseCacheTree reads the extension TREE (gitformat-index, "Cache tree"): of
// each directory, parents first, its name, how many entries of the index lie in
// it, how many directories follow that are in it, and the tree that the entries
// make. Directories that were changed since have a count of -1 and no tree, and
// are left out.
func parseCacheTree(data []byte, size int) (map[string]gitobj.ID, error) {
	trees := map[string]gitobj.ID{}
	type open struct {
		path string
		left int
	}
	var above []open
	for first := true; first || len(above) > 0; first = false {
		path := ""
		name, rest, ok := bytes.Cut(data, []byte{0})
		line, rest, ok2 := bytes.Cut(rest, []byte{'\n'})
		count, subtrees, ok3 := strings.Cut(string(line), " ")
		entries, err := strconv.Atoi(count)
		below, err2 := strconv.Atoi(subtrees)
		if !ok || !ok2 || !ok3 || err != nil || err2 != nil || below < 0 || first != (len(name) == 0) || len(above) > maxCacheDepth {
			return nil, errCacheTree
		}
		if !first {
			parent := &above[len(above)-1]
			path = parent.path + string(name) + "/"
			parent.left--
		}
		if entries >= 0 {
			if len(rest) < size {
				return nil, errCacheTree
			}
			trees[path] = gitobj.MakeID(rest[:size])
			rest = rest[size:]
		}
		data = rest
		above = append(above, open{path, below})
		for len(above) > 0 && above[len(above)-1].left == 0 {
			above = above[:len(above)-1]
		}
	}
	return trees, nil
}
