package gcp

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Taken is a hook, which the engine alone calls.
func Taken(a *GcpFederationArgs, args *pulumi.ErrorHookArgs) (bool, error) { return a.taken(args) }
