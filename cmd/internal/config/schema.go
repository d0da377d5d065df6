package config

import "encoding/json"

// Schema returns the JSON Schema (draft 2020-12) of a file, for editors. What a
// schema can't say (globs, patterns, examples of rules) is checked when the
// file is read.
func Schema(trust Trust) []byte {
	properties := map[string]any{
		"exclude": arrayOf("Leave out findings at paths that match these doublestar globs, such as vendor/** or **/*.log.", map[string]any{"type": "string", "minLength": 1}),
		"allow":   arrayOf("Keys that may stay.", allowSchema),
		"rule":    arrayOf("Rules to add. A rule raises the confidence of candidates whose whole body its pattern matches.", ruleSchema),
	}
	title := "A repository's own configuration of petrascan: " + Name
	if trust == User {
		title = "The user's configuration of petrascan"
		for _, s := range settings() {
			properties[s.name] = s.schema()
		}
		for _, s := range lists {
			properties[s.name] = arrayOf(s.doc, map[string]any{"type": "string", "minLength": 1})
		}
	}
	data, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                title,
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}, "", "  ")
	if err != nil {
		panic(err) // maps of strings
	}
	return append(data, '\n')
}

func (s *setting) schema() map[string]any {
	m := map[string]any{"description": s.doc}
	switch s.kind {
	case number:
		m["type"], m["minimum"] = "integer", 0
	case boolean:
		m["type"] = "boolean"
	case duration:
		m["type"], m["pattern"] = "string", `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`
	default:
		m["type"] = "string"
	}
	if s.valid != nil {
		m["enum"] = s.valid
	}
	return m
}

func arrayOf(doc string, items map[string]any) map[string]any {
	return map[string]any{"description": doc, "type": "array", "items": items}
}

func object(required []string, properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "required": required, "properties": properties}
}

func str(doc string) map[string]any { return map[string]any{"type": "string", "description": doc} }

var allowSchema = object([]string{"key", "reason"}, map[string]any{
	"key":     map[string]any{"type": "string", "pattern": idForm.String(), "description": "The key id, as reports have it: the SHA-256 of the key in lower-case hexadecimal. Never the key."},
	"reason":  map[string]any{"type": "string", "minLength": 1, "description": "Why the key may stay."},
	"owner":   str("Who answers for it."),
	"expires": map[string]any{"type": "string", "format": "date", "description": "The last day on which the entry holds, such as 2026-12-31."},
})

var ruleSchema = object([]string{"id", "title", "body", "match"}, map[string]any{
	"id":          map[string]any{"type": "string", "pattern": `^[a-z0-9]+(-[a-z0-9]+)*$`, "maxLength": 64},
	"title":       str("One line."),
	"description": str("A paragraph."),
	"confidence":  map[string]any{"enum": []string{"medium", "high"}, "description": "What a match gets; medium if it is not set."},
	"body":        str("RE2 pattern of everything that follows petra_."),
	"match":       map[string]any{"type": "array", "minItems": 1, "items": map[string]any{"type": "string"}, "description": "Examples that the rule must find, as templates such as petra_{{body:seed:16:hex}}."},
	"no_match":    map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "description": "Examples that it must not find."},
})
