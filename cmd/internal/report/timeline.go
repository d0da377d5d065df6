package report

import (
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// An axis is the time that a report's exposures span.
type axis struct{ start, end time.Time }

// newAxis returns the time from the oldest exposure to the end of the scan.
func newAxis(r *finding.Report, all []story) *axis {
	a := &axis{}
	widen := func(t time.Time) {
		if t.IsZero() {
			return
		}
		if a.start.IsZero() || t.Before(a.start) {
			a.start = t
		}
		if t.After(a.end) {
			a.end = t
		}
	}
	widen(instant(r.Scan.Started))
	for _, s := range all {
		e := s.key
		widen(begin(e))
		for _, m := range []*finding.Moment{e.FirstSeen, e.LastSeen, e.Removed} {
			if m != nil {
				widen(instant(m.CommitDate))
			}
		}
		for _, f := range s.places {
			widen(since(f))
		}
	}
	return a
}

// at maps a time to the range from low to high.
func (a *axis) at(t time.Time, low, high int) int {
	whole := a.end.Sub(a.start)
	if whole <= 0 {
		return low
	}
	return min(max(low+int(float64(high-low)*(float64(t.Sub(a.start))/float64(whole))), low), high)
}

// A timeline is a drawing of each key's exposure, a lane a key.
type timeline struct {
	Height, Bottom int
	Ticks          []tick
	Lanes          []lane
	More           string // about keys without a lane
}

type tick struct {
	X             int
	Label, Anchor string
}

type lane struct {
	ID, Masked, Status, Title string
	TextY                     int
	Spans                     []span
	Gone                      *stroke // when the API rejected the key
	Refs                      *label
}

type span struct {
	X, End, Width, Y, Mid int
	Past                  bool // no branch tip held the key
}

type stroke struct{ X, Y, End int }

type label struct {
	X, Y          int
	Label, Anchor string
}

// The drawing's measures, in its own units: it is 1000 wide.
const (
	plotLeft   = 190
	plotRight  = 1000
	laneTop    = 28
	laneHeight = 36
	mostLanes  = 200
)

func (a *axis) draw(all []story) *timeline {
	t := &timeline{}
	if len(all) > mostLanes {
		t.More = "The oldest " + count(mostLanes) + " of " + count(len(all)) + " keys are drawn."
		all = all[:mostLanes]
	}
	for i, s := range all {
		t.Lanes = append(t.Lanes, a.lane(s.key, laneTop+i*laneHeight))
	}
	t.Bottom = laneTop + len(all)*laneHeight
	t.Height = t.Bottom + 4
	t.Ticks = a.ticks()
	return t
}

func (a *axis) lane(e *finding.Exposure, top int) lane {
	mid := top + 11
	l := lane{
		ID: keyAnchor(e.ID), Masked: Clean(e.Masked), Status: statusClass(e.Status), TextY: mid + 4,
		Title: Clean(e.Masked) + ", " + statusWord(e.Status) + ": " + origin(e) + "; " + exposed(e),
	}
	start := begin(e)
	if start.IsZero() {
		return l
	}
	x := func(t time.Time) int { return a.at(t, plotLeft, plotRight-4) }
	tip := a.end // until when some branch tip held the key
	switch {
	case e.InHead || e.InWorktree:
	case e.Removed != nil:
		tip = instant(e.Removed.CommitDate)
	case len(e.ReachableFrom.Refs) == 0 && e.LastSeen != nil:
		tip = instant(e.LastSeen.CommitDate)
	case len(e.ReachableFrom.Refs) == 0:
		tip = start
	}
	left, right := x(start), x(tip)
	l.Spans = append(l.Spans, span{X: left, Width: max(right-left, 4), Y: mid - 5, Mid: mid})
	if tip.Before(a.end) {
		l.Spans = append(l.Spans, span{X: max(right, left+4), End: plotRight - 4, Mid: mid, Past: true})
	}
	if checked := instant(e.Checked); e.Status == finding.Deleted && !checked.IsZero() {
		l.Gone = &stroke{x(checked), mid - 9, mid + 9}
	}
	if refs := branches(e); refs != "" {
		l.Refs = &label{left, mid + 18, refs, "start"}
		if left > (plotLeft+plotRight)/2 {
			l.Refs = &label{plotRight - 4, mid + 18, refs, "end"}
		}
	}
	return l
}

// branches names what holds a key, short enough for a lane.
func branches(e *finding.Exposure) string {
	var names []string
	for _, r := range e.ReachableFrom.Refs {
		for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/", "refs/"} {
			if short, ok := strings.CutPrefix(r, prefix); ok {
				r = short
				break
			}
		}
		names = append(names, middle(Clean(r), 30))
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], "and "+count(len(names)-most)+" more")
	}
	return strings.Join(names, ", ")
}

// ticks returns marks at round dates, eight or fewer where that is possible.
func (a *axis) ticks() []tick {
	start, end := a.start.UTC(), a.end.UTC()
	span := end.Sub(start)
	if span <= 0 {
		return nil
	}
	const dayLong = 24 * time.Hour
	var ticks []tick
	add := func(t time.Time, layout string) {
		if t.Before(start) || t.After(end) {
			return
		}
		x, anchor := a.at(t, plotLeft, plotRight-4), "middle"
		if x > plotRight-40 {
			anchor = "end"
		}
		ticks = append(ticks, tick{x, t.Format(layout), anchor})
	}
	switch {
	case span < 12*dayLong:
		step := max(1, int(span/dayLong)/8+1)
		for t := start.Truncate(dayLong); !t.After(end); t = t.AddDate(0, 0, step) {
			add(t, time.DateOnly)
		}
	case span < 900*dayLong:
		step := 1
		for _, step = range []int{1, 2, 3, 6} {
			if int(span/(30*dayLong))/step < 8 {
				break
			}
		}
		first := time.Date(start.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		for t := first; !t.After(end); t = t.AddDate(0, step, 0) {
			add(t, "2006-01")
		}
	default:
		step := max(1, (end.Year()-start.Year()+7)/8)
		for y := start.Year(); y <= end.Year(); y += step {
			add(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), "2006")
		}
	}
	return ticks
}
