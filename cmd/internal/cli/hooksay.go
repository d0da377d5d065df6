package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner/finding"
)

// say tells on standard error what a hook found and what to do about it, and
// nothing if that stops nobody: only with --fail-on none, where nothing ever
// does, is it told all the same.
func (e hookEvent) say(env *Env, r *finding.Report, failOn string) {
	told, others := r.Keys, 0
	if failOn == "active" {
		// Of a key whose status is unknown it is not known that it does not work.
		told = slices.DeleteFunc(slices.Clone(r.Keys), func(k finding.Exposure) bool {
			return k.Status != finding.Active && k.Status != finding.Unknown
		})
		others = len(r.Keys) - len(told)
	}
	if len(told) > 0 {
		e.sayFound(env.Stderr, r, told)
		switch {
		case failOn == "none":
			fmt.Fprintln(env.Stderr, "Nothing is stopped, since --fail-on is none.")
		case others > 0:
			work := "do not work"
			if others == 1 {
				work = "does not work"
			}
			fmt.Fprintf(env.Stderr, "Not told of: %s that %s, with --fail-on active.\n", keys(others), work)
		}
	}
	if !r.Scan.Complete {
		complain(env, r)
		fmt.Fprintf(env.Stderr, "petrascan: not all of %s could be read\n", e.what)
		if len(told) == 0 && e.name != "pre-receive" {
			fmt.Fprintln(env.Stderr, "petrascan: hint: PETRASCAN_SKIP=1 goes on without the search, once")
		}
	}
}

// sayFound tells of those of the report's keys that are to be told of.
func (e hookEvent) sayFound(w io.Writer, r *finding.Report, told []finding.Exposure) {
	const mostKeys, mostPlaces = 10, 5
	places := map[finding.ID][]finding.Finding{}
	for _, f := range r.Findings {
		places[f.Key] = append(places[f.Key], f)
	}
	keys := "1 Petra API key"
	if n := len(told); n > 1 {
		keys = fmt.Sprintf("%d Petra API keys", n)
	}
	fmt.Fprintf(w, "petrascan: %s in %s\n", keys, e.what)
	for i, k := range told {
		if i == mostKeys {
			fmt.Fprintf(w, "\n  and %d more keys\n", len(told)-mostKeys)
			break
		}
		fmt.Fprintf(w, "\n  %s  (confidence %s, %s)\n", report.Clean(k.Masked), k.Confidence, k.Status)
		for j, f := range places[k.ID] {
			if j == mostPlaces {
				fmt.Fprintf(w, "    and %d more places\n", len(places[k.ID])-mostPlaces)
				break
			}
			fmt.Fprintf(w, "    %s\n", report.Clean(placeOf(f)))
		}
		fmt.Fprintf(w, "    key id %s\n", k.ID)
	}
	fmt.Fprintln(w, "\nWhat to do:")
	for i, line := range e.cure {
		fmt.Fprintf(w, "  %d. %s\n", i+1, line)
	}
	fmt.Fprintf(w, "A false alarm? %s\n", e.accept())
}

// accept says how to let through what is no key.
func (e hookEvent) accept() string {
	switch e.name {
	case "pre-receive":
		return "Those who run this server can allow the key id; nothing that is pushed can."
	case "commit-msg":
		return "`petrascan baseline --add KEY-ID --reason TEXT`, or set PETRASCAN_SKIP=1 this once."
	}
	return "Write `petrascan:allow REASON` in a comment on that line, or say\n`petrascan baseline --add KEY-ID --reason TEXT`, or set PETRASCAN_SKIP=1 this once."
}

// placeOf says where a finding lies, as a person would look for it.
func placeOf(f finding.Finding) string {
	var b strings.Builder
	switch f.Location {
	case finding.InCommitMessage, finding.InCommitHeader:
		b.WriteString("the message of the commit")
		if f.Location == finding.InCommitHeader {
			b.Reset()
			b.WriteString("a header of the commit")
		}
	case finding.InTagMessage, finding.InTagHeader:
		b.WriteString("a tag")
	case finding.InRefName:
		b.WriteString("the name of a branch or tag")
	case finding.InFileName:
		b.WriteString("the name of " + f.Path)
	default:
		b.WriteString(f.Path)
		if f.Path == "" {
			b.WriteString("blob " + f.Blob)
		}
		if f.Member != "" {
			b.WriteString("!" + f.Member)
		}
	}
	if f.Line > 0 && f.Location != finding.InRefName {
		sep := ":"
		if f.Path == "" {
			sep = ", line "
		}
		fmt.Fprintf(&b, "%s%d:%d", sep, f.Line, f.Column)
	}
	if len(f.Layers) > 0 {
		b.WriteString(" (behind " + strings.Join(f.Layers, ", ") + ")")
	}
	if f.Commit != "" {
		fmt.Fprintf(&b, ", commit %s", f.Commit[:min(12, len(f.Commit))])
	}
	return b.String()
}
