package gitobj

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
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
	if n == 0 {
		n = 0x10000
	}
	return off, n, ops[i:], true
}

// A copyShape says how the operands of a copy instruction lie in the bytes
// behind it: those of the offset first, then those of the size.
type copyShape struct {
	len     uint8  // of the instruction; 0 if its operands have gaps
	offBits uint8  // bits of the offset
	off     uint64 // mask of the offset
	size    uint64 // mask of the size, behind the offset
}

// copyShapes has the shape of each copy instruction by its lower seven bits. Seven
// tests that nobody can foresee are thus one load, but for the few instructions
// in which a zero byte is left out between others.
var copyShapes = func() (shapes [128]copyShape) {
	for op := range shapes {
		off, size := bits.OnesCount(uint(op&15)), bits.OnesCount(uint(op>>4))
		if op&15 == 1<<off-1 && op>>4 == 1<<size-1 {
			shapes[op] = copyShape{uint8(1 + off + size), uint8(8 * off), 1<<(8*off) - 1, 1<<(8*size) - 1}
		}
	}
	return shapes
}()

// nextCopy is copyOp, faster.
func nextCopy(ops []byte) (off, n int, rest []byte, ok bool) {
	if len(ops) > 8 {
		s := &copyShapes[ops[0]&0x7f]
		operands := binary.LittleEndian.Uint64(ops[1:9])
		off, n = int(operands&s.off), int(operands>>(s.offBits&63)&s.size)
		// A size of 0 stands for another, and is that of shapes without a length.
		if n != 0 {
			return off, n, ops[s.len:], true
		}
	}
	return copyOp(ops)
}

// A patched is an object as a delta made it from its base, or a whole one.
//
// More than half of the bytes of a history stand in objects that are nobody's
// base and that are looked at only where they differ from their own. In those,
// a copied span is left as it was found but for its edges; fill makes the rest
// when somebody asks for the object.
type patched struct {
	buf   []byte
	base  []byte
	spans []span // what buf has of base
	// edge is how many bytes of a span there are at least at its beginning and
	// at its end. A span that is not longer than two of them is all there.
	edge int
	// head is how many bytes there are at the beginning of buf.
	head int
}

// everything is the edge of an object without holes.
const everything = math.MaxInt

// apply follows the instructions, which must fill buf exactly.
func (p *patched) apply(ops []byte) error {
	dst, base := p.buf, p.base
	p.spans = p.spans[:0]
	at := 0
	// The last span is kept apart until it is known to be whole.
	var last span
	for len(ops) > 0 {
		op := ops[0]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n >= len(ops) || n > len(dst)-at {
				return errDelta
			}
			if n <= little && len(ops) > little && len(dst)-at >= little {
				copyLittle(dst[at:], ops[1:])
			} else {
				copy(dst[at:at+n], ops[1:1+n])
			}
			at += n
			ops = ops[1+n:]
			continue
		}
		off, n, rest, ok := nextCopy(ops)
		if !ok || off < 0 || n > len(base)-off || n > len(dst)-at {
			return errDelta
		}
		ops = rest
		if n <= little && len(base)-off >= little && len(dst)-at >= little {
			copyLittle(dst[at:], base[off:])
		} else if front := max(p.edge, p.head-at); front < n-p.edge {
			copy(dst[at:at+front], base[off:])
			copy(dst[at+n-p.edge:at+n], base[off+n-p.edge:])
		} else {
			copy(dst[at:at+n], base[off:off+n])
		}
		if last.dst+last.n == at && last.src+last.n == off {
			last.n += n
		} else {
			if last.n > 0 {
				p.spans = append(p.spans, last)
			}
			last = span{at, off, n}
		}
		at += n
	}
	if last.n > 0 {
		p.spans = append(p.spans, last)
	}
	if at != len(dst) {
		return fmt.Errorf("delta makes %d bytes of the %d it announces", at, len(dst))
	}
	return nil
}

// little is a size that most inserts and many copies do not exceed. Where there
// is room, they are copied as if they had it: what is too much is overwritten
// by what follows.
const little = 64

// copyLittle copies the first little bytes of src, which must not overlap dst.
func copyLittle(dst, src []byte) {
	d, s := (*[little]byte)(dst), (*[little]byte)(src)
	*(*[16]byte)(d[0:16]) = *(*[16]byte)(s[0:16])
	*(*[16]byte)(d[16:32]) = *(*[16]byte)(s[16:32])
	*(*[16]byte)(d[32:48]) = *(*[16]byte)(s[32:48])
	*(*[16]byte)(d[48:64]) = *(*[16]byte)(s[48:64])
}

// fill makes what was left out.
func (p *patched) fill() {
	if p.edge == everything {
		return
	}
	for _, s := range p.spans {
		copy(p.buf[s.dst:s.dst+s.n], p.base[s.src:])
	}
	p.edge = everything
}

// there returns where the bytes that begin at at end, or what was left out
// begins. Of the spans only those that end behind at are given.
func (p *patched) there(spans []span, at int) int {
	if p.edge == everything {
		return len(p.buf)
	}
	for _, s := range spans {
		if s.n-p.edge <= p.edge || at >= s.dst+s.n-p.edge {
			continue
		}
		return max(at, s.dst+p.edge)
	}
	return len(p.buf)
}

// near is the distance under which two changed stretches are searched as one:
// a call costs more than the bytes between.
const near = 32

// edgeFor returns the edge with which all is there that changed gives out for
// the margin.
func edgeFor(margin int) int { return margin + near/2 }

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
