package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/fold"
)

// Execute runs the command that args name, tells of its error, and returns the exit status.
func Execute(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	ctx, end := watched(ctx, stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	end()
	if err == nil {
		return ExitDone
	}
	var told answeredError
	if wantsJSON(args) && WhyNoJSON(cmd) == "" && !errors.As(err, &told) {
		err = errors.Join(err, Print(stdout, Words(cmd), nil, err))
	}
	fmt.Fprintln(fold.Terminal(stderr), root.Name()+":", err)
	return ExitCode(err)
}

// wantsJSON looks for --json in words that may not have been parsed.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--"+jsonFlag) || slices.Contains(args, "--"+jsonFlag+"=true")
}
