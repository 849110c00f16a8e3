// Command any-app is a Pulumi program; see package app.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"example.com/any-app/app"
)

func main() { pulumi.Run(app.Program) }
