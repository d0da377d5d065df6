package gitobj

import (
	"io/fs"
	"syscall"
)

// inodeTime returns when the file or what is known of it last changed, in
// nanoseconds. No program can set that back.
func inodeTime(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 0
}
