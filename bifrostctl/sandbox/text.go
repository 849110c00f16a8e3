package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/changes"
	"bifrost/stacks"
)

// Outputs with a treatment of their own: the hand-off is printed so that it can be pasted into a mail, the readme is a
// page for the Pulumi Console and not printed at all.
const (
	handoffOutput = "vendorHandoff"
	readmeOutput  = "readme"
)

// printOutcome tells a person the outputs and what to do next.
func printOutcome(w io.Writer, request Request, result *Result) {
	if request.Diff {
		printValues(w, changes.OfPlanned(result.Planned))
	}
	if request.Operation != Destroy {
		printOutputs(w, result.Outputs)
	}
	if request.Operation == Up {
		printHandoff(w, result.Outputs)
	}
	fmt.Fprintln(w, next(request, result))
}

func printOutputs(w io.Writer, outputs map[string]any) {
	var others []string
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if name != handoffOutput && name != readmeOutput {
			others = append(others, indent(block(map[string]any{name: outputs[name]}), "  "))
		}
	}
	if len(others) > 0 {
		fmt.Fprintf(w, "Outputs:\n%s\n", strings.Join(others, ""))
	}
}

func printHandoff(w io.Writer, outputs map[string]any) {
	entries, _ := outputs[handoffOutput].([]any)
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(w, "For the vendor (%s):\n\n", handoffOutput)
	for _, entry := range entries {
		fmt.Fprintln(w, indent(pairs(entry), "    "))
	}
}

// pairs renders an entry of the hand-off for a mail: texts stand without the quotes that YAML may need.
func pairs(entry any) string {
	object, _ := entry.(map[string]any)
	var lines strings.Builder
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if value, ok := object[key].(string); ok {
			fmt.Fprintf(&lines, "%s: %s\n", key, value)
			continue
		}
		lines.WriteString(block(map[string]any{key: object[key]}))
	}
	return lines.String()
}

// block renders a value as YAML: one key: value pair a line.
func block(value any) string {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintln(value)
	}
	return text.String()
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+by) + "\n"
}

// next says what to do after a command that succeeded.
func next(request Request, result *Result) string {
	switch {
	case request.Operation == Destroy && result.Changes.Delete == 0 && !result.protected():
		return "The sandbox holds nothing of stack " + request.Stack + ": nothing to delete."
	case request.Operation == Destroy && result.protected():
		return fmt.Sprintf("What is not protected of stack %s is deleted from the sandbox; what is protected stays, and so does what it "+
			"needs.", request.Stack)
	case request.Operation == Destroy:
		return "Stack " + request.Stack + " is deleted from the sandbox."
	case request.Operation == Preview && result.unpublished != "":
		return fmt.Sprintf("Nothing was changed. The vendor's registry has no %s, and an up would fail to pull it. To publish it, and to "+
			"deploy:\n  %s\n  %s", result.unpublished, request.of("publish", result.tag), request.command(Up))
	case request.Operation == Preview:
		return "Nothing was changed. To deploy it:\n  " + request.command(Up)
	case result.rollout == stacks.RolloutIdentity:
		return "The identities stand. Print the letter to the vendor and, after the answer, add the workload:\n  " + request.letter() +
			"\n  " + request.command(Up, "rollout="+string(stacks.RolloutFull))
	}
	change, destroy := request.command(Preview, "labels.team=platform"), request.command(Destroy)
	if result.protected() {
		return fmt.Sprintf("The stack is up. To see what a change would do, or to delete all but its protected identities:\n  %s\n  %s "+
			"--exclude-protected\nTo delete everything:\n  %s\n  %s", change, destroy,
			request.command(Up, "protectIdentities=false"), destroy)
	}
	return "The stack is up. To see what a change would do, or to delete everything:\n  " + change + "\n  " + destroy
}
