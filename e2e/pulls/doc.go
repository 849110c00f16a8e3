// Package pulls tries how a real node gets images and names: containerd, the kubelet and CoreDNS against registries that refuse and let in,
// in the words that bifrostctl verify reads.
package pulls
