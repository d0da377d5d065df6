package repo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// otherPseudoRefs are files in a git directory that hold an id though their names
// don't end in _HEAD (gitglossary, "pseudoref", and the states of git-rebase and
// git-am).
var otherPseudoRefs = []string{
	"AUTO_MERGE", "BISECT_EXPECTED_REV", "MERGE_AUTOSTASH", "NOTES_MERGE_PARTIAL", "NOTES_MERGE_REF",
	"rebase-apply/abort-safety", "rebase-apply/autostash", "rebase-apply/onto", "rebase-apply/orig-head",
	"rebase-merge/autostash", "rebase-merge/onto", "rebase-merge/orig-head", "rebase-merge/squash-onto", "rebase-merge/stopped-sha",
	"sequencer/abort-safety", "sequencer/head",
}

// pseudoRefs reads the pseudo refs of one work tree that are plain files.
func (r *Repo) pseudoRefs(v view) ([]Ref, []Problem) {
	names := slices.Clone(otherPseudoRefs)
	if r.RefFormat == RefFiles {
		names = append(names, "HEAD")
	}
	entries, err := os.ReadDir(v.gitDir)
	var problems []Problem
	if err != nil {
		problems = append(problems, Problem{Path: v.gitDir, Err: err})
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_HEAD") && strings.ToUpper(e.Name()) == e.Name() {
			names = append(names, e.Name())
		}
	}
	var refs []Ref
	for _, name := range names {
		path := filepath.Join(v.gitDir, filepath.FromSlash(name))
		found, err := r.readPseudo(path, v.prefix+name)
		refs = append(refs, found...)
		if err != nil && !absent(err) {
			problems = append(problems, Problem{Path: path, Name: v.prefix + name, Err: err})
		}
	}
	return refs, problems
}

// readPseudo reads a pseudo ref: a ref, or lines that each begin with an id, as
// FETCH_HEAD and MERGE_HEAD have.
func (r *Repo) readPseudo(path, name string) ([]Ref, error) {
	if _, err := os.Readlink(path); err == nil {
		ref, err := r.readLoose(path, name)
		return []Ref{ref}, err
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("ref:")) {
		ref, err := r.readLoose(path, name)
		if err != nil {
			return nil, err
		}
		return []Ref{ref}, nil
	}
	var refs []Ref
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		id, lineErr := looseID(line)
		if lineErr == nil && len(id.Bytes()) != r.Format.Size() {
			lineErr = errors.New("object id of another format")
		}
		if lineErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", path, lineErr))
			continue
		}
		refs = append(refs, Ref{Name: name, ID: id})
	}
	return refs, err
}
