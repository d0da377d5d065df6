package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/petrascan/petrascan/cmd/internal/cli"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"petrascan": watchedMain})
}

// TestScripts runs testdata/script/*.txtar, which drive the real command on
// real repositories.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			ci, err := filepath.Abs("../../.github/examples/petrascan-ci.sh")
			if err != nil {
				return err
			}
			env.Vars = append(env.Vars,
				"CISCRIPT="+ci,
				"HOME="+env.WorkDir,
				"XDG_CACHE_HOME="+filepath.Join(env.WorkDir, ".cache"),
				"XDG_CONFIG_HOME="+filepath.Join(env.WorkDir, ".config"),
				"GIT_CONFIG_GLOBAL="+os.DevNull,
				"GIT_CONFIG_SYSTEM="+os.DevNull,
				"GIT_TERMINAL_PROMPT=0",
				"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
				"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
				seedsVar+"="+filepath.Join(env.WorkDir, ".seeds"),
			)
			env.Values[apiKey{}] = verifytest.New()
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"expand": expand,
			"setkey": setKey,
			"found":  found,
			"fields": fields,
			"same":   same,
			"utf16":  utf16File,
			"setrev": setRev,
			"api":    startAPI,
			"asked":  asked,

			"forge":  startForge,
			"nogit":  withoutGit,
			"empty":  isEmpty,
			"gitlab": gitlabScript,

			"ids":        expandIDs,
			"setid":      setID,
			"suppressed": suppressed,
		},
	})
}

// seedsVar names the file in which a script's commands note the seeds of the
// keys they made, so that what petrascan prints can be searched for the keys.
const seedsVar = "PETRASCAN_TEST_SEEDS"

// watchedMain is the command, and fails loudly if a raw key comes out of it.
func watchedMain() {
	env, err := cli.System()
	if err != nil {
		panic(err)
	}
	var printed bytes.Buffer
	env.Stdout, env.Stderr = io.MultiWriter(env.Stdout, &printed), io.MultiWriter(env.Stderr, &printed)
	args := os.Args[1:]
	status := cli.Main(untilSignal(), env, args)
	if !slices.Contains(args, "--show-keys") {
		for i, arg := range args {
			if i > 0 && (args[i-1] == "-o" || args[i-1] == "--output") {
				_, file, ok := strings.Cut(arg, ":")
				if !ok {
					file = arg
				}
				data, _ := os.ReadFile(file)
				printed.Write(data)
			}
		}
		if leaked(append(printed.Bytes(), remembered()...), os.Getenv(seedsVar)) {
			fmt.Fprintln(os.Stderr, "A RAW KEY WAS PRINTED")
			status = 99
		}
	}
	os.Exit(status)
}

// remembered returns the names and content of all files that petrascan keeps
// from run to run.
func remembered() []byte {
	var all bytes.Buffer
	dir := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "petrascan")
	_ = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := os.ReadFile(name)
			fmt.Fprintf(&all, "%s\n%s\n", name, text)
		}
		return nil
	})
	return all.Bytes()
}

// leaked tells whether one of the keys whose seeds the file names stands in b,
// plain or encoded.
func leaked(b []byte, seedsFile string) bool {
	seeds, _ := os.ReadFile(seedsFile)
	for seed := range strings.FieldsSeq(string(seeds)) {
		key := []byte(rulestest.Expand(seed))
		body := key[len(finding.Prefix):]
		for _, form := range [][]byte{
			key, body[:len(body)/2], body[len(body)/2:],
			[]byte(hex.EncodeToString(body)),
			[]byte(base64.StdEncoding.EncodeToString(key[:len(key)/3*3])),
		} {
			if bytes.Contains(b, form) {
				return true
			}
		}
	}
	return false
}

func note(ts *testscript.TestScript, templates string) {
	f, err := os.OpenFile(ts.Getenv(seedsVar), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer f.Close()
	for rest := templates; ; {
		i := strings.Index(rest, "{{key:")
		if i < 0 {
			return
		}
		end := strings.Index(rest[i:], "}}")
		if end < 0 {
			return
		}
		fmt.Fprintln(f, rest[i:i+end+2])
		rest = rest[i+end+2:]
	}
}

// exits runs a program and checks its exit status: exits 1 petrascan scan .
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// expand replaces the key templates in files: expand a.env b.env
func expand(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		data, err := os.ReadFile(path)
		ts.Check(err)
		note(ts, string(data))
		ts.Check(os.WriteFile(path, []byte(rulestest.Expand(string(data))), 0o666))
	}
}

