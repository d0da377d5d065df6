package history

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

const (
	treeLine   = "tree 0123456789012345678901234567890123456789\n"
	parentLine = "parent 1123456789012345678901234567890123456789\n"
)

func TestParsePerson(t *testing.T) {
	for _, test := range []struct{ text, name, email, date string }{
		{"A U Thor <a@example.com> 1700000000 +0130", "A U Thor", "a@example.com", "2023-11-14T23:43:20+01:30"},
		{"A <a@b> 1700000000 -0800", "A", "a@b", "2023-11-14T14:13:20-08:00"},
		{"A <a@b> 0 +0000", "A", "a@b", "1970-01-01T00:00:00Z"},
		{"A <a <b> c> 1 +0000", "A", "a <b> c", "1970-01-01T00:00:01Z"},
		{"A <a@b> 1 +9999", "A", "a@b", "1970-01-01T00:00:01Z"},
		{"A <a@b> 1 nonsense", "A", "a@b", "1970-01-01T00:00:01Z"},
		{"A <a@b> 1", "A", "a@b", "1970-01-01T00:00:01Z"},
		{"A <a@b> 99999999999999 +0000", "A", "a@b", ""},
		{"A <a@b> -5 +0000", "A", "a@b", ""},
		{"A <a@b> soon", "A", "a@b", ""},
		{"A <a@b>", "A", "a@b", ""},
		{"<> 1 +0000", "", "", "1970-01-01T00:00:01Z"},
		{"no address", "no address", "", ""},
		{"> backwards <", "> backwards <", "", ""},
		{"", "", "", ""},
	} {
		name, email, when := parsePerson([]byte(test.text))
		if name != test.name || email != test.email || date(when) != test.date {
			t.Errorf("%q: %q %q %q, want %q %q %q", test.text, name, email, date(when), test.name, test.email, test.date)
		}
	}
}

func TestParseCommit(t *testing.T) {
	for _, test := range []struct {
		text    string
		parents int
		when    int64
		bad     bool
	}{
		{text: treeLine + "author A <a> 1 +0000\ncommitter C <c> 2 +0000\n\nparent message\n", when: 2},
		{text: treeLine + parentLine + parentLine + "author A <a> 1 +0000\ncommitter C <c> 2 +0000\n", parents: 2, when: 2},
		{text: treeLine + "\ncommitter C <c> 2 +0000\n", when: noDate},
		{text: treeLine + "committer C <c> never +0000\n", when: noDate},
		{text: treeLine, when: noDate},
		{text: "", bad: true},
		{text: parentLine, bad: true},
		{text: "committer C <c> 2 +0000\n", bad: true},
		{text: "tree 0123\n", bad: true},
		{text: treeLine + "parent nobody\n", bad: true},
	} {
		c, err := parseCommit(gitobj.ID{}, []byte(test.text))
		if (err != nil) != test.bad || err == nil && (len(c.parents) != test.parents || c.when != test.when) {
			t.Errorf("%q: %d parents, %d, %v", test.text, len(c.parents), c.when, err)
		}
	}
}

// Commits are read without a panic, and dates are such that reports can say them.
func FuzzCommit(f *testing.F) {
	f.Add([]byte(treeLine + parentLine + "author A <a> 1 +0000\ncommitter C <c> 2 -0130\ngpgsig x\n y\n\nmessage\n"))
	f.Add([]byte(treeLine + "committer C <c> 99999999999999999999 +0000"))
	f.Add([]byte("object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t> 3 +0100\n\nmessage"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if start := messageStart(data); start < 0 || start > len(data) {
			t.Fatalf("message at %d of %d", start, len(data))
		}
		m := moment(gitobj.ID{}, data)
		if m.CommitDate != "" {
			if _, err := time.Parse(time.RFC3339, m.CommitDate); err != nil {
				t.Errorf("date %q", m.CommitDate)
			}
		}
		c, err := parseCommit(gitobj.ID{}, data)
		if err == nil && (c.tree.IsZero() && !bytes.Contains(data, bytes.Repeat([]byte("0"), 40)) || c.when < noDate || len(c.parents) > bytes.Count(data, []byte("parent "))) {
			t.Errorf("%d parents, %d", len(c.parents), c.when)
		}
	})
}

// Entries of a tree are parts of it, in order, and nothing is read beyond what
// makes an entry.
func FuzzTreeEntries(f *testing.F) {
	id := strings.Repeat("i", 20)
	f.Add([]byte("100644 a\x00"+id+"40000 d\x00"+id+"160000 m\x00"+id), 20)
	f.Add([]byte("100644 a\x00"+id+id[:12]), 32)
	f.Add([]byte("nonsense"), 20)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size != 20 && size != 32 {
			return
		}
		var again []byte
		for e := range treeEntries(data, size) {
			again = append(append(append(append(append(again, e.mode...), ' '), e.name...), 0), e.id...)
			if len(e.id) != size || e.kind()&^modeKind != 0 {
				t.Fatal("bad entry")
			}
		}
		if !bytes.HasPrefix(data, again) {
			t.Error("the entries are not what the tree begins with")
		}
	})
}

// Tags are read without a panic; what they name stands in them, and dates are
// such that reports can say them.
func FuzzTag(f *testing.F) {
	const id = "0123456789012345678901234567890123456789"
	f.Add([]byte("object " + id + "\ntype commit\ntag v1\ntagger T <t> 3 +0100\n\nmessage"))
	f.Add([]byte("type commit\nobject " + id[:20] + "\ntagger <<>> 99999999999999999999 +9999\ntagger"))
	f.Add([]byte("\nobject " + id))
	f.Fuzz(func(t *testing.T, data []byte) {
		target := tagTarget(data)
		if !target.IsZero() && !bytes.Contains(bytes.ToLower(data[:messageStart(data)]), []byte("object "+target.String())) {
			t.Errorf("%s does not stand in the headers", target)
		}
		if m := taggedBy(data); m.CommitDate != "" {
			if _, err := time.Parse(time.RFC3339, m.CommitDate); err != nil {
				t.Errorf("date %q", m.CommitDate)
			}
		}
	})
}
