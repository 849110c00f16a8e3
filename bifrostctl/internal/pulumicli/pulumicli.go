// Package pulumicli finds the Pulumi CLI, for every command that runs it.
package pulumicli

import (
	"fmt"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// oldest is the oldest Pulumi CLI that the program deploys with; the newest is any of the same major version.
var oldest = semver.MustParse("3.218.0")

// CLI is a Pulumi CLI of a fitting version.
type CLI struct {
	auto.PulumiCommand

	// Path is what starts it: the name of the one on PATH, or a file.
	Path string
}

// Find returns the installed CLI where its version fits, else the one that the project built.
func Find(project string) (CLI, error) {
	installed, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Version: oldest})
	if err == nil {
		return CLI{installed, "pulumi"}, nil
	}
	built, builtErr := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Version: oldest, Root: project})
	if builtErr == nil {
		return CLI{built, filepath.Join(project, "bin", "pulumi")}, nil
	}
	return CLI{}, fmt.Errorf("there is no Pulumi CLI of a fitting version (%s or newer, below 4), neither on PATH (%w) nor in %s (%w): "+
		"run make build in %[3]s, or see https://www.pulumi.com/docs/install/", oldest, err, project, builtErr)
}
