package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrascan/petrascan/rules/rulestest"
)

// TestRun measures tiny inputs with everything that needs neither peers nor a C
// compiler, and reads the tables.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	saved, out, readme := filepath.Join(dir, "r.json"), filepath.Join(dir, "r.md"), filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("before\n\n<!-- bench -->\n\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "a.txt"), []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{
		"-only", "history,repeat,attribution,growth,files,staged,start,extremes", "-peers=false", "-rounds", "1",
		"-commits", "40", "-tree", "100", "-staged", "60", "-many", "50", "-sparse", "1", "-files", tree, "-files-name", "one file",
		"-json", saved, "-o", out, "-readme", readme,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := readResults(saved)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][2]string{
		{"history", "petrascan"}, {"history", "petrascan, containers off"}, {"history", "git cat-file"}, {"history", "git log -p"},
		{"attribution", "petrascan, no key"}, {"attribution", "petrascan, one key"},
		{"growth", "a quarter:"}, {"growth", "a half:"}, {"growth", "the whole:"},
		{"tree", "a quarter:"}, {"tree", "a half:"}, {"tree", "the whole:"},
		{"files", "petrascan, containers off"}, {"files", "petrascan"},
		{"staged", "petrascan"}, {"staged", "git diff"}, {"start", "petrascan"},
		{"many", "petrascan"}, {"sparse", "petrascan"},
	} {
		row := r.table(want[0]).find(want[1])
		if row == nil || row.median() <= 0 {
			t.Errorf("%s: no figures for %s", want[0], want[1])
		}
	}
	if in := r.table("history"); in != nil && (in.Input.Objects < 120 || in.Input.Inflated == 0) {
		t.Errorf("the history has %d objects of %d bytes", in.Input.Objects, in.Input.Inflated)
	}

	table, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	shown := targetLines(string(table))
	if len(shown) != 11 { // without the two of the group that was not asked for
		t.Errorf("%d targets instead of 11:\n%s", len(shown), strings.Join(shown, "\n"))
	}
	figures, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the table": string(table), "the results": string(figures)} {
		for _, secret := range []string{dir, tree, os.TempDir() + "/", rulestest.Key("bench 1")} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a path of this machine, or the key", what)
			}
		}
	}
	want := "before\n\n<!-- bench -->\n" + string(table) + "<!-- /bench -->\n\nafter\n"
	for range 2 {
		if got, err := os.ReadFile(readme); err != nil || string(got) != want {
			t.Fatalf("README: %v\n%s", err, got)
		}
		if err := run(t.Context(), []string{"-from", saved, "-readme", readme}); err != nil {
			t.Fatal(err)
		}
	}
}

