package history

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A commit is what history needs of a commit object.
type commit struct {
	id      gitobj.ID
	tree    gitobj.ID
	parents []gitobj.ID
	when    int64 // committer date, seconds since 1970, or noDate
	loose   bool  // it is in no pack
}

// noDate stands for a committer date that can't be read, or that lies beyond the
// year 9999.
const noDate = -1

var errCommit = errors.New("malformed commit")

// parseCommit reads the headers that Git writes first into every commit: tree,
// parents, author, committer (Git describes it in the user manual, "Commit
// Object", and in gitformat-signature).
func parseCommit(id gitobj.ID, data []byte) (commit, error) {
	c := commit{id: id, when: noDate}
	for header := range headers(data) {
		name, value, _ := bytes.Cut(header, []byte{' '})
		switch string(name) {
		case "tree":
			tree, ok := gitobj.DecodeID(value)
			if !ok {
				return c, errCommit
			}
			c.tree = tree
		case "parent":
			parent, ok := gitobj.DecodeID(value)
			if !ok {
				return c, errCommit
			}
			c.parents = append(c.parents, parent)
		case "committer":
			if seconds, _, ok := personTime(value); ok {
				c.when = seconds
			}
		}
		if string(name) == "committer" {
			break
		}
	}
	if c.tree.IsZero() {
		return c, errCommit
	}
	return c, nil
}

// headers yields the header lines of a commit or tag, continuation lines
// included in none.
func headers(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			line := data
			if i := bytes.IndexByte(data, '\n'); i >= 0 {
				line, data = data[:i], data[i+1:]
			} else {
				data = nil
			}
			if len(line) == 0 || !yield(line) {
				return
			}
		}
	}
}

// messageStart returns where the message of a commit or tag begins: behind the
// first empty line.
func messageStart(data []byte) int {
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		return i + 2
	}
	return len(data)
}

// parsePerson reads "Name <email> seconds zone". The time is zero if there is
// none that RFC 3339 can say.
func parsePerson(b []byte) (name, email string, when time.Time) {
	open, end := bytes.IndexByte(b, '<'), bytes.LastIndexByte(b, '>')
	if open < 0 || end < open {
		return string(bytes.TrimSpace(b)), "", time.Time{}
	}
	name = string(bytes.TrimSpace(b[:open]))
	email = string(b[open+1 : end])
	n, zone, ok := personTime(b)
	if !ok {
		return name, email, time.Time{}
	}
	return name, email, time.Unix(n, 0).In(parseZone(string(zone)))
}

// personTime reads the time in what parsePerson reads: seconds since 1970 and the
// zone. It is false if there is none.
func personTime(b []byte) (seconds int64, zone []byte, ok bool) {
	open, end := bytes.IndexByte(b, '<'), bytes.LastIndexByte(b, '>')
	if open < 0 || end < open {
		return 0, nil, false
	}
	text, zone, _ := bytes.Cut(bytes.TrimSpace(b[end+1:]), []byte{' '})
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 || n > maxTime {
		return 0, nil, false
	}
	return n, zone, true
}

// maxTime is the last second of the year 9999, the last that RFC 3339 can say.
const maxTime = 253402300799 - 24*60*60

// parseZone reads "+0130". What is no zone is UTC.
func parseZone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 5 || n < -1400 || n > 1400 {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}

// moment describes a commit by its whole text.
func moment(id gitobj.ID, data []byte) *finding.Moment {
	m := &finding.Moment{Commit: id.String()}
	for header := range headers(data) {
		name, value, _ := bytes.Cut(header, []byte{' '})
		switch string(name) {
		case "author":
			author, email, when := parsePerson(value)
			m.Author, m.Email, m.AuthorDate = author, email, date(when)
		case "committer":
			_, _, when := parsePerson(value)
			m.CommitDate = date(when)
		}
	}
	return m
}

// date writes a time as reports do; "" for none.
func date(when time.Time) string {
	if when.IsZero() {
		return ""
	}
	return when.Format(time.RFC3339)
}
