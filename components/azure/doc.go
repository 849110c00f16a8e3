// Package azure makes the identity of the refresher on AKS. Package components says how the parts
// compose.
package azure
