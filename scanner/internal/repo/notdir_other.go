//go:build !unix

package repo

// isNotDir has nothing to tell where the system reports such a path as not
// existing.
func isNotDir(error) bool { return false }
