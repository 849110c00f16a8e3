package ecs_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
)

// TestDerivedNames: the rights on the longest names have one of IAM, and the longest name of a secret one of Secrets Manager.
func TestDerivedNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*ecs.EcsServiceArgs)
		want   string
	}{
		"longest name":   {func(a *ecs.EcsServiceArgs) { a.Name = strings.Repeat("n", 102) }, ""},
		"a longer name":  {func(a *ecs.EcsServiceArgs) { a.Name = strings.Repeat("n", 103) }, "write a name of 102 at most"},
		"longest secret": {func(a *ecs.EcsServiceArgs) { secretEnv(a, strings.Repeat("V", 512-len("bifrost/"))) }, ""},
		"a longer secret": {func(a *ecs.EcsServiceArgs) { secretEnv(a, strings.Repeat("V", 513-len("bifrost/"))) },
			"of 513 characters, and Secrets Manager takes 512"},
		"a secret of a file's name": {func(a *ecs.EcsServiceArgs) { secretEnv(a, "config.json") }, "makes the secret bifrost/config.json twice"},
	} {
		args := ecsArgs()
		c.change(args)
		problems := args.Validate(nil)
		if c.want == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.ErrorContains(t, problems[0], c.want, name)
	}
}

func secretEnv(a *ecs.EcsServiceArgs, variable string) {
	a.SecretEnv = map[string]pulumi.StringInput{variable: pulumi.String("x")}
}
