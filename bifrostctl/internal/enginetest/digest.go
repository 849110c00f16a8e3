package enginetest

import (
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	digest "github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
)

// plan adds an event to the digest.
func (r *Result) plan(event engine.Event) error {
	converted, err := display.ConvertEngineEvent(event, false)
	if err != nil {
		return err
	}
	switch {
	case converted.ResourcePreEvent != nil:
		r.Planned.Steps = append(r.Planned.Steps, changes.PlannedOf(converted.ResourcePreEvent.Metadata))
	case converted.ResOutputsEvent != nil && converted.ResOutputsEvent.Metadata.Type == string(resource.RootStackType):
		ended := changes.PlannedOf(converted.ResOutputsEvent.Metadata)
		for i := range r.Planned.Steps {
			if r.Planned.Steps[i].URN == ended.URN {
				r.Planned.Steps[i].NewState = ended.NewState
			}
		}
	case converted.DiagnosticEvent != nil && !converted.DiagnosticEvent.Ephemeral:
		d := converted.DiagnosticEvent
		r.Planned.Diagnostics = append(r.Planned.Diagnostics, digest.PreviewDiagnostic{
			URN: resource.URN(d.URN), Message: colors.Never.Colorize(d.Prefix + d.Message), Severity: diag.Severity(d.Severity),
		})
	}
	return nil
}

// said adds what the program logged.
func (r *Result) said(logged string) {
	for _, line := range strings.Split(strings.TrimSpace(logged), "\n") {
		if last := len(r.Planned.Diagnostics) - 1; last >= 0 && strings.HasPrefix(line, "- ") {
			r.Planned.Diagnostics[last].Message += "\n" + line // one message has several lines
			continue
		}
		severity := diag.Info
		if message, warns := strings.CutPrefix(line, "warning: "); warns {
			line, severity = message, diag.Warning
		}
		r.Planned.Diagnostics = append(r.Planned.Diagnostics, digest.PreviewDiagnostic{Message: line, Severity: severity})
	}
}
