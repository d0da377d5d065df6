//go:build !unix

package cache

import "io/fs"

// ours is true: the directory is below the user's profile, and inherits who may
// write there.
func ours(fs.FileInfo) bool { return true }
