package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Markdown returns the tables as README shows them.
func (r *Results) Markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "## Speed\n\nMeasured on %s by `%s` in testdata/bench, which took %v.\n", r.Date.UTC().Format("2006-01-02"), r.Command, r.Elapsed)
	fmt.Fprintf(&w, "Machine: %s, %d CPUs, %s memory, %s, %s.", r.Machine.Processor, r.Machine.CPUs, size(r.Machine.Memory), r.Machine.System, r.Machine.Go)
	if r.Machine.Load != "" {
		fmt.Fprintf(&w, " Load average when it began: %s.", r.Machine.Load)
	}
	w.WriteString("\n")
	var versions []string
	for _, v := range r.Versions {
		versions = append(versions, v.Program+" "+v.Version)
	}
	fmt.Fprintf(&w, "Programs: %s.\n", strings.Join(versions, ", "))
	if len(r.Absent) > 0 {
		fmt.Fprintf(&w, "Not on this machine, so not measured: %s.\n", strings.Join(r.Absent, ", "))
	}
	w.WriteString("The commands of a table ran in turn, round by round. Times are wall clock but for *CPU*, which is user and system time together;\n" +
		"× compares medians with the table's first row; memory is the most that one of the command's processes had resident, mapped files included.\n")

	w.WriteString("\n| target | measured | must | aim | |\n|---|---:|---:|---:|---|\n")
	for _, t := range targets {
		if !t.asked(r) {
			continue
		}
		aim := t.limit(t.aim)
		if t.aim == t.must {
			aim = ""
		}
		if figure, ok := t.figure(r); ok {
			fmt.Fprintf(&w, "| %s | %s | %s | %s | %s |\n", t.name(r), t.show(figure), t.limit(t.must), aim, t.verdict(figure))
		} else {
			fmt.Fprintf(&w, "| %s | | %s | %s | not measured |\n", t.name(r), t.limit(t.must), aim)
		}
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(&w, "\nNot measured: %s.\n", escape(missing))
	}
	for _, t := range r.Tables {
		if t.Name == "history" || t.Name == "files" {
			t.markdown(&w, r.OwnPeak)
		}
	}
	w.WriteString("\n<details><summary>The other tables, and the commands</summary>\n")
	for _, t := range r.Tables {
		if t.Name != "history" && t.Name != "files" {
			t.markdown(&w, r.OwnPeak)
		}
	}
	w.WriteString("\n```text\n")
	shown := map[string]bool{}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if !shown[row.Command] {
				shown[row.Command] = true
				fmt.Fprintln(&w, row.Command)
			}
		}
	}
	w.WriteString("```\n\n</details>\n")
	return w.String()
}

func (t *Table) markdown(w *strings.Builder, ownPeak int64) {
	fmt.Fprintf(w, "\n**%s**", t.Title)
	if input := t.Input.String(); input != "" {
		fmt.Fprintf(w, ": %s", input)
	}
	w.WriteString("\n")
	if t.Note != "" {
		fmt.Fprintf(w, "%s\n", t.Note)
	}
	if t.Name == "literal" {
		w.WriteString("\n| | median | least | runs |\n|---|---:|---:|---:|\n")
		for _, row := range t.Rows {
			if row.Failure != "" {
				fmt.Fprintf(w, "| %s: %s | | | |\n", row.Name, escape(row.Failure))
				continue
			}
			least := row.Rates[0]
			for _, rate := range row.Rates {
				least = min(least, rate)
			}
			fmt.Fprintf(w, "| %s | %s | %s | %d |\n", row.Name, showRate(middle(row.Rates)), showRate(least), len(row.Rates))
		}
		return
	}
	perByte := len(t.Rows) > 0 && t.Rows[0].Bytes > 0
	head, rule := "\n| | median | least | × | CPU | memory | runs |", "|---|---:|---:|---:|---:|---:|---:|"
	if perByte {
		head, rule = head+" ns a byte |", rule+"---:|"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, rule)
	var first time.Duration
	for i, row := range t.Rows {
		if row.Failure != "" {
			fmt.Fprintf(w, "| %s: %s | | | | | | |\n", row.Name, escape(row.Failure))
			continue
		}
		median := row.median()
		if i == 0 {
			first = median
		}
		ratio := ""
		if first > 0 {
			ratio = fmt.Sprintf("%.2f", float64(median)/float64(first))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %d |", row.Name+row.remark(), duration(median), duration(row.least()), ratio,
			duration(row.processor()), peak(row.peak(), ownPeak), len(row.Runs))
		if perByte {
			fmt.Fprintf(w, " %.2f |", row.cost())
		}
		w.WriteString("\n")
	}
}

// remark says what else is to be known about a row.
func (r *Row) remark() string {
	if r.Memory > 0 {
		return fmt.Sprintf(" (%s without mapped files)", size(r.Memory))
	}
	return ""
}

// String describes the input for a table's head.
func (in Input) String() string {
	list := []string{in.Name}
	if in.Name == "" {
		list = nil
	}
	if in.Objects > 0 {
		list = append(list, thousands(in.Objects)+" objects in packs of "+size(in.Packed), size(in.Inflated)+" when inflated")
	}
	if in.Files > 0 {
		list = append(list, thousands(in.Files)+" files", size(in.Bytes))
	}
	return strings.Join(list, ", ")
}

// duration shows three digits.
func duration(d time.Duration) string {
	value, unit := float64(d)/1e6, "ms"
	if d >= time.Second {
		value, unit = d.Seconds(), "s"
	}
	return digits(value) + " " + unit
}

// size shows bytes in powers of ten, with three digits.
func size(n int64) string {
	value := float64(n)
	for _, unit := range []string{"B", "kB", "MB"} {
		if value < 999.5 {
			return digits(value) + " " + unit
		}
		value /= 1000
	}
	return digits(value) + " GB"
}

func digits(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// peak shows what wait4 said of a child, which is never less than what the bench
// itself had.
func peak(n, own int64) string {
	switch {
	case n == 0:
		return ""
	case n <= own:
		return "≤ " + size(own)
	}
	return size(n)
}

// thousands shows a number with commas.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// escape keeps what a program said from ending a cell or opening a tag.
func escape(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "`", "'").Replace(text)
}
