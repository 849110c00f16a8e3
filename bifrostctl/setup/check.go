package setup

import (
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
	for _, p := range refused.Problems {
		if p.Field == key || strings.HasPrefix(p.Field, key+".") || strings.HasPrefix(p.Field, key+"[") {
			return errors.New(p.Detail)
		}
	}
	return nil
}

// notWritten is what the program refuses of a draft, with the way to other values: a stack file that is not there cannot be edited.
func notWritten(d *draft, err error) error {
	var refused *stacks.ConfigError
	if d.before != "" || !errors.As(err, &refused) {
		return fmt.Errorf("nothing was written: %w", err)
	}
	return fmt.Errorf("nothing was written: %sThere is no Pulumi.%s.yaml yet to edit: give other values with --set 'KEY=VALUE', the key "+
		"without %s:, or answer otherwise", refused.Listing(), d.name, stacks.Project)
}
