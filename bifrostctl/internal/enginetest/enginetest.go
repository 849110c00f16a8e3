// Package enginetest runs Pulumi programs on the real engine, in the test's own process, against the sandbox's provider
// doubles: a preview, update, refresh or destroy takes some hundredths of a second. It stands on packages that the engine
// keeps for its own tests; they are used here and nowhere else.
package enginetest

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	lifecycle "github.com/pulumi/pulumi/pkg/v3/engine/lifecycletest/framework"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy/deploytest"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Engines allocate much and keep little: at Go's usual pace a quarter of the processor's time goes into collecting garbage.
func init() { debug.SetGCPercent(400) }

// Names of the project and the stack that programs run as.
const (
	Project = "bifrost"
	Stack   = "test"
)

// Engine is one stack with its state.
type Engine struct {
	t       testing.TB
	servers *cloud.Servers
	world   *cloud.World
	program pulumi.RunFunc
	config  config.Map
	stack   string
	state   *deploy.Snapshot
	ctx     context.Context
	// replace are the resources that are to be made anew, deletesFirst says that all of them go first.
	replace      []resource.URN
	deletesFirst bool
	// logged is what the program logs in an operation.
	logged bytes.Buffer
}

// Result is what an operation did, or would do.
type Result struct {
	// Err is why the operation failed; nil where it did not.
	Err error
	// Changes counts the steps by operation, as "create" or "same"; the stack itself counts, too. What is only read does not.
	Changes map[string]int
	// Steps are what the engine began, in its order, without what stays the same or is only read.
	Steps []Step
	// Planned are all steps and messages in the form of Pulumi's digest of a preview. What the program said is of severity info.
	Planned changes.Planned
	// Diagnostics are the messages of the engine, and then of the program.
	Diagnostics []string
	// Warnings are what the sandbox tells besides, such as why the tasks of an ECS service stop.
	Warnings []string
	// Outputs are the stack's; empty after a preview.
	Outputs resource.PropertyMap
	// Snapshot is the state afterwards; that before after a preview.
	Snapshot *deploy.Snapshot
}

// Step is one thing that the engine does to a resource.
type Step struct {
	Op   string
	URN  resource.URN
	Type string
	Name string
	// Diff holds the paths of the properties for whose sake the step is made, in order.
	Diff []string
}

// String returns the step as "update Role name [description]".
func (s Step) String() string {
	text := fmt.Sprintf("%s %s %s", s.Op, tokens.Type(s.Type).Name(), s.Name)
	if len(s.Diff) == 0 {
		return text
	}
	return fmt.Sprintf("%s %v", text, s.Diff)
}

// New returns a stack of the program without any state. It runs against doubles over w until the test ends. Config keys
// carry their namespace, as "bifrost:platform"; objects are JSON texts.
func New(t testing.TB, w *cloud.World, program pulumi.RunFunc, values map[string]string) *Engine {
	t.Helper()
	servers, err := cloud.Serve(w)
	require.NoError(t, err)
	t.Cleanup(servers.Stop)
	e := &Engine{t: t, servers: servers, world: w, program: program, stack: Stack, config: config.Map{}, ctx: t.Context()}
	e.Set("pulumi:disable-default-providers", `["*"]`)
	for key, value := range values {
		e.Set(key, value)
	}
	return e
}

// Set sets a configuration value for the operations to come.
func (e *Engine) Set(key, value string) {
	e.t.Helper()
	e.config[e.key(key)] = config.NewValue(value)
}

// SetSecret sets a secret configuration value for the operations to come.
func (e *Engine) SetSecret(key, value string) {
	e.t.Helper()
	encrypted, err := config.Base64Crypter.EncryptValue(context.Background(), value)
	require.NoError(e.t, err)
	e.config[e.key(key)] = config.NewSecureValue(encrypted)
}

// Unset removes a configuration value.
func (e *Engine) Unset(key string) {
	e.t.Helper()
	delete(e.config, e.key(key))
}

// Fault makes calls of the operations to come go wrong; see cloud.ParseFault.
func (e *Engine) Fault(text string) {
	e.t.Helper()
	fault, err := cloud.ParseFault(text)
	require.NoError(e.t, err)
	e.servers.Inject(fault)
}

// FaultsMet tells whether every fault has struck at least once.
func (e *Engine) FaultsMet() bool { return len(e.servers.Unused()) == 0 }

// SetContext makes the operations to come end in an orderly way when ctx does, as after an interrupt.
func (e *Engine) SetContext(ctx context.Context) { e.ctx = ctx }

// SetProgram makes the operations to come run another program on the same state.
func (e *Engine) SetProgram(program pulumi.RunFunc) { e.program = program }

func (e *Engine) key(key string) config.Key {
	e.t.Helper()
	parsed, err := config.ParseKey(key)
	require.NoError(e.t, err)
	return parsed
}

// Preview plans an update.
func (e *Engine) Preview() *Result { e.t.Helper(); return e.run(engine.Update, true) }

// Up previews and makes an update. A failed preview is the result.
func (e *Engine) Up() *Result {
	e.t.Helper()
	if preview := e.run(engine.Update, true); preview.Err != nil {
		return preview
	}
	return e.run(engine.Update, false)
}

// UpAtOnce makes an update without a preview: `pulumi up --skip-preview`.
func (e *Engine) UpAtOnce() *Result { e.t.Helper(); return e.run(engine.Update, false) }

