// Package sandbox deploys the bifrost program with the real Pulumi engine into clouds that exist only on this machine: no
// account, no credentials, no network beyond loopback. It needs a Unix (process groups, flock).
//
// What a command reads is the project's Pulumi.yaml and Pulumi.<stack>.yaml, which it never writes. What it writes is below
// one state folder:
//
//	pulumi/                   the engine's file backend
//	home/                     the engine's own settings (PULUMI_HOME)
//	<stack>/work/             the working copy of the project: configuration with its overlay, secrets encrypted
//	<stack>/encryption.json   the key of those secrets
//	<stack>/world.json        what exists in the stack's clouds
//	<stack>/lock              held by the command that runs on the stack
package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Operation is what a command does to a stack.
type Operation string

// The operations, named as Pulumi names them.
const (
	Preview Operation = "preview"
	Up      Operation = "up"
	Destroy Operation = "destroy"
)

// Request is one command of a user.
type Request struct {
	// Operation and Stack say what is done to which stack.
	Operation Operation
	Stack     string
	// Dir is the project's folder; empty means the nearest parent of the working directory that holds the project.
	Dir string
	// State is the sandbox's folder; empty means .sandbox in the project's folder.
	State string
	// Set overlays the stack's configuration with path=value, in this order.
	Set []string
	// JSON asks for one JSON document (Result) instead of text for people.
	JSON bool
	// Self is how the user calls this program; texts that name a next command begin with it.
	Self string
}

// command returns the command line that does operation to the same stack.
func (r Request) command(operation Operation, settings ...string) string {
	words := []string{r.Self, "sandbox", string(operation), r.Stack}
	for _, setting := range settings {
		words = append(words, "--set", setting)
	}
	if r.Dir != "" {
		words = append(words, "--dir", r.Dir)
	}
	if r.State != "" {
		words = append(words, "--state", r.State)
	}
	return strings.Join(words, " ")
}

// FailedError is a deployment that failed, as opposed to one that was never tried because the request or the
// configuration is wrong.
type FailedError struct{ Err error }

func (e *FailedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// ExitCode returns the exit status of a command that ended with err: 0 for success, 1 for a failed deployment, 2 for bad
// usage or configuration.
func ExitCode(err error) int {
	var failed *FailedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		return 1
	}
	return 2
}

// Command returns the command tree "sandbox preview|up|destroy STACK".
func Command() *cobra.Command {
	parent := &cobra.Command{
		Use:   "sandbox",
		Short: "Rehearse a stack on clouds that exist only on this machine",
		Long: `Deploys a stack of the project with the real Pulumi engine into clouds that exist only on this machine.
No cloud account and no credentials are needed. The project's files are never written to.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, operation := range []struct {
		Operation
		short string
	}{
		{Preview, "Show what up would change"},
		{Up, "Deploy the stack, or bring it up to date"},
		{Destroy, "Delete what up made"},
	} {
		parent.AddCommand(operationCommand(operation.Operation, operation.short))
	}
	return parent
}

func operationCommand(operation Operation, short string) *cobra.Command {
	request := Request{Operation: operation, Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   string(operation) + " STACK",
		Short: short,
		Example: fmt.Sprintf(`  bifrostctl sandbox %[1]s aws-dev
  bifrostctl sandbox %[1]s azure-dev --set rollout=identity --json`, operation),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("sandbox %s takes one stack's name, not %d; see bifrostctl sandbox %[1]s --help", operation, len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			request.Stack = args[0]
			runner := Runner{Program: Bifrost, Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr()}
			runner.Colour = isTerminal(runner.Stdout) && os.Getenv("NO_COLOR") == ""
			return runner.Run(cmd.Context(), request)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&request.JSON, "json", false, "print one JSON document instead of text")
	flags.StringArrayVar(&request.Set, "set", nil, "overlay configuration: `path=value`, the path without the prefix bifrost:, the value as YAML\n"+
		"(gateway.replicas=5, ecs.subnets[0]=subnet-1, null removes); may be given several times")
	flags.StringVar(&request.Dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&request.State, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	return cmd
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
