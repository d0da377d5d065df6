// Package files searches what lies on disk: every file below a root, whatever
// its name, its type or Git's ignore rules say, and the names themselves.
//
// Directories are read in parallel by workers that share a stack of work and
// nothing else: each has a [detect.Worker] and buffers of its own. A file that
// can't be read is an error in the result; the walk goes on. Of a Git directory
// the object store is left to package history, which reads it as Git does, and
// everything else is searched here.
package files
