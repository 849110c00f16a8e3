// Package cli is what all commands have in common: the JSON document, exit codes, help, completion, colours, and the line that says what
// takes so long.
package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The results of an Envelope.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
)

// Envelope is what every document of --json begins with; the command's own fields stand beside it.
type Envelope struct {
	// Command is the words after the program's name, such as "sandbox up".
	Command string `json:"command"`
	// Result is succeeded or failed.
	Result string `json:"result"`
	// ExitCode is the exit status of the command.
	ExitCode int `json:"exitCode"`
	// Error tells what failed.
	Error string `json:"error,omitempty"`
}

// Enclose is the envelope of a command that ended with err.
func Enclose(command string, err error) Envelope {
	if err == nil {
		return Envelope{Command: command, Result: Succeeded}
	}
	return Envelope{Command: command, Result: Failed, ExitCode: ExitCode(err), Error: err.Error()}
}

// Print writes the document of a command that ended with err. own is a struct or map with the command's own fields, or nil.
func Print(w io.Writer, command string, own any, err error) error {
	var fields bytes.Buffer
	for _, part := range []any{Enclose(command, err), own} {
		if part == nil {
			continue
		}
		text, err := marshal(part)
		if err != nil {
			return err
		}
		text = bytes.TrimSpace(text)
		if bytes.Equal(text, []byte("null")) || bytes.Equal(text, []byte("{}")) {
			continue
		}
		if text[0] != '{' {
			return fmt.Errorf("the document of %s is no object", command)
		}
		if fields.Len() > 0 {
			fields.WriteByte(',')
		}
		fields.Write(text[1 : len(text)-1])
	}
	var document bytes.Buffer
	if err := json.Indent(&document, append(append([]byte("{"), fields.Bytes()...), '}'), "", "  "); err != nil {
		return err
	}
	document.WriteByte('\n')
	_, err = document.WriteTo(w)
	return err
}

// marshal leaves <, > and & as they are: policies and commands have them.
func marshal(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

const jsonFlag = "json"

// noJSON is the annotation that says why a command has no --json.
const noJSON = "bifrost:no-json"

// NoJSON says why a command has no --json.
func NoJSON(cmd *cobra.Command, reason string) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[noJSON] = reason
}

// WhyNoJSON is the reason that NoJSON gave, or empty.
func WhyNoJSON(cmd *cobra.Command) string { return cmd.Annotations[noJSON] }

// JSON gives a command the flag --json.
func JSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool(jsonFlag, false, "print one JSON document instead of text")
}

// WantsJSON tells whether the flag --json is set.
func WantsJSON(cmd *cobra.Command) bool {
	flag := cmd.Flags().Lookup(jsonFlag)
	return flag != nil && flag.Value.String() == "true"
}

// Answers gives a command what it does, and the flag --json. out takes the text for people, which a terminal's width folds; with --json it
// goes nowhere, and own is printed instead, also where err is one.
func Answers(cmd *cobra.Command, run func(cmd *cobra.Command, args []string, out io.Writer) (own any, err error)) {
	JSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !WantsJSON(cmd) {
			_, err := run(cmd, args, Out(cmd))
			return err
		}
		own, err := run(cmd, args, io.Discard)
		return PrintAnswer(cmd, own, err)
	}
}

// PrintAnswer prints the document of a command that ended with err, and returns an error of which Execute knows that it has been told.
func PrintAnswer(cmd *cobra.Command, own any, err error) error {
	return Answered(errors.Join(err, Print(Raw(cmd), Words(cmd), own, err)))
}

// Words are a command's without the program's name.
func Words(cmd *cobra.Command) string {
	path := cmd.CommandPath()
	if root := cmd.Root().Name() + " "; len(path) > len(root) && cmd.HasParent() {
		return path[len(root):]
	}
	return cmd.Name()
}

// answeredError is one of which a JSON document has told.
type answeredError struct{ error }

func (e answeredError) Unwrap() error { return e.error }

// Answered marks an error of which a JSON document on stdout has told; nil stays nil.
func Answered(err error) error {
	if err == nil {
		return nil
	}
	return answeredError{err}
}
