// Package scanner finds Petra Security API keys in files and Git repositories.
// It is the engine behind the petrascan command, and its public face: make a
// [Scan] with [New], give it targets, and take the report with [Scan.Finish].
//
// # The way of the data
//
// Data flows one way, through floors that import only what lies below them (a
// test holds them to it):
//
//	target → walkers → content → detect → findings → collected, sorted → report
//
// Targets come in as paths, as clones of what is elsewhere, or as standard input. Two walkers turn them into
// content, each with a pool of workers that share nothing but a stack of work:
//
//   - files reads directories and files as the system has them;
//   - history reads a repository's objects through gitobj, in the order of the
//     packs, every delta tree once, parents before children.
//
// Most content holds no literal, and that is found out at the speed of memory:
// package literal knows every form in which "petra_" can begin, plain or encoded
// (base64 at three alignments, hex, UTF-16, escapes, and these in each other),
// and looks for all of them in one pass. For objects that are stored as deltas
// only what the delta changed is looked at. Nothing is decoded yet.
//
// Content with a literal, or with the magic of a container, goes to detect. It
// peels encodings and opens containers (package layer), asks the rules about
// every candidate, and computes lines and columns from the bytes.
//
// When history has found something, it tells the story: the trees are followed
// up from the blob to the commits, and from the commits to what reaches them
// now. Where nothing is found, no tree is compared and no commit is looked at
// twice.
//
// # What the result proves
//
// Every object that the store names is counted, and so is every one that was
// read; a file, object, ref or index that could not be read is an error in the
// report, a limit that was hit is listed, and both make the report incomplete.
// No limit depends on time, on load or on the number of workers: the same input
// gives the same report.
//
// The engine prints nothing. What it decides on the way, and why, it tells to
// [Options].Explain, if somebody asks: which repositories it came across, what a
// glob left out, which packs were remembered, which candidates are no keys.
//
// # What is left out of the report
//
// Everything is found first, and only then parted into what is reported and what
// someone accepted: by key id (an entry of configuration or a baseline), by a
// comment beside the key, by its path. So nothing that is accepted changes what
// is read or proven, all of it is counted, and [Result.Restore] can take it back
// for a key that works. What the user accepts holds everywhere; what a scanned
// repository says for itself ([Own]) holds in its territory, its work tree and
// its history, and may be read from a revision that the change in question can't
// have touched.
//
// # The floors, from the top
//
//	cmd/petrascan                    a doorbell
//	cmd/internal/cli                 commands, messages, exit status
//	cmd/internal/audit               a report told key by key, with what to do
//	cmd/internal/config              files that say what to do and what may stay
//	cmd/internal/report              one writer a format over one model
//	cmd/internal/hook                Git's hooks: what they are told, where they lie
//	cmd/internal/clone               repositories that are elsewhere, cloned for as long as they are read
//	verify                           whether a key still works; it and clone alone open network connections
//	scanner                          targets, collecting, what a file and its history have in common
//	scanner/internal/files, history  the walkers
//	scanner/internal/detect, repo    candidates to findings; refs, index, config, ignore rules
//	scanner/internal/cache           what was found out about packs that were read before
//	scanner/internal/layer           encodings and containers
//	scanner/internal/gitobj          packs, loose objects, the walk over delta trees
//	scanner/internal/literal, inflate the two inner loops
//	rules                            what is a key
//	scanner/finding                  the words: key, finding, coverage, report
//
// Raw keys live in [finding.Key] alone, which prints masked whatever prints it.
// Nothing that this package links can open a network connection.
package scanner
