// Package verify says of a deployed stack which link is broken, and what mends it. The same checks judge real clouds and those of the
// sandbox.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
)

// Options say what is checked, and how it is told.
type Options struct {
	// Before checks what must hold before the first up, instead of what is up.
	Before bool
	// Sandbox says that the stack is one of the sandbox, and how it is mended there.
	Sandbox bool
	// Called is how commands name it there, with the flags of its folders; Sets are the flags of its last up.
	Called, Sets string
	// Removed are what others made and somebody took away by hand there, by type and id. Real says that its cluster is a real one.
	Removed []string
	Real    bool
	// Wait is how long failed checks are repeated; 0 looks once.
	Wait   time.Duration
	Format report.Format
}

// BrokenError is a stack with a check that failed, as opposed to one that could not be checked.
type BrokenError struct{ Stack string }

func (e *BrokenError) Error() string { return "stack " + e.Stack + " is broken: see its failed checks" }

// ExitCode says that it was tried.
func (e *BrokenError) ExitCode() int { return cli.ExitFailed }

// UncheckedError is a stack of which nothing known is broken, but not everything could be asked.
type UncheckedError struct{ Stack string }

func (e *UncheckedError) Error() string {
	return "stack " + e.Stack + " could not be checked whole: see the checks that could not be asked"
}

// Pauses between two looks grow from the first to the last.
const (
	firstPause = time.Second
	lastPause  = 15 * time.Second
)

// Run checks a stack and prints what was found. A failed check is a *BrokenError, one that could not
// be asked an *UncheckedError; any other error means that nothing could be checked.
// pause waits between two looks, until the context ends.
func Run(ctx context.Context, w io.Writer, stack checks.Stack, clouds service.Clouds, options Options,
	pause func(context.Context, time.Duration)) error {
	reports, err := look(ctx, stack, clouds, options.Before)
	for waited, next := time.Duration(0), firstPause; err == nil && check.Worst(reports) == check.Failed && waited < options.Wait &&
		ctx.Err() == nil; next = min(2*next, lastPause) {
		next = min(next, options.Wait-waited)
		pause(ctx, next)
		waited += next
		reports, err = look(ctx, stack, clouds, options.Before)
	}
	if err != nil {
		return fmt.Errorf("check stack %s: %w", stack.Name, err)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if options.Sandbox {
		rehearsed(stack, options, reports)
	}
	verdict := verdictOf(stack.Name, reports)
	if options.Format == report.JSON {
		return cli.Answered(errors.Join(verdict, cli.Print(w, "verify", report.DocumentOf(stack.Name, reports), verdict)))
	}
	return errors.Join(report.Print(w, options.Format, stack.Name, reports), verdict)
}

func verdictOf(stack string, reports []check.Report) error {
	switch check.Worst(reports) {
	case check.Failed:
		return &BrokenError{stack}
	case check.Unknown:
		return &UncheckedError{stack}
	}
	return nil
}

func look(ctx context.Context, stack checks.Stack, clouds service.Clouds, before bool) ([]check.Report, error) {
	if before {
		return check.Run(ctx, checks.Before(stack, clouds))
	}
	return check.Run(ctx, checks.Of(stack, clouds))
}

// Pause waits for a while, or until the context ends.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
