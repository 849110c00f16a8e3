package double

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong in a cloud or on the way to it: calls that match it fail, are slow, or make a resource
// that is not seen at once.
type Fault struct {
	// Type is the token of a resource type or function; "*" is every one.
	Type string
	// Name is the logical name of a resource; "" is every one.
	Name string
	// Op is one of check, create, read, update, delete, invoke and preview, which is what a preview plans to create or update.
	Op string
	// After says that the call has its effect first: what fails is its answer.
	After bool
	// Times is how many calls are struck, at least one.
	Times int
	// Error is throttled, denied, conflict or timeout, for which each provider has words of its own, or the error's text;
	// "" where the call succeeds.
	Error string
	// Delay is how long the call takes. An end of the call or of the deployment ends the wait, as an error.
	Delay time.Duration
	// Stale is how many calls do not find the created resource yet.
	Stale int

	text string
}

// String returns the text that the fault was read from.
func (f Fault) String() string { return f.text }

// FaultGrammar says how faults are written.
const FaultGrammar = "type=TOKEN|*,op=check|create|read|update|delete|invoke|preview[,name=LOGICAL-NAME][,when=before|after][,times=N] " +
	"with error=throttled|denied|conflict|timeout|TEXT, delay=DURATION (as 30s), or, for op=create, stale=N"

var faultKeys = map[string]func(f *Fault, value string) error{
	"type": func(f *Fault, value string) error { f.Type = value; return nil },
	"name": func(f *Fault, value string) error { f.Name = value; return nil },
	"op": func(f *Fault, value string) error {
		f.Op = value
		return oneOf(value, "check", "create", "read", "update", "delete", "invoke", "preview")
	},
	"when": func(f *Fault, value string) error {
		f.After = value == "after"
		return oneOf(value, "before", "after")
	},
	"times": func(f *Fault, value string) error { return atLeastOne(value, &f.Times) },
	"error": func(f *Fault, value string) error { f.Error = value; return nil },
	"delay": func(f *Fault, value string) (err error) {
		if f.Delay, err = time.ParseDuration(value); err != nil || f.Delay <= 0 {
			return errors.New("is no duration such as 30s")
		}
		return nil
	},
	"stale": func(f *Fault, value string) error { return atLeastOne(value, &f.Stale) },
}

func oneOf(value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("is none of %s", strings.Join(allowed, ", "))
	}
	return nil
}

func atLeastOne(value string, into *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return errors.New("is no whole number from 1 on")
	}
	*into = n
	return nil
}

// ParseFault reads a fault as FaultGrammar says: "type=aws:iam/role:Role,op=create,when=after,error=throttled". An error's
// text may hold commas.
func ParseFault(text string) (Fault, error) {
	f, err := parseFault(text)
	if err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w; write %s", text, err, FaultGrammar)
	}
	return f, nil
}

func parseFault(text string) (Fault, error) {
	f := Fault{Times: 1, text: text}
	given := map[string]string{}
	last := ""
	for _, part := range strings.Split(text, ",") {
		key, value, pair := strings.Cut(part, "=")
		switch {
		case !pair && last == "error":
			given[last] += "," + part
			continue
		case !pair:
			return f, fmt.Errorf("%q is no key=value", part)
		case faultKeys[key] == nil:
			return f, fmt.Errorf("there is no key %q, but %s", key, strings.Join(keysOf(faultKeys), ", "))
		case value == "":
			return f, fmt.Errorf("%s has no value", key)
		}
		if _, twice := given[key]; twice {
			return f, fmt.Errorf("%s is given twice", key)
		}
		given[key], last = value, key
	}
	for _, key := range keysOf(given) {
		if err := faultKeys[key](&f, given[key]); err != nil {
			return f, fmt.Errorf("%s=%s %w", key, given[key], err)
		}
	}
	return f, f.check()
}

// check refuses what no call could mean.
func (f Fault) check() error {
	switch {
	case f.Type == "":
		return errors.New("type is missing")
	case f.Op == "":
		return errors.New("op is missing")
	case f.Error == "" && f.Delay == 0 && f.Stale == 0:
		return errors.New("it does nothing without error, delay or stale")
	case f.Stale > 0 && (f.Op != "create" || f.Error != "" || f.After):
		return errors.New("stale goes with op=create, without error and when=after")
	case f.Op == "invoke" && f.Name != "":
		return errors.New("an invoked function has no name")
	}
	return nil
}
