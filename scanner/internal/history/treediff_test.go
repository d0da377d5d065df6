package history

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzDiffer proves that no entry of a tree is taken for known that none of the
// others has, however the trees are made, and that in sound trees none that one
// of them has is taken for new.
func FuzzDiffer(f *testing.F) {
	entry := func(mode, name string, id byte) string {
		return mode + " " + name + "\x00" + strings.Repeat(string(rune(id)), 20)
	}
	same := entry("100644", "b", '1') + entry("40000", "c", '2')
	f.Add([]byte(entry("100644", "a", '1')+same+entry("100644", "z", '9')), []byte(entry("100644", "a", '3')+same), []byte(same))
	f.Add([]byte(entry("100644", "foo", '1')), []byte(entry("100644", "x100644 foo", '1')), []byte{})
	var many, more strings.Builder
	for i := range 40 {
		many.WriteString(entry("100644", strings.Repeat("n", i+1), byte('a'+i%20)))
		more.WriteString(entry("100644", strings.Repeat("n", i+1), byte('a'+i%19)))
	}
	f.Add([]byte(many.String()), []byte(more.String()), []byte("100644 a"))
	f.Fuzz(func(t *testing.T, tree, one, two []byte) {
		l := newListing(tree, 20)
		others := listings{}
		for _, data := range [][]byte{one, two} {
			o := newListing(data, 20)
			others = append(others, compared{listing: o, to: o.len()})
		}
		from, to := others.differ(l)
		sound := l.sound()
		for _, o := range others {
			sound = sound && o.sound()
		}
		for i := range l.len() {
			e := l.entry(i)
			want := slices.ContainsFunc(others, func(o compared) bool {
				for j := range o.len() {
					x := o.entry(j)
					if bytes.Equal(x.name, e.name) && bytes.Equal(x.id, e.id) && (x.kind() == modeTree) == (e.kind() == modeTree) {
						return true
					}
				}
				return false
			})
			known := i < from || i >= to
			if !known {
				known, _ = others.has(e.name, e.id, e.kind() == modeTree)
			}
			if known && !want {
				t.Fatalf("entry %d is taken for known", i)
			}
			if !known && want && sound {
				t.Fatalf("entry %d is taken for new", i)
			}
		}
	})
}

// sound tells whether the names ascend, as in every tree that Git makes.
func (l *listing) sound() bool {
	key := func(i int) string {
		e := l.entry(i)
		if e.kind() == modeTree {
			return string(e.name) + "/"
		}
		return string(e.name)
	}
	for i := 1; i < l.len(); i++ {
		if key(i-1) >= key(i) || bytes.Equal(l.entry(i-1).name, l.entry(i).name) {
			return false
		}
	}
	return true
}
