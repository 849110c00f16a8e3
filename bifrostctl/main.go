// Command bifrostctl is the companion of the bifrost Pulumi program. It is not needed to deploy: it rehearses
// deployments where no cloud account is at hand, it says of a deployed stack which link is broken, it writes the letter to the vendor, it
// fetches the vendor's schema, and it pins the refresher's images.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/handoff"
	"bifrost/bifrostctl/images"
	"bifrost/bifrostctl/internal/fold"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/schema"
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

	err := command().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(fold.Terminal(os.Stderr), "bifrostctl:", err)
	}
	return exitCode(err)
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "bifrostctl",
		Short:         "The companion of the bifrost Pulumi program",
		Version:       version,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(sandbox.Command(), verify.Command(saved.Open), handoff.Command(saved.Open), schema.Command(projectdir.Find),
		images.Command(http.DefaultTransport))
	return root
}

// exitCode is 0 for success, 1 for what failed, 2 for what could not be tried.
func exitCode(err error) int {
	var broken *verify.BrokenError
	if errors.As(err, &broken) {
		return 1
	}
	return sandbox.ExitCode(err)
}
