package config

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/petrascan/petrascan/scanner"
	"github.com/petrascan/petrascan/scanner/finding"
)

// baselineHead is the first line of every baseline that is written here.
const baselineHead = "# Petra API keys that are known and accepted, by key id. See `petrascan baseline --help`.\n"

// ParseBaseline reads a baseline: one key id a line, then perhaps # and why it
// is accepted. Order and repeated lines do not matter, so that Git may merge
// two baselines by keeping all lines. The error is of
// type [Mistakes].
func ParseBaseline(name string, data []byte) ([]scanner.Allow, error) {
	wrong := mistakes{file: name}
	var list []scanner.Allow
	seen := map[finding.ID]int{}
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		id, comment, _ := strings.Cut(line, "#")
		id = strings.TrimSpace(id)
		if id == "" {
			continue
		}
		if reason := checkID(id); reason != "" {
			if strings.HasPrefix(id, "<<<<<<<") || strings.HasPrefix(id, "=======") || strings.HasPrefix(id, ">>>>>>>") {
				reason = "a merge left its mark: keep the lines of both sides, and delete this one"
			}
			wrong.add(position{n, 1}, "%s", reason)
			continue
		}
		a := scanner.Allow{Key: finding.ID(id), Reason: strings.TrimSpace(comment), Origin: origin(name, n)}
		if i, ok := seen[a.Key]; ok {
			list[i].Reason = cmp.Or(list[i].Reason, a.Reason)
			continue
		}
		seen[a.Key] = len(list)
		list = append(list, a)
	}
	return list, wrong.err()
}

// WriteBaseline writes a baseline, sorted by key id. Of an entry the id and the
// reason are kept; the same entries always give the same bytes.
func WriteBaseline(w io.Writer, list []scanner.Allow) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b scanner.Allow) int { return cmp.Compare(a.Key, b.Key) })
	var b strings.Builder
	b.WriteString(baselineHead)
	for _, a := range list {
		b.WriteString(string(a.Key))
		reason := strings.Join(strings.FieldsFunc(a.Reason, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if reason = Masked(reason); reason != "" {
			b.WriteString("  # " + reason)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
