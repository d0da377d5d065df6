package hook

import (
	"bytes"
	"os"
	"path/filepath"
)

// A Manager is a program that looks after a repository's hooks. To write beside
// it would be undone, or would undo it.
type Manager struct {
	Name    string
	File    string // its configuration, or the directory of its hooks
	Has     bool   // petrascan is named there
	Snippet string // what to add there
	Then    string // what to do after that; "" for nothing
}

// ManagerOf finds the manager of the hooks of a work tree at top, "" if bare,
// whose hooks lie in dir; nil if there is none. Configured is core.hooksPath.
func ManagerOf(top, dir, configured string) *Manager {
	if top != "" {
		for _, m := range managers {
			for _, name := range m.files {
				path := filepath.Join(top, filepath.FromSlash(name))
				info, err := os.Stat(path)
				if err != nil {
					continue
				}
				found := Manager{Name: m.name, File: path, Snippet: m.snippet, Then: m.then}
				if info.IsDir() {
					path = filepath.Join(path, "pre-commit")
				}
				found.Has = names(path)
				return &found
			}
		}
	}
	if configured == "" {
		return nil
	}
	return &Manager{
		Name: "core.hooksPath", File: dir, Has: names(filepath.Join(dir, "pre-commit")),
		Snippet: "petrascan hook run pre-commit || exit       # in " + filepath.Join(dir, "pre-commit") + "\n" +
			"petrascan hook run commit-msg \"$1\" || exit  # in " + filepath.Join(dir, "commit-msg") + "\n" +
			"petrascan hook run pre-push \"$@\" || exit    # in " + filepath.Join(dir, "pre-push") + "\n",
	}
}

// names tells whether a file says petrascan.
func names(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && bytes.Contains(text, []byte("petrascan"))
}

var managers = []struct {
	name          string
	files         []string
	snippet, then string
}{
	{
		name:  "the pre-commit program",
		files: []string{".pre-commit-config.yaml"},
		snippet: `repos:
  - repo: https://github.com/petrascan/petrascan
    rev: main  # better: a release
    hooks:
      - id: petrascan
      - id: petrascan-commit-msg
`,
		then: "pre-commit autoupdate --repo https://github.com/petrascan/petrascan\n" +
			"pre-commit install -t pre-commit -t pre-merge-commit -t commit-msg -t pre-push",
	},
	{
		name:  "lefthook",
		files: []string{"lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "lefthook.toml", ".lefthook.toml", "lefthook.json", ".lefthook.json"},
		snippet: `pre-commit:
  commands:
    petrascan:
      run: petrascan hook run pre-commit
commit-msg:
  commands:
    petrascan:
      run: petrascan hook run commit-msg {1}
pre-push:
  commands:
    petrascan:
      run: petrascan hook run pre-push {0}
      use_stdin: true
`,
		then: "lefthook install",
	},
	{
		name:  "husky",
		files: []string{".husky"},
		snippet: `petrascan hook run pre-commit         # in .husky/pre-commit
petrascan hook run commit-msg "$1"    # in .husky/commit-msg
petrascan hook run pre-push "$@"      # in .husky/pre-push
`,
	},
}
