package gitobj

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A span is a stretch of a delta's result that was copied from its base. Spans
// are in the result's order; two in a row never continue each other in both.
type span struct {
	dst, src, n int
}

var errDelta = errors.New("delta instructions are damaged")

// deltaHeader reads the sizes of base and result from the start of a delta and
// returns the instructions that follow.
func deltaHeader(delta []byte) (base, result uint64, ops []byte, err error) {
	base, n := binary.Uvarint(delta)
	if n <= 0 {
		return 0, 0, nil, errDelta
	}
	result, m := binary.Uvarint(delta[n:])
	if m <= 0 {
		return 0, 0, nil, errDelta
	}
	return base, result, delta[n+m:], nil
}

// deltaYields returns how many bytes the instructions make.
func deltaYields(ops []byte) (uint64, error) {
	var sum uint64
	for len(ops) > 0 {
		op := ops[0]
		if op&0x80 == 0 {
			if op == 0 || len(ops) < 1+int(op) {
				return 0, errDelta
			}
			sum += uint64(op)
			ops = ops[1+int(op):]
			continue
		}
		_, n, rest, ok := copyOp(ops)
		if !ok {
			return 0, errDelta
		}
		sum += uint64(n)
		ops = rest
	}
	return sum, nil
}

// copyOp decodes the copy instruction at the start of ops.
func copyOp(ops []byte) (off, n int, rest []byte, ok bool) {
	op := ops[0]
	i := 1
	if len(ops) >= 8 {
		if op&0x01 != 0 {
			off = int(ops[i])
			i++
		}
		if op&0x02 != 0 {
			off |= int(ops[i]) << 8
			i++
		}
		if op&0x04 != 0 {
			off |= int(ops[i]) << 16
			i++
		}
		if op&0x08 != 0 {
			off |= int(uint(ops[i]) << 24)
			i++
		}
		if op&0x10 != 0 {
			n = int(ops[i])
			i++
		}
		if op&0x20 != 0 {
			n |= int(ops[i]) << 8
			i++
		}
		if op&0x40 != 0 {
			n |= int(ops[i]) << 16
			i++
		}
	} else {
		for bit := range 7 {
			if op>>bit&1 == 0 {
				continue
			}
			if i == len(ops) {
				return 0, 0, nil, false
			}
			if bit < 4 {
				off |= int(uint(ops[i]) << (8 * bit))
			} else {
				n |= int(ops[i]) << (8 * (bit - 4))
			}
			i++
		}
	}
	if n == 0 {
		n = 0x10000
	}
	return off, n, ops[i:], true
}

// applyDelta follows the instructions, which must fill dst exactly, and appends
// what was copied to spans.
func applyDelta(dst, base, ops []byte, spans []span) ([]span, error) {
	at := 0
	// The last span is kept apart until it is known to be whole.
	var last span
	for len(ops) > 0 {
		op := ops[0]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n >= len(ops) || n > len(dst)-at {
				return spans, errDelta
			}
			copy(dst[at:at+n], ops[1:1+n])
			at += n
			ops = ops[1+n:]
			continue
		}
		off, n, rest, ok := copyOp(ops)
		if !ok || off < 0 || n > len(base)-off || n > len(dst)-at {
			return spans, errDelta
		}
		ops = rest
		copy(dst[at:at+n], base[off:off+n])
		if last.dst+last.n == at && last.src+last.n == off {
			last.n += n
		} else {
			if last.n > 0 {
				spans = append(spans, last)
			}
			last = span{at, off, n}
		}
		at += n
	}
	if last.n > 0 {
		spans = append(spans, last)
	}
	if at != len(dst) {
		return spans, fmt.Errorf("delta makes %d bytes of the %d it announces", at, len(dst))
	}
	return spans, nil
}

// near is the distance under which two changed stretches are searched as one:
// a call costs more than the bytes between.
const near = 32

// changed calls f with each stretch of a result of size bytes that may hold what
// its base did not: everything between two spans, be it nothing, and margin
// bytes on each side. It stops when f returns true, and says so.
func changed(spans []span, size, margin int, f func(from, to int) bool) bool {
	from, to := -1, -1 // the stretch not yet given out
	at := 0            // end of the last span
	for i := 0; i <= len(spans); i++ {
		next, end := size, size
		if i < len(spans) {
			next = spans[i].dst
			end = next + spans[i].n
		}
		// Nothing new can stand at the ends of the result: no seam is there.
		if at == next && (at == 0 || next == size) {
			at = end
			continue
		}
		a, b := max(at-margin, 0), min(next+margin, size)
		if from >= 0 && a <= to+near {
			to = b
		} else {
			if from >= 0 && f(from, to) {
				return true
			}
			from, to = a, b
		}
		at = end
	}
	return from >= 0 && f(from, to)
}
