package setup

import (
	"errors"
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
