package cli

import (
	"io"
	"os"

	"github.com/spf13/cobra"
)

// Stdin is the name of a command's input among the names of files.
const Stdin = "-"

// Input opens a file that a command reads, or the command's input.
func Input(cmd *cobra.Command, file string) (io.ReadCloser, error) {
	if file == Stdin {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	return os.Open(file)
}
