package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// request is one command of a user.
type request struct {
	stack, dir, state, kubeconfig string
	sandbox, takeOver             bool
	set                           []string
	options                       Options
	rehearsal                     service.OpenRehearsal
}

// Command returns the command "adopt STACK". rehearsal opens a stack of the sandbox.
func Command(rehearsal service.OpenRehearsal) *cobra.Command {
	r := request{rehearsal: rehearsal}
	cmd := &cobra.Command{
		Use:   "adopt STACK",
		Short: "Say how a stack takes in what a recipe, the chart or the module made by hand",
		Long: `Asks the clouds and the cluster what is there under the names of the stack file, and prints what the stack file needs to take
it in without making any of it anew: ids, and the settings that keep names, selectors and who pulls. It says what changes in place, what
cannot be kept, and what is left for you. It changes nothing, but for --take-over.

--take-over gives the stack the fields that kubectl, Helm or Terraform own of the objects: the record of owners alone.`,
		Example: `  bifrostctl adopt prod
  bifrostctl adopt prod --set eks.roleName=OurPullRole
  bifrostctl adopt prod --take-over
  bifrostctl adopt aws-dev --sandbox`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		r.dir, r.stack = projectdir.Deployed(r.dir, args[0], r.sandbox)
		return r.run(cmd.Context(), out)
	})
	flags := cmd.Flags()
	flags.BoolVar(&r.sandbox, "sandbox", false, "look into the clouds of the stack in the sandbox")
	flags.BoolVar(&r.takeOver, "take-over", false, "give the stack the fields that other tools own of the objects found")
	flags.StringArrayVar(&r.set, "set", nil, "look under other names: `path=value` over the stack file, as eks.roleName=OurPullRole; "+
		"may be given several times")
	flags.StringVar(&r.options.Workload, "workload", "", "the `name` of the gateway's Deployment, where several have its image")
	flags.StringVar(&r.kubeconfig, "kubeconfig", "", "reach the cluster with the current context of this `file`")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&r.state, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	return cmd
}

// found is a stack with what is asked about it.
type found struct {
	name, called string
	raw          stacks.Raw
	state        []byte
	clouds       service.Clouds
	kubeconfig   func(context.Context) (string, error)
	close        func() error
}

func (r request) run(ctx context.Context, out io.Writer) (any, error) {
	if r.state != "" && !r.sandbox {
		return nil, errors.New("--state is the sandbox's folder: give --sandbox, too")
	}
	f, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	values, err := overlay.Apply(real.Objects(f.raw), r.set)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	// A half-written file, or one without its secrets, is good enough to look.
	config := stacks.Lenient(f.name, f.raw.Dir, values)
	if !r.sandbox {
		f.clouds, err = real.Clouds(ctx, config, real.Ways{Kubeconfig: r.kubeconfig, ConfiguredKubeconfig: f.kubeconfig})
		if err != nil {
			return nil, err
		}
	}
	plan, err := Find(ctx, f.name, config, f.state, f.clouds, r.options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stack %s: %w", f.name, err), f.close())
	}
	for _, setting := range r.set {
		if err := plan.given(setting, values); err != nil {
			return plan, errors.Join(err, f.close())
		}
	}
	if r.takeOver {
		written, err := TakeOver(ctx, plan, f.clouds)
		if err != nil {
			return plan, errors.Join(&cli.FailedError{Err: err}, f.close())
		}
		plan.Owned = []Owned{}
		fmt.Fprintf(out, "The stack owns the fields of %d objects now.\n\n", written)
	}
	return plan, errors.Join(plan.Write(out, f.called), f.close())
}

// open reads the stack.
func (r request) open(ctx context.Context) (*found, error) {
	if r.sandbox {
		s, err := r.rehearsal(ctx, service.RehearsalRequest{Stack: r.stack, Dir: r.dir, State: r.state, Kubeconfig: r.kubeconfig})
		if err != nil {
			return nil, err
		}
		if r.kubeconfig != "" {
			s.Clouds.Kubernetes, s.Clouds.Objects = real.Kubeconfig(r.kubeconfig)
		}
		return &found{name: s.Name, called: s.Called, raw: s.Config, state: s.State, clouds: s.Clouds, close: s.Close}, nil
	}
	project, err := real.Open(ctx, r.dir, r.stack)
	if err != nil {
		return nil, fmt.Errorf("%w; for the stack in the sandbox: bifrostctl adopt %s --sandbox", err, r.stack)
	}
	return &found{name: r.stack, raw: project.Config, state: project.State, kubeconfig: project.Kubeconfig,
		close: func() error { return nil }}, nil
}

// given has a setting of the command line among those of the plan: what was found under other names is kept by them.
func (p *Plan) given(setting string, values map[string]any) error {
	name, _, _ := strings.Cut(setting, "=")
	path, err := resource.ParsePropertyPath(name)
	if err != nil {
		return fmt.Errorf("--set %s: %w", name, err)
	}
	if path[0] == overlay.Secrets {
		return fmt.Errorf("--set %s: nothing here is found by a secret; leave it out", name)
	}
	if p.has(name) {
		return nil
	}
	var value any = values
	for _, key := range path {
		switch at := value.(type) {
		case map[string]any:
			value = at[fmt.Sprint(key)]
		case []any:
			value = at[key.(int)]
		}
	}
	p.set(name, value, "as --set says")
	return nil
}
