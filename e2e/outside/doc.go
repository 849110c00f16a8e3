// Package outside is all that a cluster of the end-to-end tests finds outside itself: one HTTPS server that answers for every host name.
// Registries with a login are judged by the clouds of the sandbox, public ones are open, the clouds' own services are those of the
// sandbox, and no request leaves the machine. Beside it are what a cloud runs in the cluster for the stacks: EKS Pod Identity's agent and
// the webhooks that write credentials into pods.
package outside
