// Package report writes what a run found in the formats that people and other
// programs read, and reads a saved report back.
//
// Every format is made from one model, [finding.Report], and from nothing else:
// a saved JSON report replayed through [Write] gives the same bytes as the run
// that made it (but for names that are not UTF-8, whose odd bytes JSON cannot
// hold). The model holds no raw key, so no format can leak one; only a
// caller that passes [Options.Reveal] puts key texts into the table, JSON,
// JSON Lines and CSV.
//
// Text from a repository (paths, authors, branches, messages of errors) is
// hostile until shown otherwise. Each format makes it harmless in its own way;
// see clean.go for what they share.
package report
