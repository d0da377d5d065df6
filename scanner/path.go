package scanner

import (
	"strings"
	"unicode/utf8"

	"github.com/petrascan/petrascan/scanner/finding"
)

// escapePaths makes every path of the report one that a report can hold. It
// comes last: a name is looked up by its bytes.
func (s *Scan) escapePaths() {
	for i := range s.sightings {
		x := &s.sightings[i]
		x.Path, x.Member = reportPath(x.Path), reportPath(x.Member)
	}
	for i := range s.result.withheld {
		x := &s.result.withheld[i]
		x.Path, x.Member = reportPath(x.Path), reportPath(x.Member)
	}
	scan := &s.result.Report.Scan
	for _, list := range [...][]finding.Unread{scan.Coverage.Opaque, scan.Coverage.Cut, scan.Coverage.Accepted} {
		for i := range list {
			list[i].Path, list[i].Member = reportPath(list[i].Path), reportPath(list[i].Member)
		}
	}
	for i := range scan.Errors {
		scan.Errors[i].Path = reportPath(scan.Errors[i].Path)
	}
}

// reportPath returns a path as reports have it, which are UTF-8 whatever a file
// is called. A path that is not UTF-8 has \xNN, with two lower-case hex digits,
// for each byte that belongs to no character, and a second backslash for each
// backslash; all other paths are as they are.
func reportPath(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(path); {
		r, size := utf8.DecodeRuneInString(path[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.WriteByte(hex[path[i]>>4])
			b.WriteByte(hex[path[i]&15])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(path[i : i+size])
		}
		i += size
	}
	return b.String()
}
