// Package node is a node of a test cluster, without a container runtime. It registers itself, keeps its lease and answers for the pods
// that the scheduler binds to it, as a kubelet does. Containers of the images in its table run their actual commands as local processes,
// each in a root of its own (package jail); those of any other image are servers that do nothing. Private images are pulled as
// far as a registry's answer to a request for the manifest.
//
// What it does not do: probes, logs over the API, sidecars, renewal of mounted tokens and files, a pod's grace period, node pressure.
package node
