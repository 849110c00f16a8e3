package adopt

import (
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/stacks"
)

// Write writes a plan for people. called is how a sandbox's commands name the stack; empty is a real one.
func (p *Plan) Write(w io.Writer, called string) error {
	t := &text{w: w}
	switch {
	case p.Done() && len(p.Has) > 0:
		t.line("Nothing to adopt: of what is there the stack has all that it makes (%d things).", len(p.Has))
	case len(p.Things) == 0:
		t.line("Nothing to adopt: nothing is there under the names of the stack file. Where it has other names, write them there, or " +
			"give them with --set; see docs/adopt.md.")
	default:
		t.line("Stack %s can take in %d things that are there, in place:", p.Stack, len(p.Things))
		for _, thing := range p.Things {
			t.line("  %s  (%s)", thing.What, thing.Resource)
		}
	}
	t.list("Who pulls stays who it is for the vendor:", p.Principals)
	if len(p.Things) > 0 {
		if err := p.stackFile(t, called); err != nil {
			return err
		}
	}
	t.list("What changes in place with that up:", p.Changes)
	t.notes("What cannot be kept:", p.Cannot)
	t.notes("What is left for you:", p.Left)
	t.notes("What could not be looked up, and so is not in this list:", p.Unseen)
	if len(p.Owned) > 0 {
		t.line("")
		t.line("Before the preview: other tools own fields of %d objects. `bifrostctl adopt %s --take-over` gives them to the stack. It "+
			"writes that record alone, and no pod is made anew:", len(p.Owned), p.Stack)
		for _, owned := range p.Owned {
			t.line("  %s, of %s", owned.Object, strings.Join(owned.By, ", "))
		}
	}
	if len(p.Things) > 0 {
		t.line("")
		t.line("%s", p.next(called))
	}
	return t.err
}

// stackFile prints what comes into the stack file.
func (p *Plan) stackFile(t *text, called string) error {
	t.line("")
	if called == "" {
		t.line("Write this into Pulumi.%s.yaml, over what is there of these keys:", p.Stack)
	} else {
		t.line("These are the keys, as in a stack file:")
	}
	file := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range p.Settings {
		if err := put(file, strings.Split(stacks.Project+":"+s.Path, "."), s.Value, s.Why); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	for i, thing := range p.Things {
		why := ""
		if i == 0 {
			why = "by the names of a preview; they may stay, and do nothing once the stack has the things"
		}
		if err := put(file, []string{stacks.Project + ":adopt", thing.Resource}, thing.ID, why); err != nil {
			return err
		}
	}
	var written strings.Builder
	encoder := yaml.NewEncoder(&written)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return err
	}
	for line := range strings.Lines(written.String()) {
		t.line("  %s", strings.TrimSuffix(line, "\n"))
	}
	return nil
}

// put writes a value at a path below an object, with a comment above it.
func put(object *yaml.Node, path []string, value any, why string) error {
	for i := 0; i < len(object.Content); i += 2 {
		if object.Content[i].Value == path[0] && len(path) > 1 {
			return put(object.Content[i+1], path[1:], value, why)
		}
	}
	key, at := &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, &yaml.Node{Kind: yaml.MappingNode}
	object.Content = append(object.Content, key, at)
	if len(path) > 1 {
		return put(at, path[1:], value, why)
	}
	key.HeadComment = why
	return at.Encode(value)
}

// next is the command that shows what comes of it.
func (p *Plan) next(called string) string {
	if called == "" {
		return fmt.Sprintf("Then `pulumi preview --stack %s --diff`: it imports these, updates them, and replaces none of them.", p.Stack)
	}
	settings, err := p.Overlay()
	if err != nil {
		return err.Error()
	}
	words := []string{"bifrostctl sandbox preview", called}
	for _, setting := range settings {
		words = append(words, "--set '"+strings.ReplaceAll(setting, "'", `'\''`)+"'")
	}
	return "Then, on the sandbox: " + strings.Join(words, " ")
}

// text writes lines until one fails.
type text struct {
	w   io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *text) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line("")
	t.line("%s", title)
	for _, line := range lines {
		t.line("  - %s", line)
	}
}

func (t *text) notes(title string, notes []Note) {
	var lines []string
	for _, note := range notes {
		line := note.What
		if note.Why != "" {
			line += ": " + note.Why
		}
		if note.Mend != "" {
			line += "; " + note.Mend
		}
		lines = append(lines, line)
	}
	t.list(title, lines)
}
