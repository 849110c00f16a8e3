// Package reach tries connections from one network namespace to another, as the kernel and what filters there let them pass: between pods,
// from and to what is outside of the cluster.
package reach
