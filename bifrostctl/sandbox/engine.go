package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/bifrostctl/internal/pulumicli"
)

// pulumiCLI runs the Pulumi CLI. It differs from the Automation API's own runner in two ways: the CLI sees no PULUMI_ variable
// of the user's, such as another backend; and it has a process group of its own, so that Ctrl-C reaches it once, through
// the context. A second one would make it stop without waiting for what it has begun.
type pulumiCLI struct {
	path    string
	version semver.Version
	// excludeProtected leaves protected resources as they are when a stack is destroyed. The Automation API has no option for it.
	excludeProtected bool
}

// findCLI returns the installed Pulumi CLI where its version fits, else the one that the project built.
func findCLI(dir string) (*pulumiCLI, error) {
	found, err := pulumicli.Find(dir)
	if err != nil {
		return nil, err
	}
	return &pulumiCLI{path: found.Path, version: found.Version()}, nil
}

// Version implements auto.PulumiCommand.
func (c *pulumiCLI) Version() semver.Version { return c.version }

// Run implements auto.PulumiCommand.
func (c *pulumiCLI) Run(ctx context.Context, dir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string,
	args ...string) (string, string, int, error) {
	var stdout, stderr bytes.Buffer
	if c.excludeProtected && args[0] == string(Destroy) {
		args = append(args, "--exclude-protected")
	}
	cmd := exec.CommandContext(ctx, c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(ownEnvironment(os.Environ()), env...), "PULUMI_AUTOMATION_API=true")
	cmd.Stdin = stdin
	cmd.Stdout = io.MultiWriter(append(stdouts, &stdout)...)
	cmd.Stderr = io.MultiWriter(append(stderrs, &stderr)...)
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), err
}

// ownEnvironment is the environment without the user's settings of Pulumi.
func ownEnvironment(environ []string) []string {
	var own []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "PULUMI_") {
			own = append(own, variable)
		}
	}
	return own
}

// engine deploys one stack.
type engine struct {
	folders
	cli            *pulumiCLI
	name           string
	passphrase     string
	debugProviders string
	program        pulumi.RunFunc
	// programErr is the error that the program returned.
	programErr error
	// colour is "always" or "never"; progress and errors get what the CLI prints.
	colour           string
	progress, errors io.Writer
	// replace are the URNs of what is to be made anew, refresh has the engine read first what exists.
	replace []string
	refresh bool
	// plan is where a preview saves its plan, for what depends on what or for an up, which keeps to it; empty where nobody asks.
	plan string
	set  []string // the overlay, which an up keeps once its preview has gone well
}

// open selects the stack, or makes it.
func (e *engine) open(ctx context.Context) (auto.Stack, error) {
	for _, dir := range []string{e.backend(), e.home()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return auto.Stack{}, err
		}
	}
	// The CLI writes a log of every command there and keeps all of them.
	if err := os.RemoveAll(filepath.Join(e.home(), "logs")); err != nil {
		return auto.Stack{}, err
	}
	stack, err := auto.UpsertStackInlineSource(ctx, e.name, projectName, e.program,
		auto.Pulumi(e.cli), auto.WorkDir(e.work()), auto.PulumiHome(e.home()), auto.SecretsProvider("passphrase"),
		auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL":                          "file://" + e.backend(),
			"PULUMI_CONFIG_PASSPHRASE":                    e.passphrase,
			"PULUMI_DEBUG_PROVIDERS":                      e.debugProviders,
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
			"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		}))
	if err != nil {
		return stack, fmt.Errorf("open the stack's state in %s: %w", e.backend(), err)
	}
	// A lock in the backend is of a command that was killed: whoever runs here holds the sandbox's own lock.
	locks, _ := fs.Glob(os.DirFS(e.backend()), ".pulumi/locks/*/*/"+e.name+"/*.json") // the pattern is well formed
	if len(locks) > 0 {
		if err := stack.Cancel(ctx); err != nil {
			return stack, fmt.Errorf("release the stack's state in %s: %w", e.backend(), err)
		}
	}
	return stack, nil
}

var errInterrupted = errors.New("interrupted: the same command goes on from here")

