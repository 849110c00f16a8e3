package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"bifrost/bifrostctl/internal/fold"
)

const colourFlag = "color"

var colourChoices = []string{"auto", "always", "never"}

// IsTerminal tells whether something is read from or written to a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Colour tells whether w shows colours: as --color says, else as NO_COLOR (https://no-color.org) and CLICOLOR_FORCE
// (https://bixense.com/clicolors) say, else whether it is a terminal.
func Colour(cmd *cobra.Command, w io.Writer) bool {
	choice := ""
	if flag := cmd.Root().PersistentFlags().Lookup(colourFlag); flag != nil {
		choice = flag.Value.String()
	}
	force := os.Getenv("CLICOLOR_FORCE")
	switch {
	case choice == "always":
		return true
	case choice == "never", os.Getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return IsTerminal(w) && os.Getenv("TERM") != "dumb"
}

// colour is the value of --color.
type colour string

func (c *colour) String() string { return string(*c) }

// Type implements pflag.Value.
func (c *colour) Type() string { return "when" }

// Set implements pflag.Value.
func (c *colour) Set(text string) error {
	for _, choice := range colourChoices {
		if text == choice {
			*c = colour(text)
			return nil
		}
	}
	return fmt.Errorf("write auto, always or never")
}

// Out is where a command writes text for people: stdout, folded where it is a terminal.
func Out(cmd *cobra.Command) io.Writer { return statusOf(cmd).over(fold.Terminal(cmd.OutOrStdout())) }

// Raw is stdout for what nobody may fold, such as JSON or a letter.
func Raw(cmd *cobra.Command) io.Writer { return statusOf(cmd).over(cmd.OutOrStdout()) }

// Err is where a command writes notes for people: stderr, folded where it is a terminal.
func Err(cmd *cobra.Command) io.Writer { return statusOf(cmd).over(fold.Terminal(cmd.ErrOrStderr())) }
