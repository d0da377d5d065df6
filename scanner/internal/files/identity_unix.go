//go:build unix && (!linux || portable)

package files

import (
	"io/fs"
	"syscall"
)

// nonblock keeps the open of a pipe that took a file's place from waiting for
// a writer.
const nonblock = syscall.O_NONBLOCK

// identity returns what tells a file apart from others, and how many names it has.
func identity(info fs.FileInfo) (fileID, uint64) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, 1
	}
	return fileID{uint64(stat.Dev), uint64(stat.Ino)}, uint64(stat.Nlink)
}
