// Package providers judges our two providers for Kubernetes by Pulumi's own: the same steps of the same stacks run on the sandbox's double,
// on the one that the sandbox has for a real API server, and on the real one (module e2e/provider), and docs/provider.md tells what each
// did.
package providers
