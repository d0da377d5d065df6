package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// target is one of the project's promises: what must hold, what is aimed for,
// and the figure that is held against them. A figure is better the smaller it
// is, or the larger it is if atLeast.
type target struct {
	work      string
	table     string // whose input it is about
	group     string // that measures it
	must, aim float64
	atLeast   bool
	show      func(float64) string
	figure    func(*Results) (float64, bool)
}

var targets = []target{
	{
		work: "full history against gitleaks", table: "history", group: "history", must: 15, aim: 25, atLeast: true, show: times,
		figure: func(r *Results) (float64, bool) { return r.ratio("history", "gitleaks", "history", "petrascan") },
	},
	{
		work: "full history against the floor", table: "history", group: "history", must: 3, aim: 2, show: times,
		figure: func(r *Results) (float64, bool) { return r.ratio("history", "petrascan", "history", "floor") },
	},
	{
		work: "memory of that, beyond the mapped pack", table: "history", group: "history", must: 200e6, aim: 120e6, show: showSize,
		figure: func(r *Results) (float64, bool) {
			row := r.table("history").row("petrascan")
			if row == nil || row.Memory == 0 {
				return 0, false
			}
			return float64(row.Memory), true
		},
	},
	{
		work: "the same again, nothing new", table: "repeat", group: "repeat", must: 0.060, aim: 0.030, show: showSeconds,
		figure: func(r *Results) (float64, bool) { return r.seconds("repeat", "petrascan") },
	},
	{
		work: "attribution of one hit, on top of the clean scan", table: "attribution", group: "attribution", must: 0.5, aim: 0.2, show: times,
		figure: func(r *Results) (float64, bool) {
			ratio, ok := r.ratio("attribution", "petrascan, one key", "attribution", "petrascan, no key")
			return ratio - 1, ok
		},
	},
	{
		work: "files, containers off, against ripgrep", table: "files", group: "files", must: 1.3, aim: 1.0, show: times,
		figure: func(r *Results) (float64, bool) {
			return r.ratio("files", "petrascan, containers off", "files", "ripgrep")
		},
	},
	{
		work: "files, containers off, against ripgrep", table: "tree", group: "growth", must: 1.3, aim: 1.0, show: times,
		figure: func(r *Results) (float64, bool) { return r.ratio("tree", "the whole", "tree", "ripgrep, the whole") },
	},
	{
		work: "staged, one changed file", table: "staged", group: "staged", must: 0.020, aim: 0.012, show: showSeconds,
		figure: func(r *Results) (float64, bool) { return r.seconds("staged", "petrascan") },
	},
	{
		work: "literal search in cache, one core", table: "literal", group: "literal", must: 5e9, aim: 10e9, atLeast: true, show: showRate,
		figure: func(r *Results) (float64, bool) { return r.rate("as built") },
	},
	{
		work: "the same in pure Go", table: "literal", group: "literal", must: 1e9, aim: 1e9, atLeast: true, show: showRate,
		figure: func(r *Results) (float64, bool) { return r.rate("pure Go") },
	},
	{
		work: "`petrascan version`", table: "start", group: "start", must: 0.012, aim: 0.006, show: showSeconds,
		figure: func(r *Results) (float64, bool) { return r.seconds("start", "petrascan") },
	},
	{
		work: "what doubling a history adds to the cost of a byte", table: "growth", group: "growth", must: 0.15, aim: 0.15, show: showPercent,
		figure: func(r *Results) (float64, bool) { return r.growth("growth") },
	},
	{
		work: "what doubling a tree adds to the cost of a byte", table: "tree", group: "growth", must: 0.15, aim: 0.15, show: showPercent,
		figure: func(r *Results) (float64, bool) { return r.growth("tree") },
	},
}

// verdict says how figure does against the target.
func (t target) verdict(figure float64) string {
	better := func(limit float64) bool {
		if t.atLeast {
			return figure >= limit
		}
		return figure <= limit
	}
	switch {
	case better(t.aim):
		return "met"
	case better(t.must):
		return "met, aim missed"
	}
	return "**missed**"
}

// limit shows a limit with its direction, without the zeros behind the point
// that a figure has.
func (t target) limit(limit float64) string {
	text := t.show(limit)
	at := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("+.0123456789", r) })
	number, unit := text[:at], text[at:]
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	if t.atLeast {
		return "≥ " + number + unit
	}
	return "≤ " + number + unit
}

// name says what was measured, and on what.
func (t target) name(r *Results) string {
	table := r.table(t.table)
	if table == nil || table.Input.Name == "" {
		return t.work
	}
	if table.Input.Files > 0 {
		return fmt.Sprintf("%s (%s, %s files)", t.work, table.Input.Name, thousands(table.Input.Files))
	}
	name, _, _ := strings.Cut(table.Input.Name, " at ")
	return fmt.Sprintf("%s (%s)", t.work, name)
}

// asked reports whether the run was to measure this.
func (t target) asked(r *Results) bool {
	return slices.Contains(r.Groups, t.group) && (t.group != "files" || r.table("files") != nil)
}

// ratio returns how many times longer one row took than another. A row is found
// by the beginning of its name if none has the whole name.
func (r *Results) ratio(table, name, otherTable, other string) (float64, bool) {
	a, b := r.table(table).find(name), r.table(otherTable).find(other)
	if a == nil || b == nil {
		return 0, false
	}
	return a.median().Seconds() / b.median().Seconds(), true
}

func (r *Results) seconds(table, name string) (float64, bool) {
	row := r.table(table).find(name)
	if row == nil {
		return 0, false
	}
	return row.median().Seconds(), true
}

func (r *Results) rate(name string) (float64, bool) {
	row := r.table("literal").row(name)
	if row == nil {
		return 0, false
	}
	return middle(row.Rates), true
}

// growth returns the most that doubling the input added to the cost of a byte. It
// is negative if a byte got cheaper each time.
func (r *Results) growth(table string) (float64, bool) {
	var costs []float64
	for _, part := range parts {
		row := r.table(table).find(part.name + ":")
		if row == nil {
			return 0, false
		}
		costs = append(costs, row.cost())
	}
	most := math.Inf(-1)
	for i := 1; i < len(costs); i++ {
		most = max(most, costs[i]/costs[i-1]-1)
	}
	return most, true
}

// find returns the row with that name or, if there is none, the first whose name
// begins with it. The row has figures.
func (t *Table) find(name string) *Row {
	if row := t.row(name); row != nil || t == nil {
		return row
	}
	for _, row := range t.Rows {
		if strings.HasPrefix(row.Name, name) {
			return t.row(row.Name)
		}
	}
	return nil
}

// cost returns the nanoseconds that a byte took.
func (r *Row) cost() float64 {
	return float64(r.median()) / float64(time.Nanosecond) / float64(r.Bytes)
}

func times(x float64) string       { return digits(x) + "×" }
func showSize(x float64) string    { return size(int64(x)) }
func showRate(x float64) string    { return fmt.Sprintf("%.1f GB/s", x/1e9) }
func showPercent(x float64) string { return fmt.Sprintf("%+.0f %%", x*100) }
func showSeconds(x float64) string { return duration(time.Duration(x * float64(time.Second))) }
