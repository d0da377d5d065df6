package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// expandIDs replaces {{id:seed}} in files by the id of the key that
// {{key:seed}} stands for: ids .petrascan.toml
func expandIDs(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		data, err := os.ReadFile(path)
		ts.Check(err)
		var out strings.Builder
		for i, part := range strings.Split(string(data), "{{id:") {
			if i > 0 {
				seed, rest, _ := strings.Cut(part, "}}")
				out.WriteString(string(keyID(seed)))
				part = rest
			}
			out.WriteString(part)
		}
		ts.Check(os.WriteFile(path, []byte(out.String()), 0o666))
	}
}

func keyID(seed string) finding.ID { return finding.NewKey(rulestest.Key(seed)).ID() }

// setID puts a key's id into a variable: setid ID seed
func setID(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], string(keyID(args[1])))
}

// suppressed checks that a JSON report has exactly one entry of what was
// suppressed (or, negated, none) with the given fields:
// suppressed report.json key=seed by=inline
func suppressed(ts *testscript.TestScript, neg bool, args []string) {
	var r struct {
		Scan struct{ Suppressed []map[string]any }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	n := 0
	for _, s := range r.Scan.Suppressed {
		ok := true
		for _, arg := range args[1:] {
			name, value, _ := strings.Cut(arg, "=")
			if name == "key" {
				value = string(keyID(value))
			}
			ok = ok && fmt.Sprint(fieldOf(s, name)) == value
		}
		if ok {
			n++
		}
	}
	if want := map[bool]int{false: 1, true: 0}[neg]; n != want {
		ts.Fatalf("%d entries match %v, want %d, in\n%v", n, args[1:], want, r.Scan.Suppressed)
	}
}
