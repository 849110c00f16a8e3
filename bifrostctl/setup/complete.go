package setup

import (
	"slices"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/keys"
)

// complete completes the values of init's flags.
func complete(cmd *cobra.Command) {
	for flag, completed := range map[string]cobra.CompletionFunc{
		"from": func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return cli.Stacks(cmd), cobra.ShellCompDirectiveNoFileComp
		},
		"without": func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []string
			for _, p := range places {
				for _, each := range p.parts {
					names = append(names, each.name)
				}
			}
			slices.Sort(names)
			return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
		},
		"set": keys.CompleteSetting,
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, completed); err != nil {
			panic(err) // there is no such flag
		}
	}
}
