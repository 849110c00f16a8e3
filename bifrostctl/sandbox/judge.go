package sandbox

import (
	"path/filepath"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/stacks"
)

// Judge tells what an up would refuse of a stack whose file, in the project's folder, has this text. Fakes take the place of the secrets
// that it lacks. A refusal is a *stacks.ConfigError with every problem.
func Judge(dir, stack, text string) error {
	p, err := projectOf(dir, stack, filepath.Join(dir, stackFile(stack)), []byte(text))
	if err != nil {
		return err
	}
	look := &Look{World: cloud.NewWorld()}
	if err := look.prepare(p, nil); err != nil {
		return err
	}
	_, err = stacks.Parse(stack, look.Config)
	return err
}
