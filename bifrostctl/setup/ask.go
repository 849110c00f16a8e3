package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/huh"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"bifrost/bifrostctl/internal/cli"
)

// option is something that may be chosen.
type option struct {
	value, label string
}

// asker asks the user. errGivenUp is the answer of whoever wants to go.
type asker interface {
	// choose returns one of the options.
	choose(title, about string, options []option, now string) (string, error)
	// several returns some of the options.
	several(title, about string, options []option, now []string) ([]string, error)
	// enter returns a text that valid does not refuse.
	enter(title, about, now, example string, valid func(string) error) (string, error)
	// agree returns yes or no.
	agree(title, about string, now bool) (bool, error)
}

// errGivenUp is the user's, who left the questions.
var errGivenUp = errors.New("nothing was written: the questions were left")

// terminal asks on a terminal. With ACCESSIBLE in the environment it asks line by line, as screen readers like it.
type terminal struct {
	ctx      context.Context
	in       io.Reader
	out      io.Writer
	answered io.Writer
	// typed is what was typed since the first question.
	typed *typed
}

// onTerminal is an asker, where stdin and stderr are a terminal.
func onTerminal(cmd *cobra.Command) (asker, bool) {
	in, out := cmd.InOrStdin(), cmd.ErrOrStderr()
	if !cli.IsTerminal(in) || !cli.IsTerminal(out) {
		return nil, false
	}
	return &terminal{ctx: cmd.Context(), in: in, out: out, answered: cli.Err(cmd)}, true
}

// run asks. agreed is the answer of a question for yes or no; nil of any other.
func (t *terminal) run(field huh.Field, title string, agreed *bool, said func() string) error {
	resume := cli.Pause(t.ctx)
	defer resume()
	line := os.Getenv("ACCESSIBLE") != "" || os.Getenv("TERM") == "dumb"
	in, cooked := t.in, func() {}
	if !line {
		if t.typed == nil {
			t.typed = newTyped(t.in)
		}
		own := &answer{typed: t.typed}
		defer own.settle(true)
		in, field = own, &watched{Field: field, answer: own, agreed: agreed}
		var err error
		if cooked, err = raw(t.in); err != nil {
			return fmt.Errorf("ask on the terminal: %w", err)
		}
		defer cooked()
	}
	form := huh.NewForm(huh.NewGroup(field)).WithTheme(huh.ThemeBase()).WithInput(in).WithOutput(t.out).WithAccessible(line)
	ask := form.RunWithContext
	if line {
		ask = leftAlone(ask)
	}
	err := ask(t.ctx)
	cooked() // a raw terminal begins no line at its left edge
	if errors.Is(err, huh.ErrUserAborted) || errors.Is(err, context.Canceled) {
		return errGivenUp
	}
	if err != nil {
		return fmt.Errorf("ask on the terminal: %w", err)
	}
	if !line {
		if !strings.HasSuffix(title, "?") {
			title += ":"
		}
		fmt.Fprintf(t.answered, "%s %s\n", title, said())
	}
	return nil
}

// leftAlone returns once the context has ended, whatever a function that reads lines still waits for.
func leftAlone(ask func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ended := make(chan error, 1)
		go func() { ended <- ask(ctx) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// raw has a terminal hand over each key, until the function is called that it returns.
func raw(in io.Reader) (func(), error) {
	file, is := in.(*os.File)
	if !is {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(file.Fd()), before) }, nil
}

func options(from []option) []huh.Option[string] {
	var all []huh.Option[string]
	for _, o := range from {
		label := o.label
		if label == "" {
			label = o.value
		}
		all = append(all, huh.NewOption(label, o.value))
	}
	return all
}

// shown is how many options are seen at once.
const shown = 12

func (t *terminal) choose(title, about string, from []option, now string) (string, error) {
	chosen := now
	field := huh.NewSelect[string]().Title(title).Description(about).Options(options(from)...).Value(&chosen)
	if len(from) > shown {
		field = field.Height(shown)
	}
	err := t.run(field, title, nil, func() string { return label(from, chosen) })
	return chosen, err
}

func label(from []option, value string) string {
	for _, o := range from {
		if o.value == value && o.label != "" {
			return o.label
		}
	}
	return value
}

func (t *terminal) several(title, about string, from []option, now []string) ([]string, error) {
	chosen := slices.Clone(now)
	field := huh.NewMultiSelect[string]().Title(title).Description(about).Options(options(from)...).Value(&chosen)
	err := t.run(field, title, nil, func() string {
		if len(chosen) == 0 {
			return "none"
		}
		var labels []string
		for _, value := range chosen {
			labels = append(labels, label(from, value))
		}
		return strings.Join(labels, "; ")
	})
	return chosen, err
}

func (t *terminal) enter(title, about, now, example string, valid func(string) error) (string, error) {
	entered := now
	field := huh.NewInput().Title(title).Description(about).Placeholder(example).Validate(valid).Value(&entered)
	err := t.run(field, title, nil, func() string { return cmp.Or(entered, example) })
	return strings.TrimSpace(entered), err
}

func (t *terminal) agree(title, about string, now bool) (bool, error) {
	agreed := now
	field := huh.NewConfirm().Title(title).Description(about).Value(&agreed)
	err := t.run(field, title, &agreed, func() string { return map[bool]string{true: "yes", false: "no"}[agreed] })
	return agreed, err
}
