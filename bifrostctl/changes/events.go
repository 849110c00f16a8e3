package changes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// readEvents reads the events of an operation. Their times have whole seconds. A preview asks only: what that took says nothing of the
// step.
func readEvents(text []byte) (*Set, error) {
	set := &Set{Source: Events, Counts: map[string]int{}}
	began := map[string]int{}
	lines := json.NewDecoder(bytes.NewReader(text))
	for {
		var event apitype.EngineEvent
		err := lines.Decode(&event)
		if errors.Is(err, io.EOF) {
			return set, nil
		}
		if err != nil {
			return nil, err
		}
		set.hear(event, began)
	}
}

func (s *Set) hear(event apitype.EngineEvent, began map[string]int) {
	switch {
	case event.ResourcePreEvent != nil:
		m := event.ResourcePreEvent.Metadata
		if !event.ResourcePreEvent.Planning {
			began[string(m.Op)+m.URN] = event.Timestamp
		}
		s.addPlanned(PlannedOf(m))
	case event.ResOutputsEvent != nil:
		s.ended(event.ResOutputsEvent.Metadata, event.Timestamp, began, false)
	case event.ResOpFailedEvent != nil:
		s.ended(event.ResOpFailedEvent.Metadata, event.Timestamp, began, true)
	case event.DiagnosticEvent != nil && !event.DiagnosticEvent.Ephemeral:
		s.say(event.DiagnosticEvent.Severity, event.DiagnosticEvent.Prefix+event.DiagnosticEvent.Message, event.DiagnosticEvent.URN)
	case event.SummaryEvent != nil:
		s.Seconds = float64(event.SummaryEvent.DurationSeconds)
		for op, count := range event.SummaryEvent.ResourceChanges {
			s.Counts[string(op)] = count
		}
	}
}

// ended adds how long a step took, and what came of it.
func (s *Set) ended(m apitype.StepEventMetadata, now int, began map[string]int, failed bool) {
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.URN != m.URN {
			continue
		}
		step.Failed = step.Failed || failed
		if from, ran := began[string(m.Op)+m.URN]; ran {
			step.Seconds += float64(now - from)
		}
		if after := stateOf(resourceOf(m.New)); after != nil && step.New != nil {
			step.New.Outputs, step.New.ID = after.Outputs, after.ID
		}
	}
}
