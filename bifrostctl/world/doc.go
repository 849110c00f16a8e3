// Package world is what exists in the sandbox: the accounts and clusters that stand there already (seeded), and every resource that a
// deployment made, as one file keeps it. It is plain data with a lock, and knows no server and no engine; what may happen to it is the
// business of the provider doubles.
package world
