// Package kubelet runs real nodes of a cluster for tests: containerd, kubelet and kube-proxy, each node on a host of its own on the
// cluster's network. It needs the tests' machine (package machine).
package kubelet
