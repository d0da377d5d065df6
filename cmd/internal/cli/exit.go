package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/petrascan/petrascan/scanner/finding"
)

// The exit statuses. They are the same for every format.
const (
	statusClean        = 0
	statusFound        = 1
	statusTrouble      = 2 // usage error, or incomplete with nothing found
	statusFoundTrouble = 3 // found, and incomplete
	statusInterrupted  = 130
	statusTerminated   = 143
)

// ErrInterrupted and ErrTerminated are the causes of a context that a signal ended.
var (
	ErrInterrupted = errors.New("interrupted")
	ErrTerminated  = errors.New("terminated")
)

// An outcomeError carries the exit status of a command that ran to its end and
// has printed what there was to say.
type outcomeError struct{ status int }

func (e *outcomeError) Error() string { return "see the report" }

func outcome(status int) error {
	if status == statusClean {
		return nil
	}
	return &outcomeError{status}
}

// reportStatus returns the exit status that a report stands for.
func reportStatus(ctx context.Context, r *finding.Report, failOn string) int {
	found := failOn == "any" && len(r.Findings) > 0 ||
		failOn == "active" && slices.ContainsFunc(r.Keys, func(e finding.Exposure) bool { return e.Status == finding.Active })
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return interruptedStatus(ctx)
	case found && !r.Scan.Complete:
		return statusFoundTrouble
	case !r.Scan.Complete:
		return statusTrouble
	case found:
		return statusFound
	}
	return statusClean
}

func interruptedStatus(ctx context.Context) int {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrTerminated):
		return statusTerminated
	case errors.Is(cause, context.DeadlineExceeded):
		return statusTrouble
	}
	return statusInterrupted
}
