package sandbox

import (
	"fmt"
	"math"
	"slices"
	"time"

	digest "github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
)

// recording is what the engine reported of an operation.
type recording struct {
	// changes counts resources by operation.
	changes map[apitype.OpType]int
	// left holds the last known state of every resource that is there after the operation, in the engine's order.
	left []*apitype.StepEventStateMetadata
	// steps are what it plans to do, or did, as the engine began them, and began when it did, by operation and URN. A preview has none in
	// began: it only asks.
	steps []changes.PlannedStep
	began map[string]time.Time
	// said are its messages and the program's.
	said []digest.PreviewDiagnostic
	// events are all that it told, as it told them.
	events []apitype.EngineEvent
	// errors are the texts of the errors, each once.
	errors []string
}

// record listens until the engine ends the stream. It may never begin one: finished is closed when there is nothing more
// to wait for.
func record(received <-chan events.EngineEvent, finished <-chan struct{}) *recording {
	report := &recording{steps: []changes.PlannedStep{}, began: map[string]time.Time{}}
	for {
		select {
		case event, ok := <-received:
			if !ok {
				return report
			}
			report.add(event.EngineEvent)
		case <-finished:
			return report
		}
	}
}

func (r *recording) add(event apitype.EngineEvent) {
	r.events = append(r.events, event)
	if d := event.DiagnosticEvent; d != nil && !d.Ephemeral && d.Severity != string(diag.Debug) {
		r.said = append(r.said, digest.PreviewDiagnostic{
			URN: resource.URN(d.URN), Message: plain(d.Prefix + d.Message), Severity: diag.Severity(d.Severity),
		})
	}
	switch {
	case event.SummaryEvent != nil:
		r.changes = event.SummaryEvent.ResourceChanges
	case event.DiagnosticEvent != nil && event.DiagnosticEvent.Severity == "error":
		r.diagnose(resource.URN(event.DiagnosticEvent.URN), plain(event.DiagnosticEvent.Message))
	case event.ResourcePreEvent != nil:
		m := event.ResourcePreEvent.Metadata
		r.plan(m.New)
		r.steps = append(r.steps, changes.PlannedOf(m))
		if !event.ResourcePreEvent.Planning {
			r.began[string(m.Op)+m.URN] = time.Now()
		}
	case event.ResOutputsEvent != nil:
		r.plan(event.ResOutputsEvent.Metadata.New)
		r.end(event.ResOutputsEvent.Metadata)
	case event.ResOpFailedEvent != nil:
		r.end(event.ResOpFailedEvent.Metadata)
	}
}

// end notes how long a step took, and the outputs of the stack: what others give is not known at their beginning either, but nobody asks.
func (r *recording) end(m apitype.StepEventMetadata) {
	ended := changes.PlannedOf(m)
	for i := range r.steps {
		step := &r.steps[i]
		if string(step.URN) != m.URN || step.Op != ended.Op {
			continue
		}
		if began, ran := r.began[string(m.Op)+m.URN]; ran {
			step.Seconds = math.Round(1000*time.Since(began).Seconds()) / 1000
		}
		if isStack(m.Type) && ended.NewState != nil {
			step.NewState = ended.NewState
		}
	}
}

// planned is the recording in the form of Pulumi's digest.
func (r *recording) planned() changes.Planned {
	return changes.Planned{Steps: r.steps, Diagnostics: r.said}
}

func (r *recording) diagnose(urn resource.URN, text string) {
	if urn != "" && !isStack(string(urn.Type())) {
		text = fmt.Sprintf("%s %s: %s", urn.Type(), urn.Name(), text)
	}
	if !slices.Contains(r.errors, text) {
		r.errors = append(r.errors, text)
	}
}

func (r *recording) plan(state *apitype.StepEventStateMetadata) {
	if state == nil {
		return
	}
	i := slices.IndexFunc(r.left, func(known *apitype.StepEventStateMetadata) bool { return known.URN == state.URN })
	if i < 0 {
		r.left = append(r.left, state)
		return
	}
	r.left[i] = state
}
