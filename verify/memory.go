package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A Memory keeps verdicts in a directory, so that the same key is not asked
// about again and again. It holds key ids and answers, no key. Each verdict is a
// file of its own that is written beside and renamed: runs side by side see
// whole verdicts, and the later one stays.
type Memory struct{ dir string }

// NewMemory returns the memory in dir, which need not exist yet.
func NewMemory(dir string) *Memory { return &Memory{dir} }

// How long verdicts hold. A final one holds for ever, since deleting a key can't
// be undone; that something could not be told is not remembered at all.
const (
	activeHolds  = 5 * time.Minute
	deletedHolds = aDay
)

// A record is a verdict as it is kept.
type record struct {
	Status        finding.Status `json:"status"`
	Reason        string         `json:"reason"`
	Checked       time.Time      `json:"checked"`
	RejectedSince time.Time      `json:"rejected_since,omitzero"` // the first rejection without an acceptance since
	Final         bool           `json:"final,omitempty"`
}

// file is where the verdict of an API on a key is.
func (m *Memory) file(api string, id finding.ID) string {
	sum := sha256.Sum256([]byte(api))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:8]), string(id)+".json")
}

// get returns what is kept. What can't be read or is not from the past counts
// for nothing: the API is asked then.
func (m *Memory) get(api string, id finding.ID, now time.Time) (record, bool) {
	var r record
	if m == nil {
		return r, false
	}
	text, err := os.ReadFile(m.file(api, id))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return record{}, false
	}
	past := !r.Checked.IsZero() && !r.Checked.After(now) && !r.RejectedSince.After(r.Checked)
	if !past || r.Status != finding.Active && r.Status != finding.Deleted || r.Status == finding.Active && r.Final {
		return record{}, false
	}
	return r, true
}

// put keeps a verdict.
func (m *Memory) put(api string, id finding.ID, r record) (err error) {
	name := m.file(api, id)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// CreateTemp makes files that only their owner can read.
	tmp, err := os.CreateTemp(filepath.Dir(name), "new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(append(text, '\n'))
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(tmp.Name(), name)
}

// remembered returns the verdict that memory has on a subject, if it still
// holds. Of what is not final nothing does where fresh answers are wanted.
func (c *Client) remembered(s Subject) (Verdict, bool) {
	now := c.options.Now()
	r, ok := c.options.Memory.get(c.base, s.Key.ID(), now)
	if !ok {
		return Verdict{}, false
	}
	v := Verdict{Status: r.Status, Reason: r.Reason, Checked: r.Checked.UTC()}
	age := now.Sub(r.Checked)
	switch {
	case r.Final && s.Extent == finding.Exact:
		v.Final = true
		return v, true
	case r.Final:
		v.Reason = deletedReason(s.Extent, "")
		return v, true
	case c.options.Fresh, c.options.Control.Reveal() != "":
		return v, false
	case r.Status == finding.Active:
		return v, age < activeHolds
	}
	v.Reason = deletedReason(s.Extent, "")
	return v, age < deletedHolds && now.Sub(r.RejectedSince) < aDay
}

// rejectedSince is since when a key that was rejected now has been.
func (c *Client) rejectedSince(id finding.ID, now time.Time) time.Time {
	if r, ok := c.options.Memory.get(c.base, id, now); ok && r.Status == finding.Deleted && !r.RejectedSince.IsZero() {
		return r.RejectedSince.UTC()
	}
	return now
}

// remember keeps a verdict for the next run, unless nothing was told or memory
// has a final one.
func (c *Client) remember(s Subject, v Verdict, rejectedSince time.Time) error {
	if c.options.Memory == nil || v.Status == finding.Unknown {
		return nil
	}
	id := s.Key.ID()
	if r, ok := c.options.Memory.get(c.base, id, v.Checked); ok && r.Final && v.Status == finding.Deleted && !v.Final {
		return nil
	}
	return c.options.Memory.put(c.base, id, record{
		Status: v.Status, Reason: v.Reason, Checked: v.Checked, RejectedSince: rejectedSince, Final: v.Final,
	})
}
