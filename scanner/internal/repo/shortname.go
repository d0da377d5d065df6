package repo

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// refRules are the places where Git looks for a short name, in that order
// (gitrevisions, "<refname>").
var refRules = []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"}

// expand returns the first ref that a short name can mean, followed.
func (r *Repo) expand(short string) (Ref, error) {
	var failed error
	for _, rule := range refRules {
		ref, err := r.resolveRef(strings.Replace(rule, "%s", short, 1))
		if err == nil && !ref.ID.IsZero() {
			return ref, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && failed == nil {
			failed = err
		}
	}
	if failed == nil {
		failed = errNoName
	}
	return Ref{}, failed
}

// findLog returns the reflog that a short name means, and what the ref is now.
// The empty name means the current branch.
func (r *Repo) findLog(short string) (Log, gitobj.ID, error) {
	if short == "" {
		head, err := r.Head()
		if err != nil {
			return Log{}, gitobj.ID{}, err
		}
		name := head.Target
		if name == "" {
			name = "HEAD"
		}
		log, err := r.reflog(name)
		return log, head.ID, err
	}
	if short == "@" {
		short = "HEAD"
	}
	for _, rule := range refRules {
		ref, err := r.resolveRef(strings.Replace(rule, "%s", short, 1))
		if err != nil || ref.ID.IsZero() {
			continue
		}
		for _, name := range []string{ref.Name, ref.Target} {
			if name == "" {
				continue
			}
			log, err := r.reflog(name)
			if err != nil || len(log.Entries) > 0 {
				return log, ref.ID, err
			}
		}
	}
	return Log{}, gitobj.ID{}, errNoName
}

// priorCheckout returns the branch, or the id, that was checked out before the
// last n checkouts, by what HEAD's reflog says of them.
func (r *Repo) priorCheckout(n string) (string, error) {
	count, err := strconv.Atoi(n)
	if err != nil {
		count = math.MaxInt
	}
	log, err := r.reflog("HEAD")
	if err != nil {
		return "", err
	}
	found := 0
	for _, e := range slices.Backward(log.Entries) {
		moves, ok := strings.CutPrefix(e.Message, "checkout: moving from ")
		if !ok {
			continue
		}
		if found++; found == count {
			from, _, _ := strings.Cut(moves, " to ")
			return from, nil
		}
	}
	return "", refuse("HEAD's reflog knows of only %d checkouts", found)
}

// upstream returns the full name of the ref that a branch follows; of the current
// one for the empty name and @.
func (r *Repo) upstream(branch string) (string, error) {
	if branch == "" || branch == "@" || branch == "HEAD" {
		head, err := r.Head()
		if err != nil {
			return "", err
		}
		var ok bool
		if branch, ok = strings.CutPrefix(head.Target, "refs/heads/"); !ok {
			return "", refuse("HEAD is not on a branch that could have an upstream")
		}
	}
	cfg, err := r.Config(nil)
	if err != nil {
		return "", err
	}
	remote, _ := cfg.Get("branch." + branch + ".remote")
	merge, ok := cfg.Get("branch." + branch + ".merge")
	if remote == "" || !ok {
		return "", refuse("branch %s has no upstream", branch)
	}
	if remote == "." {
		return merge, nil
	}
	for _, spec := range cfg.All("remote." + remote + ".fetch") {
		if name, ok := mapRef(spec, merge); ok {
			return name, nil
		}
	}
	return "", refuse("the upstream of branch %s is not fetched from %s", branch, remote)
}

// mapRef returns the local name that a refspec gives to a remote's ref.
func mapRef(spec, name string) (string, bool) {
	src, dst, ok := strings.Cut(strings.TrimPrefix(spec, "+"), ":")
	if !ok {
		return "", false
	}
	if src == name {
		return dst, true
	}
	before, after, glob := strings.Cut(src, "*")
	if !glob || len(name) < len(before)+len(after) || !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
		return "", false
	}
	return strings.Replace(dst, "*", name[len(before):len(name)-len(after)], 1), true
}
