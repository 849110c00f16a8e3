package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// request is one command of a user.
type request struct {
	stack, dir, state, kubeconfig, url string
	sandbox, database                  bool
	rehearsal                          service.OpenRehearsal
	format, model                      string
	options                            Options
}

// Variables that hold what is the user's own: a command line is seen by others on the machine.
const (
	adminUsername = "BIFROST_ADMIN_USERNAME"
	adminPassword = "BIFROST_ADMIN_PASSWORD"
	virtualKey    = "BIFROST_VIRTUAL_KEY"
)

// Command returns the command "verify STACK". rehearsal opens a stack of the sandbox, which verify itself does not know.
func Command(rehearsal service.OpenRehearsal) *cobra.Command {
	r := request{rehearsal: rehearsal}
	cmd := &cobra.Command{
		Use:   "verify STACK",
		Short: "Say which link of a deployed stack is broken, and what mends it",
		Long: `Reads the stack's configuration and outputs, and checks link by link: what runs against the configuration, whom the clouds
trust, how the image is pulled, how the workload runs, what the gateway answers. It changes nothing.

BIFROST_ADMIN_USERNAME and BIFROST_ADMIN_PASSWORD in the environment are the administrator's login, BIFROST_VIRTUAL_KEY is what --inference
asks with. They are sent to the gateway alone, never in clear, and never printed.

Exit status: 0 when no check failed, 1 when one did, 2 when the stack could not be checked.`,
		Example: `  bifrostctl verify prod
  bifrostctl verify prod --pre
  bifrostctl verify prod --wait 10m -o short
  bifrostctl verify prod --database --inference openai/gpt-4o-mini
  bifrostctl verify aws-dev --sandbox --json`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.dir, r.stack = projectdir.Deployed(r.dir, args[0], r.sandbox)
			return r.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.options.Before, "pre", false, "check what must hold before the first up: credentials, account, clusters")
	flags.StringVarP(&r.format, "output", "o", string(report.Table), "the `form` of output: table, short (what is not good) or json")
	asked := cli.JSON(cmd)
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if *asked && cmd.Flags().Changed("output") && r.format != string(report.JSON) {
			return fmt.Errorf("--json and --output %s: give one of them", r.format)
		}
		if *asked {
			r.format = string(report.JSON)
		}
		*asked = r.format == string(report.JSON)
		return nil
	}
	cli.Values(cmd, "output", string(report.Table), string(report.Short), string(report.JSON))
	flags.DurationVar(&r.options.Wait, "wait", 0, "look again until no check fails, or until this `time` has passed (10m)")
	flags.BoolVar(&r.sandbox, "sandbox", false, "check the stack in the sandbox")
	flags.StringVar(&r.kubeconfig, "kubeconfig", "", "reach the cluster with the current context of this `file`")
	flags.StringVar(&r.url, "url", "", "ask the gateway at this `URL`, such as a load balancer's, instead of through a port-forward")
	flags.StringVar(&r.model, "inference", "", "ask this `model`, such as openai/gpt-4o-mini, for one plain and one streamed completion")
	flags.BoolVar(&r.database, "database", false,
		"connect to PostgreSQL from a pod, with the gateway's login: needs the right to exec and to read its Secrets")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&r.state, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	return cmd
}

func (r request) run(cmd *cobra.Command) error {
	r.options.Format, r.options.Sandbox = report.Format(r.format), r.sandbox
	switch {
	case !slices.Contains(report.Formats, r.options.Format):
		return fmt.Errorf("--output %s: write table, short or json", r.format)
	case r.options.Wait < 0:
		return fmt.Errorf("--wait %s: must not be negative", r.options.Wait)
	case r.state != "" && !r.sandbox:
		return errors.New("--state is the sandbox's folder: give --sandbox, too")
	case r.options.Before && (r.model != "" || r.database):
		return errors.New("--pre looks before the first up, when no gateway runs: remove --inference and --database")
	case os.Getenv(adminUsername) != "" && os.Getenv(adminPassword) == "":
		return fmt.Errorf("%s is in the environment, and %s is not: give both, or the password alone", adminUsername, adminPassword)
	}
	cli.Doing(cmd.Context(), "reading stack "+r.stack)
	stack, clouds, closing, err := r.open(cmd.Context())
	if err != nil {
		return err
	}
	cli.Doing(cmd.Context(), "checking stack "+r.stack)
	stack.Access = r.access(stack.Config)
	w := cli.Out(cmd)
	if r.options.Format == report.JSON {
		w = cli.Raw(cmd)
	}
	return errors.Join(Run(cmd.Context(), w, stack, clouds, r.options, Pause), closing())
}

// access is what the user lets the checks use.
func (r request) access(config *stacks.Config) checks.Access {
	access := checks.Access{VirtualKey: os.Getenv(virtualKey), Model: r.model, Database: r.database}
	if password := os.Getenv(adminPassword); password != "" {
		access.Admin = &service.Login{User: cmp.Or(os.Getenv(adminUsername), config.AdminLogin().Username), Password: password}
	}
	return access
}

// open reads the stack and finds the services that are asked about it.
func (r *request) open(ctx context.Context) (checks.Stack, service.Clouds, func() error, error) {
	if r.sandbox {
		return r.openSandbox(ctx)
	}
	nothing := func() error { return nil }
	project, err := real.Open(ctx, r.dir, r.stack)
	if err != nil {
		return checks.Stack{}, service.Clouds{}, nothing,
			fmt.Errorf("%w; for the stack in the sandbox: bifrostctl verify %s --sandbox", err, r.stack)
	}
	stack, err := parse(r.stack, project.Config, project.Outputs, project.State)
	if err != nil {
		return stack, service.Clouds{}, nothing, err
	}
	clouds, err := real.Clouds(ctx, stack.Config, real.Ways{Kubeconfig: r.kubeconfig, ConfiguredKubeconfig: project.Kubeconfig, URL: r.url})
	return stack, clouds, nothing, err
}

func (r *request) openSandbox(ctx context.Context) (checks.Stack, service.Clouds, func() error, error) {
	found, err := r.rehearsal(ctx, service.RehearsalRequest{Stack: r.stack, Dir: r.dir, State: r.state, Kubeconfig: r.kubeconfig})
	if err != nil {
		return checks.Stack{}, service.Clouds{}, nil, err
	}
	r.options.Called, r.options.Sets = found.Called, found.Sets
	r.options.Removed, r.options.Real = found.Removed, r.kubeconfig != ""
	stack, err := parse(found.Name, found.Config, found.Outputs, found.State)
	if err != nil {
		return stack, service.Clouds{}, nil, errors.Join(err, found.Close())
	}
	if r.kubeconfig != "" {
		found.Clouds.Kubernetes, found.Clouds.Objects = real.Kubeconfig(r.kubeconfig)
	}
	return stack, found.Clouds, found.Close, nil
}

// parse reads a stack's configuration, as an up does, its outputs and its state.
func parse(name string, raw stacks.Raw, outputs, state []byte) (checks.Stack, error) {
	config, err := stacks.Parse(name, raw)
	if err != nil {
		return checks.Stack{}, err
	}
	read, err := checks.ReadOutputs(outputs)
	if err != nil {
		return checks.Stack{}, err
	}
	things, err := checks.ReadState(state)
	return checks.Stack{Name: name, Config: config, Outputs: read, Things: things}, err
}
