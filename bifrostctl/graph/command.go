package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/service"
)

// formats are what a graph is written as, by name; the first is the default. Each has the endings of its files.
var formats = []struct {
	name    string
	endings []string
	write   func(*Graph, io.Writer) error
}{
	{"mermaid", []string{".mmd", ".mermaid", ".md"}, func(g *Graph, w io.Writer) error {
		text, err := g.Mermaid()
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, text)
		return err
	}},
	{"svg", []string{".svg"}, (*Graph).SVG},
	{"json", []string{".json"}, (*Graph).JSON},
	{"html", []string{".html", ".htm"}, func(g *Graph, w io.Writer) error { return g.Page(w, PageOptions{}) }},
}

// JSON writes the graph as one object, indented.
func (g *Graph) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(g.lists())
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// request is one command of a user.
type request struct {
	stack, dir, state, format, output, times string
	sandbox                                  bool
	rehearsal                                service.OpenRehearsal
	stdin                                    io.Reader
}

// answer are the fields of the JSON document.
type answer struct {
	Stack  string `json:"stack"`
	Format string `json:"format"`
	// File is where the graph was written; empty where it is here.
	File string `json:"file,omitempty"`
	// Graph is the text of the format; an object where that is json.
	Graph any `json:"graph,omitempty"`
}

// Command returns the command "graph STACK". rehearsal opens a stack of the sandbox.
func Command(rehearsal service.OpenRehearsal) *cobra.Command {
	r := request{rehearsal: rehearsal}
	cmd := &cobra.Command{
		Use:   "graph STACK",
		Short: "Draw what a stack consists of, and what waits for what",
		Long: `Draws a stack that was up: its components as boxes, its resources by cloud, and
an arrow from each resource to those that wait for it. With - as STACK it reads
its input: what "pulumi stack export" prints, or a preview in any form that
bifrostctl report reads, of which it marks what changes. No secret is in any
format.`,
		Example: `  bifrostctl graph prod
  bifrostctl graph aws-dev --sandbox -o aws-dev.html
  bifrostctl graph aws-dev --sandbox --format json
  pulumi preview --json --show-sames --stack prod |
    bifrostctl graph - -o preview.svg`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, _ io.Writer) (any, error) {
		r.dir, r.stack = projectdir.Deployed(r.dir, args[0], r.sandbox)
		r.stdin = cmd.InOrStdin()
		own, text, err := r.run(cmd.Context())
		if err == nil && r.output == "" && !cli.WantsJSON(cmd) {
			_, err = cmd.OutOrStdout().Write(text)
		}
		return own, err
	})
	flags := cmd.Flags()
	flags.StringVar(&r.format, "format", "", "write this `format`: "+strings.Join(formatNames(), ", ")+
		" (default: by the name of the file, or mermaid)")
	cli.Values(cmd, "format", formatNames()...)
	flags.StringVarP(&r.output, "output", "o", "", "write to this `file` instead of stdout")
	flags.StringVar(&r.times, "times", "", "show how long each step took, and the chain that took longest, from the "+
		"events in this `file` (of pulumi up --json, or --event-log)")
	flags.BoolVar(&r.sandbox, "sandbox", false, "draw the stack in the sandbox")
	flags.StringVar(&r.dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	flags.StringVar(&r.state, "state", "", "the sandbox's `folder` (default: .sandbox in the project's folder)")
	return cmd
}

func (r request) run(ctx context.Context) (answer, []byte, error) {
	own := answer{Stack: r.stack, File: r.output}
	if r.state != "" && !r.sandbox {
		return own, nil, errors.New("--state is the sandbox's folder: give --sandbox, too")
	}
	write, err := r.writer(&own)
	if err != nil {
		return own, nil, err
	}
	cli.Doing(ctx, "reading stack "+r.stack)
	g, err := r.read(ctx)
	if err != nil {
		return own, nil, err
	}
	own.Stack = g.Stack
	if err := r.timed(g); err != nil {
		return own, nil, err
	}
	if len(g.Nodes) == 0 {
		return own, nil, fmt.Errorf("stack %s has no resources to draw; run `%s` first", r.stack, r.up())
	}
	var text bytes.Buffer
	if err := write(g, &text); err != nil {
		return own, nil, fmt.Errorf("stack %s: %w", r.stack, err)
	}
	if r.output != "" {
		return own, nil, os.WriteFile(r.output, text.Bytes(), 0o644)
	}
	own.Graph = text.String()
	if own.Format == "json" {
		own.Graph = g.lists()
	}
	return own, text.Bytes(), nil
}

// writer is that of the format that is asked for, or of the file's name.
func (r request) writer(own *answer) (func(*Graph, io.Writer) error, error) {
	ending := strings.ToLower(filepath.Ext(r.output))
	for _, f := range formats {
		if r.format == f.name || r.format == "" && (r.output == "" || slices.Contains(f.endings, ending)) {
			own.Format = f.name
			return f.write, nil
		}
	}
	if r.format == "" {
		return nil, fmt.Errorf("-o %s: no format is known by this ending; add --format %s", r.output, strings.Join(formatNames(), "|"))
	}
	return nil, fmt.Errorf("--format %s: there is no such format; it is one of %s", r.format, strings.Join(formatNames(), ", "))
}

func (r request) up() string {
	if r.sandbox {
		return "bifrostctl sandbox up " + r.stack
	}
	return "pulumi up --stack " + r.stack
}

// read finds the graph: of the input, of a stack of the sandbox, or of one that the Pulumi CLI knows.
func (r request) read(ctx context.Context) (*Graph, error) {
	switch {
	case r.stack == "-" && r.sandbox:
		return nil, errors.New("--sandbox: - reads the input, not a stack; name the stack, or remove the flag")
	case r.stack == "-":
		text, err := io.ReadAll(r.stdin)
		if err != nil {
			return nil, fmt.Errorf("read the input: %w", err)
		}
		return Read(text)
	case r.sandbox:
		found, err := r.rehearsal(ctx, service.RehearsalRequest{Stack: r.stack, Dir: r.dir, State: r.state})
		if err != nil {
			return nil, err
		}
		g, err := ofExport(found.State)
		return g, errors.Join(err, found.Close())
	}
	project, err := real.Open(ctx, r.dir, r.stack)
	if err != nil {
		return nil, fmt.Errorf("%w; for the stack in the sandbox: bifrostctl graph %s --sandbox", err, r.stack)
	}
	return ofExport(project.State)
}

// timed adds the times of an operation's steps.
func (r request) timed(g *Graph) error {
	if r.times == "" {
		return nil
	}
	file, err := os.Open(r.times)
	if err != nil {
		return fmt.Errorf("--times: %w", err)
	}
	defer file.Close()
	set, err := changes.Read(file)
	if err != nil {
		return fmt.Errorf("--times %s: %w", r.times, err)
	}
	if g.Time(set) == 0 {
		return fmt.Errorf("--times %s: no step of stack %s took a time there; give the events of its `pulumi up --json`", r.times, g.Stack)
	}
	return nil
}

// ofExport is the graph of an opened stack; one that was never up has no resources.
func ofExport(state []byte) (*Graph, error) {
	if string(bytes.TrimSpace(state)) == "{}" {
		return &Graph{}, nil
	}
	return OfState(state)
}

// Read is the graph of a state, as `pulumi stack export` prints it, or of a preview in any form that changes.Read takes.
func Read(text []byte) (*Graph, error) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(text, &keys) == nil && keys["deployment"] != nil {
		return OfState(text)
	}
	set, err := changes.Read(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return OfSet(set), nil
}
