// Package sandbox deploys the bifrost program with the real Pulumi engine into clouds that exist only on this machine: no
// account, no credentials, no network beyond loopback. It needs a Unix (process groups, flock).
//
// What a command reads is the project's Pulumi.yaml and Pulumi.<stack>.yaml, which it never writes. What it writes is below
// one state folder:
//
//	<stack>/pulumi/           the engine's file backend
//	<stack>/home/             the engine's own settings (PULUMI_HOME)
//	<stack>/work/             the working copy of the project: configuration with its overlay, secrets encrypted
//	<stack>/settings.json     the overlay of the last up that went past its preview
//	<stack>/encryption.json   the key of those secrets
//	<stack>/world.json        what exists in the stack's clouds
//	<stack>/promised.json     the keys that a saved plan counts on, until the next up
//	<stack>/network.json      with --kubeconfig, while a command runs: how pods reach the clouds' services
//	<stack>/network-ca.pem    the authority of those services' certificates
//	<stack>/lock              held by the command that runs on the stack
package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/keys"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// Command returns the command tree "sandbox preview|up|destroy|serve|state|... STACK".
func Command() *cobra.Command {
	parent := &cobra.Command{
		Use:   "sandbox",
		Short: "Rehearse a stack on clouds that exist only on this machine",
		Long: `Deploys a stack of the project with the real Pulumi engine into clouds that exist only on this machine.
No cloud account and no credentials are needed. The project's files are never written to. STACK is the name of a stack
of the project or of its file, Pulumi.aws-dev.yaml, or a folder that holds one stack file, with a slash in its path: examples/minimal.`,
		Example: `  bifrostctl sandbox up aws-dev
  bifrostctl sandbox preview aws-dev --set gateway.replicas=5
  bifrostctl sandbox destroy aws-dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cli.NoJSON(parent, "prints this help")
	for _, operation := range []operationWords{
		{Preview, "Show what up would change", "previewing"},
		{Up, "Deploy the stack, or bring it up to date", "deploying"},
		{Destroy, "Delete what up made", "deleting"},
	} {
		parent.AddCommand(operationCommand(operation))
	}
	for _, cmd := range []*cobra.Command{serveCommand(), stateCommand(), removeCommand(), restoreCommand(), changeCommand(),
		allowlistCommand(), publishCommand(), keysCommand(), byHandCommand()} {
		cmd.ValidArgsFunction = cli.CompleteStacks
		parent.AddCommand(cmd)
	}
	return parent
}

// operationWords are an operation, and what people call it.
type operationWords struct {
	Operation
	short, doing string
}

func operationCommand(operation operationWords) *cobra.Command {
	request := Request{Operation: operation.Operation, Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   string(operation.Operation) + " STACK",
		Short: operation.short,
		Long:  operation.short + ".",
		Example: fmt.Sprintf(`  bifrostctl sandbox %[1]s aws-dev
  bifrostctl sandbox %[1]s azure-dev --set rollout=identity --json
  bifrostctl sandbox %[1]s examples/minimal
  bifrostctl sandbox %[1]s aws-dev \
    --fault 'type=aws:iam/role:Role,op=check,error=throttled'`, operation.Operation),
		Args: cli.Stack,
		RunE: func(cmd *cobra.Command, args []string) error {
			request.name(args[0])
			request.JSON = cli.WantsJSON(cmd)
			cli.Doing(cmd.Context(), operation.doing+" "+request.Stack)
			return runner(cmd).Run(cmd.Context(), request)
		},
	}
	cli.JSON(cmd)
	faultFlag(cmd, &request)
	kubeconfigFlag(cmd, &request)
	cmd.Flags().StringArrayVar(&request.Set, "set", nil, "overlay configuration: `path=value`, the path without the prefix bifrost:, the "+
		"value as YAML\n"+
		"(gateway.replicas=5, ecs.subnets[0]=subnet-1, null removes); may be given several times")
	if operation.Operation != Destroy {
		cmd.Flags().StringArrayVar(&request.Replace, "replace", nil, "make the resource with this `URN` anew; may be given several times")
		cmd.Flags().BoolVar(&request.Refresh, "refresh", false, "read first what exists in the clouds")
	} else {
		cmd.Flags().BoolVar(&request.ExcludeProtected, "exclude-protected", false, "leave what is protected, and delete the rest")
	}
	if operation.Operation == Up {
		cmd.Flags().StringVar(&request.Plan, "plan", "", "do what this `file` of preview --save-plan has, and nothing else")
	}
	if operation.Operation == Preview {
		cmd.Flags().BoolVar(&request.Diff, "diff", false, "show the values that change, from what to what")
		cmd.Flags().StringVar(&request.Plan, "save-plan", "", "save what up would do to this `file`, for up --plan")
	}
	folderFlags(cmd, &request)
	completeFlag(cmd, "set", keys.CompleteSetting)
	cmd.ValidArgsFunction = cli.CompleteStacks
	return cmd
}

// completeFlag completes a flag's values.
func completeFlag(cmd *cobra.Command, flag string, completed cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, completed); err != nil {
		panic(err) // there is no such flag
	}
}

func serveCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	var providers []string
	cmd := &cobra.Command{
		Use:   "serve STACK",
		Short: "Let a Pulumi CLI of your own deploy into the stack's clouds",
		Long: `Starts the stack's clouds alone and stays until it is interrupted. The one line on stdout, run in another shell, makes a
Pulumi CLI there use the doubles in the place of the providers; the commands are printed to stderr. A provider that
--providers leaves out is the real one then.`,
		Example: `  bifrostctl sandbox serve aws-dev
  bifrostctl sandbox serve aws-dev --providers aws,kubernetes`,
		Args: cli.Stack,
		RunE: func(cmd *cobra.Command, args []string) error {
			request.name(args[0])
			return runner(cmd).Serve(cmd.Context(), request, providers)
		},
	}
	cli.NoJSON(cmd, "prints one line for a shell, and stays until it is interrupted")
	cmd.Flags().StringSliceVar(&providers, "providers", nil, "the `packages` of the providers to serve (default: all)")
	faultFlag(cmd, &request)
	kubeconfigFlag(cmd, &request)
	folderFlags(cmd, &request)
	return cmd
}

func stateCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "state STACK",
		Short: "Show what exists in the stack's clouds",
		Long: "Lists what exists in the stack's clouds, whoever made it, with the clusters that were there before. It may run beside " +
			"other commands.",
		Example: `  bifrostctl sandbox state aws-dev
  bifrostctl sandbox state aws-dev --json`,
		Args: cli.Stack,
	}
	answers(cmd, &request, func(r Runner, _ []string) error { return r.State(request) })
	cmd.Flags().BoolVar(&request.ShowSecrets, "show-secrets", false, "with --json, print secrets as they are: fakes, unless a --set gave "+
		"them")
	folderFlags(cmd, &request)
	return cmd
}

func removeCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "remove STACK TYPE ID",
		Short: "Delete one thing from the stack's clouds by hand, unknown to Pulumi",
		Long: `Deletes one thing, named as sandbox state names it, as somebody would with the cloud's own console: Pulumi does not learn
of it. It mends what an up has left behind whose answer was lost, and it rehearses drift. What others made comes back with
sandbox restore.`,
		Example: "  bifrostctl sandbox remove aws-dev aws:iam/role:Role BifrostECRPullRole",
		Args:    oneThing,
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.Remove(request, args[1], args[2]) })
	folderFlags(cmd, &request)
	return cmd
}

func restoreCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "restore STACK TYPE ID",
		Short: "Bring back what others made and sandbox remove took away",
		Long: `Brings back one thing that stood there before the first up, such as a Secret that others made, as it was when sandbox remove
took it away.`,
		Example: "  bifrostctl sandbox restore aws-dev kubernetes:core/v1:Secret llm/llm-keys",
		Args:    oneThing,
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.Restore(request, args[1], args[2]) })
	folderFlags(cmd, &request)
	return cmd
}

func oneThing(cmd *cobra.Command, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("sandbox %s takes a stack's name, a type and an id, not %d words; see bifrostctl sandbox %[1]s --help",
			cmd.Name(), len(args))
	}
	return nil
}

func changeCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "change STACK TYPE ID PATH=VALUE...",
		Short: "Change one thing in the stack's clouds by hand, unknown to Pulumi",
		Long: `Changes properties of one thing, named as sandbox state names it: of what the stack made, or of what others have, such as the
vendor's side of a federation. Later commands leave it as it is then. The value is YAML, null removes.`,
		Example: `  bifrostctl sandbox change aws-dev aws:iam/role:Role \
    BifrostECRPullRole uniqueId=AROAANOTHER
  bifrostctl sandbox change aws-dev aws:eks/cluster:Cluster dev \
    podIdentityAgent=false
  bifrostctl sandbox change aws-dev sandbox:clock all later=13h`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 4 {
				return fmt.Errorf("sandbox change takes a stack's name, a type, an id and settings, not %d words; see bifrostctl sandbox "+
					"change --help", len(args))
			}
			return nil
		},
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.Change(request, args[1], args[2], args[3:]) })
	folderFlags(cmd, &request)
	return cmd
}

func allowlistCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "allowlist STACK",
		Short: "Show or change whom the vendor lets pull from its repository",
		Long: `Lists the principals on the vendor's allowlist, which begins with those that the stack file may hand off. A principal is
known by its unique id from its first pull on: a role or service account that is made again is another one, until it is added anew.`,
		Example: "  bifrostctl sandbox allowlist aws-dev \\\n    --remove arn:aws:iam::111122223333:role/BifrostECRPullRole",
		Args:    cli.Stack,
	}
	answers(cmd, &request, func(r Runner, _ []string) error { return r.Allowlist(request, add, remove) })
	cmd.Flags().StringArrayVar(&add, "add", nil, "the `PRINCIPAL` to add, or to know anew, as the list has it; may be given several times")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "the `PRINCIPAL` to remove; may be given several times")
	folderFlags(cmd, &request)
	return cmd
}

func publishCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "publish STACK [TAG...]",
		Short: "Publish tags of the image in the vendor's registry, or show them",
		Long: `The vendor's registry has the tag of the stack's first command but a preview, and those that the stack file names in
sandbox:tags. A pull of any other is refused until it is published. A tag that is published again has moved: it means another image.
TAG@sha256:DIGEST says which one: verify compares it with what the nodes of a cluster of yours run.`,
		Example: "  bifrostctl sandbox publish aws-dev 2.1.1",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("sandbox publish takes a stack's name and tags; see bifrostctl sandbox publish --help")
			}
			return nil
		},
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.Publish(request, args[1:]) })
	folderFlags(cmd, &request)
	return cmd
}

