// Package setup writes and changes stack files: it asks, looks up what the clouds know, has the program check the whole, and says which
// commands follow.
package setup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/verify/real"
)

// request is one command of a user.
type request struct {
	name, dir, from, on, self string
	set, without              []string
	yes, rdsCA                bool
}

// Answer are the fields of the JSON document.
type Answer struct {
	// Stack is its name, File the path of its stack file.
	Stack string `json:"stack"`
	File  string `json:"file"`
	// Written tells whether the file was written: not where nothing changed.
	Written bool `json:"written"`
	// Diff is what changed, as a unified diff.
	Diff string `json:"diff"`
	// Next are the commands that follow.
	Next []step `json:"next"`
	// Kept are the keys that still have the values of an example.
	Kept []kept `json:"kept"`
	// Lacks is what the stack file lacks though the program takes it; empty where that is nothing.
	Lacks string `json:"lacks,omitempty"`
}

// Command returns the command "init NAME".
func Command() *cobra.Command {
	r := request{self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Write the stack file of a new stack, or change one",
		Long: `Writes Pulumi.NAME.yaml, with a comment for each key. On a terminal it asks what is your own: account, cluster, hosts,
database. Where credentials of the cloud are at hand it looks up what there is to choose from; it changes nothing
there. Then the program checks the whole, and every problem is told at once, before anything is written.

Without a terminal, or with --yes, nothing is asked: --set gives the values, and --from the rest. An example has parts that not
everybody has; --without leaves them out:

` + partsHelp() + `

Secrets are never written: the commands that set them are printed, and stand in the file as a comment. For a stack that has a file, init
changes that: comments and keys of your own stay, and the difference is shown before it is written.`,
		Example: `  bifrostctl init prod
  bifrostctl init prod --on eks
  bifrostctl init demo --from aws-dev --yes
  bifrostctl init trial --from examples/minimal --yes \
    --set aws.region=eu-central-1 --set eks.clusterName=trial
  bifrostctl init prod --set gateway.replicas=5`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		r.name = args[0]
		answer, err := r.run(cmd, out)
		if answer == nil {
			return nil, err
		}
		return answer, err
	})
	flags := cmd.Flags()
	flags.StringVar(&r.from, "from", "", "begin with this `stack`: one of the project, or a folder of examples")
	flags.StringVar(&r.on, "on", "", "begin with the production example of this `place`: "+strings.Join(placeNames(), ", "))
	flags.StringArrayVar(&r.set, "set", nil, "a key's value: `path=value`, the path without the prefix bifrost:, the value as YAML "+
		"(gateway.replicas=5, null removes); may be given several times")
	flags.StringSliceVar(&r.without, "without", nil, "`parts` of the example that you do not have, see above: such as monitoring,otel")
	flags.BoolVar(&r.rdsCA, "rds-ca", false, "fetch the certificate authorities of Amazon RDS in the stack's region, to "+authorityFile)
	flags.BoolVarP(&r.yes, "yes", "y", false, "ask nothing, and write the change of a file that is there")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	cmd.MarkFlagsMutuallyExclusive("from", "on")
	cli.Values(cmd, "on", placeNames()...)
	complete(cmd)
	return cmd
}

// stackName is what Pulumi takes as the name of a stack (pulumi/sdk, tokens.ParseStackName).
var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

func (r request) run(cmd *cobra.Command, out io.Writer) (*Answer, error) {
	dir, err := projectdir.Find(r.dir)
	if err != nil {
		return nil, err
	}
	if _, name, is := projectdir.OfFile(r.name); is {
		r.name = name
	}
	if !stackName.MatchString(r.name) {
		return nil, fmt.Errorf("init: %q is no name of a stack; letters, digits, hyphens, underscores and dots will do", r.name)
	}
	d := &draft{dir: dir, name: r.name}
	notes := cli.Err(cmd)
	ask, interactive := onTerminal(cmd)
	if r.yes || cli.WantsJSON(cmd) {
		interactive = false
	}
	s := &session{request: r, draft: d, ask: ask, interactive: interactive, finder: real.NewFinder(), notes: notes, ctx: cmd.Context()}
	file := filepath.Join(dir, "Pulumi."+r.name+".yaml")
	if err := s.begin(file); err != nil {
		return nil, err
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	if r.rdsCA {
		cli.Doing(cmd.Context(), "fetching the certificate authorities of Amazon RDS")
		if err := takeAuthorities(cmd.Context(), d); err != nil {
			return nil, err
		}
	}
	if err := finish(d); err != nil {
		return nil, err
	}
	answer := &Answer{Stack: r.name, File: file, Diff: difference(d, filepath.Base(file)), Next: next(d, r.self), Kept: s.kept(),
		Lacks: lacks(d)}
	if err := sandbox.Judge(dir, r.name, d.file.Text()); err != nil {
		return answer, s.notWritten(err)
	}
	if answer.Diff == "" {
		fmt.Fprintf(out, "%s stays as it is.\n", filepath.Base(file))
		tellKept(out, answer.Kept)
		return answer, nil
	}
	if d.before != "" {
		if err := s.agree(out, answer); err != nil {
			return answer, err
		}
	}
	if err := os.WriteFile(file, []byte(d.file.Text()), 0o644); err != nil {
		return answer, err
	}
	answer.Written = true
	tell(out, d, filepath.Base(file), answer)
	return answer, nil
}

// agree shows what would change, and asks.
func (s *session) agree(out io.Writer, answer *Answer) error {
	fmt.Fprint(out, answer.Diff)
	if s.request.yes {
		return nil
	}
	if !s.interactive {
		return errors.New("nothing was written: give --yes to write the change above")
	}
	yes, err := s.ask.agree("Write it?", "", true)
	if err == nil && !yes {
		return errGivenUp
	}
	return err
}

// tell says what was written, and which commands follow.
func tell(out io.Writer, d *draft, file string, answer *Answer) {
	steps := answer.Next
	fmt.Fprintf(out, "%s is written. What follows:\n\n", file)
	widest := 0
	for _, each := range steps {
		if each.About != "" {
			widest = max(widest, len(each.Command))
		}
	}
	for _, each := range steps {
		line := "  " + each.Command
		if each.About != "" {
			line = fmt.Sprintf("  %-*s   # %s", widest, each.Command, each.About)
		}
		fmt.Fprintln(out, line)
	}
	tellKept(out, answer.Kept)
	if answer.Lacks != "" {
		fmt.Fprintf(out, "\n%s\n", answer.Lacks)
	}
	fmt.Fprintf(out, "\ndocs/production.md explains commands and keys. Change the file by hand, or with: %s init %s\n", os.Args[0], d.name)
}
