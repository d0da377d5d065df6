package files

import (
	"bytes"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A role is what a directory is to Git (gitrepository-layout).
type role uint8

const (
	ordinary     role = iota // no part of a Git directory
	inGit                    // somewhere in a Git directory
	repository               // a Git directory
	damaged                  // one that lacks something
	store                    // a repository's objects
	fanout                   // one of the 256 directories of loose objects
	packs                    // the store's packs
	reflogs                  // logs, or a directory in it
	allWorktrees             // worktrees: what the repository keeps of linked ones
	oneWorktree              // a directory in that
)

// child returns the role of the directory called name, as far as the name tells.
func (r role) child(name string) role {
	switch r {
	case ordinary:
		if name == ".git" {
			return inGit
		}
		return ordinary
	case repository, damaged, oneWorktree:
		switch {
		case name == "logs":
			return reflogs
		case name == "worktrees" && r != oneWorktree:
			return allWorktrees
		case name == "objects" && r == repository:
			return store
		}
	case store:
		switch {
		case name == "pack":
			return packs
		case len(name) == 2 && isHex([]byte(name)):
			return fanout
		}
	case reflogs:
		return reflogs
	case allWorktrees:
		return oneWorktree
	}
	return inGit
}

// location returns where a key in a file of the directory lies.
func (r role) location() finding.Location {
	switch r {
	case ordinary:
		return finding.InFile
	case reflogs:
		return finding.InReflog
	}
	return finding.InGitFile
}

// isObject tells whether the file called name is one of the object store that
// package history reads or need not read: a loose object, a pack, or what is
// made from one. Leftovers of interrupted commands (tmp_pack_*, tmp_obj_*) are
// not, nor are the files beside a pack that may hold text (.keep, .promisor);
// they are searched as files.
func (r role) isObject(name []byte) bool {
	switch r {
	case fanout:
		return (len(name) == 38 || len(name) == 62) && isHex(name)
	case packs:
		if bytes.HasPrefix(name, []byte("tmp_")) || bytes.HasPrefix(name, []byte(".tmp-")) {
			return false
		}
		if bytes.HasPrefix(name, []byte("multi-pack-index")) {
			return true
		}
		for _, suffix := range [...]string{".pack", ".idx"} {
			if bytes.HasSuffix(name, []byte(suffix)) {
				return true
			}
		}
		for _, suffix := range [...]string{".rev", ".bitmap", ".mtimes"} {
			if bytes.HasPrefix(name, []byte("pack-")) && bytes.HasSuffix(name, []byte(suffix)) {
				return true
			}
		}
	}
	return false
}

// signs are the entries that tell what a directory is to Git: the three things
// that make a Git directory, and what makes the top of a work tree.
type signs struct{ head, objects, refs, git bool }

func (s *signs) see(name []byte) {
	switch string(name) {
	case "HEAD":
		s.head = true
	case "objects":
		s.objects = true
	case "refs":
		s.refs = true
	case ".git":
		s.git = true
	}
}

func isHex(s []byte) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
