package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Confidence says how sure the rules are that a match is a key.
type Confidence uint8

// The levels of confidence, least first. None is a match that is no key.
const (
	None Confidence = iota
	Low
	Medium
	High
)

var confidenceNames = [...]string{"none", "low", "medium", "high"}

// ParseConfidence reads "low", "medium" or "high".
func ParseConfidence(s string) (Confidence, error) {
	for c := Low; c <= High; c++ {
		if s == confidenceNames[c] {
			return c, nil
		}
	}
	return None, fmt.Errorf("unknown confidence %q (want low, medium or high)", s)
}

func (c Confidence) String() string { return confidenceNames[c] }

// MarshalText writes the level's name.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the level's name.
func (c *Confidence) UnmarshalText(text []byte) error {
	v, err := ParseConfidence(string(text))
	if err != nil {
		return err
	}
	*c = v
	return nil
}

// Extent says whether the end of a key is known. A 401 for a key of uncertain
// extent is never final: what was sent may be too short or too long.
type Extent string

// The extents.
const (
	Exact     Extent = "exact"
	Uncertain Extent = "uncertain"
)

// Status is what the API said of a key.
type Status string

// The statuses.
const (
	Active     Status = "active"
	Deleted    Status = "deleted"
	Unknown    Status = "unknown"
	Unverified Status = "unverified"
)

// Location names the kind of place in which a key was found.
type Location string

// The locations.
const (
	InFile          Location = "file"           // content of a file on disk
	InFileName      Location = "file-name"      // name of a file or directory, on disk or in a tree
	InStdin         Location = "stdin"          // standard input
	InIndex         Location = "index"          // a blob staged in the index
	InBlob          Location = "blob"           // a blob of the object store
	InCommitMessage Location = "commit-message" // message of a commit
	InCommitHeader  Location = "commit-header"  // author, committer, gpgsig and other headers
	InTagMessage    Location = "tag-message"    // message of an annotated tag
	InTagHeader     Location = "tag-header"     // tag name, tagger and other headers
	InNote          Location = "note"           // a blob that refs/notes/* names
	InRefName       Location = "ref-name"       // name of a branch or tag
	InReflog        Location = "reflog"         // a reflog's message
	InGitFile       Location = "git-file"       // another file of a Git directory, such as config
)

// Tracked says what Git thinks of a file of the work tree.
type Tracked string

// What Git thinks of a file.
const (
	IsTracked   Tracked = "tracked"
	IsUntracked Tracked = "untracked"
	IsIgnored   Tracked = "ignored"
)

// A Finding is one key at one place. All versions of one path that hold the
// key are one finding; line and column come from the newest version that does
// (work tree, index, HEAD, then latest committer date).
type Finding struct {
	Target      int      `json:"target"` // id of the target, see [Target]
	Key         ID       `json:"key"`
	Masked      string   `json:"masked"`
	Fingerprint string   `json:"fingerprint"`
	Rule        string   `json:"rule"`
	Location    Location `json:"location"`
	Path        string   `json:"path,omitempty"`       // slash path; empty without one
	Member      string   `json:"member,omitempty"`     // archive members from outermost in, joined by "!"
	Line        int      `json:"line,omitempty"`       // 1-based line of the key's first character
	Column      int      `json:"column,omitempty"`     // 1-based, in UTF-16 code units
	EndLine     int      `json:"end_line,omitempty"`   // 1-based line of the key's last character
	EndColumn   int      `json:"end_column,omitempty"` // column after the last character
	Layers      []string `json:"layers,omitempty"`     // encodings and containers, outermost first
	Ordinal     int      `json:"-"`                    // 0-based count among the same key's hits in one version
	Tracked     Tracked  `json:"tracked,omitempty"`

	Commit    string   `json:"commit,omitempty"` // first commit that holds the key here
	Author    string   `json:"author,omitempty"` // name of that commit's author
	Date      string   `json:"date,omitempty"`   // RFC 3339 committer date of that commit
	Blob      string   `json:"blob,omitempty"`   // object of the newest version that holds the key
	Reachable *bool    `json:"reachable,omitempty"`
	Versions  int      `json:"versions,omitempty"` // distinct objects that hold the key here
	First     *Moment  `json:"first,omitempty"`
	Last      *Moment  `json:"last,omitempty"`
	Removed   *Moment  `json:"removed,omitempty"`
	Snippet   *Snippet `json:"snippet,omitempty"`
}

// SetFingerprint computes the finding's fingerprint: the hex SHA-256 of key
// id, location, path, member, layers and ordinal, NUL-joined. It holds neither
// line nor commit, so that it outlives edits and rewritten history. An
// unreachable blob has no path; its object id stands in for one.
func (f *Finding) SetFingerprint() {
	path := f.Path
	if path == "" && f.Location == InBlob {
		path = f.Blob
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		string(f.Key), string(f.Location), path, f.Member,
		strings.Join(f.Layers, ","), strconv.Itoa(f.Ordinal),
	}, "\x00")))
	f.Fingerprint = hex.EncodeToString(sum[:])
}

// A Moment is a commit seen as a point in a key's life.
type Moment struct {
	Commit     string `json:"commit"`
	Author     string `json:"author,omitempty"`
	Email      string `json:"email,omitempty"`
	AuthorDate string `json:"author_date,omitempty"` // RFC 3339
	CommitDate string `json:"commit_date,omitempty"` // RFC 3339
}

// A Snippet is the text around a finding, every key in it masked: at most
// three lines, cut to a sensible width.
type Snippet struct {
	StartLine int    `json:"start_line"` // 1-based
	Text      string `json:"text"`
}
