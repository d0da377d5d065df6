package clone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// local are the variables that tie Git to one repository, which would be the
// wrong one (git rev-parse --local-env-vars), but for those of configuration.
var local = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
	"GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY",
	"GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_TEMPLATE_DIR", "GIT_WORK_TREE",
}

// settings are the configuration for the clone, whatever the user's says:
// nothing is started beside it, and an odd object is no reason to leave it.
var settings = []string{
	"core.hooksPath=" + os.DevNull,
	"core.fsmonitor=false",
	"gc.auto=0",
	"maintenance.auto=false",
	"fetch.fsckObjects=false",
	"transfer.fsckObjects=false",
	"transfer.bundleURI=false",
}

// helper is a credential helper (gitcredentials, "Custom helpers") that tells
// Git what the address said, without either on a command line.
const helper = `!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$PETRASCAN_CLONE_USER" "$PETRASCAN_CLONE_PASSWORD"; }; f`

// byGit clones with the git at program. Dir is the directory to make.
func byGit(ctx context.Context, program string, s Source, dir string, o Options) error {
	args := []string{}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	args = append(args, "clone", "--quiet", "--mirror", "--template=", "--", s.address, dir)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = filepath.Dir(dir)
	cmd.Env = s.environ(o, cmd.Dir)
	said := &tail{}
	cmd.Stdout, cmd.Stderr = said, said
	if o.Ask {
		cmd.Stdin = os.Stdin
	} else {
		alone(cmd)
	}
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("start git: %w", err)
	}
	if text := s.clean(said.text(), dir); text != "" {
		return fmt.Errorf("git: %s", text)
	}
	return fmt.Errorf("git: %s", exit)
}

// environ is the environment for git, as NAME=VALUE. Discovery of a repository
// around the temporary place ends at ceiling.
func (s Source) environ(o Options, ceiling string) []string {
	allowed := schemes
	count := 0
	env := slices.DeleteFunc(slices.Clone(o.Environ), func(v string) bool {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "GIT_ALLOW_PROTOCOL": // may narrow what is allowed
			narrower := strings.Split(value, ":")
			allowed = slices.DeleteFunc(slices.Clone(allowed), func(scheme string) bool { return !slices.Contains(narrower, scheme) })
		case "GIT_CONFIG_COUNT":
			count, _ = strconv.Atoi(value)
		}
		return slices.Contains(local, name)
	})
	env = append(env,
		"GIT_ALLOW_PROTOCOL="+strings.Join(allowed, ":"),
		"GIT_CEILING_DIRECTORIES="+ceiling,
		"GIT_NO_LAZY_FETCH=1",
		"LC_ALL=C",
	)
	if !o.Ask {
		env = append(env, "GIT_TERMINAL_PROMPT=0")
	}
	if s.login == nil {
		return env
	}
	config := func(name, value string) {
		n := strconv.Itoa(count)
		env = append(env, "GIT_CONFIG_KEY_"+n+"=credential."+s.origin()+"."+name, "GIT_CONFIG_VALUE_"+n+"="+value)
		count++
	}
	user, password := s.login()
	config("username", user)
	if password != "" {
		config("helper", "") // forgets the others
		config("helper", helper)
		env = append(env, "PETRASCAN_CLONE_USER="+user, "PETRASCAN_CLONE_PASSWORD="+password)
	}
	return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(count))
}

// A tail keeps the last of what is written to it.
type tail struct {
	kept []byte
	cut  bool // before kept there was more
}

const tailSize = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	return len(p), nil
}

// text returns the last few lines as one. A line that was cut is not among
// them: half a secret is not recognised as one.
func (t *tail) text() string {
	const most = 5
	kept := t.kept
	if t.cut {
		_, kept, _ = bytes.Cut(kept, []byte("\n"))
	}
	var lines []string
	for line := range bytes.Lines(kept) {
		if line := string(bytes.TrimSpace(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}
