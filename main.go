// Command bifrost is the Pulumi program that puts Bifrost Enterprise on AWS, Azure, Google Cloud, or any cluster of Kubernetes. Pulumi runs
// it;
// by hand it answers --version alone.
package main

import (
	_ "embed" // the stack's readme
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/stacks"
)

//go:embed Pulumi.README.md
var readme string

// version is set by the build (-ldflags "-X main.version=...").
var version = "dev"

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("bifrost version", version)
		return
	}
	pulumi.Run(func(ctx *pulumi.Context) error {
		return stacks.Deploy(ctx, stacks.Options{Readme: readme, Keys: stacks.EnvironmentKeys()})
	})
}
