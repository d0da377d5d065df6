package rules_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

const corpus = "../testdata/keys"

// score counts, for one class, the keys there are, those found, and what was
// found that is no key.
type score struct{ keys, found, wrong, cases int }

func TestCorpus(t *testing.T) {
	positives, err := rulestest.Positives(corpus)
	if err != nil {
		t.Fatal(err)
	}
	negatives, err := rulestest.Negatives(corpus)
	if err != nil {
		t.Fatal(err)
	}
	if len(positives) < 300 || len(negatives) < 400 {
		t.Fatalf("%d positive and %d negative cases", len(positives), len(negatives))
	}
	s := rules.Builtin()
	scores := map[string]*score{}
	for i, c := range slices.Concat(positives, negatives) {
		class, _, _ := strings.Cut(c.Class, ":")
		if scores[class] == nil {
			scores[class] = &score{}
		}
		sc := scores[class]
		sc.cases++
		sc.keys += len(c.Keys)
		missing := slices.Clone(c.Keys)
		text := []byte(c.Text)
		for _, at := range rulestest.Places(text) {
			v := s.Judge(text, at, rules.Context{Explain: true})
			if v.Confidence < finding.Medium {
				continue
			}
			if len(missing) > 0 && v.Key.Reveal() == missing[0] {
				missing = missing[1:]
				sc.found++
				continue
			}
			sc.wrong++
			t.Errorf("case %d, %s: %v by %s is no key of the case\n%s", i, c.Class, v.Confidence, v.Rule, strings.Join(v.Steps, "\n"))
			if len(c.Keys) == 0 {
				t.Log(c.Text)
			}
		}
		if len(missing) > 0 {
			t.Errorf("case %d, %s: %d keys missed", i, c.Class, len(missing))
		}
	}
	t.Logf("%-24s %6s %6s %6s %6s", "class", "cases", "keys", "found", "wrong")
	var all score
	for _, class := range slices.Sorted(maps.Keys(scores)) {
		sc := scores[class]
		t.Logf("%-24s %6d %6d %6d %6d", class, sc.cases, sc.keys, sc.found, sc.wrong)
		all.cases, all.keys, all.found, all.wrong = all.cases+sc.cases, all.keys+sc.keys, all.found+sc.found, all.wrong+sc.wrong
	}
	t.Logf("recall %.4f, precision %.4f over %d cases", float64(all.found)/float64(all.keys), float64(all.found)/float64(all.found+all.wrong), all.cases)
}
