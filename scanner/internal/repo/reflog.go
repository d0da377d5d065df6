package repo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// A Log is the reflog of one ref. That of refs/stash is the stash.
type Log struct {
	Ref     string     // named as in [Ref]; the ref itself may be gone
	Entries []LogEntry // oldest first
}

// A LogEntry is one change of a ref.
type LogEntry struct {
	Old, New gitobj.ID // zero where the ref came into being or went
	Name     string
	Email    string
	Time     time.Time // in the zone of who made the change
	Message  string
}

// Reflogs returns the reflogs of all work trees, sorted by ref.
func (r *Repo) Reflogs() ([]Log, []Problem, error) {
	logs, problems, err := r.refStore().logs()
	slices.SortStableFunc(logs, func(a, b Log) int { return strings.Compare(a.Ref, b.Ref) })
	return logs, problems, err
}

// reflog returns the reflog of one ref by its full name; an empty one where there
// is none.
func (r *Repo) reflog(name string) (Log, error) {
	if r.RefFormat == RefReftable {
		return tableRefs{r}.log(name)
	}
	path, err := r.logPath(name)
	if err != nil {
		return Log{Ref: name}, nil
	}
	entries, problems, err := readLog(path, r)
	if err == nil && len(problems) > 0 {
		err = problems[0]
	}
	if absent(err) || isDir(path) {
		err = nil
	}
	return Log{Ref: name, Entries: entries}, err
}

func (r *Repo) logPath(name string) (string, error) {
	if !validRefName(name) {
		return "", os.ErrNotExist
	}
	dir := r.GitDir
	if prefix, ok := viewOf(name); ok {
		name = name[len(prefix):]
		if dir = r.CommonDir; prefix != "main-worktree/" {
			dir = filepath.Join(r.CommonDir, filepath.FromSlash(prefix))
		}
	}
	if !isPrivate(name) {
		dir = r.refDir
	}
	return filepath.Join(dir, "logs", filepath.FromSlash(name)), nil
}

func (s fileRefs) logs() ([]Log, []Problem, error) {
	var logs []Log
	var problems []Problem
	seen := map[string]bool{}
	for _, v := range s.views() {
		walkFiles(filepath.Join(v.gitDir, "logs"), "", seen, func(path, name string, _ bool, err error) {
			full := v.prefix + name
			if !isPrivate(name) {
				if v.gitDir != s.CommonDir {
					return // shared logs are in the common directory
				}
				full = name
			}
			var bad []Problem
			var entries []LogEntry
			if err == nil {
				entries, bad, err = readLog(path, s.Repo)
			}
			for _, p := range bad {
				problems = append(problems, Problem{Path: path, Name: full, Err: p.Err})
			}
			if err != nil && !absent(err) {
				problems = append(problems, Problem{Path: path, Name: full, Err: err})
			}
			if len(entries) > 0 {
				logs = append(logs, Log{Ref: full, Entries: entries})
			}
		})
	}
	return logs, problems, nil
}

// readLog reads the file of a reflog. Lines that can't be read are problems.
func readLog(path string, r *Repo) ([]LogEntry, []Problem, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return parseLog(f, path, r)
}

func parseLog(f io.Reader, path string, r *Repo) ([]LogEntry, []Problem, error) {
	var entries []LogEntry
	var problems []Problem
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if text := strings.TrimSuffix(line, "\n"); text != "" {
			entry, err := parseLogLine(text, r)
			if err == nil {
				entries = append(entries, entry)
			} else {
				problems = append(problems, Problem{Path: path, Err: fmt.Errorf("line %d: %w", n, err)})
			}
		}
		if err == io.EOF {
			return entries, problems, nil
		}
		if err != nil {
			return entries, problems, err
		}
	}
}

var errLogLine = errors.New("not a reflog entry")

// parseLogLine reads one line of a reflog: two ids, who, when, and after a tab
// the message.
func parseLogLine(line string, r *Repo) (LogEntry, error) {
	var e LogEntry
	n := 2 * r.Format.Size()
	if len(line) < 2*n+2 || line[n] != ' ' || line[2*n+1] != ' ' {
		return e, errLogLine
	}
	var err error
	if e.Old, err = gitobj.ParseID(line[:n]); err != nil {
		return e, err
	}
	if e.New, err = gitobj.ParseID(line[n+1 : 2*n+1]); err != nil {
		return e, err
	}
	who, message, _ := strings.Cut(line[2*n+2:], "\t")
	e.Message = message
	closing := strings.LastIndexByte(who, '>')
	if closing < 0 {
		return e, errLogLine
	}
	name, email, ok := strings.Cut(who[:closing], "<")
	if !ok {
		return e, errLogLine
	}
	e.Name, e.Email = strings.TrimSpace(name), email
	seconds, zone, _ := strings.Cut(strings.TrimSpace(who[closing+1:]), " ")
	sec, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return e, errLogLine
	}
	hhmm, _ := strconv.Atoi(zone)
	e.Time = inZone(sec, hhmm)
	return e, nil
}

// inZone returns an instant in the zone that Git writes as hhmm, a decimal number.
func inZone(sec int64, hhmm int) time.Time {
	offset := (hhmm/100*60 + hhmm%100) * 60
	if offset <= -24*3600 || offset >= 24*3600 {
		offset = 0
	}
	return time.Unix(sec, 0).In(time.FixedZone("", offset))
}
