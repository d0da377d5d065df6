package hook

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// An Update is what a push does to one ref of the receiving repository. The ids
// are hex; all zeros stand for "none".
type Update struct {
	Ref string // full name at the receiver
	Old string // what the receiver has
	New string // what it is to have
}

// Deletes tells whether the push takes the ref away.
func (u Update) Deletes() bool { return strings.Trim(u.New, "0") == "" }

// ReadPush reads what Git writes to pre-push: local ref, local id, remote ref,
// remote id, a line for each ref (githooks, pre-push).
func ReadPush(r io.Reader) ([]Update, error) {
	return readUpdates(r, 4, func(f []string) Update { return Update{Ref: f[2], Old: f[3], New: f[1]} })
}

// ReadReceive reads what Git writes to pre-receive: old id, new id, ref, a line
// for each ref (githooks, pre-receive).
func ReadReceive(r io.Reader) ([]Update, error) {
	return readUpdates(r, 3, func(f []string) Update { return Update{Ref: f[2], Old: f[0], New: f[1]} })
}

// readUpdates reads lines of n words. A local ref of pre-push may be any
// revision, so words are counted from the end.
func readUpdates(r io.Reader, n int, update func([]string) Update) ([]Update, error) {
	var list []Update
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		if extra := len(fields) - n; extra > 0 && n == 4 {
			fields = fields[extra:]
		}
		if len(fields) != n {
			return nil, fmt.Errorf("standard input: a line of %d words where Git writes %d", len(fields), n)
		}
		u := update(fields)
		if !isID(u.Old) || !isID(u.New) {
			return nil, fmt.Errorf("standard input: a line without the two object ids that Git writes")
		}
		list = append(list, u)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return list, nil
}

func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
