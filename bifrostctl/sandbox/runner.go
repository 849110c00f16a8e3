package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Runner runs requests.
type Runner struct {
	Program Program
	// Stdout gets the results, Stderr notes about what the sandbox supplies.
	Stdout, Stderr io.Writer
	// Answer takes the fields of the JSON document of a command that is no deployment; nil where nobody asks for one.
	Answer func(fields any)
	// Colour says that Stdout shows colours.
	Colour bool
}

// Run does what the request asks for and prints the outcome. A deployment that fails is a *FailedError; any other error
// means that the request or the configuration is wrong, and that nothing was deployed. ExitCode tells them apart.
func (r Runner) Run(ctx context.Context, request Request) error {
	began := time.Now()
	result := &Result{Stack: request.Stack, Resources: []Resource{}, Outputs: map[string]any{},
		Planned: changes.Planned{Steps: []changes.PlannedStep{}}}
	err := explain(r.run(ctx, request, result), request, result)
	if request.JSON {
		result.Envelope = cli.Enclose("sandbox "+string(request.Operation), err)
		result.Seconds = math.Round(100*time.Since(began).Seconds()) / 100
		return cli.Answered(errors.Join(err, printJSON(r.Stdout, result)))
	}
	if err == nil {
		printOutcome(r.Stdout, request, result)
	}
	return err
}

// answer tells the fields of the JSON document.
func (r Runner) answer(fields any) {
	if r.Answer != nil {
		r.Answer(fields)
	}
}

// explain says what a failed deployment needs to be told: the reasons, unless the engine has shown them, and what mends it.
func explain(err error, request Request, result *Result) error {
	var failed *FailedError
	if !errors.As(err, &failed) {
		return err
	}
	if result.errorsShown && !request.JSON {
		err = fmt.Errorf("%s of stack %s failed: the errors are above", request.Operation, request.Stack)
	}
	if request.Operation == Destroy && result.protected() {
		request.Set = result.applied
		err = fmt.Errorf("%w\nThe stack protects its identities, because the vendor's allowlist names them. To delete them all the "+
			"same:\n  %s\n  %s\nTo keep them, and delete the rest:\n  %s --exclude-protected",
			err, request.command(Up, "protectIdentities=false"), request.command(Destroy), request.command(Destroy))
	}
	if words := failed.Error(); strings.Contains(words, "image not found") && strings.Contains(words, " has no ") {
		err = fmt.Errorf("%w\nThe vendor's registry has the tag of the stack's first command, until others are published:\n  %s", err,
			request.of("publish", result.tag))
	}
	return &FailedError{Err: err}
}

