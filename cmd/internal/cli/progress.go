package cli

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/petrascan/petrascan/cmd/internal/report"
	"github.com/petrascan/petrascan/scanner"
)

// A progress shows on a terminal how much was read. It is gone before the
// report is printed.
type progress struct {
	items, bytes atomic.Int64
	work         atomic.Pointer[string] // what is being done besides reading
	held         atomic.Bool            // nothing is drawn: somebody else has the terminal
	stop, done   chan struct{}
}

// newProgress starts one if standard error is a terminal and the user wants it.
func newProgress(env *Env, f *scanFlags) *progress {
	p := &progress{}
	file, ok := env.Stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || f.quiet || f.verbose || f.noProgress || env.Getenv("CI") != "" {
		return p
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.show(file)
	return p
}

// show redraws a line until the work ends. Short scans never see it.
func (p *progress) show(w *os.File) {
	defer close(p.done)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetElapsedTime(true),
	)
	start := time.Now()
	for {
		select {
		case <-p.stop:
			_ = bar.Finish()
			return
		case <-ticker.C:
			if p.held.Load() {
				continue
			}
			doing := ""
			if work := p.work.Load(); work != nil {
				doing = *work
			}
			megabytes := float64(p.bytes.Load()) / 1e6
			bar.Describe(fmt.Sprintf("%s%d files and objects, %.0f MB, %.0f MB/s", doing, p.items.Load(), megabytes, megabytes/time.Since(start).Seconds()))
			_ = bar.RenderBlank()
		}
	}
}

func (p *progress) report(step scanner.Progress) {
	p.items.Add(step.Items)
	p.bytes.Add(step.Bytes)
}

// doing says what is being done besides reading; "" for nothing. Of a nil
// progress it does nothing.
func (p *progress) doing(what string) {
	if p == nil {
		return
	}
	if what != "" {
		what = report.Clean(what) + ", "
	}
	p.work.Store(&what)
}

// hold leaves the terminal to somebody else, or takes it back. Of a nil progress
// it does nothing.
func (p *progress) hold(held bool) {
	if p != nil {
		p.held.Store(held)
	}
}

func (p *progress) clear() {
	if p.stop != nil {
		close(p.stop)
		<-p.done
	}
}
