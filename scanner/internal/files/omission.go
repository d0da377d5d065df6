package files

import (
	"slices"

	"github.com/petrascan/petrascan/scanner/internal/detect"
)

// An Omission is what was left out for one reason.
type Omission struct {
	Count int64
	Paths []string // the first few of them, sorted
}

// A Doubt is a candidate that is not reported, and where the first like it lies.
type Doubt struct {
	Path string
	detect.Doubt
}

// mostPaths is how many paths an omission names.
const mostPaths = 3

func (r *Result) leaveOut(why, path string) {
	if r.LeftOut == nil {
		r.LeftOut = map[string]*Omission{}
	}
	o := r.LeftOut[why]
	if o == nil {
		o = &Omission{}
		r.LeftOut[why] = o
	}
	o.Count++
	if at, _ := slices.BinarySearch(o.Paths, path); at < mostPaths {
		o.Paths = slices.Insert(o.Paths, at, path)
		o.Paths = o.Paths[:min(len(o.Paths), mostPaths)]
	}
}

// Reasons for leaving something out, but for globs, which tell themselves.
const (
	byGitignore  = "ignored by Git"
	byLink       = "a symbolic link that leads out of the target (--follow follows them)"
	byFilesystem = "on another file system"
	bySpecial    = "neither file, directory nor link"
)

// excluded says which glob leaves out what lies at path. Of a directory it is
// one that leaves out all below it.
func (g *Globs) excluded(path string) string {
	glob, ok := g.Match(path)
	if ok && glob == notIncluded {
		return "not among what is included"
	}
	return "excluded by " + glob
}
