package gitobj

import (
	"context"
	"io"
	"maps"
	"testing"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// The walk shows what go-git, a second reader of the formats, finds.
func TestGoGitFindsTheSame(t *testing.T) {
	r := newRepo(t, SHA1)
	r.fill("main", 9, 20)
	r.git(nil, "repack", "-adfq", "--depth=50")
	r.fill("other", 10, 5)
	want := make(map[ID]content)
	storage := filesystem.NewStorage(osfs.New(r.dir), cache.NewObjectLRUDefault())
	defer storage.Close()
	objects, err := storage.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		t.Fatal(err)
	}
	err = objects.ForEach(func(o plumbing.EncodedObject) error {
		body, err := o.Reader()
		if err != nil {
			return err
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		hash := o.Hash()
		want[MakeID(hash[:])] = content{Type(o.Type()), string(data)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(t)
	if _, err := r.openStore(Options{}).Walk(context.Background(), WalkOptions{}, c.visitor); err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || !maps.Equal(c.all, want) {
		t.Errorf("%d objects shown, go-git finds %d, or their content differs", len(c.all), len(want))
	}
}
