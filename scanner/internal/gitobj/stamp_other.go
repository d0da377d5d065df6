//go:build !linux && !darwin

package gitobj

import "io/fs"

// inodeTime returns 0: the system does not say more than the time that a program
// can set.
func inodeTime(fs.FileInfo) int64 { return 0 }
