package main

import (
	"crypto/subtle"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// The password of the forge's private repositories, and who may use it.
const forgeUser, forgePassword = "ada", "open/sesame @42"

// startForge serves the bare repositories below a directory over HTTP, by Git's
// own server program, and puts the address into a variable: forge FORGE dir
// Those below dir/private want a password; everything below moved/ is
// somewhere else, and what was asked for is appended to the file asked.log.
func startForge(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: forge VARIABLE DIRECTORY")
	}
	git, err := exec.LookPath("git")
	ts.Check(err)
	libexec, err := exec.Command(git, "--exec-path").Output()
	ts.Check(err)
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(libexec)), "git-http-backend"),
		Env: []string{
			"GIT_PROJECT_ROOT=" + ts.MkAbs(args[1]), "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		},
		InheritEnv: []string{"PATH", "SystemRoot"},
		Stderr:     io.Discard,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		allowed := subtle.ConstantTimeCompare([]byte(user+"\n"+password), []byte(forgeUser+"\n"+forgePassword)) == 1
		if strings.HasPrefix(r.URL.Path, "/private/") && !allowed {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		if rest, ok := strings.CutPrefix(r.URL.Path, "/moved/"); ok {
			http.Redirect(w, r, "/"+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
	ts.Setenv(args[0]+"_HOST", strings.TrimPrefix(server.URL, "http://"))
}

// withoutGit takes the directories that have a git out of PATH.
func withoutGit(ts *testscript.TestScript, neg bool, args []string) {
	dirs := slices.DeleteFunc(filepath.SplitList(ts.Getenv("PATH")), func(dir string) bool {
		found, err := exec.LookPath(filepath.Join(dir, "git"))
		return err == nil && found != ""
	})
	ts.Setenv("PATH", strings.Join(dirs, string(os.PathListSeparator)))
}

// isEmpty checks that there is nothing in a directory: empty DIR
func isEmpty(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("there is %v in %s", entries, args[0])
	}
}
