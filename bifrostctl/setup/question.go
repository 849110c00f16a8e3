package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/fold"
	"bifrost/bifrostctl/internal/keys"
	"bifrost/bifrostctl/verify/real"
)

// byHand is the choice of a value that was not found.
const byHand = "\x00by hand"

// question looks a value up, and asks for it. It returns false where nothing could be found and nobody could be asked.
func (s *session) question(q question, asked bool) (bool, error) {
	found := s.find(q.key)
	if !asked {
		if len(found) != 1 || q.kind != text {
			return false, nil
		}
		fmt.Fprintf(s.notes, "%s is %s: %s\n", q.key, found[0].Value, cmp.Or(found[0].About, "there is one alone"))
		return true, s.take(q, found[0].Value, found)
	}
	now := ""
	if !s.ofExample {
		now = q.kind.written(s.draft.value(q.key))
	}
	if len(found) > 0 {
		answered, chosen, err := s.choice(q, found, now)
		if err != nil || chosen {
			return true, err
		}
		now = answered
	}
	entered, err := s.enter(q, now)
	if err != nil || entered == "" && s.ofExample {
		return true, err // what need not be answered stays as it is
	}
	return true, s.take(q, entered, nil)
}

// enter asks for a text. Of an example's value nothing stands there already: who does not see that it does would write behind it.
func (s *session) enter(q question, now string) (string, error) {
	more, example := "", q.kind.written(s.draft.value(q.key))
	switch {
	case !s.ofExample || !q.free:
	case example != "":
		more = "Enter alone keeps " + example + "."
	default:
		more = "Enter alone leaves it out."
	}
	return s.ask.enter(q.ask+" ("+q.key+")", q.explained(more), now, example, func(answered string) error {
		answered = strings.TrimSpace(answered)
		switch {
		case answered == "" && q.free && s.ofExample:
			return nil
		case answered == "" && !q.free && s.ofExample && example != "":
			return errors.New("a value of your own is needed: what stands there in grey is an example")
		case answered == "" && !q.free:
			return errors.New("a value is needed")
		case q.kind != text && strings.Contains(answered, " ") && !strings.Contains(answered, ","):
			return errors.New("write commas between several")
		}
		return s.refused(q, answered)
	})
}

// askWidth is that of the descriptions above questions, in columns.
const askWidth = 76

// explained says what a question is about, what to write, and what else there is to say of the answer.
func (q question) explained(more string) string {
	about := cmp.Or(q.about, keys.Remark(index.ReplaceAllString(q.key, "[]")))
	if q.kind != text {
		about += " Several are written with commas between them."
	}
	return fold.Words(strings.TrimSpace(about+" "+more), askWidth)
}

// index is an entry of a list, which the reference writes without a number.
var index = regexp.MustCompile(`\[\d+\]`)

// choice asks for one or some of what was found. It returns false where the user wants to write it by hand.
func (s *session) choice(q question, found []real.Choice, now string) (string, bool, error) {
	var all []option
	for _, c := range found {
		label := c.Value
		if c.About != "" {
			label += "  " + c.About
		}
		all = append(all, option{c.Value, label})
	}
	all = append(all, option{byHand, "another, written by hand"})
	title := q.ask + " (" + q.key + ")"
	if q.kind == text {
		chosen, err := s.ask.choose(title, q.explained(""), all, now)
		if err != nil || chosen == byHand {
			return now, false, err
		}
		return now, true, s.take(q, chosen, found)
	}
	chosen, err := s.ask.several(title, q.explained(""), all, strings.Split(now, ", "))
	if err != nil || slices.Contains(chosen, byHand) || len(chosen) == 0 {
		return strings.Join(slices.DeleteFunc(chosen, func(v string) bool { return v == byHand }), ", "), false, err
	}
	return now, true, s.take(q, strings.Join(chosen, ", "), found)
}

// take writes an answer, and the keys that go with what was found.
func (s *session) take(q question, answered string, found []real.Choice) error {
	if err := s.draft.answer(q, answered); err != nil {
		return err
	}
	for _, c := range found {
		if c.Value != answered {
			continue
		}
		for key, value := range c.And {
			if key == "aks.resourceGroup" || s.draft.there(key) || s.place.asks(key) {
				if err := s.draft.set(key + "=" + value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *place) asks(key string) bool {
	return slices.ContainsFunc(p.questions, func(q question) bool { return q.key == key })
}

// find looks up what a key may name. Of a cloud that cannot be asked it tells once.
func (s *session) find(key string) []real.Choice {
	cloud := cloudOf(key)
	if !s.finder.Knows(key) || slices.Contains(s.silent, cloud) {
		return nil
	}
	cli.Doing(s.ctx, "asking "+cloud+" for "+key)
	found, err := s.finder.Find(s.ctx, key, s.draft.config())
	cli.Doing(s.ctx, "")
	if err == nil {
		return found
	}
	if real.SignIns[key] != "" || errors.Is(err, context.DeadlineExceeded) {
		s.silent = append(s.silent, cloud)
		fmt.Fprintf(s.notes, "No credentials of %s are at hand (%s): what it knows is asked for by hand.\n", cloud, real.Logins[cloud])
		return nil
	}
	fmt.Fprintf(s.notes, "%v\n", oneLine(err))
	return nil
}

// cloudOf is the cloud that knows a key.
func cloudOf(key string) string {
	first, _, _ := strings.Cut(key, ".")
	switch first {
	case "azure", "aks":
		return "Azure"
	case "google", "gke":
		return "Google Cloud"
	case "kubernetes":
		return "Kubernetes"
	}
	return "AWS"
}

func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// refused is what the program says of an answer, at its key.
func (s *session) refused(q question, answered string) error {
	trial := *s.draft
	if err := trial.answer(q, strings.TrimSpace(answered)); err != nil {
		return err
	}
	return problemAt(&trial, q.key)
}
