package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/cmd/internal/report"
)

// A kind is what a setting's value looks like.
type kind uint8

const (
	text kind = iota
	number
	boolean
	duration
	list
)

// A setting is something that the user's file can say. Its name is that of the
// flag, with _ for -.
type setting struct {
	name  string
	kind  kind
	valid []string // the only values; nil: any
	doc   string
}

// settings are all single values, in the order of help.
func settings() []setting {
	var formats []string
	for _, f := range report.Formats() {
		formats = append(formats, string(f))
	}
	return []setting{
		{"format", text, formats, "What to write to standard output."},
		{"fail_on", text, []string{"any", "active", "none"}, "Which findings make the exit status 1."},
		{"min_confidence", text, []string{"low", "medium", "high"}, "Report keys from this confidence on."},
		{"max_archive_depth", number, nil, "How deep nested archives are opened; 0 for none."},
		{"max_decode_depth", number, nil, "How deep nested encodings are peeled; 0 for none."},
		{"require_complete", boolean, nil, "Count absent and opaque content as incomplete."},
		{"baseline", text, nil, "A baseline beside that of the repository; relative to this file."},
		{"show_suppressed", boolean, nil, "List what was suppressed instead of counting it."},
		{"jobs", number, nil, "How many workers to use; 0 for one a CPU."},
		{"no_cache", boolean, nil, "Neither read nor write the cache."},
		{"verify", boolean, nil, "Ask the API whether the keys work."},
		{"api_url", text, nil, "Where the API is."},
		{"control_key_env", text, nil, "The environment variable that holds a key known to be valid."},
		{"sarif_category", text, nil, "Category of the SARIF run, such as petrascan/main."},
		{"sarif_history", text, []string{"include", "omit"}, "Findings that the checked-out tree does not hold, in SARIF."},
		{"color", text, []string{"auto", "always", "never"}, "Colours in the table."},
		{"quiet", boolean, nil, "Print nothing but the report."},
		{"verbose", boolean, nil, "Explain decisions."},
		{"no_progress", boolean, nil, "Show no progress on a terminal."},
		{"timeout", duration, nil, "Stop after this time, such as 90s."},
	}
}

// lists are the settings that add up over all files and flags.
var lists = []setting{
	{"exclude", list, nil, "Leave out what matches these doublestar globs on slash paths, such as vendor/** or **/*.log."},
	{"include", list, nil, "Search only files that match these globs."},
	{"output", list, nil, "Write a report to these files as well: [FORMAT:]FILE."},
	{"accept", list, nil, "Blob ids, and globs on paths, whose opaque or cut content is known."},
}

// Flag returns the name of the flag that a setting stands for.
func Flag(setting string) string { return strings.ReplaceAll(setting, "_", "-") }

// Variable returns the environment variable that a flag can be set by.
func Variable(flag string) string {
	return "PETRASCAN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Variables returns the flags that an environment variable can set: those of
// the single values, and those that say which files to read. That raw keys are
// shown must be asked for where it is seen.
func Variables() []string {
	flags := []string{"config", "no-config", "config-from"}
	for _, s := range settings() {
		flags = append(flags, Flag(s.name))
	}
	return flags
}

// read checks a value of the document and returns it as a flag takes it.
func (s *setting) read(v any) (value, wrong string) {
	switch s.kind {
	case number:
		if n, ok := v.(int64); ok && n >= 0 {
			return strconv.FormatInt(n, 10), ""
		}
		return "", "want a whole number that is not negative"
	case boolean:
		if b, ok := v.(bool); ok {
			return strconv.FormatBool(b), ""
		}
		return "", "want true or false"
	case duration:
		if t, ok := v.(string); ok {
			if d, err := time.ParseDuration(t); err == nil && d >= 0 {
				return t, ""
			}
		}
		return "", `want a time such as "90s" or "10m"`
	}
	t, ok := v.(string)
	if !ok {
		return "", "want a string in quotes"
	}
	if s.valid == nil {
		return t, ""
	}
	for _, valid := range s.valid {
		if t == valid {
			return t, ""
		}
	}
	return "", "want " + strings.Join(s.valid, ", ") + didYouMean(t, s.valid)
}
