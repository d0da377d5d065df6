package history

import (
	"bytes"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// maxTags bounds how many tags of tags are followed.
const maxTags = 64

// tagTarget returns what a tag names; zero if that can't be read. A tag begins
// with the header object (Git's hash-object and mktag describe it).
func tagTarget(data []byte) gitobj.ID {
	for header := range headers(data) {
		if value, ok := bytes.CutPrefix(header, []byte("object ")); ok {
			id, err := gitobj.ParseID(string(value))
			if err != nil {
				return gitobj.ID{}
			}
			return id
		}
	}
	return gitobj.ID{}
}

// taggedBy describes a tag by its tagger and its date.
func taggedBy(data []byte) *finding.Moment {
	m := &finding.Moment{}
	for header := range headers(data) {
		if value, ok := bytes.CutPrefix(header, []byte("tagger ")); ok {
			tagger, email, when := parsePerson(value)
			m.Author, m.Email = tagger, email
			m.AuthorDate, m.CommitDate = date(when), date(when)
		}
	}
	return m
}

// target returns what a tag names; zero if id is no tag.
func (h *repository) target(id gitobj.ID) gitobj.ID {
	typ, _, err := h.store.Stat(id)
	if err != nil || typ != gitobj.Tag {
		return gitobj.ID{}
	}
	_, data, err := h.store.Read(id)
	if err != nil {
		return gitobj.ID{}
	}
	return tagTarget(data)
}

// tagMoment is the tag seen as a point in time: the commit it leads to, if it
// does, its tagger and its date.
func (s *story) tagMoment(id gitobj.ID) *finding.Moment {
	_, data, err := s.store.Read(id)
	if err != nil {
		return nil
	}
	m := taggedBy(data)
	m.Author, m.Email = s.worker.Mask(m.Author), s.worker.Mask(m.Email)
	if commit := s.commitOf(id); s.graph.has(commit) {
		m.Commit = commit.String()
	}
	return m
}
