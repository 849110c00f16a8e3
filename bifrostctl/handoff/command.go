package handoff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// request is one command of a user.
type request struct {
	stack, dir, state, before string
	sandbox                   bool
	rehearsal                 service.OpenRehearsal
	stdin                     io.Reader
}

// Command returns the command "handoff STACK". rehearsal opens a stack of the sandbox.
func Command(rehearsal service.OpenRehearsal) *cobra.Command {
	r := request{rehearsal: rehearsal}
	cmd := &cobra.Command{
		Use:   "handoff STACK",
		Short: "Print the letter that asks the vendor for access to the image",
		Long: `Prints what the vendor's onboarding team must know and do, ready to be mailed: who pulls, the policy statement or the
commands that let them, how it can be checked, and what is needed back. It is plain text, and Markdown as well, without a secret.

It reads the stack's outputs, or with - as STACK what "pulumi stack output vendorHandoff --json" prints, from its input. Keep that
output beside the letter: with --before the next letter says what has changed since.`,
		Example: `  bifrostctl handoff prod
  bifrostctl handoff prod --before handoff.json
  bifrostctl handoff aws-dev --sandbox
  pulumi stack output vendorHandoff --json --stack prod |
    bifrostctl handoff -`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, _ io.Writer) (any, error) {
		r.dir, r.stack = projectdir.Deployed(r.dir, args[0], r.sandbox)
		r.stdin = cmd.InOrStdin()
		cli.Doing(cmd.Context(), "reading stack "+r.stack)
		var letter strings.Builder
		principals, err := r.run(cmd.Context(), &letter)
		if err == nil && !cli.WantsJSON(cmd) {
			_, err = io.WriteString(cli.Raw(cmd), letter.String()) // not folded: it is mailed
		}
		return answer{r.stack, letter.String(), principals}, err
	})
	flags := cmd.Flags()
	flags.BoolVar(&r.sandbox, "sandbox", false, "write for the stack in the sandbox")
	flags.StringVar(&r.before, "before", "", "say what has changed since this `file`, an earlier vendorHandoff as JSON")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&r.state, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	return cmd
}

// answer are the fields of the JSON document.
type answer struct {
	Stack string `json:"stack"`
	// Letter is the whole letter, Principals who pulls, as the stack's output vendorHandoff has them.
	Letter     string             `json:"letter"`
	Principals []checks.Principal `json:"principals"`
}

// run writes the letter, and returns whom it is about.
func (r request) run(ctx context.Context, w io.Writer) ([]checks.Principal, error) {
	nobody := []checks.Principal{}
	if r.state != "" && !r.sandbox {
		return nobody, errors.New("--state is the sandbox's folder: give --sandbox, too")
	}
	input, err := r.read(ctx)
	if err != nil {
		return nobody, err
	}
	if input.Principals == nil {
		return nobody, fmt.Errorf("stack %s has no output vendorHandoff: there is nothing to hand off before its first up; run `%s`, "+
			"which makes the identities alone", r.stack, r.firstUp())
	}
	if r.before != "" {
		if input.Before, err = readFile(r.before); err != nil {
			return nobody, err
		}
	}
	letter, err := New(input)
	if err != nil {
		return nobody, fmt.Errorf("stack %s: %w", r.stack, err)
	}
	return input.Principals, letter.Write(w)
}

func (r request) firstUp() string {
	if r.sandbox {
		return "bifrostctl sandbox up " + r.stack + " --set rollout=identity"
	}
	return "pulumi config set bifrost:rollout identity --stack " + r.stack + " && pulumi up --stack " + r.stack
}

func readFile(path string) ([]checks.Principal, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--before: %w", err)
	}
	principals, err := readPrincipals(text)
	if err != nil {
		return nil, fmt.Errorf("--before %s: %w", path, err)
	}
	return principals, nil
}

func readPrincipals(text []byte) ([]checks.Principal, error) {
	principals := []checks.Principal{}
	if err := json.Unmarshal(text, &principals); err != nil {
		return nil, fmt.Errorf("this is not what `pulumi stack output vendorHandoff --json` prints: %w", err)
	}
	return principals, nil
}

// read finds out what the letter is about.
func (r request) read(ctx context.Context) (Input, error) {
	switch {
	case r.stack == "-" && r.sandbox:
		return Input{}, errors.New("--sandbox: - reads the input, not a stack; name the stack, or remove the flag")
	case r.stack == "-":
		text, err := io.ReadAll(r.stdin)
		if err != nil {
			return Input{}, fmt.Errorf("read the input: %w", err)
		}
		principals, err := readPrincipals(text)
		return Input{Principals: principals}, err
	case r.sandbox:
		found, err := r.rehearsal(ctx, service.RehearsalRequest{Stack: r.stack, Dir: r.dir, State: r.state})
		if err != nil {
			return Input{}, err
		}
		input, err := parse(r.stack, found.Config, found.Outputs)
		input.Rehearsal = true
		return input, errors.Join(err, found.Close())
	}
	project, err := real.Open(ctx, r.dir, r.stack)
	if err != nil {
		return Input{}, fmt.Errorf("%w; for the stack in the sandbox: bifrostctl handoff %s --sandbox", err, r.stack)
	}
	return parse(r.stack, project.Config, project.Outputs)
}

// parse reads what the letter needs. A configuration that is half edited, or lacks secrets until the vendor has sent the license, is none
// of its business.
func parse(name string, raw stacks.Raw, outputs []byte) (Input, error) {
	read, err := checks.ReadOutputs(outputs)
	return Input{Stack: name, Config: stacks.Lenient(name, "", real.Objects(raw)), Answered: read.Rollout == stacks.RolloutFull,
		Principals: read.Handoff}, err
}
