package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox"
	"bifrost/stacks"
)

// problemAt is what the program refuses at a key, or below it; nil where that is fine.
func problemAt(d *draft, key string) error {
	var refused *stacks.ConfigError
	if err := sandbox.Judge(d.dir, d.name, d.file.Text()); !errors.As(err, &refused) {
		return nil // what else is wrong is told in the end
	}
	asked := steps.Replace(key) + "."
	for _, p := range refused.Problems {
		if strings.HasPrefix(steps.Replace(p.Field)+".", asked) {
			return errors.New(p.Detail)
		}
	}
	return nil
}

// steps writes the steps of a path alike: a key of the user's own stands in brackets in a problem, and behind a dot in a question.
var steps = strings.NewReplacer("[", ".", "]", "")

// notWritten is what the program refuses of a draft, with the way to other values: a stack file that is not there cannot be edited, and who
// was asked keeps the answers.
func (s *session) notWritten(err error) error {
	var refused *stacks.ConfigError
	if s.draft.before != "" || !errors.As(err, &refused) {
		return fmt.Errorf("nothing was written: %w", err)
	}
	if s.interactive && s.on != "" {
		if again, err := s.again(); err == nil {
			return fmt.Errorf("nothing was written: %sThis command has your answers; change in it what is refused:\n%s", refused.Listing(),
				again)
		}
	}
	return fmt.Errorf("nothing was written: %sThere is no Pulumi.%s.yaml yet to edit: give other values with --set 'KEY=VALUE', where "+
		"KEY has no %s: before it", refused.Listing(), s.draft.name, stacks.Project)
}

// again is the command that gives what was answered.
func (s *session) again() (string, error) {
	command := fmt.Sprintf("  %s init %s --on %s --yes", s.self, s.name, s.on)
	if len(s.lacking) > 0 {
		command += " --without " + strings.Join(s.lacking, ",")
	}
	told := map[string]bool{}
	for _, key := range s.draft.given {
		if told[key] {
			continue
		}
		told[key] = true
		value, err := json.Marshal(s.draft.value(key))
		if err != nil {
			return "", err
		}
		setting, err := flagOf(key, string(value))
		if err != nil {
			return "", err
		}
		command += " \\\n    " + setting
	}
	return command, nil
}
