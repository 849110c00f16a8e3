// Package machine gives the tests of a package a machine of their own: Run starts the test program again in mount, network, PID, IPC and
// UTS namespaces, where nodes of a cluster can run as root without touching the machine below. It has no network to the outside; Network
// lays one for a cluster. Everything ends with the tests, however those end, and nothing stays behind: the kernel ends the processes and
// takes the mounts, interfaces and rules away, a keeper removes control groups and files.
//
// It needs Linux, root, runc, CNI's plugins and the tools of netfilter; control groups of version 1 or 2. Version 2 was written by the
// kernel's documentation and is untried.
package machine
