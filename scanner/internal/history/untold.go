package history

import (
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// untold reports what a scan had found when it was stopped, object by object:
// which commits brought it in, and under which paths, was not looked at.
func (h *repository) untold(found *haul) {
	h.result.Sightings, h.result.Keys = nil, nil
	add := func(location finding.Location, id gitobj.ID, hits []detect.Hit) {
		for _, hit := range hits {
			x := hit.Sighting()
			x.Location = location
			if location == finding.InBlob {
				x.Blob, x.Versions = id.String(), 1
				x.Blobs = []string{x.Blob}
			} else {
				x.Commit = id.String()
			}
			h.result.Sightings = append(h.result.Sightings, x)
		}
	}
	for id, o := range found.objects[gitobj.Blob] {
		add(finding.InBlob, id, o.outcome.Hits)
	}
	for id, o := range found.objects[gitobj.Commit] {
		add(finding.InCommitHeader, id, o.header.Hits)
		add(finding.InCommitMessage, id, o.outcome.Hits)
	}
	for id, o := range found.objects[gitobj.Tag] {
		add(finding.InTagHeader, id, o.header.Hits)
		add(finding.InTagMessage, id, o.outcome.Hits)
	}
}
