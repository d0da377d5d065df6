package cache

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// sampleStory returns a story with something in every field.
func sampleStory(format gitobj.Format, seed uint64) *Story {
	rnd := rand.New(rand.NewPCG(seed, 2))
	id := func() gitobj.ID {
		b := make([]byte, format.Size())
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return gitobj.MakeID(b)
	}
	s := &Story{Wanted: sha256.Sum256([]byte{1})}
	for i := range 20 {
		c := Commit{ID: id(), Tree: id(), When: int64(i*1000) - 1}
		for j := range i % 4 {
			if j == 2 {
				c.Parents = append(c.Parents, id())
			} else {
				c.Parents = append(c.Parents, s.Commits[rnd.IntN(i)].ID)
			}
		}
		s.Commits = append(s.Commits, c)
	}
	s.Steps = []Step{{Name: "a b", Tree: rnd.Uint64()}, {Name: "c\n", ID: id()}, {Name: "", Tree: 0}, {Name: "d", ID: id()}}
	s.Leads = []Lead{{Tree: rnd.Uint64(), Steps: []int32{0, 3}}, {Tree: rnd.Uint64(), Loose: true, Steps: []int32{1}}, {Tree: 1}}
	return s
}

func TestStory(t *testing.T) {
	c, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []gitobj.Format{gitobj.SHA1, gitobj.SHA256} {
		k1, e := sample(format, 1)
		k2, _ := sample(format, 2)
		packs := []gitobj.PackKey{k1.Pack, k2.Pack}
		s := sampleStory(format, 1)
		if c.LoadStory(packs) != nil {
			t.Error("a story was there before it was saved")
		}
		if err := c.SaveStory(packs, s); err != nil {
			t.Fatal(err)
		}
		if got := c.LoadStory([]gitobj.PackKey{k2.Pack, k1.Pack}); !reflect.DeepEqual(got, s) {
			t.Error("what is loaded is not what was saved")
		}
		for _, others := range [][]gitobj.PackKey{nil, packs[:1], packs[1:], {k1.Pack, k1.Pack}, {k1.Pack, k2.Pack, k2.Pack}} {
			if c.LoadStory(others) != nil {
				t.Error("the story of other packs is used")
			}
		}
		if err := c.Save(k1, e); err != nil || c.Load(k1) == nil {
			t.Errorf("a story and an entry get into each other's way: %v", err)
		}
		path := c.path(c.storyName(packs)) + storyEnd
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(sound); i += 7 {
			damaged := bytes.Clone(sound)
			damaged[i] ^= 1 << (i % 8)
			for _, data := range [][]byte{damaged, sound[:i]} {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				if c.LoadStory(packs) != nil {
					t.Fatalf("damaged at byte %d: the story is used", i)
				}
			}
		}
	}
}

// FuzzDecodeStory proves that no file does harm: what follows a checksum that is
// right may still be anything.
func FuzzDecodeStory(f *testing.F) {
	for seed := range uint64(2) {
		b := sampleStory(gitobj.Format(seed), seed).append(nil)
		f.Add(b, seed == 1)
		f.Add(b[:len(b)/2], seed == 1)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, long bool) {
		format := gitobj.SHA1
		if long {
			format = gitobj.SHA256
		}
		s, err := decodeStory(b, format.Size())
		if err != nil {
			return
		}
		n := len(s.Commits) + len(s.Steps) + len(s.Leads)
		for _, c := range s.Commits {
			n += len(c.Parents)
		}
		for _, l := range s.Leads {
			n += len(l.Steps)
			if slices.ContainsFunc(l.Steps, func(i int32) bool { return i < 0 || int(i) >= len(s.Steps) }) {
				t.Fatal("a step that there is not")
			}
		}
		if n > len(b) {
			t.Fatalf("%d bytes became %d things", len(b), n)
		}
		again, err := decodeStory(s.append(nil), format.Size())
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("decoded %+v, encoded and decoded again %+v, %v", s, again, err)
		}
	})
}
