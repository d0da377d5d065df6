package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/files"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// What [Options.Explain] is told. Every sentence begins with what it is about.

// A masked text is a masked key, or text in which keys are masked.
type masked string

// explain tells one decision, if somebody asks, with keys masked.
func (s *Scan) explain(format string, args ...any) {
	if s.opts.Explain == nil {
		return
	}
	w := s.engine.NewWorker()
	for i, arg := range args {
		switch x := arg.(type) {
		case string:
			args[i] = w.Mask(x)
		case error:
			args[i] = w.Mask(x.Error())
		}
	}
	s.opts.Explain(fmt.Sprintf(format, args...))
}

// explainer is explain for what history decides; nil if nobody asks.
func (s *Scan) explainer() func(sentence string) {
	if s.opts.Explain == nil {
		return nil
	}
	return func(sentence string) { s.explain("%s", sentence) }
}

// explainSettings tells what counts as a key and how deep it is looked for.
func (s *Scan) explainSettings() {
	var ids []string
	for _, r := range s.opts.Rules.Rules() {
		ids = append(ids, r.ID)
	}
	s.explain("rules: %s (set %.12s)", strings.Join(ids, ", "), s.opts.Rules.Hash())
	s.explain("rules: keys of %s confidence or more are reported; encodings are peeled %d deep, containers opened %d deep",
		s.opts.MinConfidence, s.opts.MaxDecodeDepth, s.opts.MaxArchiveDepth)
	if s.opts.Own == nil {
		s.explain("configuration: nothing that a repository says for itself is believed")
	}
}

// explainOwn tells what a repository says for itself.
func (s *Scan) explainOwn(at string, own *Own, err error) {
	from := "its work tree"
	if s.opts.OwnFrom != "" {
		from = "revision " + s.opts.OwnFrom
	}
	if err != nil {
		s.explain("configuration: %s, as of %s: not usable", at, from)
		return
	}
	s.explain("configuration: %s says for itself, as of %s: %s, %s, %s, %s", at, from,
		plural(len(own.Exclude), "exclude", "excludes"), plural(len(own.Allow), "allowed key", "allowed keys"),
		plural(len(own.Rules), "rule", "rules"), plural(len(own.Baseline), "key in the baseline", "keys in the baseline"))
}

// explainWalk tells what was left out of the files of a target.
func (s *Scan) explainWalk(target int, path string, found *files.Result) {
	s.explain("target: %s: %s read", path, plural(int(found.Coverage.Files), "file was", "files were"))
	for _, why := range slices.Sorted(maps.Keys(found.LeftOut)) {
		o := found.LeftOut[why]
		s.explain("left out: %s: %s", some(o.Paths, o.Count), why)
	}
	for _, d := range found.Doubts {
		s.doubts = append(s.doubts, doubt{target, d.Path, d.Doubt})
	}
}

// explainRepository tells how a repository is laid out.
func (s *Scan) explainRepository(path string, r *repo.Repo) {
	if s.opts.Explain == nil {
		return
	}
	words := []string{"Git directory " + r.GitDir}
	if r.WorkTree != "" {
		words = append(words, "work tree "+r.WorkTree)
	} else {
		words = append(words, "bare")
	}
	if r.CommonDir != r.GitDir {
		words = append(words, "a linked work tree of "+r.CommonDir)
	}
	for _, dir := range r.Alternates {
		words = append(words, "objects borrowed from "+dir)
	}
	if r.Shallow {
		words = append(words, "shallow: history below its boundary is not here")
	}
	if r.Promisor() {
		words = append(words, "a partial clone: objects may be left at its remote")
	}
	if refs, _, err := r.Refs(); err == nil {
		words = append(words, plural(len(refs), "ref", "refs"))
	} else if !errors.Is(err, fs.ErrNotExist) {
		words = append(words, "its refs can't be read")
	}
	s.explain("target: %s: repository, %s", path, strings.Join(words, "; "))
}

