// Package drift tells what is otherwise in a stack's clouds than the stack's state has it: what people or other programs changed or took
// away since the last up. It reads what a refresh that changes nothing finds.
package drift

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"bifrost/bifrostctl/changes"
)

// Drift is what a refresh found.
type Drift struct {
	Stack string
	// Changed were found otherwise, Gone were not found.
	Changed, Gone []changes.Step
	// Compared is how many resources of clouds and clusters were asked for.
	Compared int
}

// None says that all is as it was left.
func (d *Drift) None() bool { return len(d.Changed)+len(d.Gone) == 0 }

// Read reads the events of `pulumi refresh --preview-only --json`, one JSON object a line; other lines are passed over. Secrets are
// "[secret]" in them already, and the model masks what is one all the same. A refresh that failed, or was cut off, is an error: what it did
// not ask for may have changed.
func Read(r io.Reader) (*Drift, error) {
	var events []apitype.EngineEvent
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var event apitype.EngineEvent
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) && json.Unmarshal(line, &event) == nil {
			events = append(events, event)
		}
		if errors.Is(err, io.EOF) {
			return Of(events)
		}
		if err != nil {
			return nil, fmt.Errorf("read the refresh: %w", err)
		}
	}
}

// Of is what the events of a refresh tell. The engine announces a refresh, and then says what became of it: an update where the provider
// found a difference that counts, with the paths; a deletion where nothing was found. Differences that the program ignores are none
// (pulumi, resource/deploy/step.go, RefreshStep).
func Of(events []apitype.EngineEvent) (*Drift, error) {
	d := &Drift{}
	var planned, outputs changes.Planned
	counts := map[string]map[string]apitype.PropertyDiff{}
	var failures []error
	began, ended := map[string]bool{}, false
	for _, event := range events {
		switch {
		case event.ResourcePreEvent != nil && event.ResourcePreEvent.Metadata.Op == apitype.OpRefresh:
			began[event.ResourcePreEvent.Metadata.URN] = true
		case event.ResOutputsEvent != nil && began[event.ResOutputsEvent.Metadata.URN]:
			d.Compared++
			m := event.ResOutputsEvent.Metadata
			if m.Op == apitype.OpDelete || m.Op == apitype.OpUpdate && len(m.DetailedDiff) > 0 {
				planned.Steps = append(planned.Steps, changes.PlannedOf(m))
				counts[m.URN] = m.DetailedDiff
				m.Op = apitype.OpRefresh // which compares what is there, and not what the program asked for
				outputs.Steps = append(outputs.Steps, changes.PlannedOf(m))
			}
		case event.DiagnosticEvent != nil && event.DiagnosticEvent.Severity == "error":
			failures = append(failures, errors.New(plain(event.DiagnosticEvent.Message)))
		case event.SummaryEvent != nil:
			ended = true
		}
	}
	switch {
	case len(failures) > 0:
		return nil, fmt.Errorf("the refresh failed, so nobody knows what else differs: %w", errors.Join(failures...))
	case len(events) == 0:
		return nil, errors.New("there are no events of a refresh; give what `pulumi refresh --preview-only --json` prints")
	case !ended:
		return nil, errors.New("the refresh was cut off before its end, so nobody knows what else differs; run it again")
	}
	set := changes.OfPlanned(planned)
	d.Stack = set.Stack
	there := changes.OfPlanned(outputs)
	for _, step := range set.Steps {
		if found, has := there.Find(step.URN); has && len(found.Diff) > 0 {
			step.Diff = slices.DeleteFunc(found.Diff, func(d changes.Diff) bool { return !within(d.Path, counts[step.URN]) })
		}
		if step.Op == changes.Delete {
			d.Gone = append(d.Gone, step)
			continue
		}
		d.Changed = append(d.Changed, step)
	}
	byName := func(a, b changes.Step) int { return bytes.Compare([]byte(a.URN), []byte(b.URN)) }
	slices.SortFunc(d.Changed, byName)
	slices.SortFunc(d.Gone, byName)
	return d, nil
}

// within tells whether a value is one of those for whose sake the provider says that something differs, or a part of one. Others are what
// the cloud fills in.
func within(path string, counted map[string]apitype.PropertyDiff) bool {
	for at := range counted {
		if top(at) == top(path) {
			return true
		}
	}
	return false
}

// top is the first step of a path.
func top(path string) string {
	if end := strings.IndexAny(path, ".["); end > 0 {
		return path[:end]
	}
	return path
}
