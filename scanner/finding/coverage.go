package finding

// Coverage says what there was to read and what was read. It is the proof
// behind "nothing found".
type Coverage struct {
	Files      int64    `json:"files"` // files on disk whose whole content was searched
	Bytes      int64    `json:"bytes"` // bytes of those files, and of objects after inflating and applying deltas
	Objects    Objects  `json:"objects"`
	Containers int64    `json:"containers"` // archives and compressed streams that were opened
	Absent     []Absent `json:"absent"`
	Opaque     []Unread `json:"opaque"`
	Cut        []Unread `json:"cut"`
	Accepted   []Unread `json:"accepted,omitempty"` // opaque or cut, and known to the user: see the configuration's "accept"
	LeftOut    LeftOut  `json:"left_out"`
}

// Objects counts the distinct Git objects of each type.
type Objects struct {
	Blob   ObjectCount `json:"blob"`
	Commit ObjectCount `json:"commit"`
	Tag    ObjectCount `json:"tag"`
	Tree   ObjectCount `json:"tree"`
}

// ObjectCount is how many objects the store names and how many were searched.
type ObjectCount struct {
	Present int64 `json:"present"`
	Read    int64 `json:"read"`
}

// Absent counts content that is not here by design.
type Absent struct {
	What  string `json:"what"` // "shallow", "promised" or "lfs"
	Count int64  `json:"count"`
}

// Unread names content that was not searched to its end.
type Unread struct {
	Target int    `json:"target"`
	Path   string `json:"path,omitempty"`
	Member string `json:"member,omitempty"`
	Object string `json:"object,omitempty"` // hex object id
	Reason string `json:"reason"`
}

// LeftOut counts what was not searched, or not reported, on request or by the
// rules of the walk.
type LeftOut struct {
	Exclude         int64 `json:"exclude"`
	Gitignore       int64 `json:"gitignore"`
	Symlink         int64 `json:"symlink"`
	OtherFilesystem int64 `json:"other_filesystem"`
	Special         int64 `json:"special"` // pipes, sockets and devices
	LowConfidence   int64 `json:"low_confidence"`
}
