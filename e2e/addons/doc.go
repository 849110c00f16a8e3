// Package addons is what a cluster of the end-to-end tests has of its own, in kube-system: the DNS server of its pods, what enforces
// NetworkPolicies, and what knows how much pods use.
package addons
