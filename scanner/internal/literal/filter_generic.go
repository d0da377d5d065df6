//go:build !amd64 || purego

package literal

func find(b []byte, from int) int { return findGo(b, from) }