// deploy does operation to the stack and fills result, also with what is known of an operation that failed.
func (e *engine) deploy(ctx context.Context, operation Operation, result *Result) error {
	stack, err := e.open(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	// Where nothing is left but what is protected, the CLI reports no events, for which the Automation API's preview would wait.
	if rehearsal, has := rehearsals[operation]; has && !e.cli.excludeProtected {
		if err := e.rehearse(ctx, stack, rehearsal); err != nil {
			return errors.Join(err, result.export(ctx, stack))
		}
	}
	report, err := e.run(ctx, stack, operation)
	result.Changes, result.Planned, result.events = countChanges(report.changes), report.planned(), report.events
	switch {
	case err != nil && ctx.Err() != nil:
		err = errInterrupted // what the engine says then is about the interruption, too
	case err != nil:
		err = failure(err, e.programErr, report.errors)
		result.errorsShown = len(report.errors) > 0
	}
	if operation == Preview {
		result.plan(report)
		if e.plan != "" {
			err = errors.Join(err, e.depend(ctx, stack, result))
		}
		return err
	}
	return errors.Join(err, result.export(ctx, stack))
}

// export reads what there is, after an interruption too.
func (r *Result) export(ctx context.Context, stack auto.Stack) error {
	exported, err := stack.Export(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	return r.read(exported)
}

// previewDestroy only looks at what a destroy would do.
const previewDestroy Operation = "preview of destroy"

// rehearsals are the previews of operations, as people's own Pulumi has them: what a preview finds out changes nothing, such as that a
// resource is protected (pulumi, resource/deploy/step.go, DeleteStep: it fails in a preview, too). The Automation API skips them.
var rehearsals = map[Operation]Operation{Up: Preview, Destroy: previewDestroy}

// rehearse does a preview in silence.
func (e *engine) rehearse(ctx context.Context, stack auto.Stack, preview Operation) error {
	quiet := *e
	quiet.progress, quiet.errors, quiet.plan = io.Discard, io.Discard, ""
	report, err := quiet.run(ctx, stack, preview)
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return fmt.Errorf("the preview failed, and nothing was changed: %w", failure(err, e.programErr, report.errors))
	case preview == Preview:
		return e.apply(e.set)
	}
	return nil
}

// run lets the CLI do operation and returns what the engine reported, also when it failed.
func (e *engine) run(ctx context.Context, stack auto.Stack, operation Operation) (*recording, error) {
	received := make(chan events.EngineEvent)
	finished, recorded := make(chan struct{}), make(chan *recording)
	go func() { recorded <- record(received, finished) }()

	var err error
	switch operation {
	case Preview:
		options := []optpreview.Option{optpreview.EventStreams(received), optpreview.Color(e.colour), optpreview.SuppressOutputs(),
			optpreview.ProgressStreams(e.progress), optpreview.ErrorProgressStreams(e.errors), optpreview.Replace(e.replace)}
		if e.refresh {
			options = append(options, optpreview.Refresh())
		}
		if e.plan != "" {
			options = append(options, optpreview.Plan(e.plan))
		}
		_, err = stack.Preview(ctx, options...)
	case Up:
		options := []optup.Option{optup.EventStreams(received), optup.Color(e.colour), optup.SuppressOutputs(),
			optup.ProgressStreams(e.progress), optup.ErrorProgressStreams(e.errors), optup.Replace(e.replace)}
		if e.refresh {
			options = append(options, optup.Refresh())
		}
		if e.plan != "" {
			options = append(options, optup.Plan(e.plan))
		}
		_, err = stack.Up(ctx, options...)
	case refresh:
		err = e.previewRefresh(ctx, stack, received)
	case previewDestroy:
		_, err = stack.PreviewDestroy(ctx, optdestroy.EventStreams(received), optdestroy.Color(e.colour), optdestroy.SuppressOutputs(),
			optdestroy.ProgressStreams(e.progress), optdestroy.ErrorProgressStreams(e.errors))
	case Destroy:
		_, err = stack.Destroy(ctx, optdestroy.EventStreams(received), optdestroy.Color(e.colour), optdestroy.SuppressOutputs(),
			optdestroy.ProgressStreams(e.progress), optdestroy.ErrorProgressStreams(e.errors))
	}
	close(finished)
	return <-recorded, err
}
