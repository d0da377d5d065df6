package main

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// gitlabScript writes what the job of GitLab's example runs as a shell script,
// as GitLab's runner joins it: gitlab job.sh
func gitlabScript(ts *testscript.TestScript, neg bool, args []string) {
	text, err := os.ReadFile("../../.github/examples/gitlab-ci.yml")
	ts.Check(err)
	var file struct {
		Petrascan struct {
			Variables map[string]string
			Script    []string
			Artifacts struct {
				Reports map[string]string
			}
		}
	}
	ts.Check(yaml.Unmarshal(text, &file))
	job := file.Petrascan
	if len(job.Script) == 0 || job.Variables["GIT_DEPTH"] != "0" || job.Artifacts.Reports["secret_detection"] != "gl-secret-detection-report.json" {
		ts.Fatalf("gitlab-ci.yml is not what is tried here: %+v", job)
	}
	script := "set -eo pipefail\n" + strings.Join(job.Script, "\n") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(script), 0o666))
}
