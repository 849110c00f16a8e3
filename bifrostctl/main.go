// Command bifrostctl is the companion of the bifrost Pulumi program. It is not needed to deploy: it rehearses
// deployments where no cloud account is at hand, it says of a deployed stack which link is broken, it writes the letter to the vendor, it
// fetches the vendor's schema, and it pins the refresher's images.
package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/adopt"
	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/drift"
	"bifrost/bifrostctl/graph"
	"bifrost/bifrostctl/handoff"
	"bifrost/bifrostctl/images"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/report"
	"bifrost/bifrostctl/review"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/schema"
	"bifrost/bifrostctl/setup"
	"bifrost/bifrostctl/verify"
)

// version is set by the build (-ldflags "-X main.version=...").
var version = "dev"

func main() {
	os.Exit(run())
}

func run() int {
	// The first signal ends a deployment in an orderly way. Later ones are ignored meanwhile: the engine has ten seconds.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Execute(ctx, command(), os.Args[1:], os.Stdout, os.Stderr)
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:     "bifrostctl",
		Short:   "The companion of the bifrost Pulumi program",
		Version: version,
		Example: `  bifrostctl init prod
  bifrostctl sandbox up prod
  bifrostctl verify prod`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cli.NoJSON(root, "prints this help")
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"A stack's life", []*cobra.Command{setup.Command(), adopt.Command(saved.Open), sandbox.Command(), verify.Command(saved.Open),
			handoff.Command(saved.Open), drift.Command(sandbox.Drift), review.Command()}},
		{"What a stack is, and what a change does", []*cobra.Command{graph.Command(saved.Open), report.Command(pictures)}},
		{"Files of a stack", []*cobra.Command{images.Command(http.DefaultTransport), schema.Command(projectdir.Find)}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.title
			root.AddCommand(cmd)
		}
	}
	cli.Prepare(root)
	return root
}

// pictures are those of a report.
var pictures = report.Pictures{
	Touched: graph.TouchedMermaid,
	Page: func(w io.Writer, set *changes.Set, r *report.Report) error {
		return graph.OfSet(set).Page(w, graph.PageOptions{Title: r.Stack, Verdict: r.PlainVerdict(), Notes: r.PlainWarnings()})
	},
}
