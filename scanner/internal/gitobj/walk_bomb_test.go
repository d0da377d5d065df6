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
