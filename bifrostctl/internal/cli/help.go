package cli

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"bifrost/bifrostctl/internal/fold"
)

// widest is how wide help is at most, in columns.
const widest = 80

// Prepare gives a program's root command what is the same for all: the flags of all commands, help that no terminal breaks, completion.
func Prepare(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	cobra.EnableCommandSorting = false // they stand in the order in which they are used
	choice := colour("auto")
	root.PersistentFlags().Var(&choice, colourFlag, "show colours: auto (on a terminal), always or never")
	Values(root, colourFlag, colourChoices...)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%s: %w; see %s --help", Words(cmd), err, cmd.CommandPath())
	})
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), Help(cmd, helpWidth())) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := fmt.Fprint(cmd.OutOrStderr(), Help(cmd, helpWidth()))
		return err
	})
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd() // the last one, as cobra puts it there again when it executes
	describeDefaults(root)
}

// helpWidth is the terminal's width, and not more than people read at ease.
func helpWidth() int {
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil {
		width, _, err = term.GetSize(int(os.Stdout.Fd()))
	}
	if err != nil || width > widest || width < widest/2 {
		return widest
	}
	return width
}

// Help is what a command's --help prints.
func Help(cmd *cobra.Command, width int) string {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	var b strings.Builder
	b.WriteString(Paragraphs(firstOf(cmd.Long, cmd.Short), width) + "\n\nUsage:\n")
	if cmd.Runnable() && !cmd.HasAvailableSubCommands() {
		b.WriteString("  " + cmd.UseLine() + "\n")
	} else {
		b.WriteString("  " + cmd.CommandPath() + " COMMAND\n")
	}
	if cmd.HasExample() {
		b.WriteString("\nExamples:\n" + strings.TrimRight(cmd.Example, "\n") + "\n")
	}
	for _, group := range groups(cmd) {
		b.WriteString("\n" + group.title + ":\n")
		for _, sub := range group.commands {
			b.WriteString(row(fmt.Sprintf("  %-*s  ", cmd.NamePadding(), sub.Name()), sub.Short, width))
		}
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() {
		b.WriteString("\nFlags:\n" + strings.TrimRight(flags.FlagUsagesWrapped(width), "\n") + "\n")
	}
	if flags := cmd.InheritedFlags(); flags.HasAvailableFlags() {
		b.WriteString("\nFlags of all commands:\n" + strings.TrimRight(flags.FlagUsagesWrapped(width), "\n") + "\n")
	}
	if !cmd.HasParent() {
		b.WriteString("\nExit status:\n")
		for _, each := range ExitCodes {
			b.WriteString(row(fmt.Sprintf("  %d  ", each.Code), each.Meaning, width))
		}
	}
	return b.String()
}

type group struct {
	title    string
	commands []*cobra.Command
}

// groups are a command's commands below the titles of their groups.
func groups(cmd *cobra.Command) []group {
	var all []group
	for _, g := range append(slices.Clone(cmd.Groups()), &cobra.Group{Title: "Commands"}) {
		titled := group{title: g.Title}
		for _, sub := range cmd.Commands() {
			if sub.GroupID == g.ID && (sub.IsAvailableCommand() || sub.Name() == "help") {
				titled.commands = append(titled.commands, sub)
			}
		}
		if len(titled.commands) > 0 {
			all = append(all, titled)
		}
	}
	return all
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// row is a line with a beginning, whose text goes on below itself.
func row(begin, text string, width int) string {
	folded := fold.Words(text, width-len(begin))
	return begin + strings.ReplaceAll(folded, "\n", "\n"+strings.Repeat(" ", len(begin))) + "\n"
}

// Paragraphs folds a text whose paragraphs have an empty line between them. A line that is indented stays as it is.
func Paragraphs(text string, width int) string {
	var folded []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if !strings.HasPrefix(paragraph, " ") {
			paragraph = fold.Words(strings.Join(strings.Fields(paragraph), " "), width)
		}
		folded = append(folded, paragraph)
	}
	return strings.Join(folded, "\n\n")
}