func (r Runner) run(ctx context.Context, request Request, result *Result) error {
	faults, err := parseFaults(request.Faults)
	if err != nil {
		return err
	}
	plan, err := request.plan()
	if err != nil {
		return err
	}
	p, err := loadProject(request.Dir, request.Stack)
	if err != nil {
		return err
	}
	result.Stack = p.stack
	inFile := p.values
	if p.values, err = overlay.Apply(inFile, request.Set); err != nil {
		return err
	}
	chosen := lenient(p.values)
	result.rollout, result.tag = chosen.Rollout, cmp.Or(chosen.Image().Digest, chosen.Image().Tag)
	cli, err := findCLI(p.dir)
	if err != nil {
		return err
	}
	cli.excludeProtected = request.ExcludeProtected
	f, err := request.folders(p)
	if err != nil {
		return err
	}
	if request.Operation == Destroy && !f.exist() {
		return nil
	}
	cluster, err := request.connect(ctx)
	if err != nil {
		return err
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()

	world, server, err := f.openWorld(p, inFile, p.values, cluster)
	if err != nil {
		return err
	}
	if err := f.settled(world, request, server); err != nil {
		return err
	}
	result.unpublished = unpublished(world, chosen)
	keeper, err := openKeeper(f.key())
	if err != nil {
		return &FailedError{Err: err}
	}
	plain := lackingPlain(p)
	fakes, err := p.supplySecrets(r.Program.MissingSecrets, fakeSecret(world, p.values, server))
	if err != nil {
		return err
	}
	if request.Operation != Destroy {
		r.note(p, fakes, plain, inClear(inFile))
	}
	config, err := p.raw()
	if err != nil {
		return err
	}
	secrets, err := p.encryptSecrets(keeper, fakes)
	if err != nil {
		return &FailedError{Err: err}
	}
	if r.Program.Check != nil && request.Operation != Destroy {
		if err := r.Program.Check(p.stack, config); err != nil {
			return &maskedError{maskText(err.Error(), secrets), err}
		}
	}
	if request.Operation != Destroy {
		r.noteGiven(world, p, server)
		r.noteRemoved(world, request)
	}
	if err := p.writeWorkingCopy(f.work(), keeper.salt); err != nil {
		return &FailedError{Err: fmt.Errorf("write the working copy: %w", err)}
	}
	if request.Operation != Up {
		if result.applied, err = f.applied(); err != nil {
			return &FailedError{Err: err}
		}
	}

	if request.JSON && request.Operation == Preview && plan == "" {
		plan = filepath.Join(f.work(), "plan.json")
		defer os.Remove(plan)
	}
	err = r.deploy(ctx, request, p, faults, &engine{
		plan: plan, folders: f, cli: cli, name: p.stack, passphrase: keeper.passphrase, replace: request.Replace, refresh: request.Refresh,
		set: request.Set,
	}, world, result)
	for i := range result.Diagnostics {
		result.Diagnostics[i].Message = maskText(result.Diagnostics[i].Message, secrets)
	}
	if err == nil {
		return nil
	}
	return &maskedError{maskText(err.Error(), secrets), err}
}

// maskedError tells of an error without the secrets that its own text may hold.
type maskedError struct {
	text  string
	cause error
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Unwrap() error { return e.cause }

// deploy lets the engine loose on the world and saves the world afterwards, whatever came of it. What only looks saves nothing: what the
// clouds were given for it, which nobody may ever deploy, is forgotten.
func (r Runner) deploy(ctx context.Context, request Request, p *project, faults []cloud.Fault, e *engine, world *cloud.World,
	result *Result) error {
	readme, err := p.readme()
	if err != nil {
		return err
	}
	if request.Operation.changes() {
		world.AutoSave(e.world())
	}
	servers, err := cloud.Serve(world)
	if err != nil {
		return &FailedError{Err: err}
	}
	defer servers.Stop()
	withdraw, err := e.publish(world)
	if err != nil {
		return &FailedError{Err: fmt.Errorf("write how the clouds' services are reached: %w", err)}
	}
	for _, fault := range faults {
		servers.Inject(fault)
	}
	e.debugProviders = servers.DebugProviders()

	progress := &display{w: io.Discard, rows: rows{slow: request.Kubeconfig != ""}}
	e.colour, e.progress, e.errors = "never", progress, io.Discard
	if !request.JSON {
		progress.w, e.errors = r.Stdout, r.Stderr
		if r.Colour {
			e.colour = "always"
		}
	}
	if request.Operation == Destroy {
		progress.show() // runs no program
	}
	var refused error
	e.program = func(ctx *pulumi.Context) error {
		err := r.Program.Deploy(ctx, p.dir, readme, p.keys())
		if err != nil && r.Program.Refused(err) {
			refused = err
			return err
		}
		progress.show()
		e.programErr = err
		return err
	}
	err = e.deploy(ctx, request.Operation, result)
	if err == nil && request.Operation == Destroy && !request.ExcludeProtected {
		world.ForgetGrants()
	}
	err = errors.Join(err, withdraw())
	switch {
	case request.Operation.changes():
		letGo(world, result)
		err = errors.Join(err, world.Save(e.world()), e.redeem())
	case request.Plan != "":
		err = errors.Join(err, e.promise(world))
	}
	if refused != nil {
		return refused
	}
	progress.show() // the CLI may have failed before it came to the program
	r.noteUnused(servers)
	r.noteRefusals(servers)
	result.Warnings = warnings(world)
	for _, warning := range result.Warnings {
		fmt.Fprintf(r.Stderr, "warning: %s\n", warning)
	}
	if err != nil {
		return &FailedError{Err: err}
	}
	return nil
}

// warnings returns the world's, while others may still come in.
func warnings(world *cloud.World) []string {
	world.Lock()
	defer world.Unlock()
	return slices.Clone(world.Warnings)
}

func parseFaults(texts []string) ([]cloud.Fault, error) {
	var faults []cloud.Fault
	for _, text := range texts {
		fault, err := cloud.ParseFault(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		faults = append(faults, fault)
	}
	return faults, nil
}
