package finding

// SchemaVersion is the version of the JSON report. Within it the report may
// gain optional fields; no field changes its meaning.
const SchemaVersion = 1

// A Report is the outcome of one run, as petrascan's JSON format writes it.
// Every other format is made from it. Keys and Findings are sorted, so that two
// runs over the same input give the same report but for Scan.Started and
// Scan.ElapsedMS. It holds no raw key.
type Report struct {
	SchemaVersion int        `json:"schema_version"`
	Tool          Tool       `json:"tool"`
	Scan          Scan       `json:"scan"`
	Keys          []Exposure `json:"keys"`
	Findings      []Finding  `json:"findings"`
}

// Tool says what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Rules   string `json:"rules"` // hex SHA-256 of the active rule set
}

// Scan says what was asked for and how much of it was done.
type Scan struct {
	Command    string       `json:"command"`
	Targets    []Target     `json:"targets"`
	Started    string       `json:"started"` // RFC 3339
	ElapsedMS  int64        `json:"elapsed_ms"`
	Complete   bool         `json:"complete"`
	Range      *Range       `json:"range,omitempty"`
	Coverage   Coverage     `json:"coverage"`
	Errors     []Error      `json:"errors"`
	Warnings   []string     `json:"warnings"`
	Suppressed []Suppressed `json:"suppressed"`
}

// TargetKind says how a target was read.
type TargetKind string

// The kinds of target.
const (
	FilesTarget TargetKind = "files"
	GitTarget   TargetKind = "git"
	StdinTarget TargetKind = "stdin"
)

// A Target is one thing that was scanned: a directory tree, a repository's
// objects, or standard input.
type Target struct {
	ID     int        `json:"id"`
	Path   string     `json:"path"`
	Kind   TargetKind `json:"kind"`
	URL    string     `json:"url,omitempty"`    // of the remote, without user information
	Head   string     `json:"head,omitempty"`   // object id of HEAD
	Branch string     `json:"branch,omitempty"` // short name of the branch HEAD is on
}

// A Range is the commits a limited scan looked at, as object ids: those
// reachable from New and not from Old.
type Range struct {
	New     []string `json:"new"`
	Old     []string `json:"old"`
	Widened string   `json:"widened,omitempty"` // why more was read than asked for
}

// An Error is something that could not be read.
type Error struct {
	Target int    `json:"target"`
	Path   string `json:"path,omitempty"`
	Object string `json:"object,omitempty"` // hex object id
	Reason string `json:"reason"`
}

// Suppressed counts findings that were left out of the report on request.
type Suppressed struct {
	Key     ID     `json:"key"`
	By      string `json:"by"` // "baseline", "config", "inline" or "exclude"
	Reason  string `json:"reason,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Expires string `json:"expires,omitempty"` // RFC 3339 full-date
	Count   int64  `json:"count"`
}

// An Exposure is the story of one key over all its findings.
type Exposure struct {
	ID                 ID         `json:"id"`
	Masked             string     `json:"masked"`
	Rule               string     `json:"rule"`
	Confidence         Confidence `json:"confidence"`
	Extent             Extent     `json:"extent"`
	Status             Status     `json:"status"`
	StatusReason       string     `json:"status_reason,omitempty"`
	Checked            string     `json:"checked,omitempty"` // RFC 3339
	Proven             bool       `json:"proven,omitempty"`  // of a deleted key: that it is deleted is proven, see package verify
	Occurrences        int        `json:"occurrences"`       // findings of this key
	FirstSeen          *Moment    `json:"first_seen"`
	LastSeen           *Moment    `json:"last_seen"`
	Removed            *Moment    `json:"removed"`
	Authors            []string   `json:"authors"`
	InHead             bool       `json:"in_head"`
	InWorktree         bool       `json:"in_worktree"`
	ReachableFrom      Reach      `json:"reachable_from"`
	CreatedNoLaterThan *string    `json:"created_no_later_than"` // RFC 3339: earliest committer date; null without a commit
}

// Reach names what still holds a key.
type Reach struct {
	Refs      []string `json:"refs"`
	Worktrees []string `json:"worktrees"`
	Reflogs   []string `json:"reflogs"`
	Stash     []string `json:"stash"`
}
