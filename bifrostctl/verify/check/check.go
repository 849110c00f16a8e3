// Package check runs checks, category beside category, and says what each found.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Status is how a check ended.
type Status string

// The statuses. Skipped counts as neither failure nor warning: the check does not apply here, or what it needs has failed. Unknown is a
// question that could not be asked, such as without credentials.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failed  Status = "failed"
	Skipped Status = "skipped"
	Unknown Status = "unknown"
)

// Result is what a check found. None of its texts holds a secret.
type Result struct {
	Status Status
	// Evidence is what was seen, of a check that is good.
	Evidence string
	// Error is what is wrong, or why the check was skipped; Hint the command or edit that mends it.
	Error, Hint string

	// Others are the things that others made and that are gone, by type and id, as the sandbox's commands name them.
	Others []string

	// blocked says that what is wrong here is told by another check, on which this one stands.
	blocked bool
}

// Pass is a good result, with its evidence.
func Pass(format string, args ...any) Result {
	return Result{Status: OK, Evidence: fmt.Sprintf(format, args...)}
}

// Fail is a bad result, with the hint that mends it.
func Fail(hint, format string, args ...any) Result {
	return Result{Status: Failed, Error: fmt.Sprintf(format, args...), Hint: hint}
}

// Without says which thing of others' making is gone, by Pulumi's type and the id by which its provider knows it.
func (r Result) Without(typ, id string) Result {
	r.Others = append(slices.Clip(r.Others), typ+" "+id)
	return r
}

// Warn is a result that a person should look at though everything works.
func Warn(hint, format string, args ...any) Result {
	return Result{Status: Warning, Error: fmt.Sprintf(format, args...), Hint: hint}
}

// Unasked is the result of a question that could not be asked, with the hint that lets it be.
func Unasked(hint, format string, args ...any) Result {
	return Result{Status: Unknown, Error: fmt.Sprintf(format, args...), Hint: hint}
}

// Skip is the result of a check that does not apply, with the reason.
func Skip(format string, args ...any) Result {
	return Result{Status: Skipped, Error: fmt.Sprintf(format, args...)}
}

// Block is the result of a check that found only what another one tells: it and what needs it are skipped.
func Block(format string, args ...any) Result {
	return Result{Status: Skipped, Error: fmt.Sprintf(format, args...), blocked: true}
}

// Check is one question about a stack. Its inputs are Run's receiver: no check sees what another one has found.
type Check struct {
	// Code is stable, and the anchor of the check in docs/verify.md.
	Code        string
	Description string
	// Fatal says that the rest of the category means nothing when this fails.
	Fatal bool
	// Needs are the codes of checks, of any category, without which this one means nothing.
	Needs []string
	Run   func(ctx context.Context) Result
}

// Category is checks that follow each other.
type Category struct {
	Name   string
	Checks []Check
}

// Outcome is a check with its result.
type Outcome struct {
	Check
	Result
}

// Report is a category's outcomes, in the order of its checks.
type Report struct {
	Name     string
	Outcomes []Outcome
}

// Worst returns Failed, Unknown, Warning or OK: the worst that the reports hold.
func Worst(reports []Report) Status {
	found := map[Status]bool{}
	for _, report := range reports {
		for _, outcome := range report.Outcomes {
			found[outcome.Status] = true
		}
	}
	for _, status := range []Status{Failed, Unknown, Warning} {
		if found[status] {
			return status
		}
	}
	return OK
}

// Run runs the categories side by side, and the checks of each one after the other. Codes that are there twice, needs that nobody has and
// needs in a circle are an error, before anything runs.
func Run(ctx context.Context, categories []Category) ([]Report, error) {
	if err := validate(categories); err != nil {
		return nil, err
	}
	r := runner{done: map[string]chan struct{}{}, outcomes: map[string]*Outcome{}}
	reports := make([]Report, len(categories))
	for i, category := range categories {
		reports[i] = Report{Name: category.Name, Outcomes: make([]Outcome, len(category.Checks))}
		for j, c := range category.Checks {
			r.done[c.Code], r.outcomes[c.Code] = make(chan struct{}), &reports[i].Outcomes[j]
		}
	}
	var all sync.WaitGroup
	for _, category := range categories {
		all.Go(func() { r.category(ctx, category) })
	}
	all.Wait()
	return reports, nil
}

// runner holds the outcomes by code. Who reads one waits until its channel is closed.
type runner struct {
	done     map[string]chan struct{}
	outcomes map[string]*Outcome
}

func (r *runner) category(ctx context.Context, category Category) {
	fatal := ""
	for _, c := range category.Checks {
		needs := c.Needs
		if fatal != "" {
			needs = append([]string{fatal}, needs...)
		}
		*r.outcomes[c.Code] = Outcome{Check: c, Result: r.run(ctx, c, needs)}
		close(r.done[c.Code])
		result := r.outcomes[c.Code].Result
		if c.Fatal && fatal == "" && (result.Status == Failed || result.Status == Unknown || result.blocked) {
			fatal = c.Code
		}
	}
}

func (r *runner) run(ctx context.Context, c Check, needs []string) Result {
	for _, need := range needs {
		<-r.done[need]
		needed := r.outcomes[need]
		switch {
		case needed.Status == Failed:
			return Block("%q failed", needed.Description)
		case needed.Status == Unknown:
			return Block("%q could not be asked", needed.Description)
		case needed.blocked:
			return Block("%s", needed.Error)
		}
	}
	if ctx.Err() != nil {
		return Fail("", "not run: %v", context.Cause(ctx))
	}
	return c.Run(ctx)
}

// validate makes sure that every check can come to its turn.
func validate(categories []Category) error {
	before := map[string][]string{}
	var errs []error
	for _, category := range categories {
		last := ""
		for _, c := range category.Checks {
			if _, twice := before[c.Code]; twice {
				errs = append(errs, fmt.Errorf("two checks have the code %s", c.Code))
			}
			before[c.Code] = slices.Clone(c.Needs)
			if last != "" {
				before[c.Code] = append(before[c.Code], last)
			}
			last = c.Code
		}
	}
	for code, needs := range before {
		for _, need := range needs {
			if _, known := before[need]; !known {
				errs = append(errs, fmt.Errorf("check %s needs %s, which is no check", code, need))
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for code := range before {
		if circle := follow(before, code, nil); circle != nil {
			return fmt.Errorf("checks wait for each other: %s", strings.Join(circle, " for "))
		}
	}
	return nil
}

// follow returns the way on which a check waits for itself; nil where there is none.
func follow(before map[string][]string, code string, way []string) []string {
	if slices.Contains(way, code) {
		return append(way, code)
	}
	for _, next := range before[code] {
		if circle := follow(before, next, append(slices.Clip(way), code)); circle != nil {
			return circle
		}
	}
	return nil
}
