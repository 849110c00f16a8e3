package cli

import "errors"

// Exit codes of all commands. docs/commands.md has the table.
const (
	ExitDone = 0
	// ExitFailed: it was tried, and failed.
	ExitFailed = 1
	// ExitUntried: it could not be tried.
	ExitUntried = 2
)

// ExitCodes are what each means, in order.
var ExitCodes = []struct {
	Code    int
	Meaning string
}{
	{ExitDone, "done; what verify asked is fine"},
	{ExitFailed, "tried, and failed: a deployment, a check of verify"},
	{ExitUntried, "not tried: a wrong flag or argument, a refused configuration, or something that could not be read or reached"},
}

// FailedError is something that was tried and failed, as opposed to what was never tried because the request or the configuration is
// wrong, or because something could not be read.
type FailedError struct{ Err error }

func (e *FailedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// ExitCode implements the interface that ExitCode looks for.
func (e *FailedError) ExitCode() int { return ExitFailed }

// ExitCode returns the exit status of a command that ended with err. An error with a method ExitCode has its own.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return ExitUntried
}
