package sandbox

import (
	"regexp"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
)

// Operation is what a command does to a stack.
type Operation string

// The operations, named as Pulumi names them.
const (
	Preview Operation = "preview"
	Up      Operation = "up"
	Destroy Operation = "destroy"
)

// Request is one command of a user.
type Request struct {
	// Operation says what is done.
	Operation Operation
	// Stack is the name of a stack of the project or, with a slash, the folder of a stack file.
	Stack string
	// Dir is the project's folder; empty means the nearest parent of the working directory that holds the project.
	Dir string
	// State is the sandbox's folder; empty means .sandbox in the project's folder.
	State string
	// Set overlays the stack's configuration with path=value, in this order.
	Set []string
	// Faults are what goes wrong in the clouds, as cloud.ParseFault reads it.
	Faults []string
	// Replace are the URNs of what a preview or an up makes anew, Refresh lets it read first what exists.
	Replace []string
	Refresh bool
	// ExcludeProtected lets a destroy leave what is protected, and delete all else.
	ExcludeProtected bool
	// Diff has a preview show the values that change, and not only the names of their properties.
	Diff bool
	// Plan is the file that a preview saves its plan to, and that an up keeps to.
	Plan string
	// Kubeconfig is a file whose current context leads to the real cluster of the stack; empty means one of the sandbox's own.
	Kubeconfig string
	// ShowSecrets leaves secrets as they are in what State prints: the sandbox's are fakes, those of a --set are what was set.
	ShowSecrets bool
	// JSON asks for one JSON document (Result) instead of text for people.
	JSON bool
	// Self is how the user calls this program; texts that name a next command begin with it.
	Self string
}

// name takes a stack from a command line: also the name of its file, in which hints have the stack's.
func (r *Request) name(argument string) {
	r.Stack = argument
	if folder, stack, is := projectdir.OfFile(argument); is && folder == "" {
		r.Stack = stack
	}
}

// command returns the command line that does operation to the same stack, with the same overlay and settings over it. A destroy
// reads no configuration.
func (r Request) command(operation Operation, settings ...string) string {
	words := []string{r.Self, "sandbox", string(operation), shellWord(r.Stack)}
	if operation != Destroy {
		words = append(words, sets(append(without(r.Set, settings), settings...))...)
	}
	return strings.Join(append(append(words, r.cluster()...), r.where()...), " ")
}

// of returns the command line of a command that takes more words than the stack's name.
func (r Request) of(command string, more ...string) string {
	words := []string{r.Self, "sandbox", command, shellWord(r.Stack)}
	for _, word := range more {
		words = append(words, shellWord(word))
	}
	return strings.Join(append(words, r.where()...), " ")
}

// sets are settings as flags.
func sets(settings []string) []string {
	var flags []string
	for _, setting := range settings {
		flags = append(flags, "--set", shellWord(setting))
	}
	return flags
}

// letter returns the command line that prints the letter to the vendor.
func (r Request) letter() string {
	return strings.Join(append([]string{r.Self, "handoff", shellWord(r.Stack), "--sandbox"}, r.where()...), " ")
}

// cluster is the flag of the stack's real cluster.
func (r Request) cluster() []string {
	if r.Kubeconfig == "" {
		return nil
	}
	return []string{"--kubeconfig", shellWord(r.Kubeconfig)}
}

// where are the flags of the folders that are not the usual ones.
func (r Request) where() []string {
	var flags []string
	if r.Dir != "" {
		flags = append(flags, "--dir", shellWord(r.Dir))
	}
	if r.State != "" {
		flags = append(flags, "--state", shellWord(r.State))
	}
	return flags
}

// without returns the settings whose paths others do not set; the value of a secret is left out.
func without(settings, others []string) []string {
	var kept []string
	for _, setting := range settings {
		path, _, _ := strings.Cut(setting, "=")
		if slices.ContainsFunc(others, func(other string) bool { return strings.HasPrefix(other, path+"=") }) {
			continue
		}
		if strings.HasPrefix(path, secretsKey) {
			setting = path + "=..."
		}
		kept = append(kept, setting)
	}
	return kept
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@,+-]+$`)

// shellWord quotes a word for a shell where it needs that.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// FailedError is a deployment that failed, as opposed to one that was never tried because the request or the
// configuration is wrong.
type FailedError = cli.FailedError
