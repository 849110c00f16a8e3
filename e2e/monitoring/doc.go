// Package monitoring has what the stacks give the Prometheus Operator judged by the operator, kube-state-metrics and Prometheus themselves,
// on a real control plane without a node. See docs/e2e.md.
package monitoring
