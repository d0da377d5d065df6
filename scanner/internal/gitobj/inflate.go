package gitobj

// maxRatio is how many bytes one byte of deflated data can stand for at most:
// 258 bytes from two bits (RFC 1951, 3.2.5).
const maxRatio = 1032

// plausible tells whether n deflated bytes can inflate to size bytes.
func plausible(size uint64, n int64) bool { return size/maxRatio <= uint64(n) }
