// Package e2e holds the end-to-end tests: whole stacks on a real etcd, kube-apiserver, kube-controller-manager and kube-scheduler
// (package controlplane), with a node that runs the refreshers' actual commands (package node). The cloud accounts and their token
// services are the sandbox's. Run them with make e2e, on Linux.
package e2e
