package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A Story is what is remembered of all packs of a store together, for telling
// where something lay that was found: the commits, and the trees that led to it.
type Story struct {
	Commits []Commit // of the packs, each once
	// Wanted is the digest of the ids that Leads lead to; zero if there are none.
	Wanted [sha256.Size]byte
	Steps  []Step
	Leads  []Lead
}

// A Commit is what attribution needs of a commit.
type Commit struct {
	ID, Tree gitobj.ID
	Parents  []gitobj.ID
	When     int64 // committer date, seconds since 1970; -1 for none
}

// A Step leads from a tree to an entry of it.
type Step struct {
	Name string
	Tree uint64    // the first eight bytes of the id of a tree; unless ID is set
	ID   gitobj.ID // of a wanted object
}

// A Lead is a tree that leads to a wanted object.
type Lead struct {
	Tree  uint64  // the first eight bytes of its id
	Loose bool    // it is in no pack
	Steps []int32 // by place in Story.Steps, ascending
}

const (
	storyMagic = "petrascan story record 1\n"
	storyEnd   = ".story" // of the file's name
)

// storyName names the file of the story of a store with these packs.
func (c *Cache) storyName(packs []gitobj.PackKey) [sha256.Size]byte {
	var names [][sha256.Size]byte
	for _, p := range packs {
		names = append(names, c.name(Key{Pack: p}))
	}
	slices.SortFunc(names, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	fmt.Fprintf(h, "%s%d\n", storyMagic, len(names))
	for _, name := range names {
		h.Write(name[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// LoadStory returns the story of a store with exactly these packs; nil if there
// is none that can be used.
func (c *Cache) LoadStory(packs []gitobj.PackKey) *Story {
	if len(packs) == 0 {
		return nil
	}
	name := c.storyName(packs)
	data := c.read(c.path(name) + storyEnd)
	const head = len(storyMagic) + sha256.Size
	if len(data) < head || string(data[:len(storyMagic)]) != storyMagic {
		return nil
	}
	if sum := checksum(name, data[head:]); !bytes.Equal(sum[:], data[len(storyMagic):head]) {
		return nil
	}
	s, err := decodeStory(data[head:], packs[0].Format.Size())
	if err != nil {
		return nil
	}
	return s
}

// SaveStory writes the story of a store with exactly these packs.
func (c *Cache) SaveStory(packs []gitobj.PackKey, s *Story) error {
	name := c.storyName(packs)
	b := make([]byte, len(storyMagic)+sha256.Size, len(storyMagic)+sha256.Size+64*len(s.Commits)+16*len(s.Leads)+1024)
	copy(b, storyMagic)
	b = s.append(b)
	sum := checksum(name, b[len(storyMagic)+sha256.Size:])
	copy(b[len(storyMagic):], sum[:])
	return c.write(c.path(name)+storyEnd, b)
}

// append writes everything behind the checksum.
func (s *Story) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Commits)))
	place := make(map[gitobj.ID]int, len(s.Commits))
	for i, c := range s.Commits {
		place[c.ID] = i
		b = append(b, c.ID.Bytes()...)
		b = append(b, c.Tree.Bytes()...)
		b = binary.AppendVarint(b, c.When)
		b = binary.AppendUvarint(b, uint64(len(c.Parents)))
		for _, p := range c.Parents {
			at, before := place[p]
			if !before {
				b = append(b, 0)
				b = append(b, p.Bytes()...)
				continue
			}
			b = binary.AppendUvarint(b, uint64(i-at)) // 1 is the commit before
		}
	}
	b = append(b, s.Wanted[:]...)
	b = binary.AppendUvarint(b, uint64(len(s.Steps)))
	for _, step := range s.Steps {
		b = binary.AppendUvarint(b, uint64(len(step.Name)))
		b = append(b, step.Name...)
		if step.ID.IsZero() {
			b = append(b, 0)
			b = binary.BigEndian.AppendUint64(b, step.Tree)
		} else {
			b = append(b, 1)
			b = append(b, step.ID.Bytes()...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.Leads)))
	for _, l := range s.Leads {
		b = binary.BigEndian.AppendUint64(b, l.Tree)
		b = append(b, flag(1, l.Loose))
		b = binary.AppendUvarint(b, uint64(len(l.Steps)))
		last := int32(-1)
		for _, n := range l.Steps {
			b = binary.AppendUvarint(b, uint64(n-last))
			last = n
		}
	}
	return b
}

// decodeStory reads what append wrote. It takes no more memory than a small
// multiple of the length of b.
func decodeStory(b []byte, idSize int) (*Story, error) {
	d := &decoder{rest: b, hs: idSize}
	s := &Story{}
	n := d.count(2*idSize + 2)
	s.Commits = make([]Commit, 0, n)
	var parents []gitobj.ID // one array for many commits
	for i := range n {
		c := Commit{ID: d.id(), Tree: d.id(), When: d.number()}
		first := len(parents)
		for range d.count(1) {
			switch back := d.uvarint(); {
			case d.failed || back > uint64(i):
				return nil, errEntry
			case back == 0:
				parents = append(parents, d.id())
			default:
				parents = append(parents, s.Commits[i-int(back)].ID)
			}
		}
		if first < len(parents) {
			c.Parents = parents[first:len(parents):len(parents)]
		}
		if d.failed {
			return nil, errEntry
		}
		s.Commits = append(s.Commits, c)
	}
	copy(s.Wanted[:], d.bytes(len(s.Wanted)))
	for range d.count(10) {
		step := Step{Name: d.text()}
		if d.byte() == 0 {
			step.Tree = d.fixed()
		} else if step.ID = d.id(); step.ID.IsZero() {
			d.fail()
		}
		s.Steps = append(s.Steps, step)
	}
	for range d.count(10) {
		l := Lead{Tree: d.fixed(), Loose: d.byte()&1 != 0}
		last := int64(-1)
		for range d.count(1) {
			more := d.uvarint()
			if more == 0 || more > uint64(int64(len(s.Steps))-1-last) {
				return nil, errEntry
			}
			last += int64(more)
			l.Steps = append(l.Steps, int32(last))
		}
		s.Leads = append(s.Leads, l)
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errEntry
	}
	return s, nil
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) fixed() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
