//go:build !unix

package files

import "os"

// openRegular opens a regular file for reading.
func openRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errSpecial
	}
	return os.Open(name)
}