// Refresh reads what really exists.
func (e *Engine) Refresh() *Result { e.t.Helper(); return e.run(engine.Refresh, false) }

// Destroy deletes everything.
func (e *Engine) Destroy() *Result { e.t.Helper(); return e.run(engine.Destroy, false) }

// MustUp is Up where nothing may fail.
func (e *Engine) MustUp() *Result {
	e.t.Helper()
	r := e.Up()
	require.NoError(e.t, r.Err, "%v", r.Diagnostics)
	return r
}

func (e *Engine) run(op lifecycle.TestOp, preview bool) *Result {
	e.t.Helper()
	plan := &lifecycle.TestPlan{Project: Project, Stack: e.stack, Config: e.config, Decrypter: config.Base64Crypter}
	options := lifecycle.TestUpdateOptions{T: e.t, HostF: e.host(), SkipDisplayTests: true}
	if len(e.replace) > 0 {
		options.ReplaceTargets = deploy.NewUrnTargetsFromUrns(e.replace)
	}
	result := &Result{Changes: map[string]int{}, Snapshot: e.state}
	read := func(_ workspace.Project, _ deploy.Target, _ engine.JournalEntries, events []engine.Event, err error) error {
		result.read(events)
		for _, event := range events {
			require.NoError(e.t, result.plan(event))
		}
		return err
	}
	before := e.world.Warnings
	e.world.Warnings = nil
	state, err := op.RunWithContextStep(e.ctx, plan.GetProject(), plan.GetTarget(e.t, e.state), options, preview, nil, read, "")
	result.Err, result.Warnings = err, e.world.Warnings
	e.world.Warnings = before
	for _, warning := range result.Warnings {
		e.world.Warn(warning)
	}
	if e.logged.Len() > 0 {
		result.Diagnostics = append(result.Diagnostics, e.logged.String())
		result.said(e.logged.String())
		e.logged.Reset()
	}
	if preview {
		return result
	}
	if state != nil {
		e.state, result.Snapshot = state, state
	}
	result.Outputs = outputs(result.Snapshot)
	return result
}

// read takes steps and messages from the engine's events.
func (r *Result) read(events []engine.Event) {
	for _, event := range events {
		switch payload := event.Payload().(type) {
		case engine.ResourcePreEventPayload:
			r.step(payload.Metadata)
		case engine.DiagEventPayload:
			r.Diagnostics = append(r.Diagnostics, payload.Message)
		}
	}
}

func (r *Result) step(m engine.StepEventMetadata) {
	if m.Op == deploy.OpRead {
		return
	}
	r.Changes[string(m.Op)]++
	if m.Op == deploy.OpSame {
		return
	}
	s := Step{Op: string(m.Op), URN: m.URN, Type: string(m.Type), Name: m.URN.Name()}
	for path := range m.DetailedDiff {
		s.Diff = append(s.Diff, path)
	}
	slices.Sort(s.Diff)
	r.Steps = append(r.Steps, s)
}

func outputs(snapshot *deploy.Snapshot) resource.PropertyMap {
	if snapshot == nil {
		return nil
	}
	for _, r := range snapshot.Resources {
		if r.Type == resource.RootStackType && r.Parent == "" {
			return r.Outputs
		}
	}
	return nil
}

// host gives the engine the doubles as plugins and the program as its language runtime.
func (e *Engine) host() deploytest.PluginHostFactory {
	var loaders []*deploytest.ProviderLoader
	for _, double := range cloud.Providers() {
		addr := e.servers.Addr(double.Package)
		load := func() (plugin.Provider, error) {
			// Every provider instance has a connection of its own, as with the CLI.
			connection, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return nil, err
			}
			e.t.Cleanup(func() { _ = connection.Close() })
			return plugin.NewProviderWithClient(nil, pulumirpc.NewResourceProviderClient(connection), false), nil
		}
		loaders = append(loaders, deploytest.NewProviderLoader(tokens.Package(double.Package), semver.MustParse(double.Schema.Version),
			load))
	}
	var engineAddr string
	runtime := deploytest.NewLanguageRuntimeF(func(info plugin.RunInfo, _ *deploytest.ResourceMonitor) error {
		program := e.program
		if e.deletesFirst {
			program = deletingFirst(program)
		}
		return runProgram(info, engineAddr, program)
	})
	sink := diag.DefaultSink(&e.logged, &e.logged, diag.FormatOptions{Color: colors.Never})
	makeHost := deploytest.NewPluginHostF(sink, sink, runtime, nil, nil, loaders...)
	return func() plugin.Host {
		host := makeHost()
		engineAddr = host.ServerAddr()
		return host
	}
}

// runProgram does what Pulumi's Go language host does: it hands the engine's settings to the program.
func runProgram(info plugin.RunInfo, engineAddr string, program pulumi.RunFunc) error {
	values := map[string]string{}
	for key, value := range info.Config {
		values[key.String()] = value
	}
	var secrets []string
	for _, key := range info.ConfigSecretKeys {
		secrets = append(secrets, key.String())
	}
	ctx, err := pulumi.NewContext(context.Background(), pulumi.RunInfo{
		Project: info.Project, Stack: info.Stack, Config: values, ConfigSecretKeys: secrets,
		Parallel: info.Parallel, DryRun: info.DryRun, MonitorAddr: info.MonitorAddress, EngineAddr: engineAddr,
	})
	if err != nil {
		return err
	}
	return pulumi.RunWithContext(ctx, program)
}
