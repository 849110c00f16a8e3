// Package gcp makes Google's side: who may pull from Artifact Registry without a key. Package components says how the parts
// compose.
package gcp
