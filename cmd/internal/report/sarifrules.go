package report

import "strings"

// sarifRules are the rules of a SARIF run, one a verdict and in its order:
// GitHub takes the severity from the rule, so a key's status has to choose it.
var sarifRules = []sarifDescriptor{
	isActive: sarifRule("PETRA001", "PetraKeyActive", isActive,
		"A Petra API key that the API accepts.",
		"A Petra API key that the API accepts stands here. Whoever can read this place can use it.",
		"very-high", "9.8", stepDelete, stepReplace, stepRemove, stepHistory),
	isUnverified: sarifRule("PETRA002", "PetraKeyUnverified", isUnverified,
		"A Petra API key.",
		"A Petra API key stands here. Whether the API still accepts it was not asked, or could not be told.",
		"high", "8.2", stepVerify, stepDelete, stepReplace, stepRemove, stepHistory),
	isSplit: sarifRule("PETRA004", "PetraKeySplit", isSplit,
		"A Petra API key broken into pieces.",
		"What looks like a Petra API key stands here broken over lines or string constants.",
		"medium", "7.0", stepVerify, stepDelete, stepReplace, stepRemove, stepHistory),
	isDeleted: sarifRule("PETRA003", "PetraKeyDeleted", isDeleted,
		"A Petra API key that the API rejects.",
		"A Petra API key stands here that the API rejects: it is deleted, invalid, or of another organisation.",
		"high", "2.0", "Check that the key belonged to the organisation it was verified for.", stepRemove),
	isPartial: sarifRule("PETRA005", "PetraKeyPartial", isPartial,
		"A part of a Petra API key.",
		"What looks like a masked or cut Petra API key stands here.",
		"low", "1.0", "Check whether the whole key stands nearby, in another version or in the place this was copied from.", stepRemove),
}

const (
	stepVerify  = "Find out whether the key still works: run petrascan with --verify."
	stepDelete  = "As an Admin, delete the key in https://app.petrasecurity.com, Settings, API Keys. The list shows no key texts: look for one created no later than the first commit that holds this one. Deleting cannot be undone."
	stepReplace = "Create a new key for what used this one, and keep it in a secret store or the environment."
	stepRemove  = "Remove the key from this place."
	stepHistory = "Once the key is deleted, history need not be rewritten; until then, treat every clone and log as a leak."
)

// sarifRule returns a rule whose help lists steps.
func sarifRule(id, name string, v verdict, brief, full, precision, security string, steps ...string) sarifDescriptor {
	var text, markdown strings.Builder
	for i, step := range steps {
		if i > 0 {
			text.WriteByte(' ')
			markdown.WriteByte('\n')
		}
		number := string(rune('1' + i))
		text.WriteString(number + ". " + step)
		markdown.WriteString(number + ". " + step)
	}
	return sarifDescriptor{
		ID: id, Name: name,
		ShortDescription: sarifText{Text: brief}, FullDescription: sarifText{Text: full},
		HelpURI: home + "#" + strings.ToLower(id),
		Help:    sarifText{Text: text.String(), Markdown: "**" + full + "**\n\n" + markdown.String()},
		MessageStrings: map[string]sarifText{
			"default": {Text: v.subject() + " '{0}' was found in '{1}'."},
			"history": {Text: v.subject() + " '{0}' was found in history, in '{1}' since commit '{2}' of '{3}'."},
		},
		Default: &sarifDefault{sarifLevel(v.severity())},
		Properties: &sarifRuleProperties{
			Tags: []string{"security", "secret", "external/cwe/cwe-798"}, Precision: precision, SecuritySeverity: security,
		},
	}
}

// The indices of sarifNotifications.
const (
	noteUnreadable = iota
	noteCut
	noteOpaque
	noteAbsent
	noteWarning
	noteSuppressed
	noteLeftOut
)

var sarifNotifications = []sarifDescriptor{
	noteUnreadable: sarifNote("PETRAN001", "Unreadable", "Content could not be read.",
		"A file, object, ref or index could not be read, so keys in it would be missed.", "Make it readable and scan again."),
	noteCut: sarifNote("PETRAN002", "Cut", "A limit stopped the search.",
		"Content was searched up to a limit only, so keys beyond it would be missed.", "Raise the limit, or accept the content by name in a trusted configuration."),
	noteOpaque: sarifNote("PETRAN003", "Opaque", "A container could not be opened.",
		"A container that is encrypted, damaged or of an unsupported format was searched as raw bytes only.", "Unpack it and scan the content, or accept it by name in a trusted configuration."),
	noteAbsent: sarifNote("PETRAN004", "Absent", "Content is not here by design.",
		"Content below a shallow boundary, promised by a partial clone or kept by Git LFS is not in this clone.", "Fetch it: fetch-depth: 0, no filter, git lfs fetch --all."),
	noteWarning: sarifNote("PETRAN005", "Warning", "Something to know about the run.",
		"The run met something that does not hide keys but should be known.", "Read the message."),
	noteSuppressed: sarifNote("PETRAN006", "Suppressed", "Findings were suppressed.",
		"A baseline, a configuration, an inline comment or an exclude took findings out of the report.", "Check that the reason still holds."),
	noteLeftOut: sarifNote("PETRAN007", "LeftOut", "The report was cut.",
		"There was more to report than this format may hold.", "Use petrascan's JSON report to see everything."),
}

func sarifNote(id, name, brief, full, help string) sarifDescriptor {
	return sarifDescriptor{
		ID: id, Name: name, ShortDescription: sarifText{Text: brief},
		FullDescription: sarifText{Text: full}, Help: sarifText{Text: help},
	}
}
