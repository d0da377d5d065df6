package report

import (
	"path"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A view is a report with what the writers look up in it.
type view struct {
	report  *finding.Report
	options Options
	keys    map[finding.ID]*finding.Exposure // of every finding
	targets map[int]*finding.Target
	forges  map[int]forge // of the targets that have one
}

func newView(r *finding.Report, o Options) *view {
	v := &view{report: r, options: o, keys: exposures(r), targets: make(map[int]*finding.Target), forges: forges(r)}
	for i := range r.Scan.Targets {
		v.targets[r.Scan.Targets[i].ID] = &r.Scan.Targets[i]
	}
	return v
}

func (v *view) verdict(f *finding.Finding) verdict { return verdictOf(v.keys[f.Key]) }

// place is [Place] of a finding of the report. The text is clean.
func (v *view) place(f *finding.Finding) string { return Place(f, v.targets[f.Target]) }

// commitPage returns the address of the page of a finding's first commit, or "".
func (v *view) commitPage(f *finding.Finding) string { return v.forges[f.Target].commit(f.Commit) }

// file returns the path that a finding is reported at where a format wants a
// file, not encoded. What has no path gets a stand-in.
func (v *view) file(f *finding.Finding) string {
	name, real := standIn(f)
	if real {
		name = v.joined(f.Path, f.Target)
		if f.Location == finding.InReflog && !strings.HasPrefix(f.Path, ".git/") {
			name = v.joined(".git/"+f.Path, f.Target)
		}
	}
	return name
}

// standIn returns a name for what has no path, and whether none is needed. It
// is the same from run to run: GitHub opens new alerts when a URI changes, and
// refuses a file with any scheme but the checkout's.
func standIn(f *finding.Finding) (name string, real bool) {
	switch f.Location {
	case finding.InStdin:
		return "stdin", false
	case finding.InCommitMessage, finding.InCommitHeader, finding.InRefName, finding.InNote:
		return ".git/" + string(f.Location), false
	case finding.InTagMessage, finding.InTagHeader:
		return ".git/tag", false
	}
	if f.Path != "" {
		return "", true
	}
	if f.Location == finding.InBlob {
		return ".git/unreachable", false
	}
	return ".git/" + string(f.Location), false
}

// joined returns a target's path as seen from the directory that petrascan was
// started in, the checkout's root in CI, if the target is inside of it.
func (v *view) joined(p string, target int) string {
	if t := v.targets[target]; t != nil && t.Kind != finding.StdinTarget && t.URL == "" {
		dir := path.Clean(strings.ReplaceAll(t.Path, `\`, "/"))
		if dir != "." && !strings.HasPrefix(dir, "..") && !strings.HasPrefix(dir, "/") && !strings.Contains(dir, ":") {
			p = dir + "/" + p
		}
	}
	return strings.TrimLeft(p, "/")
}
