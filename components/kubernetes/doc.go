// Package kubernetes runs the gateway on any cluster of Kubernetes, and keeps its pull Secret fresh. Package components says how the parts
// compose.
package kubernetes
