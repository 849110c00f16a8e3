// Command pulumi-resource-kubernetes is Pulumi's own provider for Kubernetes, built from its module: the judge of ours.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is the SDK's, which the engine asks for. The module's own is older.
const version = "4.32.0"

// schema is the module's own, which the Makefile puts here. An import needs it: what it does not name is no input.
//
//go:embed schema.json
var schema []byte

func main() {
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
