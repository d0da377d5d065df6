package repo

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

func (s fileRefs) lookupPacked(name string) (Ref, error) {
	data, err := readFile(filepath.Join(s.refDir, "packed-refs"))
	if absent(err) {
		return Ref{}, fs.ErrNotExist
	}
	if err != nil {
		return Ref{}, err
	}
	needle := []byte(" " + name)
	for from := 0; ; {
		i := bytes.Index(data[from:], needle)
		if i < 0 {
			return Ref{}, fs.ErrNotExist
		}
		i += from
		from = i + len(needle)
		start := bytes.LastIndexByte(data[:i], '\n') + 1
		if i-start != 2*s.Format.Size() || from < len(data) && data[from] != '\n' && data[from] != '\r' {
			continue
		}
		end := from
		for range 2 {
			if n := bytes.IndexByte(data[end:], '\n'); n >= 0 {
				end += n + 1
			} else {
				end = len(data)
			}
		}
		refs, _ := parsePacked(data[start:end], s.Repo)
		if len(refs) > 0 && refs[0].Name == name {
			return refs[0], nil
		}
	}
}

// parsePacked reads the text of packed-refs (git-pack-refs). The problems have no
// path.
func parsePacked(data []byte, r *Repo) ([]Ref, []Problem) {
	var refs []Ref
	var problems []Problem
	bad := func(line, why string) {
		problems = append(problems, Problem{Err: fmt.Errorf("packed-refs: %s: %.80q", why, line)})
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '^':
			id, err := r.parseID(line[1:])
			if err != nil || len(refs) == 0 {
				bad(line, "stray peeled id")
				continue
			}
			refs[len(refs)-1].Peeled = id
		default:
			hex, name, ok := strings.Cut(line, " ")
			id, err := r.parseID(hex)
			if !ok || err != nil || name == "" {
				bad(line, "not an id and a name")
				continue
			}
			refs = append(refs, Ref{Name: name, ID: id})
		}
	}
	return refs, problems
}
