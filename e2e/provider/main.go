// Command pulumi-resource-kubernetes is Pulumi's own provider for Kubernetes, built from its module: the judge of ours.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// version is the SDK's, which the engine asks for. The module's own is older.
const version = "4.32.0"

func main() {
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
