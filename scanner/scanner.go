package scanner

import (
	"context"
	"fmt"
	"time"

	"github.com/petrascan/petrascan/rules"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/cache"
	"github.com/petrascan/petrascan/scanner/internal/detect"
	"github.com/petrascan/petrascan/scanner/internal/files"
	"github.com/petrascan/petrascan/scanner/internal/history"
	"github.com/petrascan/petrascan/scanner/internal/layer"
	"github.com/petrascan/petrascan/scanner/internal/repo"
)

// Options say what to look for and how. The zero Options are not useful; begin
// with [Defaults].
type Options struct {
	Rules           *rules.Set
	MinConfidence   finding.Confidence
	MaxDecodeDepth  int
	MaxArchiveDepth int      // 0: no container is opened
	Exclude         []string // doublestar globs on slash paths relative to the target
	Include         []string // as Exclude; empty: everything
	Gitignore       bool     // leave out untracked files that Git ignores
	Follow          bool     // follow symbolic links that leave a target
	OneFilesystem   bool     // stay on a target's file system
	Jobs            int      // workers; 0: one a CPU
	RequireComplete bool     // absent and opaque content makes the scan incomplete
	CacheDir        string   // remembers packs that were read, see [ClearCache]; "": nothing is remembered
	Progress        func(Progress)
	Getenv          func(string) string // finds the user's Git configuration, for what Git ignores; nil: a repository's own alone counts
	Now             func() time.Time    // the clock; nil: time.Now

	// Explain is told what was decided and why, a sentence without a full stop at a
	// time: which repositories were found, what was left out, which candidates are
	// no keys. It is called from the goroutine that uses the Scan. No sentence holds
	// a raw key; text from outside stands in them as it is. nil: nobody asks, which
	// saves the work.
	Explain func(sentence string)

	// What the user accepts, in any target.
	Allow    []Allow
	Baseline []Allow
	Accept   []string // blob ids, and doublestar globs on paths, whose opaque or cut content is known

	// Own reads what a scanned repository says for itself. Prefix stands before
	// the names of its files in messages. It is called once a repository; nil:
	// nothing that a repository says is believed, inline comments neither.
	Own func(prefix string, read ReadFile) (*Own, error)
	// OwnFrom is the revision to read that from, rather than the work tree. A
	// change can't excuse itself then: inline comments are not believed either.
	OwnFrom string
}

// Progress is how far a scan has come. It is reported now and then, from any
// goroutine.
type Progress struct {
	Target string
	Items  int64 // files or objects done so far by the reporting walk
	Bytes  int64
}

// Defaults are the options of a plain `petrascan scan`.
func Defaults() Options {
	return Options{
		Rules:           rules.Builtin(),
		MinConfidence:   finding.Medium,
		MaxDecodeDepth:  4,
		MaxArchiveDepth: layer.DefaultLimits.Depth,
	}
}

// A Result is a report and the keys that it names.
type Result struct {
	Report *finding.Report
	// Keys holds the text of every key in the report. Its values print masked.
	Keys map[finding.ID]finding.Key

	exposures map[finding.ID]*finding.Exposure
	withheld  []withheld // suppressed
}

// A Scan collects what several targets hold into one report. It is not safe for
// concurrent use; the work on a target is spread over the CPUs.
type Scan struct {
	opts       Options
	engine     *detect.Engine
	cache      *cache.Cache // nil: none
	globs      *files.Globs
	started    time.Time
	result     *Result
	sightings  []finding.Sighting
	exposures  map[finding.ID]*finding.Exposure
	roots      map[int]string     // of files targets: absolute
	repos      map[int]*repo.Repo // of git targets
	incomplete bool

	trusted     *ledger
	territories []*territory
	byDir       map[string]*territory // by work tree, or by Git directory of a bare repository
	mask        *detect.Worker
	doubts      []doubt // of what Options.Explain is told
}

// New begins a scan for the given command.
func New(command string, o Options) (*Scan, error) {
	globs, err := files.NewGlobs(o.Exclude, o.Include)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Scan{
		opts:      o,
		engine:    newEngine(o),
		globs:     globs,
		started:   o.Now(),
		exposures: map[finding.ID]*finding.Exposure{},
		roots:     map[int]string{},
		repos:     map[int]*repo.Repo{},
		byDir:     map[string]*territory{},
	}
	s.explainSettings()
	if o.CacheDir != "" {
		if s.cache, err = cache.Open(o.CacheDir); err != nil { // done without
			s.explain("cache: not used: %v", err)
		}
	}
	s.trusted = newLedger(o.Allow, o.Baseline, s.started)
	s.result = &Result{
		Keys: map[finding.ID]finding.Key{},
		Report: &finding.Report{
			SchemaVersion: finding.SchemaVersion,
			Tool:          finding.Tool{Name: "petrascan", Rules: o.Rules.Hash()},
			Scan: finding.Scan{
				Command: command,
				Started: s.started.UTC().Format(time.RFC3339),
			},
		},
	}
	return s, nil
}

// target adds a target to the report and returns its id. A directory, a remote or
// a branch may have a key in its name.
func (s *Scan) target(t finding.Target) int {
	w := s.engine.NewWorker()
	t.Path, t.URL, t.Branch = w.Mask(t.Path), w.Mask(t.URL), w.Mask(t.Branch)
	t.ID = len(s.result.Report.Scan.Targets)
	s.result.Report.Scan.Targets = append(s.result.Report.Scan.Targets, t)
	return t.ID
}

// warn adds a sentence to the report's warnings, with keys masked.
func (s *Scan) warn(format string, args ...any) {
	text := s.engine.NewWorker().Mask(fmt.Sprintf(format, args...))
	s.result.Report.Scan.Warnings = append(s.result.Report.Scan.Warnings, text)
}

// historyOptions are the options of a scan of a repository's objects.
func (s *Scan) historyOptions(target string, index bool) history.Options {
	return history.Options{Engine: s.engine, Jobs: s.opts.Jobs, Index: index, Cache: s.cache, Progress: s.progress(target), Explain: s.explainer()}
}

func (s *Scan) progress(target string) func(items, bytes int64) {
	if s.opts.Progress == nil {
		return nil
	}
	return func(items, bytes int64) { s.opts.Progress(Progress{Target: target, Items: items, Bytes: bytes}) }
}

// Interrupted marks the report as cut short, for a context that ended.
func (s *Scan) interrupted(ctx context.Context) error {
	err := ctx.Err()
	if err != nil {
		s.incomplete = true
	}
	return err
}
