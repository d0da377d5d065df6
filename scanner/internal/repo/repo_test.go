package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

// wantPlaces compares where things are with git rev-parse, run in dir.
func wantPlaces(t *testing.T, r *Repo, dir string, env ...string) {
	t.Helper()
	ask := func(args ...string) string {
		t.Helper()
		out, err := tryGit(dir, "", env, append([]string{"rev-parse", "--path-format=absolute"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.FromSlash(strings.TrimSpace(out))
	}
	real := func(path string) string {
		if path == "" {
			return ""
		}
		return resolved(path)
	}
	top := ""
	if ask("--is-bare-repository") == "false" && ask("--is-inside-git-dir") == "false" {
		top = ask("--show-toplevel")
	}
	for _, c := range []struct{ what, got, want string }{
		{"GitDir", real(r.GitDir), ask("--git-dir")},
		{"CommonDir", real(r.CommonDir), ask("--git-common-dir")},
		{"WorkTree", real(r.WorkTree), top},
		{"ObjectDir", real(r.ObjectDir), real(ask("--git-path", "objects"))},
		{"IndexPath", filepath.Join(real(filepath.Dir(r.IndexPath())), filepath.Base(r.IndexPath())), ask("--git-path", "index")},
	} {
		if c.want != c.got && (c.what != "WorkTree" || top != "") {
			t.Errorf("%s is %q, git says %q (in %s)", c.what, c.got, c.want, dir)
		}
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	dir := initRepo(t)
	commit(t, dir, "sub/a.txt", "a")
	t.Run("plain", func(t *testing.T) { wantPlaces(t, mustOpen(t, dir), dir) })
	t.Run("git directory itself", func(t *testing.T) {
		r := mustOpen(t, filepath.Join(dir, ".git"))
		wantPlaces(t, r, filepath.Join(dir, ".git"))
		if r.WorkTree != dir {
			t.Errorf("work tree %q", r.WorkTree)
		}
	})
	t.Run("bare", func(t *testing.T) {
		bare := dir + "-bare.git"
		git(t, dir, "clone", "-q", "--bare", dir, bare)
		r := mustOpen(t, bare)
		wantPlaces(t, r, bare)
		if r.WorkTree != "" {
			t.Errorf("work tree %q of a bare repository", r.WorkTree)
		}
		linked := dir + "-of-bare"
		git(t, bare, "worktree", "add", "-q", "-b", "x", linked)
		wantPlaces(t, mustOpen(t, linked), linked)
		wantWorktrees(t, linked)
		wantWorktrees(t, bare)
	})
	t.Run("separate", func(t *testing.T) {
		git(t, dir, "clone", "-q", "--separate-git-dir="+dir+"-apart", dir, dir+"-work")
		wantPlaces(t, mustOpen(t, dir+"-work"), dir+"-work")
		wantPlaces(t, mustOpen(t, filepath.Join(dir+"-work", ".git")), dir+"-work")
		write(t, filepath.Join(dir+"-rel", ".git"), "gitdir: ../"+filepath.Base(dir)+"-apart\n")
		wantPlaces(t, mustOpen(t, dir+"-rel"), dir+"-rel")
	})
	t.Run("linked", func(t *testing.T) {
		linked := dir + "-linked"
		git(t, dir, "worktree", "add", "-q", linked)
		wantPlaces(t, mustOpen(t, linked), linked)
		inside := filepath.Join(dir, ".git/worktrees/repo-linked")
		if r := mustOpen(t, inside); r.WorkTree != linked || r.CommonDir != filepath.Join(dir, ".git") {
			t.Errorf("opened by its git directory: work tree %q, common %q", r.WorkTree, r.CommonDir)
		}
		// What git 2.48 and later write with worktree.useRelativePaths.
		write(t, filepath.Join(linked, ".git"), "gitdir: ../repo/.git/worktrees/repo-linked\n")
		write(t, filepath.Join(inside, "gitdir"), "../../../../repo-linked/.git\n")
		wantPlaces(t, mustOpen(t, linked), linked)
		config := filepath.Join(dir, ".git/config")
		before, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		write(t, config, string(before)+"[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\trelativeWorktrees = true\n")
		trees, err := mustOpen(t, linked).Worktrees()
		if err != nil || len(trees) != 2 || trees[1].Path != linked || trees[0].Path != dir || trees[1].Head.Target != "refs/heads/repo-linked" {
			t.Errorf("%+v, %v", trees, err)
		}
		write(t, config, string(before))
	})
	t.Run("core.worktree", func(t *testing.T) {
		work := dir + "-elsewhere"
		if err := os.Mkdir(work, 0o777); err != nil {
			t.Fatal(err)
		}
		other := initRepo(t)
		for _, value := range []string{work, "../../../" + strings.TrimPrefix(filepath.ToSlash(work), "/")} {
			if !strings.HasPrefix(value, "/") {
				rel, err := filepath.Rel(filepath.Join(other, ".git"), work)
				if err != nil {
					t.Skip(err)
				}
				value = filepath.ToSlash(rel)
			}
			git(t, other, "--git-dir=.git", "config", "core.worktree", value)
			if r := mustOpen(t, other); r.WorkTree != work {
				t.Errorf("core.worktree = %s: %q", value, r.WorkTree)
			}
		}
	})
	t.Run("worktree config", func(t *testing.T) {
		dir := initRepo(t)
		commit(t, dir, "a", "a")
		linked := dir + "-linked"
		git(t, dir, "worktree", "add", "-q", linked)
		git(t, dir, "config", "extensions.worktreeConfig", "true")
		git(t, dir, "config", "--worktree", "core.bare", "true")
		if r := mustOpen(t, dir); r.WorkTree != "" {
			t.Errorf("bare by config.worktree, but has work tree %q", r.WorkTree)
		}
		wantPlaces(t, mustOpen(t, linked), linked)
	})
	t.Run("symbolic link", func(t *testing.T) {
		link := dir + "-link"
		if err := os.MkdirAll(link, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(dir, ".git"), filepath.Join(link, ".git")); err != nil {
			t.Skip("the system has no symbolic links")
		}
		wantPlaces(t, mustOpen(t, link), link)
	})
}

func TestDiscover(t *testing.T) {
	dir := initRepo(t)
	deep := filepath.Join(dir, "a/b/c")
	write(t, filepath.Join(deep, "file"), "x")
	// An empty .git is no repository: git looks further up.
	if err := os.Mkdir(filepath.Join(dir, "a/.git"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "a"), deep, filepath.Join(deep, "file")} {
		if r, err := Discover(path); err != nil || r.WorkTree != dir {
			t.Errorf("%s: %v, %v", path, r, err)
		}
	}
	if r, err := Discover(filepath.Join(dir, ".git/refs/heads")); err != nil || r.GitDir != filepath.Join(dir, ".git") {
		t.Errorf("from inside the git directory: %v, %v", r, err)
	}
	if _, err := Discover(deep, filepath.Join(dir, "a")); !errors.Is(err, ErrNotRepository) {
		t.Errorf("beyond a ceiling: %v", err)
	}
	if _, err := Discover(deep, filepath.Join(dir, "a/b/c"), "relative"); err != nil {
		t.Errorf("a ceiling does not hold for the directory itself: %v", err)
	}
	if _, err := Discover(filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))); !errors.Is(err, ErrNotRepository) {
		t.Errorf("where there is none: %v", err)
	}
	if _, err := Open(deep); !errors.Is(err, ErrNotRepository) {
		t.Errorf("Open looks at parents: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "gone")); err == nil {
		t.Error("a directory that does not exist is opened")
	}
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		want   string // "" when it opens
	}{
		"version 0":               {"[core]\nrepositoryformatversion = 0\n", ""},
		"version 2":               {"[core]\nrepositoryformatversion = 2\n", "version 2"},
		"no number":               {"[core]\nrepositoryformatversion = one\n", `"one"`},
		"unknown extension":       {"[core]\nrepositoryformatversion = 1\n[extensions]\nNewThing = true\n", `"newthing"`},
		"unknown, but version 0":  {"[extensions]\nnewThing = true\n", ""},
		"unknown format":          {"[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = md5\n", `"md5"`},
		"unknown ref storage":     {"[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = tables\n", `"tables"`},
		"all that is known":       {"[core]\nrepositoryformatversion = 1\n[extensions]\nnoop\nnoop-v1\npartialClone = origin\npreciousObjects = true\nrelativeWorktrees = true\nobjectFormat = sha1\ncompatObjectFormat = sha256\nrefStorage = files\nsubmodulePathConfig = true\nworktreeConfig = true\n", ""},
		"broken configuration":    {"[core\n", "line 1"},
		"broken further down":     {"[core]\n\tbare = false\n\tx = \"a\n", "line 3"},
		"config of another owner": {"[core]\nrepositoryformatversion = 0\nfsmonitor = /bin/false\nhooksPath = /nowhere\n", ""},
	} {
		dir := initRepo(t)
		write(t, filepath.Join(dir, ".git/config"), c.config)
		r, err := Open(dir)
		switch {
		case c.want == "" && (err != nil || r.WorkTree != dir):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNotRepository)):
			t.Errorf("%s: error %v does not name %s", name, err, c.want)
		}
	}
}