// targetLines returns the rows of the first table.
func targetLines(table string) []string {
	_, rows, _ := strings.Cut(table, "|---|---:|---:|---:|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	return strings.Split(rows, "\n")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-only", "nonsense"}, {"-rounds", "0"}, {"REPO"}, {"-history", "/nowhere/at/all"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// TestFailures: a command that fails, is not there or takes too long has no
// figures, and the others go on.
func TestFailures(t *testing.T) {
	b := &bench{dir: t.TempDir(), env: os.Environ(), results: &Results{Date: time.Now()}}
	b.rounds, b.slowRounds, b.slow, b.limit = 3, 1, time.Hour, time.Hour
	table := &Table{Name: "failures"}
	err := b.race(t.Context(), table, 3,
		use("good", "git", "", "", "version"),
		use("bad", "git", "", "", "no-such-command"),
		use("absent", "petrascan-no-such-program", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	b.limit = time.Millisecond
	long := &Table{Name: "too long"}
	if err := b.race(t.Context(), long, 3, use("long", "git", "", "", "-c", "alias.wait=!sleep 60", "wait")); err != nil {
		t.Fatal(err)
	}
	table.Rows = append(table.Rows, long.Rows...)
	if row := table.row("good"); row == nil || len(row.Runs) != 3 {
		t.Errorf("the good command: %+v", row)
	}
	for i, want := range []string{"", "exit status 1: ", "petrascan-no-such-program", "stopped after"} {
		if got := table.Rows[i].Failure; !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", table.Rows[i].Name, got, want)
		}
		if i > 0 && table.row(table.Rows[i].Name) != nil {
			t.Errorf("%s has figures", table.Rows[i].Name)
		}
	}
}

// TestGroupFails: what was measured before and after is kept, and the run says
// that something is missing.
func TestGroupFails(t *testing.T) {
	empty, saved := t.TempDir(), filepath.Join(t.TempDir(), "r.json")
	err := run(t.Context(), []string{"-only", "history,start", "-peers=false", "-rounds", "1", "-history", empty, "-json", saved})
	if err == nil {
		t.Error("a folder without a repository is measured")
	}
	r, err := readResults(saved)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.seconds("start", "petrascan"); !ok || !strings.Contains(strings.Join(r.Missing, "\n"), "history: ") {
		t.Errorf("%+v", r)
	}
}

// TestSlow: a slow command takes part in fewer rounds.
func TestSlow(t *testing.T) {
	b := &bench{dir: t.TempDir(), env: os.Environ(), results: &Results{Date: time.Now()}}
	b.slowRounds, b.slow, b.limit = 2, 0, time.Minute
	table := &Table{Name: "slow"}
	if err := b.race(t.Context(), table, 4, use("git", "git", "", "", "version")); err != nil {
		t.Fatal(err)
	}
	if n := len(table.Rows[0].Runs); n != 2 {
		t.Errorf("%d runs instead of 2", n)
	}
}

func TestVerdict(t *testing.T) {
	most := target{must: 3, aim: 2, show: times}
	least := target{must: 15, aim: 25, atLeast: true, show: times}
	for _, c := range []struct {
		target target
		figure float64
		want   string
	}{
		{most, 1.9, "met"}, {most, 2, "met"}, {most, 2.5, "met, aim missed"}, {most, 3.01, "**missed**"},
		{least, 30, "met"}, {least, 20, "met, aim missed"}, {least, 14.9, "**missed**"},
	} {
		if got := c.target.verdict(c.figure); got != c.want {
			t.Errorf("%v held against %s: %s, want %s", c.figure, c.target.limit(c.target.must), got, c.want)
		}
	}
	if got := least.limit(15) + ", " + most.limit(1.3) + ", " + (target{show: showSeconds}).limit(0.06); got != "≥ 15×, ≤ 1.3×, ≤ 60 ms" {
		t.Error(got)
	}
}

// TestGrowth: what counts is the dearest doubling, not the sum.
func TestGrowth(t *testing.T) {
	row := func(name string, wall time.Duration, bytes int64) *Row {
		return &Row{Name: name, Runs: []Run{{Wall: wall}}, Bytes: bytes}
	}
	r := &Results{Tables: []*Table{{Name: "growth", Rows: []*Row{
		row("a quarter: x", 4000, 1000), row("a half: x", 4000, 2000), row("the whole: x", 10000, 4000),
	}}}}
	if got, ok := r.growth("growth"); !ok || got != 0.25 {
		t.Errorf("%v %v, want 0.25", got, ok)
	}
	if _, ok := r.growth("tree"); ok {
		t.Error("a growth without a table")
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{duration(1234 * time.Microsecond), "1.23 ms"},
		{duration(99_960 * time.Microsecond), "100 ms"},
		{duration(1620 * time.Millisecond), "1.62 s"},
		{duration(83 * time.Second), "83.0 s"},
		{size(999), "999 B"}, {size(307_219_904), "307 MB"}, {size(5_527_000_000), "5.53 GB"}, {size(0), "0 B"},
		{thousands(1), "1"}, {thousands(407_061), "407,061"}, {thousands(1_000_000), "1,000,000"},
		{peak(100, 200), "≤ 200 B"}, {peak(300, 200), "300 B"}, {peak(0, 200), ""},
		{middle([]time.Duration{3, 1, 2}).String(), "2ns"}, {middle([]time.Duration{4, 1, 2, 3}).String(), "2ns"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestRates(t *testing.T) {
	got := rates("goos: linux\nBenchmarkIndex/fast/source  \t 100\t 52000 ns/op\t5041.50 MB/s\t 0 B/op\nPASS\n")
	if len(got) != 1 || got[0] != 5041.5e6 {
		t.Error(got)
	}
}
