// Package handoff writes the letter with which a customer asks the vendor for access to the image.
package handoff

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"bifrost/bifrostctl/verify/checks"
	"bifrost/stacks"
)

// Input is what a letter is made of.
type Input struct {
	// Stack is the stack's name; empty where it is not known.
	Stack string
	// Config is the stack's configuration; nil where it is not known. The letter takes names of the vendor's from it, and no secret.
	Config *stacks.Config
	// Answered says that the stack was up with the vendor's answer: only then are the vendor's names in the configuration true.
	Answered bool
	// Rehearsal says that the stack is one of the sandbox.
	Rehearsal bool
	// Principals are the entries of the output vendorHandoff, Before those of the last letter.
	Principals, Before []checks.Principal
}

// Letter is what is asked of the vendor.
type Letter struct {
	Title string
	// Rehearsal is the stack in the sandbox that the letter is about: it is not to be sent.
	Rehearsal string
	Changes   []Change
	Aws       *Aws
	Google    *Google
	Gke       *Gke
	// Image is what the stack is configured to run; empty where that is not known.
	Image string
}

var errNothing = errors.New("there is nothing to hand off: nobody of it pulls from the vendor's registry in a name of its own (the image " +
	"comes from a registry of your own, the vendor's key is in secrets.registryKey, or gcp.federation has made Google's side)")

// New returns the letter for a stack. It is an error when nothing is asked of the vendor.
func New(in Input) (*Letter, error) {
	l := &Letter{Title: "Access to the image of Bifrost Enterprise", Changes: Changes(in.Before, in.Principals)}
	if in.Rehearsal {
		l.Rehearsal = in.Stack
	}
	if in.Stack != "" {
		l.Title += ", stack " + in.Stack
	}
	if in.Config != nil && in.Config.Image().Host != "" {
		l.Image = in.Config.Image().String()
	}
	var err error
	if l.Aws, err = newAws(in); err != nil {
		return nil, err
	}
	l.Google, l.Gke = newGoogle(in), newGke(in)
	if l.Aws == nil && l.Google == nil && l.Gke == nil {
		return nil, errNothing
	}
	return l, nil
}

//go:embed letter.md.tmpl
var text string

var page = template.Must(template.New("letter").Funcs(template.FuncMap{
	"headline": func(text, mark string) string { return text + "\n" + strings.Repeat(mark, len(text)) },
	"code":     func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") },
}).Parse(text))

// Write prints the letter: ASCII, whose lines have 80 columns at most where no single word is longer.
func (l *Letter) Write(w io.Writer) error {
	if err := page.Execute(w, l); err != nil {
		return fmt.Errorf("write the letter: %w", err)
	}
	return nil
}
