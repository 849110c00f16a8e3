package sandbox

import (
	"context"
	"errors"
	"fmt"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
)

// Serve runs the doubles of the provider packages (all where none is named) over the stack's clouds until ctx ends, for a
// Pulumi CLI that the user runs. It prints the one line that makes a CLI attach to them to Stdout, explanations to Stderr.
// It holds the stack's lock; every change is saved as it comes. It serves this process's user alone, where the system tells whose a
// connection is.
func (r Runner) Serve(ctx context.Context, request Request, packages []string) error {
	faults, err := parseFaults(request.Faults)
	if err != nil {
		return err
	}
	for _, name := range packages {
		if err := cloud.CheckPackage(name); err != nil {
			return fmt.Errorf("--providers: %w", err)
		}
	}
	cluster, err := request.connect(ctx)
	if err != nil {
		return err
	}
	held, err := hold(request, cluster)
	if err != nil {
		return err
	}
	defer held.unlock()
	world, f := held.world, held.folders
	if err := f.settled(world, request, held.server); err != nil {
		return err
	}
	world.AutoSave(f.world())
	world.Entered = true
	servers, err := cloud.Serve(world, packages...)
	if err != nil {
		return &FailedError{Err: err}
	}
	withdraw, err := f.publish(world)
	if err != nil {
		servers.Stop()
		return &FailedError{Err: fmt.Errorf("write how the clouds' services are reached: %w", err)}
	}
	for _, fault := range faults {
		servers.Inject(fault)
	}
	if !loopback.KnowsUsers {
		fmt.Fprintln(r.Stderr, everybody)
	}
	fmt.Fprintf(r.Stderr, serving, held.project.stack, servers.DebugProviders(), held.project.dir, held.project.configFlag())
	if len(world.AWS) > 0 {
		fmt.Fprintf(r.Stderr, reaching, world.Network.Proxy(), f.networkCA())
	}
	fmt.Fprintf(r.Stdout, "export PULUMI_DEBUG_PROVIDERS=%s\n", servers.DebugProviders())
	<-ctx.Done()
	servers.Stop()
	r.noteUnused(servers)
	r.noteRefusals(servers)
	if err := errors.Join(withdraw(), world.Save(f.world())); err != nil {
		return &FailedError{Err: err}
	}
	return nil
}

// serving takes a stack's name, the value of PULUMI_DEBUG_PROVIDERS, the project's folder, and the flag for a stack file elsewhere.
const serving = `The clouds of stack %[1]s are here until Ctrl-C; what exists is kept. A Pulumi CLI attaches to them in another terminal,
with a backend and a stack of its own. It does not see what sandbox up made as the stack's: --state gives clouds of their own.
  cd %[3]s
  export PULUMI_DEBUG_PROVIDERS=%[2]s
  export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
  pulumi preview --stack %[1]s%[4]s
  pulumi up --stack %[1]s%[4]s
To let that terminal reach the real clouds again:
  unset PULUMI_DEBUG_PROVIDERS PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION
`

// reaching takes the URL of the proxy and the file of the authority.
const reaching = `The AWS CLI asks ECS of these clouds (aws ecs list-task-definitions, deregister-task-definition, describe-services,
update-service, wait services-stable) with any credentials and
  export HTTPS_PROXY=%s AWS_CA_BUNDLE=%s
`

// everybody is said where loopback.KnowsUsers is false.
const everybody = `This system does not tell whose a connection is: until Ctrl-C every user of this machine can change these clouds and read
the secrets of their stack.`
