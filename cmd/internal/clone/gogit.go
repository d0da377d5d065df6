package clone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

// byGoGit clones without git. Dir is the directory to make. Of Git's ways to
// credentials there are GIT_ASKPASS and, for SSH, the agent; known hosts are
// those of OpenSSH.
func byGoGit(ctx context.Context, s Source, dir string, o Options) error {
	options := &git.CloneOptions{URL: s.address, Mirror: true, Tags: git.AllTags}
	user, password := "", ""
	if s.login != nil {
		user, password = s.login()
		if password != "" {
			options.Auth = &http.BasicAuth{Username: user, Password: password}
		}
	}
	_, err := git.PlainCloneContext(ctx, dir, true, options)
	if s.isHTTP() && options.Auth == nil && errors.Is(err, transport.ErrAuthenticationRequired) {
		var asked error
		user, password, asked = askFor(ctx, s, user, o)
		if asked != nil {
			return asked
		}
		options.Auth = &http.BasicAuth{Username: user, Password: password}
		_, err = git.PlainCloneContext(ctx, dir, true, options)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		_, err = git.PlainInit(dir, true)
	}
	if err == nil {
		return nil
	}
	said := err.Error()
	if password != "" {
		said = strings.ReplaceAll(said, password, "…")
	}
	return fmt.Errorf("without git on PATH: %s", s.clean(said, dir))
}

// askFor asks the program that GIT_ASKPASS names, as Git does (gitcredentials,
// "Requesting Credentials").
func askFor(ctx context.Context, s Source, user string, o Options) (name, password string, err error) {
	program := ""
	for _, v := range o.Environ {
		if value, ok := strings.CutPrefix(v, "GIT_ASKPASS="); ok {
			program = value
		}
	}
	if program == "" {
		return "", "", errors.New("it wants a user name and a password: without git on PATH they come from GIT_ASKPASS or the address")
	}
	ask := func(prompt string) (string, error) {
		cmd := exec.CommandContext(ctx, program, prompt)
		cmd.Env = o.Environ
		answer, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("GIT_ASKPASS: %w", err)
		}
		line, _, _ := bytes.Cut(answer, []byte("\n"))
		return strings.TrimSuffix(string(line), "\r"), nil
	}
	scheme, host, _ := strings.Cut(s.origin(), "://")
	if user == "" {
		if user, err = ask("Username for '" + s.origin() + "': "); err != nil {
			return "", "", err
		}
	}
	password, err = ask("Password for '" + scheme + "://" + user + "@" + host + "': ")
	return user, password, err
}
