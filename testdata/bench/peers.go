package main

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is another program that looks for secrets. It is given one rule, for what
// petrascan looks for, where it can be; else it runs with all its own.
type peer struct {
	name    string
	version []string // arguments that print it
	config  string   // written to a file whose path replaces CONFIG
	// history, files and staged are the arguments for each kind of work; REPO
	// and TREE stand for the input. nil: it has no such thing.
	history, files, staged []string
	ok                     []int  // exit statuses of a run that did its work; none means 0
	rules                  string // whose rules it runs with
	path                   string
}

// known lists the peers. None verifies what it finds.
var known = []peer{
	{
		name: "gitleaks", version: []string{"version"}, config: gitleaksConfig,
		history: strings.Fields("git --config CONFIG --no-banner --no-color --log-level error --exit-code 0 REPO"),
		files:   strings.Fields("dir --config CONFIG --no-banner --no-color --log-level error --exit-code 0 TREE"),
		staged:  strings.Fields("git --staged --config CONFIG --no-banner --no-color --log-level error --exit-code 0"),
		rules:   "one rule",
	},
	{
		name: "betterleaks", version: []string{"--version"}, config: gitleaksConfig,
		history: strings.Fields("git --config CONFIG --no-banner --no-color --log-level error --exit-code 0 REPO"),
		files:   strings.Fields("dir --config CONFIG --no-banner --no-color --log-level error --exit-code 0 TREE"),
		staged:  strings.Fields("git --staged --config CONFIG --no-banner --no-color --log-level error --exit-code 0"),
		rules:   "one rule",
	},
	{
		name: "trufflehog", version: []string{"--version"}, config: trufflehogConfig,
		history: strings.Fields("git file://REPO --config CONFIG --include-detectors CustomRegex --no-verification --no-update --json"),
		files:   strings.Fields("filesystem TREE --config CONFIG --include-detectors CustomRegex --no-verification --no-update --json"),
		rules:   "one rule",
	},
	{
		name: "kingfisher", version: []string{"--version"}, config: kingfisherConfig,
		history: strings.Fields("scan REPO --load-builtins=false --rules-path CONFIG --no-validate --no-update-check"),
		files:   strings.Fields("scan TREE --git-history=none --load-builtins=false --rules-path CONFIG --no-validate --no-update-check"),
		ok:      []int{200}, // found something
		rules:   "one rule",
	},
	{
		name: "titus", version: []string{"version"},
		history: strings.Fields("scan --git REPO --output :memory:"),
		files:   strings.Fields("scan TREE --output :memory:"),
		rules:   "its own rules",
	},
	{
		name: "ripsecrets", version: []string{"--version"},
		files: strings.Fields("--strict-ignore TREE"),
		ok:    []int{1}, // found something
		rules: "its own rules",
	},
}

const gitleaksConfig = `title = "one rule"
[[rules]]
id = "petra"
description = "Petra Security API key"
regex = '''petra_[A-Za-z0-9_-]{8,256}'''
keywords = ["petra_"]
`

const trufflehogConfig = `detectors:
  - name: petra
    keywords: [petra_]
    regex:
      key: 'petra_[A-Za-z0-9_-]{8,256}'
`

const kingfisherConfig = `rules:
  - name: petra
    id: kingfisher.petra.1
    pattern: '(petra_[A-Za-z0-9_-]{8,256})'
    min_entropy: 0
    confidence: medium
    examples: []
`

// findPeers notes which peers are there, and their versions.
func (b *bench) findPeers(ctx context.Context) error {
	if !b.withPeers {
		b.missing("other scanners, which were left out")
		return nil
	}
	gopath, err := exec.CommandContext(ctx, "go", "env", "GOPATH").Output()
	if err != nil {
		return err
	}
	for _, p := range known {
		p.path, err = exec.LookPath(p.name)
		if err != nil {
			p.path, err = exec.LookPath(filepath.Join(strings.TrimSpace(string(gopath)), "bin", p.name))
		}
		if err != nil {
			b.results.Absent = append(b.results.Absent, p.name)
			continue
		}
		b.results.Versions = append(b.results.Versions, Version{p.name, b.versionOf(ctx, p)})
		if p.config != "" {
			path := filepath.Join(b.dir, p.name+".config")
			if err := os.WriteFile(path, []byte(p.config), 0o644); err != nil {
				return err
			}
		}
		b.peers = append(b.peers, p)
	}
	return nil
}

// versionOf asks the Go module that a program was built from before the program,
// since one that go install made often does not know its own version.
func (b *bench) versionOf(ctx context.Context, p peer) string {
	if info, err := buildinfo.ReadFile(p.path); err == nil && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	out, err := b.output(ctx, command{args: append([]string{p.path}, p.version...)})
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return strings.TrimPrefix(first, p.name+" ")
}

// against returns the commands of the peers that can do this kind of work, run
// in dir on input, which place (REPO or TREE) stands for in the arguments.
func (b *bench) against(kind func(peer) []string, place, input, dir string) []command {
	var list []command
	for _, p := range b.peers {
		args := kind(p)
		if args == nil {
			continue
		}
		config := filepath.Join(b.dir, p.name+".config")
		c := use(p.name, p.path, place, input, args...).orElse(p.ok...).in(dir)
		c.name += ", " + p.rules
		for i := range c.args {
			c.args[i] = strings.ReplaceAll(c.args[i], "CONFIG", config)
		}
		list = append(list, c)
	}
	return list
}

func historyOf(p peer) []string { return p.history }
func filesOf(p peer) []string   { return p.files }
func stagedOf(p peer) []string  { return p.staged }
