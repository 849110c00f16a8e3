package sandbox

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/stacks"
)

// Program is what the sandbox deploys.
type Program struct {
	// Deploy registers the stack's resources. dir is the project's folder, readme the text of its Pulumi.README.md, keys are
	// the configuration keys that the stack sets, with their prefix.
	Deploy func(ctx *pulumi.Context, dir, readme string, keys []string) error
	// MissingSecrets names the secrets (paths below the key secrets) that the configuration needs and lacks. Its
	// arguments are the project's folder and the configuration by key without prefix.
	MissingSecrets func(dir string, values map[string]any) []string
	// Check refuses a configuration before the engine sees it, which would refuse some of it in words of its own. May be nil.
	Check func(stack string, config stacks.Raw) error
	// Refused tells whether an error of Deploy means that it refused the configuration and registered nothing.
	Refused func(err error) bool
}

// Bifrost is the project's program.
var Bifrost = Program{
	Deploy: func(ctx *pulumi.Context, dir, readme string, keys []string) error {
		return stacks.Deploy(ctx, stacks.Options{Dir: dir, Readme: readme, Keys: keys})
	},
	MissingSecrets: func(dir string, values map[string]any) []string {
		return stacks.Lenient("", dir, values).MissingSecrets()
	},
	Check: func(stack string, config stacks.Raw) error {
		_, err := stacks.Parse(stack, config)
		return err
	},
	Refused: func(err error) bool {
		var refused *stacks.ConfigError
		return errors.As(err, &refused)
	},
}
