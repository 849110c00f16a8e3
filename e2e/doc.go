// Package e2e holds the end-to-end tests: whole stacks on real clusters, whose control plane (package controlplane), nodes (package
// kubelet) and images (package images) are on this machine. The cloud accounts and their token services are the sandbox's, which package
// outside leads to. Run them with make e2e, on Linux, as root.
package e2e