func TestOpenBroken(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a", "a")
	git(t, dir, "worktree", "add", "-q", dir+"-linked")
	for name, c := range map[string]struct {
		damage func(dir string)
		want   string
	}{
		"nonsense in .git": {func(dir string) { write(t, filepath.Join(dir, ".git"), "hello\n") }, "gitdir: "},
		"gone git dir":     {func(dir string) { write(t, filepath.Join(dir, ".git"), "gitdir: /nowhere/at/all\n") }, "/nowhere/at/all"},
	} {
		broken := filepath.Join(tempDir(t), "broken")
		if err := os.MkdirAll(broken, 0o777); err != nil {
			t.Fatal(err)
		}
		c.damage(broken)
		if _, err := Open(broken); err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNotRepository) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Discover(broken); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, discovered: %v", name, err)
		}
	}
	// HEAD is gone, but what was committed is still there to leak.
	if err := os.Remove(filepath.Join(dir, ".git/HEAD")); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir)
	if _, err := r.Head(); err == nil {
		t.Error("HEAD is gone, and no error")
	}
	refs, _, err := r.Refs()
	if err != nil || !slices.ContainsFunc(refs, func(r Ref) bool { return r.Name == "refs/heads/main" }) {
		t.Errorf("refs of a repository without HEAD: %v, %v", refs, err)
	}
	write(t, filepath.Join(dir, ".git/worktrees/repo-linked/commondir"), "../../gone\n")
	if _, err := Open(dir + "-linked"); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("the common directory is gone: %v", err)
	}
}

