package repo

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// readFormat checks core.repositoryFormatVersion and extensions.*: a repository
// that needs what is unknown here must not be taken for an empty one.
func (r *Repo) readFormat() error {
	version := 0
	if v, ok := r.local.Get("core.repositoryformatversion"); ok {
		var err error
		if version, err = strconv.Atoi(v); err != nil {
			return fmt.Errorf("core.repositoryformatversion is not a number: %q", v)
		}
	}
	if version < 0 || version > 1 {
		return fmt.Errorf("repository format version %d is not supported (0 and 1 are)", version)
	}
	for _, v := range r.local.vars {
		name, ok := strings.CutPrefix(v.key, "extensions.")
		if !ok {
			continue
		}
		known, err := r.extension(name, v.value)
		if err != nil {
			return err
		}
		if !known && version > 0 {
			return fmt.Errorf("repository extension %q is not supported", name)
		}
	}
	return nil
}

// extension takes note of one extension and tells whether it is known. Format
// and refs count in version 0 as well, where Git refuses them: reading such a
// repository in another form would find nothing in it.
func (r *Repo) extension(name, value string) (known bool, err error) {
	switch name {
	case "objectformat":
		switch value {
		case "sha1":
			r.Format = gitobj.SHA1
		case "sha256":
			r.Format = gitobj.SHA256
		default:
			return true, fmt.Errorf("object format %q is not supported (sha1 and sha256 are)", value)
		}
	case "refstorage":
		format, dir, hasDir := strings.Cut(value, "://")
		switch format {
		case "files":
			r.RefFormat = RefFiles
		case "reftable":
			r.RefFormat = RefReftable
		default:
			return true, fmt.Errorf("ref storage %q is not supported (files and reftable are)", value)
		}
		if hasDir {
			r.refDir = absolute(filepath.FromSlash(dir), r.GitDir)
		}
	case "noop", "noop-v1", "partialclone", "preciousobjects", "worktreeconfig",
		"relativeworktrees", "compatobjectformat", "submodulepathconfig":
	default:
		return false, nil
	}
	return true, nil
}

// A RefFormat is how a repository stores its refs.
type RefFormat uint8

// The ref formats.
const (
	RefFiles    RefFormat = iota // a file each, and packed-refs
	RefReftable                  // a stack of reftables
)

// String returns the format's name as extensions.refStorage has it.
func (f RefFormat) String() string {
	if f == RefReftable {
		return "reftable"
	}
	return "files"
}
