package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/petrascan/petrascan/scanner/finding"
)

// reported is the part of petrascan's JSON report that tells what it read.
type reported struct {
	Scan struct {
		Complete bool             `json:"complete"`
		Coverage finding.Coverage `json:"coverage"`
	} `json:"scan"`
	Keys []struct {
		FirstSeen *struct{} `json:"first_seen"`
	} `json:"keys"`
}

// report runs a petrascan command once, unmeasured, and reads what it reports.
// It warms the page cache, and shows that the command does what it is measured
// for: the exit status does not tell a wrong flag from content that can't be
// opened, an empty report does.
func (b *bench) report(ctx context.Context, c command) (reported, error) {
	b.say("once, unmeasured: %s", c.show)
	var r reported
	c.args = append(append([]string(nil), c.args...), "--format", "json")
	out, err := b.output(ctx, c)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("%s: %w", c.show, err)
	}
	return r, nil
}

// objects says how many of the repository's objects were read.
func (r reported) objects() string {
	o := r.Scan.Coverage.Objects
	present := o.Blob.Present + o.Commit.Present + o.Tag.Present + o.Tree.Present
	read := o.Blob.Read + o.Commit.Read + o.Tag.Read + o.Tree.Read
	return fmt.Sprintf("petrascan read %s of %s objects, %s when rebuilt, and opened %s containers.",
		thousands(read), thousands(present), size(r.Scan.Coverage.Bytes), thousands(r.Scan.Coverage.Containers))
}

// files says how many files were read.
func (r reported) files() string {
	c := r.Scan.Coverage
	return fmt.Sprintf("petrascan read %s files, %s, and opened %s containers.", thousands(c.Files), size(c.Bytes), thousands(c.Containers))
}