// explainSuppressed tells what is left out of the report, by key and by what
// suppresses it.
func (s *Scan) explainSuppressed() {
	if s.opts.Explain == nil {
		return
	}
	type group struct {
		by     finding.Suppressed
		origin string
	}
	first := map[group]*withheld{}
	count := map[group]int64{}
	for i := range s.result.withheld {
		w := &s.result.withheld[i]
		g := group{w.by, w.origin}
		count[g]++
		if have := first[g]; have == nil || compareFindings(w.Finding, have.Finding) < 0 {
			first[g] = w
		}
	}
	groups := slices.SortedFunc(maps.Keys(first), func(a, b group) int {
		return cmp.Or(compareFindings(first[a].Finding, first[b].Finding), cmp.Compare(a.by.By, b.by.By), cmp.Compare(a.origin, b.origin))
	})
	for _, g := range groups {
		w := first[g]
		by := map[string]string{byConfig: "an allow entry", byBaseline: "the baseline", byInline: "an inline comment", byExclude: "an exclude"}[g.by.By]
		if g.origin != "" {
			by += ", " + g.origin
		}
		if g.by.Reason != "" {
			by += ": " + g.by.Reason
		}
		s.explain("suppressed: %s (key %.10s) at %s, by %s", masked(w.Masked), w.Key, some([]string{placeName(&w.Sighting)}, count[g]), by)
	}
}

// explainLedger tells what of a list of accepted keys was used.
func (s *Scan) explainLedger(l *ledger, whole bool) {
	if len(l.order) == 0 || s.opts.Explain == nil {
		return
	}
	type sum struct{ all, used, expired int }
	sums := map[string]*sum{}
	for _, e := range l.order {
		file := e.Origin
		if i := strings.LastIndexByte(file, ':'); i > 0 {
			file = file[:i]
		}
		if sums[file] == nil {
			sums[file] = &sum{}
		}
		n := sums[file]
		n.all++
		if e.used {
			n.used++
		}
		if e.expired {
			n.expired++
		}
	}
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		n := sums[file]
		stale := ""
		if n.used < n.all && !whole {
			stale = "; no entry is called stale, since not everything that it may be about was searched"
		}
		s.explain("accepted: %s has %s: %d of them with a finding, %d expired%s", file, plural(n.all, "entry", "entries"), n.used, n.expired, stale)
	}
}

// A doubt is a candidate that is not reported, on its way to whoever asks.
type doubt struct {
	target int
	at     string // the path, or what stands in for it
	detect.Doubt
}

func doubtPlace(path, object string) string {
	switch {
	case path == "":
		return "object " + object
	case object == "":
		return "the name " + path
	}
	return path
}

// mostDoubts is how many kinds of candidate are told of.
const mostDoubts = 100

// explainDoubts tells which candidates were not reported, and why. Those that
// look alike, for the same reasons, are told of once.
func (s *Scan) explainDoubts() {
	if s.opts.Explain == nil {
		return
	}
	type group struct{ masked, why string }
	first := map[group]doubt{}
	count := map[group]int64{}
	for _, d := range s.doubts {
		g := group{d.Masked, strings.Join(d.Steps, "; ")}
		count[g] += d.Count
		if have, ok := first[g]; !ok || compareDoubts(d, have) < 0 {
			first[g] = d
		}
	}
	groups := slices.SortedFunc(maps.Keys(first), func(a, b group) int {
		return cmp.Or(-cmp.Compare(first[a].Confidence, first[b].Confidence), compareDoubts(first[a], first[b]), cmp.Compare(a.masked, b.masked), cmp.Compare(a.why, b.why))
	})
	for i, g := range groups {
		if i == mostDoubts {
			s.explain("not reported: %s of candidates more", plural(len(groups)-mostDoubts, "kind", "kinds"))
			break
		}
		d := first[g]
		at := reportPath(d.at)
		if d.Member != "" {
			at += "!" + reportPath(d.Member)
		}
		at = fmt.Sprintf("%s:%d:%d", at, d.Line, d.Column)
		if len(d.Layers) > 0 {
			at += ", behind " + strings.Join(d.Layers, ", ")
		}
		verdict := "no key"
		if d.Confidence > finding.None {
			verdict = d.Confidence.String() + " confidence"
		}
		s.explain("not reported: %s at %s: %s: %s", masked(g.masked), some([]string{at}, count[g]), verdict, g.why)
	}
}

func compareDoubts(a, b doubt) int {
	return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.at, b.at), cmp.Compare(a.Member, b.Member), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// some names the first of so many.
func some(names []string, of int64) string {
	text := strings.Join(names, ", ")
	if more := of - int64(len(names)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// listed names all of a few, and the first of many.
func listed(names []string) string {
	const most = 20
	if len(names) == 0 {
		return "none"
	}
	return some(names[:min(len(names), most)], int64(len(names)))
}
