// Package world is what exists in the sandbox: the accounts and clusters that stand there already (seeded), and every
// resource that a deployment made. It is plain data with a lock; what may happen to it is the business of the provider
// doubles.
package world
