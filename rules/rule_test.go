package rules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// best returns the verdict of most confidence on text, and its rule.
func best(s *rules.Set, text string) rules.Verdict {
	var top rules.Verdict
	for at := range text {
		if strings.HasPrefix(text[at:], finding.Prefix) {
			v := s.Judge([]byte(text), at, rules.Context{Explain: true})
			if top.Rule == "" || v.Confidence > top.Confidence {
				top = v
			}
		}
	}
	return top
}

func TestExamples(t *testing.T) {
	s := rules.Builtin()
	for _, r := range s.Rules() {
		least := min(r.Confidence, finding.Medium)
		for _, e := range r.Match {
			if v := best(s, rulestest.Expand(e)); v.Rule != r.ID || v.Confidence < least {
				t.Errorf("%s: %s: got %q, %v\n%s", r.ID, e, v.Rule, v.Confidence, strings.Join(v.Steps, "\n"))
			}
		}
		for _, e := range r.NoMatch {
			if v := best(s, rulestest.Expand(e)); v.Rule == r.ID && v.Confidence >= least {
				t.Errorf("%s: %s: got %v\n%s", r.ID, e, v.Confidence, strings.Join(v.Steps, "\n"))
			}
		}
	}
}

func TestAddedRules(t *testing.T) {
	good := rules.Rule{
		ID: "petra-staging-key", Title: "Staging key", Confidence: finding.Medium, Body: "stg_[a-z0-9]{10}",
		Match: []string{"petra_stg_{{body:a:10:base36}}"}, NoMatch: []string{"petra_{{body:a:10:base36}}"},
	}
	s, err := rules.Builtin().With(good)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.Rules()); got != len(rules.Builtin().Rules())+1 {
		t.Errorf("%d rules", got)
	}
	if s.Hash() == rules.Builtin().Hash() || len(s.Hash()) != 64 {
		t.Errorf("hash %q does not tell the sets apart", s.Hash())
	}
	text := rulestest.Expand("petra_stg_{{body:b:10:base36}}")
	if v := best(rules.Builtin(), text); v.Confidence != finding.Low {
		t.Errorf("without the rule: %v", v.Confidence)
	}
	if v := best(s, text); v.Confidence != finding.Medium || v.Rule != good.ID {
		t.Errorf("with the rule: %v by %s", v.Confidence, v.Rule)
	}
	// What the built-in rules are as sure of stays theirs.
	if v := best(s, rulestest.Key("c")); v.Rule != "petra-api-key" || v.Confidence != finding.High {
		t.Errorf("a full key: %v by %s", v.Confidence, v.Rule)
	}

	for _, tt := range []struct {
		change func(*rules.Rule)
		field  string
	}{
		{func(r *rules.Rule) { r.ID = "petra-api-key" }, "id"},
		{func(r *rules.Rule) { r.ID = "Petra Key" }, "id"},
		{func(r *rules.Rule) { r.ID = "" }, "id"},
		{func(r *rules.Rule) { r.Title = " " }, "title"},
		{func(r *rules.Rule) { r.Confidence = finding.Low }, "confidence"},
		{func(r *rules.Rule) { r.Body = "" }, "body"},
		{func(r *rules.Rule) { r.Body = "(" }, "body"},
		{func(r *rules.Rule) { r.Body = ".*" }, "body"},
		{func(r *rules.Rule) { r.Body = "petra_" + r.Body }, "body"},
		{func(r *rules.Rule) { r.Match = nil }, "match"},
		{func(r *rules.Rule) { r.Match = []string{"petra_{{body:a:9:base36}}"} }, "match"},
		{func(r *rules.Rule) { r.Match = []string{"petra_{{body:a:9:klingon}}"} }, "match"},
		{func(r *rules.Rule) { r.NoMatch = r.Match }, "no_match"},
	} {
		bad := good
		tt.change(&bad)
		set, err := rules.Builtin().With(bad)
		var m *rules.Mistake
		if set != nil || !errors.As(err, &m) || m.Field != tt.field || m.Rule != bad.ID {
			t.Errorf("want a mistake in %s, got %v", tt.field, err)
		}
	}
	for body, want := range map[string]string{"(a": "`(a`", "petra_[0-9]{9}": "leave petra_ out", "[0-9]{4}": "has at least 8"} {
		bad := good
		bad.Body, bad.Match = body, []string{"petra_{{body:a:4:digits}}"}
		if _, err := rules.Builtin().With(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error does not say %q: %v", body, want, err)
		}
	}
	if _, err := rules.Builtin().With(good, good); err == nil {
		t.Error("one id twice is accepted")
	}
}
