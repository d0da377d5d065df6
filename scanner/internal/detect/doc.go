// Package detect finds keys in one piece of content: a file, a blob, a commit,
// standard input. It searches the bytes for literals, peels the encodings and
// opens the containers that they show, asks the rules about each candidate, and
// says where in the original content each key stands.
//
// An [Engine] holds what all workers share and never changes; each worker has
// a [Worker] of its own with the buffers it reuses.
package detect
