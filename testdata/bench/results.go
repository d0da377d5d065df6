package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Results is one run of the bench: what was measured, on what, with what.
// Tables, ratios and verdicts are computed from it.
type Results struct {
	Date     time.Time
	Elapsed  time.Duration
	Command  string // how the bench was called, with placeholders for paths
	Machine  Machine
	Versions []Version // of the programs that took part
	Groups   []string  // what was asked for
	OwnPeak  int64     // bytes the bench itself had resident at most; peaks below it are not known
	Absent   []string  // peers that were not on PATH
	Missing  []string  // what could not be measured, with the reason
	Tables   []*Table
}

// Machine is where the run took place.
type Machine struct {
	Processor string
	CPUs      int
	Memory    int64 // bytes
	System    string
	Go        string
	Load      string // load average of the last minute when the run began: above 1 others were at work
}

// Version is what a program says of itself, or the module it was built from.
type Version struct {
	Program, Version string
}

// Table is the rows that ran in turn on one input. The first row is what the
// others are compared with.
type Table struct {
	Name  string // how verdicts find it
	Title string
	Input Input
	Note  string
	Rows  []*Row
}

// Input describes what was read, so that somebody else can get the same.
type Input struct {
	Name     string
	Objects  int64 // of a repository: entries of its packs
	Packed   int64 // bytes of its packs
	Inflated int64 // bytes of all entries, inflated, deltas not applied
	Files    int64 // of a tree
	Bytes    int64 // of those
}

// Row is one command.
type Row struct {
	Name    string
	Command string // with REPO, TREE and so on for paths
	Runs    []Run
	Bytes   int64     `json:",omitempty"` // that the command had to read, where cost per byte is the question
	Memory  int64     `json:",omitempty"` // peak anonymous memory in bytes, sampled in runs of their own
	Rates   []float64 `json:",omitempty"` // bytes per second, where that was measured instead of runs
	Failure string    `json:",omitempty"` // why there are no figures
}

// Run is one execution of a command.
type Run struct {
	Wall, User, System time.Duration
	Peak               int64 // bytes resident at most, mapped files included, as wait4 has it
	Status             int
}

func (r *Results) table(name string) *Table {
	for _, t := range r.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// row returns a row that has figures, or nil.
func (t *Table) row(name string) *Row {
	if t == nil {
		return nil
	}
	for _, r := range t.Rows {
		if r.Name == name && r.Failure == "" && len(r.Runs)+len(r.Rates) > 0 {
			return r
		}
	}
	return nil
}

func (r *Row) median() time.Duration {
	return middle(r.walls())
}

func (r *Row) least() time.Duration {
	return slices.Min(r.walls())
}

func (r *Row) walls() []time.Duration {
	var list []time.Duration
	for _, run := range r.Runs {
		list = append(list, run.Wall)
	}
	return list
}

// processor returns the median of user and system time together.
func (r *Row) processor() time.Duration {
	var list []time.Duration
	for _, run := range r.Runs {
		list = append(list, run.User+run.System)
	}
	return middle(list)
}

func (r *Row) peak() int64 {
	var most int64
	for _, run := range r.Runs {
		most = max(most, run.Peak)
	}
	return most
}

// middle returns the median; of an even number the mean of the middle two.
func middle[T ~int64 | ~float64](list []T) T {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}

func (r *Results) save(name string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

func readResults(name string) (*Results, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(Results)
	return r, json.Unmarshal(text, r)
}
