package sandbox

import (
	"context"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// refresh compares what exists with the stack's state, and changes neither.
const refresh Operation = "refresh"

// Drift returns what the engine tells of a refresh that changes nothing, and the command that takes all of it back. The stack must have
// been up.
func Drift(ctx context.Context, dir, state, stack string) (events []apitype.EngineEvent, up string, err error) {
	request := Request{Operation: refresh, Stack: stack, Dir: dir, State: state, JSON: true, Self: "bifrostctl"}
	p, err := loadProject(request.Dir, request.Stack)
	if err != nil {
		return nil, "", err
	}
	f, err := request.folders(p)
	if err != nil {
		return nil, "", err
	}
	if !f.exist() {
		return nil, "", fmt.Errorf("stack %s was never up in the sandbox, so that nothing can differ; to deploy it:\n  %s", p.stack,
			request.command(Up))
	}
	if request.Set, err = f.applied(); err != nil {
		return nil, "", err
	}
	result := &Result{Resources: []Resource{}, Outputs: map[string]any{}}
	err = Runner{Program: Bifrost, Stdout: io.Discard, Stderr: io.Discard}.run(ctx, request, result)
	return result.events, request.command(Up) + " --refresh", err
}

// previewRefresh lets the CLI look.
func (e *engine) previewRefresh(ctx context.Context, stack auto.Stack, received chan<- events.EngineEvent) error {
	_, err := stack.PreviewRefresh(ctx, optrefresh.EventStreams(received), optrefresh.Color(e.colour), optrefresh.SuppressOutputs(),
		optrefresh.ProgressStreams(e.progress), optrefresh.ErrorProgressStreams(e.errors))
	return err
}
