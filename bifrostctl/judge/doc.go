// Package judge is the room of what decides about trust. Its packages know neither the sandbox nor verify: both ask them, so that the
// clouds of the sandbox refuse for the same reason that verify names.
//
//	iam    policy documents of AWS
//	cel    attribute mappings and conditions of Google's workload identity pools
//	rbac   Roles of Kubernetes
//	token  signed tokens of an OIDC issuer
package judge
