// Package repo reads everything of a Git repository but its objects: where it
// is, refs, reflogs, index, configuration, shallow and promisor facts, the
// names that revisions go by, and the rules that say which files are ignored.
//
// It only reads. It needs no git binary, never runs anything the repository's
// configuration names (hooks, filters, fsmonitor, credential helpers), never
// fetches, and does not care who owns the files: without execution, foreign
// ownership endangers nobody.
//
// # What is read, and where Git describes it
//
//	repo.go       git directories and work trees            gitrepository-layout
//	format.go     versions and extensions                   git-config "extensions.*"
//	facts.go      shallow, partial, where it came from      technical/shallow, technical/partial-clone
//	discover.go   finding them, .git files                  git(1) GIT_CEILING_DIRECTORIES, gitrepository-layout
//	env.go        GIT_DIR and its relatives                 git(1) "Environment Variables"
//	config.go     variables and includes                    git-config "Includes"
//	configsyntax.go the text of a configuration file        git-config "Syntax"
//	refs.go       refs, and refs in files                   gitrepository-layout, git-worktree "REFS"
//	packedrefs.go refs packed into one file                 git-pack-refs
//	pseudorefs.go FETCH_HEAD and its like                   gitglossary "pseudoref"
//	reftable.go   one file of refs and logs                 technical/reftable
//	tablestack.go the stack of those files                  technical/reftable "Layout"
//	reflog.go     reflogs in files                          git-reflog, git-update-ref "LOGGING UPDATES"
//	index.go      the index, split and sparse ones too      gitformat-index
//	ewah.go       bitmaps in the index                      technical/bitmap-format "Appendix A"
//	revision.go   names of revisions                        gitrevisions
//	shortname.go  short names of refs, reflogs, upstreams   gitrevisions
//	ignore.go     which files are ignored                   gitignore
//	wildmatch.go  the patterns of ignore rules              gitignore "PATTERN FORMAT"
//
// A form that can't be read is an error that names it. A single thing that
// can't be read among many (one ref, one line of a reflog) is a [Problem], and
// the rest is returned.
//
// All paths that are returned are absolute, in the system's notation. A [Repo]
// is immutable after it was opened: all methods may be called by several
// goroutines at once, and each call reads the files anew.
package repo
