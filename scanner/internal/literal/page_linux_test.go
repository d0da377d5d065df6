package literal

import (
	"os"
	"syscall"
	"testing"
)

// TestReadsStayInside searches bytes that end where readable memory ends, and
// such that begin where it begins.
func TestReadsStayInside(t *testing.T) {
	page := os.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(m)
	for _, p := range [][]byte{m[:page], m[2*page:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	room := m[page : 2*page : 2*page]
	r := testRand()
	for n := range 201 {
		copy(room, noise(r, n))
		copy(room[page-n:], noise(r, n))
		for _, b := range [][]byte{room[:n:n], room[page-n:]} {
			Index(b)
			All(nil, b)
			for from := 0; from <= n; from++ {
				find(b, from)
				findGo(b, from)
			}
		}
	}
}
