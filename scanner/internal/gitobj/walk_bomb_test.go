package gitobj

import (
	"context"
	"strings"
	"testing"
)

// Trees that nest one subtree thousands of ways expand to more paths than there
// are atoms; the objects are few, and each is read once.
func TestTreeBomb(t *testing.T) {
	const ways, depth = 2000, 30
	b := newBuilder(t)
	b.whole(Blob, []byte("the only content"))
	mode := "100644 "
	for range depth {
		id := b.entries[len(b.entries)-1].id
		var tree strings.Builder
		for i := range ways {
			tree.WriteString(mode)
			tree.WriteString(string([]byte{'a' + byte(i/400), 'a' + byte(i/20%20), 'a' + byte(i%20)}))
			tree.WriteByte(0)
			tree.Write(id.Bytes())
		}
		b.whole(Tree, []byte(tree.String()))
		mode = "40000 "
	}
	visited := newCollector(t)
	r, err := b.store().Walk(context.Background(), WalkOptions{CheckLinks: true}, visited.visitor)
	if err != nil || len(r.Problems) > 0 || len(r.Missing) > 0 {
		t.Fatal(err, r.Problems, r.Missing)
	}
	if len(visited.all) != depth+1 || r.Read != r.Present || r.Read[Tree] != depth {
		t.Errorf("%d objects were shown, read %v of %v", len(visited.all), r.Read, r.Present)
	}
}

func TestLargeRootsFirst(t *testing.T) {
	f := &forest{pack: &pack{file: &file{size: 20<<20 + 20}}, off: []int64{12, 100, 3 << 20, 4<<20 - 1, 6 << 20, 6<<20 + 5}}
	got := largeFirst(f, []int32{0, 1, 2, 3, 4, 5})
	for i, want := range []int32{1, 3, 5, 0, 2, 4} {
		if got[i] != want {
			t.Fatalf("%v", got)
		}
	}
}

// An index that places many objects at one entry has it searched once, and every
// other object named.
func TestManyObjectsAtOneEntry(t *testing.T) {
	const n = 150_000
	b := newBuilder(t)
	at := b.whole(Blob, []byte("the only content"))
	for i := range n - 1 {
		e := b.entries[at]
		e.id = SHA1.Sum(Blob, []byte{byte(i), byte(i >> 8), byte(i >> 16)})
		b.entries = append(b.entries, e)
	}
	var shown counter
	r, err := b.store().Walk(context.Background(), WalkOptions{Workers: 1}, func() Visitor { return &shown })
	if err != nil {
		t.Fatal(err)
	}
	if shown != 1 || r.Read[Blob] != 1 || r.Present[Blob] != n || len(r.Problems) != n-1 {
		t.Errorf("%d objects shown, read %v of %v, %d problems", shown, r.Read, r.Present, len(r.Problems))
	}
}

// A counter counts what it is shown.
type counter int

func (c *counter) Visit(*Object) { *c++ }
