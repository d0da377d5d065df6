// Package files searches what lies on disk: every file below a root, whatever
// its name, its type or Git's ignore rules say, and the names themselves.
//
// # How the tree is walked
//
//	walk.go      a walk, its options and its result
//	queue.go     the work that the workers share: directories and batches of files
//	directory.go one directory: what is in it, and what of that is work
//	read.go      one file: opened, read and searched once
//	large.go     large files, window by window
//	desk.go      what few workers need at a time
//	sparse.go    files without their holes
//	hardlink.go  files with several names
//	follow.go    symbolic links, and what lies behind those that leave the tree
//	gitdir.go    which part of a Git directory a directory is
//	gitignore.go what Git ignores
//	glob.go      what the user includes and excludes
//	winname.go   names that Windows takes for something else
//	folder_*.go  what differs between systems
//
// Directories are read in parallel by workers that share a stack of work and
// nothing else: each has a [detect.Worker] and buffers of its own. The stack is
// last in, first out, and a directory of many entries is read bit by bit, each
// bit only when what came of the one before is done: memory stays small
// whatever the tree. Everything is opened relative to its open directory, so
// that no path is too long.
//
// A file that can't be read is an error in the result; the walk goes on. One
// that is gone by the time it is opened is counted as vanished. Of a Git
// directory the object store is left to package history, which reads it as Git
// does, and everything else is searched here.
//
// On Linux a small file takes four system calls: openat, fstat, read, close.
package files
