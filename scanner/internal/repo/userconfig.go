package repo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Config returns the configuration that counts in this repository: its own, and
// before it the system's and the user's, which getenv finds as [Repo.Ignore]
// says. With a nil getenv only the repository's own is read. Includes are
// followed; a condition hasconfig never holds.
func (r *Repo) Config(getenv func(string) string) (*Config, error) {
	src := r.configSource(getenv)
	files := append(userConfigFiles(getenv, src.home), filepath.Join(r.CommonDir, "config"))
	if r.local.Bool("extensions.worktreeconfig") {
		files = append(files, filepath.Join(r.GitDir, "config.worktree"))
	}
	cfg := &Config{}
	for _, file := range files {
		if err := cfg.load(file, src, 0); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

func (r *Repo) configSource(getenv func(string) string) *configSource {
	src := &configSource{gitDir: r.GitDir}
	if getenv != nil {
		src.home = getenv("HOME")
	}
	if head, err := r.Head(); err == nil {
		src.branch, _ = strings.CutPrefix(head.Target, "refs/heads/")
	}
	return src
}

// userConfigFiles lists the configuration files outside a repository, in the
// order of git-config, "Files".
// The null device stands for no file.
func userConfigFiles(getenv func(string) string, home string) []string {
	return slices.DeleteFunc(configFiles(getenv, home), func(file string) bool { return file == os.DevNull || file == "/dev/null" })
}

func configFiles(getenv func(string) string, home string) []string {
	if getenv == nil {
		return nil
	}
	var files []string
	if no := getenv("GIT_CONFIG_NOSYSTEM"); no == "" || no == "0" || no == "false" {
		file := getenv("GIT_CONFIG_SYSTEM")
		if file == "" {
			file = "/etc/gitconfig"
		}
		files = append(files, file)
	}
	if file := getenv("GIT_CONFIG_GLOBAL"); file != "" {
		return append(files, file)
	}
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		files = append(files, filepath.Join(dir, "git", "config"))
	} else if home != "" {
		files = append(files, filepath.Join(home, ".config", "git", "config"))
	}
	if home != "" {
		files = append(files, filepath.Join(home, ".gitconfig"))
	}
	return files
}
