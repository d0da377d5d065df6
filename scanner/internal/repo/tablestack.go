package repo

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// tableRefs keeps refs and logs in stacks of reftables: one for what is shared
// and the main work tree, and one for each linked work tree.
type tableRefs struct{ *Repo }

// A tableStack is the sum of the reftables that tables.list names, the newest
// counting most.
type tableStack struct {
	refs     map[string]Ref
	logs     map[string][]tableLog // by ref; oldest first
	problems []Problem
}

// listAttempts is how often tables.list is read again when a table that it names
// has gone: then another process has just merged tables.
const listAttempts = 4

func (r *Repo) tableStack(dir string) (*tableStack, error) {
	dir = filepath.Join(dir, "reftable")
	list := filepath.Join(dir, "tables.list")
	for attempt := 1; ; attempt++ {
		names, err := readFile(list)
		if err != nil {
			return nil, err
		}
		s := &tableStack{refs: map[string]Ref{}, logs: map[string][]tableLog{}}
		gone := false
		for name := range strings.Lines(string(names)) {
			if name = strings.TrimRight(name, "\r\n"); name == "" {
				continue
			}
			path := filepath.Join(dir, filepath.Base(name))
			data, err := readFile(path)
			gone = gone || absent(err)
			if err != nil {
				s.problems = append(s.problems, Problem{Path: path, Err: err})
				continue
			}
			table, err := parseReftable(data, r.Format)
			if err != nil {
				s.problems = append(s.problems, Problem{Path: path, Err: err})
			}
			s.add(table)
		}
		if !gone || attempt == listAttempts {
			s.dropDeleted()
			return s, nil
		}
	}
}

func (s *tableStack) add(t *reftable) {
	for _, ref := range t.refs {
		if ref.deleted {
			delete(s.refs, ref.Name)
		} else {
			s.refs[ref.Name] = ref.Ref
		}
	}
	for _, log := range t.logs {
		s.logs[log.ref] = append(s.logs[log.ref], log)
	}
}

// dropDeleted sorts the logs and drops entries that a newer table deletes.
func (s *tableStack) dropDeleted() {
	for ref, logs := range s.logs {
		slices.SortStableFunc(logs, func(a, b tableLog) int { return cmp.Compare(a.update, b.update) })
		kept := logs[:0]
		for i, log := range logs {
			newest := i+1 == len(logs) || logs[i+1].update != log.update
			if newest && !log.deleted {
				kept = append(kept, log)
			}
		}
		s.logs[ref] = kept
	}
}

// entries returns the reflog of one ref. An entry between two null ids only
// notes that the reflog exists.
func (s *tableStack) entries(ref string) []LogEntry {
	var entries []LogEntry
	for _, log := range s.logs[ref] {
		if !log.entry.Old.IsZero() || !log.entry.New.IsZero() {
			entries = append(entries, log.entry)
		}
	}
	return entries
}

// stackOf returns the stack that holds a ref, and its name there.
func (s tableRefs) stackOf(name string) (*tableStack, string, error) {
	dir := s.refDir
	prefix, ok := viewOf(name)
	name = name[len(prefix):]
	switch {
	case !isPrivate(name) || prefix == "main-worktree/":
	case ok:
		dir = filepath.Join(s.CommonDir, filepath.FromSlash(prefix))
	case s.GitDir != s.CommonDir:
		dir = s.GitDir
	}
	stack, err := s.tableStack(dir)
	return stack, name, err
}

func (s tableRefs) lookup(full string) (Ref, error) {
	if !validRefName(full) {
		return Ref{}, fs.ErrNotExist
	}
	stack, name, err := s.stackOf(full)
	if err != nil {
		return Ref{}, err
	}
	if ref, ok := stack.refs[name]; ok {
		ref.Name = full
		return ref, nil
	}
	if len(stack.problems) > 0 {
		return Ref{}, fmt.Errorf("ref %s: %w", full, stack.problems[0])
	}
	return s.lookupPseudo(full)
}

// lookupPseudo looks for a pseudo ref that is a plain file here too: FETCH_HEAD
// and MERGE_HEAD never are in a reftable.
func (s tableRefs) lookupPseudo(full string) (Ref, error) {
	path, shared, err := s.refPath(full)
	if err != nil || shared || strings.HasSuffix(full, "/HEAD") || full == "HEAD" || strings.Contains(full, "refs/") {
		return Ref{}, fs.ErrNotExist
	}
	ref, err := s.readLoose(path, full)
	if absent(err) || isDir(path) {
		return Ref{}, fs.ErrNotExist
	}
	return ref, err
}

func (s tableRefs) log(full string) (Log, error) {
	stack, name, err := s.stackOf(full)
	if err != nil {
		return Log{Ref: full}, err
	}
	return Log{Ref: full, Entries: stack.entries(name)}, nil
}

func (s tableRefs) all() ([]Ref, []Problem, error) {
	var refs []Ref
	problems, err := s.each(func(stack *tableStack, full func(string) string) {
		for name, ref := range stack.refs {
			ref.Name = full(name)
			refs = append(refs, ref)
		}
	})
	return refs, problems, err
}

func (s tableRefs) logs() ([]Log, []Problem, error) {
	var logs []Log
	problems, err := s.each(func(stack *tableStack, full func(string) string) {
		for name := range stack.logs {
			if entries := stack.entries(name); len(entries) > 0 {
				logs = append(logs, Log{Ref: full(name), Entries: entries})
			}
		}
	})
	return logs, problems, err
}

// each calls visit for every stack with a function that makes a name in it full.
// A linked work tree's stack that can't be read is a problem, the shared one an
// error.
func (s tableRefs) each(visit func(stack *tableStack, full func(string) string)) ([]Problem, error) {
	var problems []Problem
	for _, v := range s.views() {
		dir := v.gitDir
		if v.gitDir == s.CommonDir {
			dir = s.refDir
		}
		stack, err := s.tableStack(dir)
		if err != nil && v.gitDir == s.CommonDir {
			return problems, err
		}
		if err != nil {
			problems = append(problems, Problem{Path: dir, Name: v.prefix, Err: err})
			continue
		}
		problems = append(problems, stack.problems...)
		visit(stack, func(name string) string {
			if isPrivate(name) {
				return v.prefix + name
			}
			return name
		})
	}
	return problems, nil
}