func runner(cmd *cobra.Command) Runner {
	r := Runner{Program: Bifrost, Stdout: cli.Raw(cmd), Stderr: cli.Err(cmd), Colour: cli.Colour(cmd, cmd.OutOrStdout())}
	if !cli.WantsJSON(cmd) {
		r.Stdout = cli.Out(cmd)
	}
	return r
}

// answers gives a command that is no deployment what it does, and the flag --json.
func answers(cmd *cobra.Command, request *Request, run func(r Runner, args []string) error) {
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		request.name(args[0])
		var fields any
		r := runner(cmd)
		r.Stdout, r.Answer = out, func(own any) { fields = own }
		err := run(r, args)
		return fields, err
	})
}

func faultFlag(cmd *cobra.Command, request *Request) {
	cmd.Flags().StringArrayVar(&request.Faults, "fault", nil, "let a cloud fail: `fault` as above; may be given several times")
	grammar, errs, _ := strings.Cut(double.FaultGrammar, " with ")
	cmd.Long = strings.TrimSpace(cmd.Long + "\n\nA --fault is\n\n  " + strings.Replace(grammar, "[,", "\n  [,", 1) + "\n\nwith " + errs +
		".")
}

func kubeconfigFlag(cmd *cobra.Command, request *Request) {
	cmd.Flags().StringVar(&request.Kubeconfig, "kubeconfig", "", "keep the stack's Kubernetes objects in a real cluster: that of the "+
		"current context of this `file`")
}

func folderFlags(cmd *cobra.Command, request *Request) {
	cmd.Flags().StringVar(&request.Dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	cmd.Flags().StringVar(&request.State, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
}
