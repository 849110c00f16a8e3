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
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/bifrostctl/sandbox/cloud"
)

// Runner runs requests.
type Runner struct {
	Program Program
	// Stdout gets the results, Stderr notes about what the sandbox supplies.
	Stdout, Stderr io.Writer
	// Colour says that Stdout shows colours.
	Colour bool
}

// Run does what the request asks for and prints the outcome. A deployment that fails is a *FailedError; any other error
// means that the request or the configuration is wrong, and that nothing was deployed. ExitCode tells them apart.
func (r Runner) Run(ctx context.Context, request Request) error {
	began := time.Now()
	result := &Result{Stack: request.Stack, Result: "succeeded", Resources: []Resource{}, Outputs: map[string]any{}}
	err := explain(r.run(ctx, request, result), request, result)
	if request.JSON {
		if err != nil {
			result.Result, result.Error = "failed", err.Error()
		}
		result.Seconds = math.Round(100*time.Since(began).Seconds()) / 100
		return errors.Join(err, result.print(r.Stdout))
	}
	if err == nil {
		printOutcome(r.Stdout, request, result)
	}
	return err
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
		err = fmt.Errorf("%w\nThe stack protects its identities, because the vendor's allowlist names them. To delete them all the same:\n  %s\n  %s",
			err, request.command(Up, "protectIdentities=false"), request.command(Destroy))
	}
	return &FailedError{err}
}

func (r Runner) run(ctx context.Context, request Request, result *Result) error {
	p, err := loadProject(request.Dir, request.Stack)
	if err != nil {
		return err
	}
	inFile := p.values
	if p.values, err = overlay(inFile, request.Set); err != nil {
		return err
	}
	result.rollout = text(p.values, "rollout")
	cli, err := findCLI(p.dir)
	if err != nil {
		return err
	}
	state, err := filepath.Abs(cmp.Or(request.State, filepath.Join(p.dir, ".sandbox")))
	if err != nil {
		return err
	}
	f := folders{state: state, stack: filepath.Join(state, request.Stack)}
	if request.Operation == Destroy && !f.exist() {
		return nil // never up
	}
	unlock, err := f.lock()
	if err != nil {
		return &FailedError{err}
	}
	defer unlock()

	world, err := cloud.Load(f.world())
	if err != nil {
		return &FailedError{err}
	}
	server := seed(world, inFile)
	keeper, err := openKeeper(f.key())
	if err != nil {
		return &FailedError{err}
	}
	fakes, err := p.supplySecrets(r.Program.MissingSecrets, fakeSecret(world, p.values, server))
	if err != nil {
		return err
	}
	if request.Operation != Destroy {
		r.note(p, fakes)
	}
	secrets, err := p.encryptSecrets(keeper, fakes)
	if err != nil {
		return &FailedError{err}
	}
	if err := p.writeWorkingCopy(f.work(), keeper.salt); err != nil {
		return &FailedError{fmt.Errorf("write the working copy: %w", err)}
	}

	err = r.deploy(ctx, request, p, &engine{folders: f, cli: cli, name: request.Stack, passphrase: keeper.passphrase}, world, result)
	var failed *FailedError
	if errors.As(err, &failed) {
		return &FailedError{errors.New(maskText(err.Error(), secrets))}
	}
	return err
}

// note tells what the stack's configuration is here that it is not in life.
func (r Runner) note(p *project, fakes []string) {
	if p.environments {
		fmt.Fprintf(r.Stderr, "The environments that %s imports are not opened here: give their values with --set\n", stackFile(p.stack))
	}
	if len(fakes) > 0 {
		fmt.Fprintf(r.Stderr, "Secrets that %s lacks or holds encrypted are fakes here: %s\n", stackFile(p.stack), strings.Join(fakes, ", "))
	}
}

// deploy lets the engine loose on the world and saves the world afterwards, whatever came of it.
func (r Runner) deploy(ctx context.Context, request Request, p *project, e *engine, world *cloud.World, result *Result) error {
	readme, err := p.readme()
	if err != nil {
		return err
	}
	world.AutoSave(e.world())
	servers, err := cloud.Serve(world)
	if err != nil {
		return &FailedError{err}
	}
	defer servers.Stop()
	e.debugProviders = servers.DebugProviders()

	progress := &display{w: io.Discard}
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
		err := r.Program.Deploy(ctx, readme, p.keys())
		if err != nil && r.Program.Refused(err) {
			refused = err
			return err
		}
		progress.show()
		e.programErr = err
		return err
	}
	err = e.deploy(ctx, request.Operation, result)
	err = errors.Join(err, world.Save(e.world()))
	if refused != nil {
		return refused
	}
	progress.show() // the CLI may have failed before it came to the program
	if err != nil {
		return &FailedError{err}
	}
	return nil
}

// folders are the sandbox's folder and, in it, the folder of one stack.
type folders struct{ state, stack string }

func (f folders) backend() string { return filepath.Join(f.state, "pulumi") }
func (f folders) home() string    { return filepath.Join(f.state, "home") }
func (f folders) work() string    { return filepath.Join(f.stack, "work") }
func (f folders) world() string   { return filepath.Join(f.stack, "world.json") }
func (f folders) key() string     { return filepath.Join(f.stack, "encryption.json") }

// exist tells whether anything was ever done to the stack.
func (f folders) exist() bool {
	_, err := os.Stat(f.world())
	return err == nil
}

// lock makes sure that one command at a time runs on the stack.
func (f folders) lock() (unlock func(), err error) {
	if err := os.MkdirAll(f.stack, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(f.stack, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another sandbox command runs on this stack and holds %s; wait until it ends (%w)", file.Name(), err)
	}
	return func() { _ = file.Close() }, nil
}
