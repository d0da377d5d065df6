package main

import (
	"fmt"
	"os"
	"strings"
)

const (
	beginMark = "<!-- bench -->"
	endMark   = "<!-- /bench -->"
)

// splice puts the table into a file, between the two marks. A lone first mark
// gets its fellow.
func splice(name, table string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, after, ok := strings.Cut(string(old), beginMark)
	if !ok {
		return fmt.Errorf("%s has no %s: put it where the table is to go", name, beginMark)
	}
	if _, rest, ok := strings.Cut(after, endMark); ok {
		after = rest
	}
	return os.WriteFile(name, []byte(before+beginMark+"\n"+table+endMark+after), 0o644)
}
