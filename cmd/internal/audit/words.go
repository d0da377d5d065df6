package audit

import (
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/report"
)

// What stands between these is code: from the repository, or to be typed. Text
// prints it as it is, Markdown in a code span. Clean text holds no controls.
const (
	codeStart = "\x01"
	codeEnd   = "\x02"
)

func code(s string) string { return codeStart + report.Clean(s) + codeEnd }

func codes(list []string) []string {
	marked := make([]string, len(list))
	for i, s := range list {
		marked[i] = code(s)
	}
	return marked
}

// list joins words as a sentence does.
func list(words []string) string { return report.Enumerate(words, "and") }

// few joins the first words and counts the others.
func few(words []string, most int) string {
	if len(words) > most+1 {
		words = append(append([]string(nil), words[:most]...), strconv.Itoa(len(words)-most)+" more")
	}
	return list(words)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func pluralVerb(n int, one, many string) string { return strconv.Itoa(n) + " " + either(n, one, many) }

func either(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// minute writes an RFC 3339 time for people.
func minute(s string) string {
	t := instant(s)
	if t.IsZero() {
		return report.Clean(s)
	}
	return t.Format("2006-01-02 15:04")
}

// days counts the days from one time to another, the last one as a whole.
func days(from, to time.Time) string {
	const day = 24 * time.Hour
	return plural(max(int((to.Sub(from)+day-1)/day), 1), "day")
}

func short(id string) string { return id[:min(len(id), 10)] }
