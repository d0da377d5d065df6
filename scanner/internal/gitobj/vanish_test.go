package gitobj

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Loose objects that all workers find gone are named. The race detector watches.
func TestLooseObjectsGoAway(t *testing.T) {
	const n = 400
	b := newBuilder(t)
	files := make(map[string][]byte)
	for i := range n {
		text := strconv.Itoa(i)
		files[loosePath("", SHA1.Sum(Blob, []byte(text)))] = b.deflate([]byte("blob " + strconv.Itoa(len(text)) + "\x00" + text))
	}
	s := openFiles(t, SHA1, files)
	var once sync.Once
	r, err := s.Walk(context.Background(), WalkOptions{Workers: 4}, func() Visitor {
		return visit(func(*Object) {
			once.Do(func() {
				for path := range files {
					os.Remove(filepath.Join(s.Directories()[0], path))
				}
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Present[Blob]+r.Present[0] != n || r.Read[Blob] < 1 || r.Read[Blob]+int64(len(r.Problems)) != n {
		t.Errorf("read %v of %v, %d problems", r.Read, r.Present, len(r.Problems))
	}
}

type visit func(*Object)

func (v visit) Visit(o *Object) { v(o) }