// setKey puts a key into a variable: setkey KEY seed
func setKey(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: setkey VARIABLE SEED")
	}
	note(ts, "{{key:"+args[1]+"}}")
	ts.Setenv(args[0], rulestest.Key(args[1]))
}

// setRev puts a commit's id into a variable: setrev C1 HEAD~2
func setRev(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: setrev VARIABLE REVISION")
	}
	ts.Check(ts.Exec("git", "rev-parse", args[1]))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// utf16File rewrites a file as UTF-16: utf16 le|be|lebom|bebom FILE
func utf16File(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[1])
	data, err := os.ReadFile(path)
	ts.Check(err)
	note(ts, string(data))
	text := rulestest.Expand(string(data))
	if strings.HasSuffix(args[0], "bom") {
		text = "\ufeff" + text
	}
	var out []byte
	for _, r := range text {
		if strings.HasPrefix(args[0], "le") {
			out = append(out, byte(r), byte(r>>8))
		} else {
			out = append(out, byte(r>>8), byte(r))
		}
	}
	ts.Check(os.WriteFile(path, out, 0o666))
}

// found checks that a JSON report has exactly one finding (or, negated, none)
// with the given fields: found report.json key=seed path=a.env line=3
// With count=N it has that many.
func found(ts *testscript.TestScript, neg bool, args []string) {
	var r struct{ Findings []map[string]any }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	want := 1
	if neg {
		want = 0
	}
	n := 0
	for _, f := range r.Findings {
		ok := true
		for _, arg := range args[1:] {
			name, value, _ := strings.Cut(arg, "=")
			switch name {
			case "count":
				var err error
				want, err = strconv.Atoi(value)
				ts.Check(err)
				continue
			case "key":
				value = string(finding.NewKey(rulestest.Expand("{{key:" + value + "}}")).ID())
			}
			value = strings.ReplaceAll(value, `\n`, "\n")
			ok = ok && fmt.Sprint(fieldOf(f, name)) == value
		}
		if ok {
			n++
		}
	}
	if n != want {
		ts.Fatalf("%d findings match %v, want %d, in\n%s", n, args[1:], want, ts.ReadFile(args[0]))
	}
}

// fields checks values of a JSON report, of the one key whose seed is given or
// of the report itself:
// fields report.json scan.complete=true
// fields report.json key=seed in_head=true first_seen.commit=$C1
func fields(ts *testscript.TestScript, neg bool, args []string) {
	var r map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	at := any(r)
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		if name == "key" {
			id := string(finding.NewKey(rulestest.Key(value)).ID())
			at = nil
			for _, k := range r["keys"].([]any) {
				if fieldOf(k, "id") == id {
					at = k
				}
			}
			if at == nil {
				ts.Fatalf("no key %s in the report", value)
			}
			continue
		}
		if got := fmt.Sprint(fieldOf(at, name)); (got == value) == neg {
			ts.Fatalf("%s is %s, want %s", name, got, value)
		}
	}
}

// fieldOf follows a dotted path; numbers index lists, and a list's length is
// its field "len".
func fieldOf(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			if name == "len" {
				return len(x)
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// same checks that two JSON reports are equal but for their times.
func same(ts *testscript.TestScript, neg bool, args []string) {
	var texts [2]string
	for i, name := range args[:2] {
		var lines []string
		for line := range strings.Lines(ts.ReadFile(name)) {
			if !strings.Contains(line, `"started"`) && !strings.Contains(line, `"elapsed_ms"`) {
				lines = append(lines, line)
			}
		}
		texts[i] = strings.Join(lines, "")
	}
	if texts[0] != texts[1] {
		ts.Fatalf("%s and %s differ:\n%s\n%s", args[0], args[1], texts[0], texts[1])
	}
}
