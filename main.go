// Command bifrost is the Pulumi program that puts Bifrost Enterprise on an AWS or Azure account.
package main

import (
	_ "embed" // the stack's readme

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/stacks"
)

//go:embed Pulumi.README.md
var readme string

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		return stacks.Deploy(ctx, stacks.Options{Readme: readme, Keys: stacks.EnvironmentKeys()})
	})
}
