//go:build unix

package inflate

import (
	"os"
	"syscall"
	"testing"
)

// A guard hands out buffers that end, to the byte, before a page that can't be
// touched, and begin behind one if they are a whole number of pages: reading or
// writing outside of them ends the test with a fault.
type guard struct {
	in, out []byte
}

func newGuard(t testing.TB) *guard {
	return &guard{fenced(t, 2*oracleLimit), fenced(t, 2*oracleLimit)}
}

func fenced(t testing.TB, size int) []byte {
	t.Helper()
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	for _, fence := range [][]byte{m[:page], m[page+size:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return m[page : page+size]
}

// input returns a copy of src, valid until the next call.
func (g *guard) input(src []byte) []byte {
	p := g.in[len(g.in)-len(src):]
	copy(p, src)
	return p
}

// output returns a buffer of size bytes, valid until the next call.
func (g *guard) output(size int) []byte {
	p := g.out[len(g.out)-size:]
	clear(p)
	return p
}
