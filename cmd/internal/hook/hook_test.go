package hook

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var (
	one  = strings.Repeat("1", 40)
	two  = strings.Repeat("2a", 32)
	zero = strings.Repeat("0", 40)
)

func TestReadPush(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Update // nil: an error
	}{
		{"nothing", "", []Update{}},
		{"a branch", "refs/heads/a " + one + " refs/heads/b " + zero + "\n", []Update{{"refs/heads/b", zero, one}}},
		{"sha256, no line end", "refs/heads/a " + two + " refs/heads/a " + two, []Update{{"refs/heads/a", two, two}}},
		{"a deletion after a branch", "HEAD~ " + one + " refs/heads/b " + one + "\n(delete) " + zero + " refs/heads/c " + one + "\n",
			[]Update{{"refs/heads/b", one, one}, {"refs/heads/c", one, zero}}},
		{"a revision with blanks", ":/fix this " + one + " refs/heads/b " + zero + "\n", []Update{{"refs/heads/b", zero, one}}},
		{"three words", one + " " + one + " refs/heads/b\n", nil},
		{"a short id", "a 1234 b " + one + "\n", nil},
		{"an empty line", "\n", nil},
	} {
		got, err := ReadPush(strings.NewReader(c.text))
		if (err != nil) != (c.want == nil) || err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestReadReceive(t *testing.T) {
	got, err := ReadReceive(strings.NewReader(zero + " " + one + " refs/heads/a\n" + one + " " + zero + " refs/tags/b\n"))
	if err != nil || !slices.Equal(got, []Update{{"refs/heads/a", zero, one}, {"refs/tags/b", one, zero}}) {
		t.Errorf("%v, %v", got, err)
	}
	if got[0].Deletes() || !got[1].Deletes() {
		t.Error("a deletion is not told from the rest")
	}
	if _, err := ReadReceive(strings.NewReader("x " + one + " " + one + " refs/heads/a\n")); err == nil {
		t.Error("four words are taken")
	}
}

func TestMessage(t *testing.T) {
	const cut = " ------------------------ >8 ------------------------\n"
	for text, want := range map[string]string{
		"":                           "",
		"a\n\nb\n# c\n":              "a\n\nb\n# c\n",
		"a\n#" + cut + "# Do not\nx": "a\n",
		";" + cut + "; Do not\nx":    "",
		"a\n//" + cut + "// x\ny":    "a\n",
		"a\n#" + cut + "x":           "a\n#" + cut + "x", // nobody's comment: it stays in the message
		"a\n#" + cut:                 "a\n#" + cut,
		"a\n" + cut + " b":           "a\n" + cut + " b",
		"a #" + cut + "# b":          "a #" + cut + "# b",
	} {
		if got := string(Message([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte("a\n# ------------------------ >8 ------------------------\n# b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := Message(text)
		if !bytes.HasPrefix(text, got) || len(got) > 0 && len(got) < len(text) && got[len(got)-1] != '\n' {
			t.Fatalf("%q is no beginning of %q", got, text)
		}
	})
}

func FuzzReadPush(f *testing.F) {
	f.Add([]byte("refs/heads/a " + one + " refs/heads/b " + zero + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ReadPush(bytes.NewReader(text))
		if err == nil && len(list) > 1+bytes.Count(text, []byte("\n")) {
			t.Fatalf("%d updates in %q", len(list), text)
		}
		if err != nil && list != nil {
			t.Fatal("updates beside an error")
		}
		for _, u := range list {
			if !isID(u.Old) || !isID(u.New) {
				t.Fatalf("%+v", u)
			}
		}
	})
}

// TestScript runs every hook with a program and a hook before it whose paths
// hold what a shell would take apart.
func TestScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell at /bin/sh")
	}
	dir := filepath.Join(t.TempDir(), "a $HOME 'b' \"c\"\nd")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "petrascan")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write(program, "#!/bin/sh\necho \"ours: $*\"; cat; exit 3\n")
	for _, event := range Events {
		path := filepath.Join(dir, event)
		write(path, "#!/bin/sh\necho \"before: $*\"; cat\n")
		if changed, err := Install(dir, event, program); err != nil || !changed {
			t.Fatalf("%s: %v, %v", event, changed, err)
		}
		if h, err := Look(dir, event); err != nil || h.State != Ours || h.Program != program || h.Missing || h.Before == "" {
			t.Errorf("%s: %+v, %v", event, h, err)
		}
		cmd := exec.Command(path, "x y", "z")
		cmd.Stdin = strings.NewReader("in\n\n")
		out, err := cmd.CombinedOutput()
		want := "before: x y z\nin\n\nours: hook run " + event + " x y z\n"
		if strings.HasPrefix(event, "pre-push") || event == "pre-receive" {
			want += "in\n\n"
		}
		if got := string(out); got != want || cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("%s: %v, %q, want %q", event, err, got, want)
		}
		if changed, err := Install(dir, event, program); err != nil || changed {
			t.Errorf("%s again: %v, %v", event, changed, err)
		}
		if changed, err := Uninstall(dir, event); err != nil || !changed {
			t.Errorf("%s: %v, %v", event, changed, err)
		}
	}
}
