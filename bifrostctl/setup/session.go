package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"bifrost/bifrostctl/verify/real"
	"bifrost/stacks"
)

// session is one run of init.
type session struct {
	request
	draft       *draft
	ask         asker
	interactive bool
	finder      finder
	notes       io.Writer
	ctx         context.Context

	// place is that of the stack; nil where none is known.
	place *place
	// ofExample says that the values that nobody gives are an example's, and not the user's own.
	ofExample bool
	// silent are the clouds that cannot be asked.
	silent []string
	// lacking are the names of parts that the user does not have.
	lacking []string
}

// finder looks up what a key may name.
type finder interface {
	Knows(key string) bool
	Find(ctx context.Context, key string, c *stacks.Config) ([]real.Choice, error)
}

// begin reads what the stack file begins with.
func (s *session) begin(file string) error {
	if isThere(file) {
		if s.from != "" || s.on != "" {
			return fmt.Errorf("%s is there already: without --from and --on init changes it; to begin anew, move it away",
				filepath.Base(file))
		}
		if err := existing(s.draft, file); err != nil {
			return err
		}
		s.place = placeOf(s.draft.config())
		return nil
	}
	if err := s.choosePlace(); err != nil {
		return err
	}
	source := s.from
	if s.on != "" {
		i := slices.IndexFunc(places, func(p place) bool { return p.name == s.on })
		if i < 0 {
			return fmt.Errorf("--on %s: write one of %s", s.on, strings.Join(placeNames(), ", "))
		}
		source, s.ofExample = places[i].example, true
	}
	found, err := sourceFile(s.draft.dir, source)
	if err != nil {
		return err
	}
	dropped, err := copyOf(s.draft, found)
	if err != nil {
		return err
	}
	if len(dropped) > 0 {
		fmt.Fprintf(s.notes, "The secrets of %s are not copied: their stack's key encrypts them.\n", filepath.Base(found))
	}
	s.place = placeOf(s.draft.config())
	return nil
}

// choosePlace asks where the gateway runs, where neither --from nor --on says.
func (s *session) choosePlace() error {
	if s.from != "" || s.on != "" {
		return nil
	}
	if !s.interactive {
		return fmt.Errorf("init %s: nothing says where the gateway runs: give --on %s, or --from with a stack or a folder of examples",
			s.name, strings.Join(placeNames(), "|"))
	}
	var all []option
	for _, p := range places {
		all = append(all, option{p.name, p.title})
	}
	var err error
	s.on, err = s.ask.choose("Where does the gateway run?", "", all, places[0].name)
	return err
}

// fill gives the keys their values: those of --set, and the user's answers.
func (s *session) fill() error {
	if err := s.takeAway(); err != nil {
		return err
	}
	for _, setting := range s.set {
		if err := s.draft.set(setting); err != nil {
			return err
		}
	}
	asked := s.interactive && (len(s.set) == 0 || s.ofExample || s.from != "")
	if s.place == nil || !asked && !s.ofExample {
		return nil
	}
	if asked {
		if err := s.askParts(); err != nil {
			return err
		}
	}
	var missing []question
	for _, q := range s.place.questions {
		if s.draft.wasGiven(q.key) || slices.Contains(s.lacking, q.part) || !s.fits(q) {
			continue
		}
		answered, err := s.question(q, asked)
		if err != nil {
			return err
		}
		if !answered && !q.free {
			missing = append(missing, q)
		}
	}
	if len(missing) > 0 {
		return s.missing(missing)
	}
	if asked {
		return s.askAuthorities()
	}
	return nil
}

// fits tells whether a question is about something that the stack file has, or may have.
func (s *session) fits(q question) bool {
	return s.draft.there(q.key) || q.free && q.part == "" && s.ofExample
}

// missing is the error that names the flags that must be given.
func (s *session) missing(questions []question) error {
	var b strings.Builder
	fmt.Fprintf(&b, "init %s: nothing was asked, and these values are yours alone:\n", s.name)
	for _, q := range questions {
		setting, err := flagOf(q.key, example(q, s.draft.value(q.key)))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "  %s   # %s\n", setting, q.ask)
	}
	fmt.Fprintf(&b, "What you do not have is left out with --without: %s.\n", strings.Join(s.partNames(), ", "))
	fmt.Fprintf(&b, "With --from %s the example's own values stay, which the sandbox takes", s.place.example)
	return errors.New(b.String())
}

// flagOf is the flag that sets a key, quoted for a shell.
func flagOf(key, value string) (string, error) {
	setting, err := syntax.Quote(key+"="+value, syntax.LangPOSIX)
	return "--set " + setting, err
}

// example is a value as --set takes it.
func example(q question, value any) string {
	written := q.kind.written(value)
	switch {
	case q.kind == list:
		return "[" + written + "]"
	case q.kind == cidrs:
		var all []string
		for each := range strings.SplitSeq(written, ", ") {
			all = append(all, "{cidr: "+each+"}")
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return written
}

func (s *session) partNames() []string {
	var names []string
	for _, p := range s.place.parts {
		names = append(names, p.name)
	}
	return names
}

// takeAway deletes the parts that --without names.
func (s *session) takeAway() error {
	for _, name := range s.without {
		if s.place == nil || !slices.Contains(s.partNames(), name) {
			known := "none"
			if s.place != nil {
				known = strings.Join(s.partNames(), ", ")
			}
			return fmt.Errorf("--without %s: the parts of this stack are %s", name, known)
		}
		if err := s.lack(name); err != nil {
			return err
		}
	}
	return nil
}

// lack deletes a part.
func (s *session) lack(name string) error {
	s.lacking = append(s.lacking, name)
	for _, p := range s.place.parts {
		if p.name != name || !p.has(s.draft) {
			continue
		}
		if err := s.draft.remove(p.without...); err != nil {
			return err
		}
		for _, setting := range p.instead {
			if err := s.draft.set(setting); err != nil {
				return err
			}
		}
	}
	return nil
}

// askParts asks which of the stack file's parts the user has.
func (s *session) askParts() error {
	var all []option
	var now []string
	for _, p := range s.place.parts {
		if p.has(s.draft) {
			all, now = append(all, option{p.name, p.title}), append(now, p.name)
		}
	}
	if len(all) == 0 {
		return nil
	}
	kept, err := s.ask.several("What do you have?", "What is not chosen is left out of the stack file.", all, now)
	if err != nil {
		return err
	}
	for _, o := range all {
		if !slices.Contains(kept, o.value) {
			if err := s.lack(o.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// askAuthorities asks whether to fetch the authorities of Amazon RDS, where an example's placeholder is named.
func (s *session) askAuthorities() error {
	file, _ := s.draft.value(caKey).(string)
	if s.rdsCA || s.draft.config().Aws == nil || !strings.HasPrefix(file, "examples/") {
		return nil
	}
	yes, err := s.ask.agree("Fetch the certificate authorities of Amazon RDS to "+authorityFile+"?",
		"With the example's placeholder no database can be reached.", true)
	if err != nil || !yes {
		return err
	}
	err = takeAuthorities(s.ctx, s.draft)
	var without *notFetched
	if errors.As(err, &without) {
		fmt.Fprintln(s.notes, without.later(s.self, s.name, file))
		return nil
	}
	return err
}
