package drift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/internal/pulumicli"
)

// Rehearse lets the sandbox look at what it has of a stack, and returns what the engine told, and the command that takes it back.
type Rehearse func(ctx context.Context, dir, state, stack string) (events []apitype.EngineEvent, up string, err error)

// answer is the document of --json.
type answer struct {
	Stack    string     `json:"stack"`
	Drift    bool       `json:"drift"`
	Compared int        `json:"compared"`
	Changed  []resource `json:"changed"`
	Gone     []resource `json:"gone"`
	// Markdown is what --markdown prints.
	Markdown string `json:"markdown"`
}

type resource struct {
	URN   string  `json:"urn"`
	Type  string  `json:"type"`
	Name  string  `json:"name"`
	ID    string  `json:"id"`
	Diffs []value `json:"diffs"`
}

type value struct {
	Path string `json:"path"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
}

type request struct {
	dir, state, events string
	sandbox, markdown  bool
}

// Command returns the command "drift STACK". rehearse asks the sandbox's clouds.
func Command(rehearse Rehearse) *cobra.Command {
	var r request
	cmd := &cobra.Command{
		Use:   "drift STACK",
		Short: "Say what was changed or taken away by hand since the last up",
		Long: `Compares what is in the clouds and the cluster with the stack's state, and says what differs. It changes neither: it runs
pulumi refresh --preview-only with the CLI on PATH, or else bin/pulumi, signed in as you are. --events reads what such a refresh printed.

Exit status: 0 when nothing differs, 1 when something does, 2 when that is not known.`,
		Example: `  bifrostctl drift prod
  bifrostctl drift prod --markdown
  bifrostctl drift prod --events refresh.json --json
  bifrostctl drift aws-dev --sandbox`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	flags := cmd.Flags()
	flags.StringVar(&r.events, "events", "", "read this `file`, which pulumi refresh --preview-only --json printed (- is stdin)")
	flags.BoolVar(&r.markdown, "markdown", false, "print Markdown, for an issue")
	flags.BoolVar(&r.sandbox, "sandbox", false, "compare the stack of the sandbox with its clouds")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&r.state, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		switch {
		case r.state != "" && !r.sandbox:
			return nil, errors.New("--state is the sandbox's folder: give --sandbox, too")
		case r.sandbox && r.events != "":
			return nil, errors.New("--events are of a real stack: remove --events or --sandbox")
		}
		cli.Doing(cmd.Context(), "comparing the stack with its clouds")
		found, up, err := r.look(cmd, args[0], rehearse)
		if err != nil {
			return nil, err
		}
		style := terminal
		if r.markdown {
			style = markdown
		}
		fmt.Fprint(out, found.Text(style, args[0], up))
		if !found.None() {
			err = &cli.FailedError{Err: fmt.Errorf("stack %s has drifted: %s", args[0], found.verdict())}
		}
		return found.answer(args[0], up), err
	})
	return cmd
}

// look returns what was found, and the command that takes it back.
func (r request) look(cmd *cobra.Command, argument string, rehearse Rehearse) (*Drift, string, error) {
	dir, stack := projectdir.Deployed(r.dir, argument, r.sandbox)
	up := "pulumi up --refresh --stack " + stack
	switch {
	case r.sandbox:
		events, up, err := rehearse(cmd.Context(), dir, r.state, stack)
		if err != nil {
			return nil, "", err
		}
		found, err := Of(events)
		return found, up, err
	case r.events != "":
		input, err := cli.Input(cmd, r.events)
		if err != nil {
			return nil, "", err
		}
		defer input.Close()
		found, err := Read(input)
		return found, up, err
	}
	found, err := refresh(cmd.Context(), dir, stack)
	return found, up, err
}

// refresh asks the clouds with the user's own Pulumi CLI.
func refresh(ctx context.Context, dir, stack string) (*Drift, error) {
	project, err := projectdir.Find(dir)
	if err != nil {
		return nil, err
	}
	pulumi, err := pulumicli.Find(project)
	if err != nil {
		return nil, err
	}
	printed, said, _, err := pulumi.Run(ctx, project, nil, nil, nil, nil, "refresh", "--preview-only", "--json", "--stack", stack)
	found, unread := Read(strings.NewReader(printed))
	switch {
	case err != nil && (unread == nil || printed == ""):
		return nil, fmt.Errorf("pulumi refresh --preview-only of stack %s: %w\n%s", stack, err, plain(said))
	case unread != nil:
		return nil, unread
	}
	return found, nil
}

func (d *Drift) answer(stack, up string) answer {
	a := answer{
		Stack: stack, Drift: !d.None(), Compared: d.Compared, Changed: []resource{}, Gone: []resource{},
		Markdown: d.Text(markdown, stack, up),
	}
	for _, step := range d.Changed {
		r := resourceOf(step)
		for _, diff := range step.Diff {
			r.Diffs = append(r.Diffs, value{diff.Path, diff.Old, diff.New})
		}
		a.Changed = append(a.Changed, r)
	}
	for _, step := range d.Gone {
		a.Gone = append(a.Gone, resourceOf(step))
	}
	return a
}

func resourceOf(step changes.Step) resource {
	r := resource{URN: step.URN, Type: step.Type, Name: step.Name, Diffs: []value{}}
	if step.Old != nil {
		r.ID = step.Old.ID
	}
	return r
}
