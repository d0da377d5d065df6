package gitobj

import (
	"encoding/binary"
	"fmt"
)

// A glance looks for a trace (see [WalkOptions].Trace) in an object whose base
// has none: where something new begins or ends, for there is none elsewhere.
type glance struct {
	trace func(b []byte) bool
	// joints are those places, one after the other with nothing between. A trace
	// that comes about between two of them only makes the object be looked at.
	joints []byte
	head   [headBytes]byte
	tail   [tailBytes]byte
}

// joint is how many bytes a copied span is looked at on each side of a change;
// a trace takes one more at most.
const joint = 8

const (
	manyJoints = 16 << 10 // bytes gathered before they are searched
	// oneStep is how many bytes one instruction adds to the joints at most.
	oneStep = max(127, 2*joint+near, little)
)

func newGlance(trace func(b []byte) bool) *glance {
	return &glance{trace: trace, joints: make([]byte, 0, manyJoints+oneStep)}
}

// delta looks at what the instructions make of base, size bytes, without making
// it, and fails where applying the instructions would. If there is no trace,
// ends tells how that begins and ends.
func (g *glance) delta(base, ops []byte, size int) (traced bool, err error) {
	head, tail := g.head[:min(size, len(g.head))], g.tail[:min(size, len(g.tail))]
	buf, end := g.joints[:cap(g.joints)], 0
	at := 0
	for len(ops) > 0 {
		if end > manyJoints {
			if g.trace(buf[:end]) {
				return true, nil
			}
			end = copy(buf, buf[end-joint:end]) // where a trace may have begun
		}
		op := ops[0]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n >= len(ops) || n > size-at {
				return false, errDelta
			}
			if n <= little && len(ops) > little {
				copyLittle(buf[end:], ops[1:])
			} else {
				copy(buf[end:], ops[1:1+n])
			}
			if at < len(head) {
				copy(head[at:], ops[1:1+n])
			}
			if size-at-n < len(tail) {
				putTail(tail, ops[1:1+n], size-at-n)
			}
			end += n
			at += n
			ops = ops[1+n:]
			continue
		}
		off, n, rest, ok := nextCopy(ops)
		if !ok || off < 0 || n > len(base)-off || n > size-at {
			return false, errDelta
		}
		ops = rest
		span := base[off : off+n]
		if n <= 2*joint+near {
			end += copy(buf[end:], span)
		} else {
			binary.LittleEndian.PutUint64(buf[end:], binary.LittleEndian.Uint64(span))
			binary.LittleEndian.PutUint64(buf[end+joint:], binary.LittleEndian.Uint64(span[n-joint:]))
			end += 2 * joint
		}
		if at < len(head) {
			copy(head[at:], span)
		}
		if size-at-n < len(tail) {
			putTail(tail, span, size-at-n)
		}
		at += n
	}
	if at != size {
		return false, fmt.Errorf("delta makes %d bytes of the %d it announces", at, size)
	}
	return g.trace(buf[:end]), nil
}

// putTail puts into tail, the last bytes of something, what b has of them: after
// bytes follow b.
func putTail(tail, b []byte, after int) {
	to := len(tail) - after
	n := min(to, len(b))
	copy(tail[to-n:to], b[len(b)-n:])
}

// ends returns the first and the last bytes of the object of size bytes that delta
// looked at last.
func (g *glance) ends(size int) (head, tail []byte) {
	return g.head[:min(size, len(g.head))], g.tail[:min(size, len(g.tail))]
}

// object looks at an object that was built, all of it but for its holes.
func (g *glance) object(o *patched) bool {
	joints := g.joints[:0]
	traced := changed(o.spans, len(o.buf), joint, func(from, to int) bool {
		if len(joints)+to-from <= cap(joints) {
			joints = append(joints, o.buf[from:to]...)
			return false
		}
		if len(joints) > 0 && g.trace(joints) {
			return true
		}
		joints = joints[:0]
		return g.trace(o.buf[from:to])
	})
	return traced || g.trace(joints)
}
