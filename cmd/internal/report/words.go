package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A severity is how much a finding matters. It follows the key's status.
type severity int

const (
	note severity = iota
	warning
	failure
)

// A verdict is what a finding comes to: the API's word on the key where there
// is one, else the rule that found it. Its order is the worst first.
type verdict int

const (
	isActive verdict = iota
	isUnverified
	isSplit
	isDeleted
	isPartial
)

const splitRule = "petra-api-key-split"

// PartialRule is the id of the rule whose findings are no whole keys: nobody can
// be asked about one.
const PartialRule = "petra-api-key-partial"

func verdictOf(e *finding.Exposure) verdict {
	switch {
	case e.Status == finding.Active:
		return isActive
	case e.Status == finding.Deleted:
		return isDeleted
	case e.Rule == splitRule:
		return isSplit
	case e.Rule == PartialRule:
		return isPartial
	}
	return isUnverified
}

// subject names the thing found, to begin a sentence with.
func (v verdict) subject() string {
	return [...]string{
		isActive:     "Active Petra API key",
		isUnverified: "Petra API key",
		isSplit:      "Petra API key in pieces",
		isDeleted:    "Deleted Petra API key",
		isPartial:    "Part of a Petra API key",
	}[v]
}

func (v verdict) severity() severity {
	switch v {
	case isActive:
		return failure
	case isUnverified, isSplit:
		return warning
	}
	return note
}

// advice says what to do about a finding, in one sentence.
func (v verdict) advice() string {
	switch v {
	case isActive:
		return "An Admin deletes it in app.petrasecurity.com, Settings, API Keys; then remove it here."
	case isDeleted:
		return "The API rejects it; remove it here when convenient."
	case isPartial:
		return "Check whether the whole key stands nearby or elsewhere."
	}
	return "Treat it as leaked: an Admin deletes it in app.petrasecurity.com, Settings, API Keys; then remove it here."
}

// statusWord is the status as people read it.
func statusWord(s finding.Status) string {
	switch s {
	case finding.Unverified, "":
		return "not verified"
	case finding.Unknown:
		return "could not tell"
	}
	return Clean(string(s))
}

// traits are what else is to be known of a key in short: how sure the rules are
// and what is odd about it.
func traits(e *finding.Exposure) string {
	words := []string{e.Confidence.String() + " confidence"}
	switch e.Rule {
	case splitRule:
		words = append(words, "in pieces")
	case PartialRule:
		words = append(words, "a part only")
	}
	if e.Extent == finding.Uncertain {
		words = append(words, "end uncertain")
	}
	return strings.Join(words, ", ")
}

// exposed says where a key still is, in one sentence without a full stop.
func exposed(e *finding.Exposure) string {
	var held string
	switch {
	case e.InHead && e.InWorktree:
		held = "in HEAD and in the work tree"
	case e.InHead:
		held = "in HEAD"
	case e.InWorktree:
		held = "in the work tree"
	case e.Removed != nil:
		held = "removed " + day(e.Removed.CommitDate) + " in " + short(e.Removed.Commit) + ", still in history"
	case e.FirstSeen == nil && e.CreatedNoLaterThan == nil:
		held = "not in a commit"
	default:
		held = "not in HEAD"
	}
	var from []string
	from = append(from, e.ReachableFrom.Refs...)
	for _, w := range e.ReachableFrom.Worktrees {
		from = append(from, "work tree "+w)
	}
	for _, l := range e.ReachableFrom.Reflogs {
		from = append(from, "reflog of "+l)
	}
	from = append(from, e.ReachableFrom.Stash...)
	switch {
	case len(from) > 0:
		const most = 4
		more := ""
		if len(from) > most {
			more = fmt.Sprintf(" and %s more", count(len(from)-most))
			from = from[:most]
		}
		for i := range from {
			from[i] = Clean(from[i])
		}
		held += "; reached from " + strings.Join(from, ", ") + more
	case e.FirstSeen != nil && !e.InHead:
		held += "; unreachable"
	}
	return held
}

// origin says since when a key has been exposed and by whom, in one sentence
// without a full stop.
func origin(e *finding.Exposure) string {
	created := ""
	if e.CreatedNoLaterThan != nil {
		created = "created no later than " + day(*e.CreatedNoLaterThan)
	}
	m := e.FirstSeen
	if m == nil {
		if created == "" {
			return "never seen in a commit"
		}
		return created
	}
	s := "first seen " + day(m.CommitDate)
	if m.Commit != "" {
		s += " in " + short(m.Commit)
	}
	if m.Author != "" {
		s += " by " + Clean(m.Author)
	}
	if authored := day(m.AuthorDate); m.AuthorDate != "" && authored < day(m.CommitDate) {
		s += ", authored " + authored
	}
	if created != "" {
		s += "; " + created
	}
	return s
}

