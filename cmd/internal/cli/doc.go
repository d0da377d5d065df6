// Package cli is petrascan's command line: one file a command, each of which
// reads its flags, runs package scanner and hands the report to package report.
// Messages for people and the exit status are made here and nowhere else.
package cli
