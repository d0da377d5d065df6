package hook

import "strings"

// marker is the second line of every hook that petrascan wrote.
const marker = "# Put here by `petrascan hook install`; `petrascan hook uninstall` takes it away."

// chained is what the name of a hook that was here before gets appended.
const chained = ".before-petrascan"

// Events are the hooks that [Install] knows, as Git names them: those of a
// work tree, and the last one of a repository that is pushed to.
var Events = []string{"pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "pre-receive"}

// Client are the events of a work tree.
func Client() []string { return Events[:4] }

// script is the hook for an event. The hook that was here before runs first:
// what it stages or writes into the message is searched, too. A program that
// is gone stops Git, for else nobody would know that nothing is searched.
func script(event, program string) string {
	feed, keep := "", ""
	if event == "pre-push" || event == "pre-receive" {
		keep = "input=$(cat && echo .) || exit\n"
		feed = `printf %s "${input%.}" | `
	}
	skip := "if [ \"${PETRASCAN_SKIP-}\" = 1 ]; then\n\techo 'petrascan: skipped, since PETRASCAN_SKIP is set' >&2\n\texit 0\nfi\n"
	once := "\techo 'petrascan: PETRASCAN_SKIP=1 goes on without the search, once' >&2\n"
	if event == "pre-receive" {
		skip, once = "", ""
	}
	return "#!/bin/sh\n" + marker + "\n" +
		keep +
		"before=$0" + chained + "\n" +
		"if [ -x \"$before\" ]; then\n\t" + feed + "\"$before\" \"$@\" || exit\nfi\n" +
		skip +
		"petrascan=" + quote(program) + "\n" +
		"[ -x \"$petrascan\" ] || petrascan=$(command -v petrascan) || {\n" +
		"\techo " + quote("petrascan: not at "+program+" and not on PATH: nothing was searched for keys") + " >&2\n" +
		"\techo 'petrascan: install it (go install github.com/petrascan/petrascan/cmd/petrascan@latest)' >&2\n" +
		"\techo 'petrascan: and run `petrascan hook install`, or take the hook away: '\"$0\" >&2\n" +
		once +
		"\texit 1\n}\n" +
		feed + "\"$petrascan\" hook run " + event + " \"$@\"\n"
}

// program returns the program that a hook of ours names, and whether the hook
// is exactly what we wrote for it.
func program(event, text string) (name string, ok bool) {
	_, rest, found := strings.Cut(text, "\npetrascan=")
	if !found {
		return "", false
	}
	line, _, _ := strings.Cut(rest, "\n[ -x ")
	name = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(line, "'"), "'"), `'\''`, "'")
	return name, script(event, name) == text
}

// quote makes one word of a shell command.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
