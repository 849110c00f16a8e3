package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/projectdir"
)

// Stack takes exactly one argument, a stack.
func Stack(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return Usage(cmd, fmt.Sprintf("takes one stack, not %d words", len(args)))
	}
	return nil
}

// Usage is the error of a command that was called in a wrong way.
func Usage(cmd *cobra.Command, wrong string) error {
	return errors.New(Words(cmd) + " " + wrong + "; see " + cmd.CommandPath() + " --help")
}

// CompleteStacks completes the first argument of a command: the project's stacks, and the folders of examples that hold one stack file.
func CompleteStacks(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return Stacks(cmd), cobra.ShellCompDirectiveNoFileComp
}

// Stacks are the stacks of the project that a command may name, by name or by folder.
func Stacks(cmd *cobra.Command) []cobra.Completion {
	dir := ""
	if flag := cmd.Flags().Lookup("dir"); flag != nil {
		dir = flag.Value.String()
	}
	project, err := projectdir.Find(dir)
	if err != nil {
		return nil
	}
	var found []cobra.Completion
	for _, pattern := range []string{"Pulumi.*.yaml", "examples/*/Pulumi.*.yaml"} {
		files, _ := fs.Glob(os.DirFS(project), pattern) // the patterns are well formed
		for _, file := range files {
			_, stack, _ := projectdir.OfFile(file)
			if folder := filepath.Dir(file); folder != "." {
				if !ofProject(filepath.Join(project, file)) {
					continue
				}
				stack = folder
			}
			found = append(found, stack)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// ofProject tells whether a stack file is one of this project.
func ofProject(file string) bool {
	text, err := os.ReadFile(file)
	return err == nil && strings.Contains(string(text), "bifrost:platform")
}

// Values completes a flag with these values.
func Values(cmd *cobra.Command, flag string, values ...cobra.Completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}
