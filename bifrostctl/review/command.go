package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/internal/pulumicli"
)

const usualTTL = 72 * time.Hour

// Command returns the command tree "review write|list".
func Command() *cobra.Command {
	parent := &cobra.Command{
		Use:   "review",
		Short: "Make a stack for a pull request, and say which have lived long enough",
		Long: `A review stack is a copy of a stack under a name of its own, which begins with ` + Prefix +
			`. It has a name prefix of its own,
protects nothing, and goes some days after its last update.`,
		Example: "  bifrostctl review write review-pr12 --from aws-dev\n  bifrostctl review list --expired",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cli.NoJSON(parent, "prints this help")
	parent.AddCommand(writeCommand(), listCommand())
	return parent
}

func writeCommand() *cobra.Command {
	var from, dir string
	var settings []string
	cmd := &cobra.Command{
		Use:   "write STACK",
		Short: "Write the stack file of a review stack",
		Long: `Writes Pulumi.STACK.yaml from another stack's file: with the part of STACK behind ` + Prefix + ` as namePrefix,
without protection, and with the settings of --set. Encrypted secrets come along with their key;
Pulumi Cloud's own encryption knows one stack each, and gives none away. The command prints what comes next.`,
		Example: `  bifrostctl review write review-pr12 --from aws-dev
  bifrostctl review write review-pr12 --from aws-dev --set gateway.ingress=null`,
		Args: cli.Stack,
	}
	cmd.Flags().StringVar(&from, "from", "", "the `stack` to copy")
	cmd.Flags().StringArrayVar(&settings, "set", nil, "overlay configuration: `path=value`, as sandbox up --set has it; may be given "+
		"several times")
	cmd.Flags().StringVar(&dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	cli.Answers(cmd, func(_ *cobra.Command, args []string, out io.Writer) (any, error) {
		if from == "" {
			return nil, errors.New("review write needs --from: the stack to copy")
		}
		name := args[0]
		file, err := Write(dir, name, from, settings)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "%s is written.\nOn the sandbox:\n  bifrostctl sandbox up %s\n  bifrostctl sandbox destroy %[2]s\n"+
			"In the account of %s:\n"+
			"  pulumi stack select --create %[2]s\n  pulumi up --stack %[2]s\n  pulumi destroy --stack %[2]s --remove\n", file, name, from)
		return struct {
			Stack string `json:"stack"`
			File  string `json:"file"`
		}{name, file}, nil
	})
	return cmd
}

func listCommand() *cobra.Command {
	var file, dir string
	var limits Limits
	var expired bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the review stacks of the backend, and which may go",
		Long: `Runs pulumi stack ls in the project, and says of each review stack whether it may go: some time after its last update,
or at once where --open is given and does not name it. A stack on which an operation runs stays.`,
		Example: `  bifrostctl review list
  bifrostctl review list --ttl 24h --open review-pr12,review-pr14
  bifrostctl review list --expired`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.DurationVar(&limits.TTL, "ttl", usualTTL, "the `time` since its last update after which a stack may go")
	flags.StringSliceVar(&limits.Open, "open", nil, "the `stacks` that are still wanted, such as those of open pull requests")
	flags.BoolVar(&expired, "expired", false, "print the names of those that may go, one a line, and nothing else")
	flags.StringVar(&file, "stacks", "", "read this `file`, which pulumi stack ls --json printed (- is stdin)")
	flags.StringVar(&dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	cli.Answers(cmd, func(cmd *cobra.Command, _ []string, out io.Writer) (any, error) {
		limits.Known = cmd.Flags().Changed("open")
		if limits.TTL < 0 {
			return nil, fmt.Errorf("--ttl %s: must not be negative", limits.TTL)
		}
		listing, err := stacksOf(cmd, dir, file)
		if err != nil {
			return nil, err
		}
		found, err := Read(bytes.NewReader(listing), limits, time.Now())
		if err != nil {
			return nil, err
		}
		show(out, found, expired)
		return struct {
			Stacks []Stack `json:"stacks"`
		}{found}, nil
	})
	return cmd
}

func show(out io.Writer, found []Stack, expired bool) {
	if expired {
		for _, s := range found {
			if s.Expired {
				fmt.Fprintln(out, s.Name)
			}
		}
		return
	}
	if len(found) == 0 {
		fmt.Fprintln(out, "There is no review stack.")
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STACK\tLAST UPDATE\tMAY GO")
	for _, s := range found {
		updated, goes := "never", "no"
		if !s.Updated.IsZero() {
			updated = s.Updated.UTC().Format("2006-01-02 15:04")
		}
		if s.Expired {
			goes = "yes"
		}
		if s.Why != "" {
			goes += ": " + s.Why
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, updated, goes)
	}
	_ = table.Flush() // to a writer that keeps its own errors
}

// stacksOf is what `pulumi stack ls --json` prints in the project, or has printed to a file.
func stacksOf(cmd *cobra.Command, dir, file string) ([]byte, error) {
	if file == "" {
		return askPulumi(cmd.Context(), dir)
	}
	input, err := cli.Input(cmd, file)
	if err != nil {
		return nil, err
	}
	defer input.Close()
	return io.ReadAll(input)
}

func askPulumi(ctx context.Context, dir string) ([]byte, error) {
	project, err := projectdir.Find(dir)
	if err != nil {
		return nil, err
	}
	pulumi, err := pulumicli.Find(project)
	if err != nil {
		return nil, err
	}
	printed, said, _, err := pulumi.Run(ctx, project, nil, nil, nil, nil, "stack", "ls", "--json")
	if err != nil {
		return nil, fmt.Errorf("pulumi stack ls: %w\n%s", err, strings.TrimSpace(said))
	}
	return []byte(printed), nil
}
