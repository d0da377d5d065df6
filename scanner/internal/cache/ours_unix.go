//go:build unix

package cache

import (
	"io/fs"
	"os"
	"syscall"
)

// ours tells whether a directory belongs to the user and nobody else may write
// to it.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