// Place is where a finding is, for people: path, archive member, line and
// column, or what stands in for a path. T is the finding's target, or nil. The
// text is safe to show, see [Clean].
func Place(f *finding.Finding, t *finding.Target) string {
	var b strings.Builder
	b.WriteString(placeName(f, t))
	if f.Member != "" {
		b.WriteByte('!')
		b.WriteString(Clean(f.Member))
	}
	if f.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(f.Line))
		if f.Column > 0 {
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(f.Column))
		}
	}
	return b.String()
}

func placeName(f *finding.Finding, t *finding.Target) string {
	if f.Path != "" {
		return Clean(targetPath(f, t))
	}
	switch f.Location {
	case finding.InBlob, finding.InNote:
		return string(f.Location) + " " + short(f.Blob)
	case finding.InStdin:
		return "standard input"
	}
	return strings.ReplaceAll(Clean(string(f.Location)), "-", " ")
}

// targetPath returns a finding's path as seen from where petrascan was started.
// Names that Git made up its own (refs, tags, reflogs) are no paths and stay.
func targetPath(f *finding.Finding, t *finding.Target) string {
	switch f.Location {
	case finding.InFile, finding.InFileName, finding.InIndex, finding.InBlob, finding.InGitFile:
	default:
		return f.Path
	}
	if t == nil || t.Path == "" || t.Path == "." || t.Kind == finding.StdinTarget || t.URL != "" && t.Kind == finding.GitTarget {
		return f.Path
	}
	// path.Join would fold "..", "//" and "." inside hostile names.
	return strings.TrimSuffix(strings.ReplaceAll(t.Path, `\`, "/"), "/") + "/" + f.Path
}

// where is the kind of place, with what matters of it: how Git sees the file,
// how many versions hold the key.
func where(f *finding.Finding) string {
	s := Clean(string(f.Location))
	if f.Tracked != "" && f.Tracked != finding.IsTracked {
		s += ", " + Clean(string(f.Tracked))
	}
	if f.Versions > 1 {
		s += fmt.Sprintf(", %s versions", count(f.Versions))
	}
	if f.Reachable != nil && !*f.Reachable {
		s += ", unreachable"
	}
	return s
}

// layers is what was peeled off to see a key, outermost first.
func layers(f *finding.Finding) string { return Clean(strings.Join(f.Layers, ">")) }

// total is the summary's first sentence.
func total(r *finding.Report) string {
	if len(r.Findings) == 0 {
		if !r.Scan.Complete {
			return "No Petra API key found in what could be read."
		}
		return "No Petra API key found."
	}
	counts := map[finding.Status]int{}
	for i := range r.Keys {
		counts[r.Keys[i].Status]++
	}
	var parts []string
	for _, s := range []finding.Status{finding.Active, finding.Unknown, finding.Unverified, finding.Deleted} {
		if counts[s] > 0 {
			parts = append(parts, count(counts[s])+" "+statusWord(s))
		}
	}
	return fmt.Sprintf("%s in %s: %s.", plural(len(r.Keys), "key"), plural(len(r.Findings), "place"), strings.Join(parts, ", "))
}

// short is the beginning of an object or key id, enough to tell it from others.
func short(id string) string {
	const length = 10
	if len(id) > length {
		return Clean(id[:length])
	}
	return Clean(id)
}

// day is the UTC date of an RFC 3339 time, or the text itself if it is none.
func day(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Clean(s)
	}
	return t.UTC().Format(time.DateOnly)
}

// Enumerate joins words as a sentence does: "a, b or c".
func Enumerate(words []string, conjunction string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

// count writes a number with its thousands separated.
func count[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a number and the noun in its number.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(noun, "ey") {
		return count(n) + " " + stem + "ies"
	}
	return count(n) + " " + noun + "s"
}

// volume writes a number of bytes with three digits at most.
func volume(n int64) string {
	if n < 1000 {
		return plural(n, "byte")
	}
	v, unit := float64(n), -1
	for v >= 999.5 && unit < 4 {
		v /= 1000
		unit++
	}
	digits := 0
	if v < 9.95 {
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + [...]string{"kB", "MB", "GB", "TB", "PB"}[unit]
}

// elapsed writes a number of milliseconds.
func elapsed(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < 10*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// subjectOf names content that was not read: its path, member or object.
func subjectOf(p, member, object string) string {
	s := Clean(p)
	if member != "" {
		s += "!" + Clean(member)
	}
	if object != "" {
		if s != "" {
			s += " "
		}
		s += short(object)
	}
	return s
}
