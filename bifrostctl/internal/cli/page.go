package cli

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

//go:embed commands.md.tmpl
var pageText string

var page = template.Must(template.New("commands").Parse(pageText))

// Page is docs/commands.md: what all commands have in common, and the help of each.
func Page(root *cobra.Command) (string, error) {
	type described struct{ Words, Short, Anchor, Help, NoJSON string }
	var all []described
	for _, cmd := range Tree(root) {
		all = append(all, described{Words(cmd), cmd.Short, strings.ReplaceAll(Words(cmd), " ", "-"),
			strings.TrimRight(Help(cmd, widest), "\n"), WhyNoJSON(cmd)})
	}
	var b strings.Builder
	err := page.Execute(&b, map[string]any{"Codes": ExitCodes, "Commands": all, "Root": root.Name()})
	return b.String(), err
}

// Tree is a command and all commands below it that people see, in the order of the help.
func Tree(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, group := range groups(cmd) {
		for _, sub := range group.commands {
			all = append(all, Tree(sub)...)
		}
	}
	return all
}

// completions are what a shell's commands are, in the order of their helps.
var completions = map[string]struct{ long, example string }{
	"bash": {"Prints what makes bash complete commands, stacks, flags and keys. It needs the package bash-completion.",
		"  source <(%[1]s completion bash)\n  %[1]s completion bash > /etc/bash_completion.d/%[1]s"},
	"zsh": {"Prints what makes zsh complete commands, stacks, flags and keys. It needs compinit.",
		"  source <(%[1]s completion zsh)\n  %[1]s completion zsh > \"${fpath[1]}/_%[1]s\""},
	"fish": {"Prints what makes fish complete commands, stacks, flags and keys.",
		"  %[1]s completion fish | source\n  %[1]s completion fish > ~/.config/fish/completions/%[1]s.fish"},
	"powershell": {"Prints what makes PowerShell complete commands, stacks, flags and keys.",
		"  %[1]s completion powershell | Out-String | Invoke-Expression"},
}

// describeDefaults gives the commands that cobra adds the words that ours have.
func describeDefaults(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Use, cmd.Short, cmd.Long = "help [COMMAND]", "Print the help of a command", ""
			cmd.Example = fmt.Sprintf("  %s help %s", root.Name(), root.Commands()[0].Name())
			NoJSON(cmd, "prints help")
		case "completion":
			cmd.Short, cmd.Long = "Print what makes a shell complete commands, stacks and keys", ""
			cmd.Example = fmt.Sprintf("  source <(%s completion bash)", root.Name())
			NoJSON(cmd, "prints this help")
			cmd.Args, cmd.RunE = cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				words := completions[shell.Name()]
				shell.Long, shell.Example = words.long, fmt.Sprintf(words.example, root.Name())
				NoJSON(shell, "prints a script for a shell")
			}
		}
	}
}