func TestFormats(t *testing.T) {
	if r := mustOpen(t, initRepo(t)); r.Format != gitobj.SHA1 || r.RefFormat != RefFiles {
		t.Errorf("%v, %v", r.Format, r.RefFormat)
	}
	if r := mustOpen(t, initRepo(t, "--object-format=sha256")); r.Format != gitobj.SHA256 {
		t.Errorf("%v", r.Format)
	}
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	dir := initRepo(t)
	commit(t, dir, "sub/a.txt", "a")
	other := initRepo(t)
	commit(t, other, "b.txt", "b")
	bare := dir + "-bare.git"
	git(t, dir, "clone", "-q", "--bare", dir, bare)
	linked := dir + "-linked"
	git(t, dir, "worktree", "add", "-q", linked)
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(filepath.Join(dir, ".git/other-objects"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cwd string
		env []string
	}{
		{dir, nil},
		{sub, nil},
		{bare, []string{"GIT_DIR=."}},
		{sub, []string{"GIT_DIR=" + filepath.Join(other, ".git")}},
		{other, []string{"GIT_DIR=../../" + "nowhere", "GIT_DIR=" + filepath.Join(dir, ".git"), "GIT_WORK_TREE=" + dir}},
		{sub, []string{"GIT_DIR=../.git", "GIT_WORK_TREE=.."}},
		{linked, []string{"GIT_DIR=" + filepath.Join(dir, ".git/worktrees/repo-linked"), "GIT_INDEX_FILE=" + filepath.Join(dir, ".git/worktrees/repo-linked/index")}},
		{dir, []string{"GIT_INDEX_FILE=.git/other-index"}},
		{dir, []string{"GIT_OBJECT_DIRECTORY=.git/other-objects"}},
		{dir, []string{"GIT_OBJECT_DIRECTORY=" + filepath.Join(other, ".git/objects")}},
		{dir, []string{"GIT_DIR=" + filepath.Join(dir, ".git/worktrees/repo-linked"), "GIT_COMMON_DIR=" + filepath.Join(dir, ".git")}},
	} {
		r, err := FromEnv(getenvOf(c.env...), c.cwd)
		if len(c.env) > 0 && strings.HasSuffix(c.env[0], "nowhere") {
			if err == nil {
				t.Errorf("%v: opened %s", c.env, r.GitDir)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.env, err)
			continue
		}
		wantPlaces(t, r, c.cwd, c.env...)
	}
	if _, err := FromEnv(getenvOf("GIT_DIR="+dir), dir); !errors.Is(err, ErrNotRepository) {
		t.Errorf("GIT_DIR that is a work tree: %v", err)
	}
	if _, err := FromEnv(getenvOf("GIT_CEILING_DIRECTORIES="+dir), sub); !errors.Is(err, ErrNotRepository) {
		t.Errorf("beyond a ceiling: %v", err)
	}
	// The index that a relative GIT_INDEX_FILE names does not depend on the
	// subdirectory.
	git(t, dir, "read-tree", "--index-output=.git/other-index", "HEAD")
	env := []string{"GIT_INDEX_FILE=.git/other-index"}
	r, err := FromEnv(getenvOf(env...), sub)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := r.Index()
	if err != nil {
		t.Fatal(err)
	}
	compareIndex(t, idx, lsFiles(t, sub, env, "--full-name"))
}

func TestQuarantine(t *testing.T) {
	server := filepath.Join(tempDir(t), "server.git")
	git(t, filepath.Dir(server), "init", "-q", "--bare", server)
	record := filepath.Join(tempDir(t), "env")
	hook := "#!/bin/sh\nenv | grep ^GIT_ >'" + record + "'\npwd >>'" + record + "'\n"
	if err := os.WriteFile(filepath.Join(server, "hooks", "pre-receive"), []byte(hook), 0o777); err != nil {
		t.Skip(err)
	}
	dir := initRepo(t)
	commit(t, dir, "a", "a")
	git(t, dir, "push", "-q", server, "main")
	data, err := os.ReadFile(record)
	if err != nil {
		t.Skip("hooks do not run here")
	}
	env := lines(string(data))
	r, err := FromEnv(getenvOf(env...), env[len(env)-1])
	if err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(server, "objects")
	if r.WorkTree != "" || r.GitDir != server || !strings.HasPrefix(r.ObjectDir, objects+string(filepath.Separator)) || r.Quarantine != r.ObjectDir || !slices.Contains(r.Alternates, objects) {
		t.Errorf("%+v in %q", r, env)
	}
}

func TestSplitAlternates(t *testing.T) {
	for list, want := range map[string][]string{
		"/a:/b":                 {"/a", "/b"},
		":/a::":                 {"/a"},
		`"/a:b":/c`:             {"/a:b", "/c"},
		`"/a\"\\\t\303\244":/c`: {"/a\"\\\tä", "/c"},
		`"/a`:                   {`"/a`},
		`"\9":/c`:               {`"\9"`, "/c"},
		"#/comment:/a":          {"/a"},
		"":                      nil,
	} {
		if got := splitAlternates(list, ':'); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
}

func TestRemote(t *testing.T) {
	t.Parallel()
	dir := initRepo(t)
	for url, want := range map[string]string{
		"https://user:secret@example.com/x.git?token=1#frag": "https://example.com/x.git",
		"https://secret@example.com:8443/x.git":              "https://example.com:8443/x.git",
		"https://secret@exa mple.com/x?y":                    "https://exa mple.com/x",
		"https://se%zzcret@example.com/x":                    "https://example.com/x",
		"git@github.com:owner/name.git":                      "github.com:owner/name.git",
		"github.com:owner/name.git":                          "github.com:owner/name.git",
		"ssh://git@github.com/owner/name.git":                "ssh://github.com/owner/name.git",
		"/srv/a@b/x.git":                                     "/srv/a@b/x.git",
		"../x.git":                                           "../x.git",
	} {
		git(t, dir, "config", "remote.origin.url", url)
		if got := mustOpen(t, dir).Remote(); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	if got := mustOpen(t, initRepo(t)).Remote(); got != "" {
		t.Errorf("no remote: %q", got)
	}
}

func TestPromisor(t *testing.T) {
	dir := initRepo(t)
	commit(t, dir, "a", "a")
	git(t, dir, "config", "uploadpack.allowFilter", "true")
	clone := dir + "-clone"
	git(t, filepath.Dir(dir), "clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+filepath.ToSlash(dir), clone)
	if mustOpen(t, dir).Promisor() || !mustOpen(t, clone).Promisor() {
		t.Error("the partial clone is not told from the whole one")
	}
}

func TestSubmodules(t *testing.T) {
	inner, middle, outer := initRepo(t), initRepo(t), initRepo(t)
	for _, dir := range []string{inner, middle, outer} {
		commit(t, dir, "a", dir)
	}
	add := func(dir, url, path string) {
		git(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, path)
		git(t, dir, "commit", "-q", "-m", "add")
	}
	add(middle, inner, "deep/inner")
	add(outer, middle, "libs/middle")
	git(t, outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
	subs, problems := mustOpen(t, outer).Submodules()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, sub := range subs {
		rel, _ := filepath.Rel(outer, sub.GitDir)
		work, _ := filepath.Rel(outer, sub.WorkTree)
		got = append(got, filepath.ToSlash(rel)+" "+filepath.ToSlash(work))
		wantPlaces(t, sub, sub.WorkTree)
		wantPlaces(t, mustOpen(t, sub.WorkTree), sub.WorkTree)
	}
	want := []string{".git/modules/libs/middle libs/middle", ".git/modules/libs/middle/modules/deep/inner libs/middle/deep/inner"}
	if !slices.Equal(got, want) {
		t.Errorf("submodules %q, want %q", got, want)
	}
}

// TestForeignOwner makes git itself refuse, and opens.
func TestForeignOwner(t *testing.T) {
	dir := initRepo(t)
	if _, err := tryGit(dir, "", []string{"GIT_TEST_ASSUME_DIFFERENT_OWNER=1"}, "status"); err == nil {
		t.Skip("this git does not mind the owner")
	}
	t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
	if _, err := Discover(dir); err != nil {
		t.Error(err)
	}
}

func TestConfigAsGit(t *testing.T) {
	dir := initRepo(t)
	home := tempDir(t)
	write(t, filepath.Join(home, "extra"), "[extra]\n\tone = 1\n")
	write(t, filepath.Join(home, "never"), "[extra]\n\tnever = 1\n")
	write(t, filepath.Join(home, ".gitconfig"), "\ufeff[include]\n\tpath = extra\n[user]\n\tname = Somebody\n")
	write(t, filepath.Join(dir, ".git/inc"), "[from]\n\tinclude = yes\n[include]\n\tpath = gone\n")
	for name, text := range map[string]string{
		"simple":       "[core]\n\tbare = false\n\tx=1\n",
		"quotes":       "[a \"Sub \\\"Sec\\\\tion\"]\n\tKey = \"a # b ; c\" tail # comment\n\tk2 = a\\tb\\nc\\\"\\\\\\b\n\tk3 = \"  lead\" and trail   \n",
		"continuation": "[a]\n\tx = one \\\n  two\n\ty = \"p\\\nq\"\n",
		"bare key":     "[a]\n\tflag\n\tempty =\n\tother = ; nothing\n",
		"one line":     "[a] x = 1\n[b]y=2 ; c\n[c \"d\"]z\n",
		"dotted":       "[Section.SUB]\n\tKEY-1 = V\n",
		"crlf":         "[a]\r\n\tx = 1\r\n\ty = \"2\"\r\n",
		"include":      "[include]\n\tpath = inc\n[includeIf \"gitdir:" + filepath.ToSlash(dir) + "/\"]\n\tpath = ~/extra\n[includeIf \"gitdir:/no/where/\"]\n\tpath = ~/never\n",
		"gitdir":       "[includeIf \"gitdir:repo/.git\"]\n\tpath = inc\n[includeIf \"gitdir/i:REPO/.GIT\"]\n\tpath = inc\n[includeIf \"gitdir:REPO/\"]\n\tpath = ~/never\n[includeIf \"gitdir:./\"]\n\tpath = inc\n",
		"branch":       "[includeIf \"onbranch:ma*\"]\n\tpath = inc\n[includeIf \"onbranch:other/\"]\n\tpath = ~/never\n[includeIf \"what:ever\"]\n\tpath = ~/never\n",
		"no newline":   "[a]\n\tx = 1",
		"empty":        "",
		"comments":     "# c\n; d\n[a] # e\n # f\n\tx = 1#g\n",
	} {
		write(t, filepath.Join(dir, ".git/config"), text)
		env := []string{"HOME=" + home, "GIT_CONFIG_GLOBAL=" + filepath.Join(home, ".gitconfig"), "GIT_CONFIG_SYSTEM=" + os.DevNull}
		out, err := tryGit(dir, "", env, "config", "--list", "-z")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var want, got []string
		for item := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
			want = append(want, item)
		}
		cfg, err := mustOpen(t, dir).Config(getenvOf("HOME="+home, "GIT_CONFIG_GLOBAL="+filepath.Join(home, ".gitconfig"), "GIT_CONFIG_NOSYSTEM=1"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, v := range cfg.vars {
			item := v.key
			if !v.bare {
				item += "\n" + v.value
			}
			got = append(got, item)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, git says %q", name, got, want)
		}
	}
	write(t, filepath.Join(dir, ".git/config"), "[include]\n\tpath = config\n")
	if _, err := mustOpen(t, dir).Config(nil); err == nil {
		t.Error("a configuration that includes itself")
	}
}

func TestConfigErrorsAsGit(t *testing.T) {
	dir := tempDir(t)
	for i, text := range []string{
		"[a]\n\tx = \"open\n", "[a\n", "[a \"b]\n", "[a \"b\" c]\n", "[a]\n\tx = \\q\n", "[a]\n\tx y = 1\n", "[a]\n\t1x = 1\n", "=\n", "[a]\n\tx : 1\n", "[a b]\n", "[a]\n\tx = 1 \\",
	} {
		path := filepath.Join(dir, fmt.Sprint(i))
		write(t, path, text)
		_, gitErr := tryGit(dir, "", nil, "config", "--file", path, "--list")
		_, err := parseConfig([]byte(text))
		if (err == nil) != (gitErr == nil) {
			t.Errorf("%q: %v, git says %v", text, err, gitErr)
		}
	}
}

func TestConfigBool(t *testing.T) {
	for text, want := range map[string]bool{
		"x": true, "x = true": true, "x = YES": true, "x = on": true, "x = 1": true, "x = -1": true, "x = 1k": true, "x = 0x10": true,
		"x =": false, "x = false": false, "x = no": false, "x = Off": false, "x = 0": false, "y = true": false, "x = maybe": false,
	} {
		vars, err := parseConfig([]byte("[a]\n" + text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{vars}
		if got := cfg.Bool("a.x"); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("[a \"b\\\"\"]\n\tx = \"1 # 2\" ; c\n\ty\\\n"))
	f.Add([]byte("[a.B] c = d \\\n e"))
	f.Fuzz(func(t *testing.T, data []byte) {
		vars, err := parseConfig(data)
		if err != nil {
			return
		}
		for _, v := range vars {
			if v.key == "" || len(v.key)+len(v.value) > 2*len(data) {
				t.Fatalf("%+v", v)
			}
		}
	})
}

func FuzzIgnore(f *testing.F) {
	f.Add("*.log\n!/a/**/b\n[[:alpha:]-]x\\ \n", "a/b.log")
	f.Add("**a**b**c**d**e\n*a*a*a*a*a*a*a*b", strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, rules, path string) {
		if len(rules) > 1<<10 || len(path) > 1<<10 {
			return
		}
		parsed := parseRules([]byte(rules), false)
		if len(parsed) > 1+strings.Count(rules, "\n") {
			t.Fatalf("%d rules", len(parsed))
		}
		for _, r := range parsed {
			if r.glob.match(path) && !compile("**", false, false).match(path) {
				t.Fatal("more matches than everything")
			}
		}
	})
}
