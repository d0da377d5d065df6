package hook

import "bytes"

// Message returns what of a commit message, as commit-msg gets it, may be
// recorded. It ends where `git commit --verbose` puts the diff, which Git cuts
// off itself (git-commit, --cleanup=scissors): a diff that takes a key out
// shows it once more. Comments stay, since not every cleanup mode drops them.
func Message(text []byte) []byte {
	const scissors = " ------------------------ >8 ------------------------"
	for start := 0; start < len(text); {
		line, rest, _ := bytes.Cut(text[start:], []byte("\n"))
		// The line alone proves nothing: Git writes a comment below it.
		if mark, ok := bytes.CutSuffix(line, []byte(scissors)); ok && len(mark) > 0 && bytes.HasPrefix(rest, append(bytes.Clone(mark), ' ')) {
			return text[:start]
		}
		start = len(text) - len(rest)
		if len(rest) == 0 {
			break
		}
	}
	return text
}
